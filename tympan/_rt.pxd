# Realtime primitives: atomics and exact arithmetic. Every function but those that
# are marked "control threads only" is wait-free and may be called on IO threads.

from libc.stdint cimport int64_t, uint32_t, uint64_t


cdef extern from "_rt.h" nogil:
    const double TY_LAST_TIME

    uint32_t ty_load_u32(const uint32_t* p) noexcept
    uint32_t ty_load_acquire_u32(const uint32_t* p) noexcept
    void ty_store_u32(uint32_t* p, uint32_t v) noexcept
    void ty_store_release_u32(uint32_t* p, uint32_t v) noexcept
    uint64_t ty_load_u64(const uint64_t* p) noexcept
    uint64_t ty_load_acquire_u64(const uint64_t* p) noexcept
    void ty_store_u64(uint64_t* p, uint64_t v) noexcept
    void ty_store_release_u64(uint64_t* p, uint64_t v) noexcept
    int64_t ty_load_i64(const int64_t* p) noexcept
    int64_t ty_load_acquire_i64(const int64_t* p) noexcept
    void ty_store_i64(int64_t* p, int64_t v) noexcept
    void ty_store_release_i64(int64_t* p, int64_t v) noexcept
    double ty_load_f64(const double* p) noexcept
    void ty_store_f64(double* p, double v) noexcept
    double ty_load_relaxed_f64(const double* p) noexcept
    void ty_store_relaxed_f64(double* p, double v) noexcept
    void* ty_load_pointer(void** p) noexcept
    void ty_store_pointer(void** p, void* v) noexcept
    void* ty_load_ordered_pointer(void** p) noexcept
    void ty_store_ordered_pointer(void** p, void* v) noexcept
    uint32_t ty_add_u32(uint32_t* p, uint32_t v) noexcept
    uint32_t ty_fetch_or_u32(uint32_t* p, uint32_t v) noexcept
    uint32_t ty_fetch_and_u32(uint32_t* p, uint32_t v) noexcept
    bint ty_compare_exchange_u32(uint32_t* p, uint32_t expected, uint32_t desired) noexcept
    bint ty_compare_exchange_u64(uint64_t* p, uint64_t expected, uint64_t desired) noexcept
    bint ty_compare_exchange_relaxed_u64(uint64_t* p, uint64_t* expected, uint64_t desired) noexcept
    uint64_t ty_add_relaxed_u64(uint64_t* p, uint64_t v) noexcept
    void ty_fence_acquire() noexcept
    void ty_fence_release() noexcept
    # Where another thread may be writing `source`, or reading `to`, meanwhile.
    void ty_copy_shared(void* to, const void* source, size_t bytes) noexcept
    float ty_load_shared_f32(const float* p) noexcept
    void ty_clear_shared(void* to, size_t bytes) noexcept
    const bint TY_PLAIN_STORES
    uint64_t ty_mul_div(uint64_t a, uint64_t b, uint64_t c) noexcept
    uint64_t ty_mul_high(uint64_t a, uint64_t b) noexcept
    uint64_t ty_mul_less1_div(uint64_t a, uint64_t b, uint64_t c) noexcept

    # Control threads only; lock-free.
    uint32_t ty_count_up(uint32_t* count) noexcept
    uint32_t ty_count_down(uint32_t* count) noexcept

    # Control threads only.
    void* ty_audio_alloc(size_t size) noexcept
    ctypedef struct ty_mutex:
        pass
    void ty_mutex_init(ty_mutex* m) noexcept
    void ty_mutex_destroy(ty_mutex* m) noexcept
    void ty_mutex_lock(ty_mutex* m) noexcept
    void ty_mutex_unlock(ty_mutex* m) noexcept
