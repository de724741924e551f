# Which devices there are, for the entries that are called most often and need
# no more of a device than its clock: GetZeroTimeStamp, WillDo, Begin and End.
# They take no part in ty_readers, because nothing that they read is ever freed
# before the plug-in: lines and tables are used again.
#
# Publication: two tables; `version` says which one is current (version & 1). The
# control thread fills the other one, then stores the new version. A reader that
# was overtaken sees another version and starts again, so a reader repeats only
# when a device has come or gone during the call. A line that belongs to
# another device meanwhile has another id: who has read from it looks again.

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from tympan._clock cimport Clock
from tympan._rt cimport (
    ty_fence_acquire, ty_fence_release, ty_load_acquire_u32, ty_load_acquire_u64, ty_load_pointer, ty_load_u32,
    ty_load_u64, ty_store_pointer, ty_store_release_u32, ty_store_release_u64, ty_store_u32,
)


# What a device is in time.
cdef struct Line:
    uint32_t id             # atomic: of the device whose line it is; 0: of none that is published
    uint32_t does           # atomic: 1 for an input, 2 for an output stream
    Clock clock
    bint taken              # control thread, as is the next
    Line* next


cdef struct Entry:
    uint32_t id             # atomic; 0: nothing is here
    Line* line              # atomic


cdef struct Table:
    uint32_t mask           # places are a power of two, less 1
    Table* next             # control thread
    Entry[1] entries


cdef struct Directory:
    uint64_t version        # atomic
    Table *tables[2]        # atomic; NULL: empty
    Table* all_tables       # control thread, as is the rest
    Line* all_lines
    uint32_t next_id        # no object id is given twice between Initialize and the last Release


# ---- readers: any thread ----

# NULL when it is not there. A torn table, whose version is past, may be full: hence the end.
cdef inline Line* look_up(Table* table, uint32_t object_id) noexcept nogil:
    cdef uint32_t place = object_id, _turn, found
    if table is NULL:
        return NULL
    for _turn in range(table.mask + 1):
        place &= table.mask
        found = ty_load_u32(&table.entries[place].id)
        if found == object_id:
            return <Line*>ty_load_pointer(<void**>&table.entries[place].line)
        if found == 0:
            return NULL
        place += 1
    return NULL


# The line of a device, or NULL.
cdef inline Line* line_of(Directory* directory, uint32_t object_id) noexcept nogil:
    cdef uint64_t version = ty_load_acquire_u64(&directory.version), again
    cdef Line* line
    while object_id != 0:
        line = look_up(<Table*>ty_load_pointer(<void**>&directory.tables[version & 1]), object_id)
        ty_fence_acquire()
        again = ty_load_u64(&directory.version)
        if again == version:
            return line
        version = again
    return NULL


# After reading from a line: was it still that device's?
cdef inline bint is_still_of(const Line* line, uint32_t object_id) noexcept nogil:
    ty_fence_acquire()
    return ty_load_u32(&line.id) == object_id


# ---- writers: control threads, one at a time ----

# A line that no device has; NULL without memory.
cdef inline Line* take_line(Directory* directory) noexcept nogil:
    cdef Line* line = directory.all_lines
    while line is not NULL and line.taken:
        line = line.next
    if line is NULL:
        line = <Line*>calloc(1, sizeof(Line))
        if line is NULL:
            return NULL
        line.next, directory.all_lines = directory.all_lines, line
    line.taken = True
    return line


# Its device is not published any more.
cdef inline void give_line(Line* line) noexcept nogil:
    ty_store_release_u32(&line.id, 0)
    line.taken = False


# Make room for so many devices in the table that is not current; False without memory.
cdef inline bint reserve(Directory* directory, uint32_t count) noexcept nogil:
    cdef uint32_t other = 1 - <uint32_t>(directory.version & 1), places = 4
    cdef Table* table = directory.tables[other]
    if table is not NULL and table.mask >= 2 * count:
        return True
    while places <= 2 * count:
        places *= 2
    table = <Table*>calloc(1, sizeof(Table) + places * sizeof(Entry))
    if table is NULL:
        return False
    table.mask = places - 1
    table.next, directory.all_tables = directory.all_tables, table
    ty_store_pointer(<void**>&directory.tables[other], table)
    return True


# Begin to fill the other table, for which room has been made.
cdef inline Table* begin_table(Directory* directory) noexcept nogil:
    cdef Table* table = directory.tables[1 - (directory.version & 1)]
    cdef uint32_t place
    ty_fence_release()      # a reader who sees a new entry also sees the version that followed this table's
    for place in range(table.mask + 1 if table is not NULL else 0):
        ty_store_u32(&table.entries[place].id, 0)
    return table


cdef inline void enter_line(Table* table, uint32_t object_id, Line* line, uint32_t does) noexcept nogil:
    cdef uint32_t place = object_id & table.mask
    while table.entries[place].id:
        place = (place + 1) & table.mask
    ty_store_release_u32(&line.does, does)
    ty_store_release_u32(&line.id, object_id)
    ty_store_pointer(<void**>&table.entries[place].line, line)
    ty_store_release_u32(&table.entries[place].id, object_id)


cdef inline void end_table(Directory* directory) noexcept nogil:
    ty_store_release_u64(&directory.version, directory.version + 1)


# Nobody uses the plug-in any more.
cdef inline void free_directory(Directory* directory) noexcept nogil:
    cdef Line* line
    cdef Table* table
    while directory.all_lines is not NULL:
        line, directory.all_lines = directory.all_lines, directory.all_lines.next
        free(line)
    while directory.all_tables is not NULL:
        table, directory.all_tables = directory.all_tables, directory.all_tables.next
        free(table)
    directory.tables[0] = directory.tables[1] = NULL
