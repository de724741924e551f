/* A number that any thread sets, and a ramp on which one IO thread follows it.
 *
 * The ramp is linear in closed form, start + k * step: a sum of steps would
 * drift, and would not be the same for every split into blocks. After `frames`
 * frames the value is the target itself. A new target starts a new ramp from
 * where the last one was, so no frame is further from the next than the
 * distance to the target / frames. An exponential ramp has a constant ratio
 * instead, which is what loudness and pitch want; where there is none (from or
 * to 0, or to the other sign) the ramp is linear.
 *
 * All zero is a value of 0. */
#ifndef TYMPAN_RAMP_H
#define TYMPAN_RAMP_H

#include <math.h>

#include "_rt.h"

/* A number that any thread reads and sets: one atomic, no order. */
typedef struct {
    double value;       /* atomic */
    double minimum;     /* constant */
    double maximum;
} ty_parameter;

/* Wait-free; any thread. Kept within the limits; what is not a finite number is ignored. */
static inline void ty_parameter_set(ty_parameter *p, double value) {
    if (!isfinite(value)) return;
    if (value < p->minimum) value = p->minimum;
    if (value > p->maximum) value = p->maximum;
    ty_store_relaxed_f64(&p->value, value);
}
static inline double ty_parameter_get(const ty_parameter *p) { return ty_load_relaxed_f64(&p->value); }

typedef struct {
    ty_parameter target;
    char gap[TY_LINE];
    int exponential;    /* constant while IO runs, as is `length` */
    double length;      /* frames of a ramp */
    double aim;         /* the IO thread's, as is all that follows: the target of this ramp */
    double start;
    double step;
    double ratio;       /* 0: a linear ramp */
    double now;
    double done;        /* frames of this ramp; whole numbers, as is `left` */
    double left;
} ty_ramp;

/* The value jumps to the target. Control thread, while no IO runs. */
static inline void ty_ramp_reset(ty_ramp *r) {
    r->aim = r->now = ty_parameter_get(&r->target);
    r->left = 0;
}

/* ---- IO thread, one; wait-free ---- */

static inline void ty_ramp_begin(ty_ramp *r, double target) {
    r->aim = target;
    r->start = r->now;
    r->done = 0;
    r->left = r->length < 1 ? 1 : r->length;
    r->step = (target - r->start) / r->left;
    double ratio = target / r->start;
    r->ratio = r->exponential && ratio > 0 && isfinite(ratio) ? pow(ratio, 1 / r->left) : 0;
}

/* One frame, towards the target that was looked up last. */
static inline float ty_ramp_step(ty_ramp *r) {
    if (r->left == 0) return (float)r->now;
    r->done += 1;
    r->left -= 1;
    if (r->left == 0)
        r->now = r->aim;
    else if (r->ratio != 0)
        r->now *= r->ratio;
    else
        r->now = r->start + r->done * r->step;
    return (float)r->now;
}

/* Look the target up: before one frame, or before all frames of a block that has some. */
static inline void ty_ramp_follow(ty_ramp *r) {
    double target = ty_parameter_get(&r->target);
    if (target != r->aim) ty_ramp_begin(r, target);
}

static inline float ty_ramp_next(ty_ramp *r) {
    ty_ramp_follow(r);
    return ty_ramp_step(r);
}

enum { TY_RAMP_BLOCK = 64 };

/* Up to TY_RAMP_BLOCK frames; the same arithmetic as ty_ramp_step, where the compiler sees that frames are alike. */
static inline void ty_ramp_run(ty_ramp *r, float *values, int frames) {
    const int moving = r->left < frames ? (int)r->left : frames;
    if (r->ratio == 0)
        for (int i = 0; i < moving; i++) values[i] = (float)(r->start + (r->done + (i + 1)) * r->step);
    else
        for (int i = 0; i < moving; i++) values[i] = (float)(r->now *= r->ratio);
    r->done += moving;
    r->left -= moving;
    if (moving && r->ratio == 0) r->now = r->start + r->done * r->step;
    if (moving && r->left == 0) values[moving - 1] = (float)(r->now = r->aim);
    for (int i = moving; i < frames; i++) values[i] = (float)r->now;
}

static inline void ty_ramp_fill(ty_ramp *r, float *values, size_t frames) {
    if (frames) ty_ramp_follow(r);
    for (size_t i = 0; i < frames; i += TY_RAMP_BLOCK)
        ty_ramp_run(r, values + i, frames - i < TY_RAMP_BLOCK ? (int)(frames - i) : TY_RAMP_BLOCK);
}

static inline void ty_ramp_multiply(
    float *output, const float *input, const float *values, size_t frames, size_t channels
) {
    for (size_t i = 0; i < frames; i++)
        for (size_t c = i * channels; c < (i + 1) * channels; c++) output[c] = values[i] * input[c];
}

/* output = value * input, a value for each frame of `channels` samples; the same memory will do. */
static inline void ty_ramp_apply(ty_ramp *r, float *output, const float *input, size_t frames, size_t channels) {
    float values[TY_RAMP_BLOCK];
    size_t i = 0;
    if (frames) ty_ramp_follow(r);
    for (; i < frames && r->left != 0; i += TY_RAMP_BLOCK) {
        size_t count = frames - i < TY_RAMP_BLOCK ? frames - i : TY_RAMP_BLOCK;
        ty_ramp_run(r, values, (int)count);
        if (channels == 2) /* a constant makes it several times as fast */
            ty_ramp_multiply(output + 2 * i, input + 2 * i, values, count, 2);
        else
            ty_ramp_multiply(output + i * channels, input + i * channels, values, count, channels);
    }
    const float value = (float)r->now;
    for (i *= channels; i < frames * channels; i++) output[i] = value * input[i];
}

/* Any control thread. */
static inline void ty_ramp_aim(ty_ramp *r, double target) { ty_store_relaxed_f64(&r->target.value, target); }

#endif
