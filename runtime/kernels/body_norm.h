/* Layer normalisation of rows (Ba et al., 2016), forward and backward, with gain, offset and ReLU
 * in the same pass. LANES rows go together, so that their sums are added up across lanes all at
 * once. The bits are those of sum, dot, scale, mul and add one after the other.
 *
 * Rows come from far away as often as not, and there is too little arithmetic to wait for them: the
 * first pass over a block asks for the next one. */
#ifndef ARMC_KERNELS_BODY_NORM_H
#define ARMC_KERNELS_BODY_NORM_H

#include <stddef.h>

/* What is known of each row of a block. */
typedef struct NormStats {
    ArmcReal mean[LANES], factor[LANES]; /* 1 / sqrt(variance + eps) */
} NormStats;

/* A vector of a row of n: all of it, or its part. */
ALWAYS_INLINE Vec norm_load(const ArmcReal *x, int64_t i, int64_t n, const int whole)
{
    return whole ? vec_load(x + i) : part_load(x + i, part_make(n - i));
}

ALWAYS_INLINE void norm_store(ArmcReal *y, int64_t i, int64_t n, const int whole, Vec v)
{
    if (whole)
        vec_store(y + i, v);
    else
        part_store(y + i, part_make(n - i), v);
}

/* x - mean; zeros behind the row's end. */
ALWAYS_INLINE Vec norm_centred(const ArmcReal *x, int64_t i, int64_t n, const int whole, Vec mean)
{
    const Vec centred = norm_load(x, i, n, whole) - mean;
    if (whole)
        return centred;
    ArmcReal all[LANES];
    vec_store(all, centred);
    return part_load(all, part_make(n - i));
}

/* Does something with each vector of a row of n: which of the GROUPS it adds to, and whether all of
 * it is there. */
#define NORM_ROW(n, DO)                                                                            \
    do {                                                                                           \
        int64_t i_ = 0;                                                                            \
        for (; i_ + ARMC_VIRTUAL_LANES <= (n); i_ += ARMC_VIRTUAL_LANES) {                         \
            UNROLL                                                                                 \
            for (int g_ = 0; g_ < GROUPS; g_++)                                                    \
                DO(i_ + g_ * LANES, g_, 1);                                                        \
        }                                                                                          \
        for (int g_ = 0; g_ < GROUPS && i_ < (n); g_++, i_ += LANES) {                             \
            if (i_ + LANES <= (n))                                                                 \
                DO(i_, g_, 1);                                                                     \
            else                                                                                   \
                DO(i_, g_, 0);                                                                     \
        }                                                                                          \
    } while (0)

/* Asks for a row's entries of the next block, where rows are long enough to come from far away. */
ALWAYS_INLINE void norm_ahead(const ArmcReal *x, int64_t x_step, int64_t i, int64_t n,
                              const int write)
{
    enum { SHORT = 2 * LANES };
    if (n <= SHORT)
        return;
    if (write)
        __builtin_prefetch(x + LANES * x_step + i, 1);
    else
        __builtin_prefetch(x + LANES * x_step + i);
}

/* Rows of a block that aren't there add nothing. */
ALWAYS_INLINE void norm_fill(Vec *sums, int64_t rows)
{
    for (int64_t r = rows; r < LANES; r++)
        sums[r] = splat(0);
}

/* Functions from here on get what p says of n, gain, offset and ReLU as arguments as well: where
 * these are constants, loops over a row of a few vectors are straight code. */

ALWAYS_INLINE void find_norm_stats(const ArmcNormRows *p, const int64_t n, int64_t first,
                                   int64_t rows, NormStats *stats)
{
    const Vec count = splat((ArmcReal)n);
    Vec sums[LANES];
    norm_fill(sums, rows);
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        Vec lanes[GROUPS] = {{0}};
#define NORM_SUM(i, g, whole)                                                                      \
    do {                                                                                           \
        norm_ahead(x, p->x_step, i, n, 0);                                                         \
        lanes[g] += norm_load(x, i, n, whole);                                                     \
    } while (0)
        NORM_ROW(n, NORM_SUM);
        sums[r] = add_groups(lanes);
    }
    vec_store(stats->mean, add_lanes_of_each(sums) / count);
    norm_fill(sums, rows);
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        const Vec mean = splat(stats->mean[r]);
        Vec lanes[GROUPS] = {{0}};
#define NORM_SQUARE(i, g, whole)                                                                   \
    do {                                                                                           \
        const Vec centred_ = norm_centred(x, i, n, whole, mean);                                   \
        lanes[g] = vec_fma(centred_, centred_, lanes[g]);                                          \
    } while (0)
        NORM_ROW(n, NORM_SQUARE);
        sums[r] = add_groups(lanes);
    }
    const Vec deviation = vec_sqrt(add_lanes_of_each(sums) / count + splat(p->eps));
    vec_store(stats->factor, splat(1) / deviation);
}

ALWAYS_INLINE void norm_stats(const ArmcNormRows *p, const int64_t n, int64_t first, int64_t rows,
                              NormStats *stats)
{
    if (!p->stats)
        find_norm_stats(p, n, first, rows, stats);
    for (int64_t r = 0; p->stats && r < rows; r++) {
        const ArmcReal *from = p->stats + (first + r) * p->stats_step;
        stats->mean[r] = from[0];
        stats->factor[r] = from[1];
    }
}

static int64_t norm_rows_left(const ArmcNormRows *p, int64_t first)
{
    return p->rows - first < LANES ? p->rows - first : LANES;
}

/* Calls RUN(…, n) with n as a constant where a row is 1, 2, 4 or 8 vectors. */
#define NORM_BY_LENGTH(RUN, ...)                                                                   \
    do {                                                                                           \
        if (p->n == LANES)                                                                         \
            RUN(__VA_ARGS__, LANES);                                                               \
        else if (p->n == 2 * LANES)                                                                \
            RUN(__VA_ARGS__, 2 * LANES);                                                           \
        else if (p->n == 4 * LANES)                                                                \
            RUN(__VA_ARGS__, 4 * LANES);                                                           \
        else if (p->n == 8 * LANES)                                                                \
            RUN(__VA_ARGS__, 8 * LANES);                                                           \
        else                                                                                       \
            RUN(__VA_ARGS__, p->n);                                                                \
    } while (0)

ALWAYS_INLINE void norm_stats_run(const ArmcNormRows *p, ArmcReal *to, int64_t to_step,
                                  const int64_t n)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = norm_rows_left(p, first);
        find_norm_stats(p, n, first, rows, &stats);
        for (int64_t r = 0; r < rows; r++, to += to_step) {
            to[0] = stats.mean[r];
            to[1] = stats.factor[r];
        }
    }
}

static void norm_stats_kernel(const ArmcNormRows *p, ArmcReal *to, int64_t to_step)
{
    NORM_BY_LENGTH(norm_stats_run, p, to, to_step);
}

/* (x - mean) factor, of one vector. */
ALWAYS_INLINE Vec norm_value(const ArmcReal *x, int64_t i, int64_t n, const int whole, Vec mean,
                             Vec factor)
{
    return norm_centred(x, i, n, whole, mean) * factor;
}

ALWAYS_INLINE void norm_run(const ArmcNormRows *p, ArmcReal *to, int64_t y_step, const int gain,
                            const int offset, const int relu, const int64_t n)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = norm_rows_left(p, first);
        norm_stats(p, n, first, rows, &stats);
        for (int64_t r = 0; r < rows; r++, to += y_step) {
            const ArmcReal *x = p->x + (first + r) * p->x_step;
            const Vec m = splat(stats.mean[r]), f = splat(stats.factor[r]);
#define NORM_SCALE(i, g, whole)                                                                    \
    do {                                                                                           \
        norm_ahead(x, p->x_step, i, n, 0);                                                         \
        norm_ahead(to, y_step, i, n, 1);                                                           \
        Vec v_ = norm_value(x, i, n, whole, m, f);                                                 \
        if (gain)                                                                                  \
            v_ = v_ * norm_load(p->gain, i, n, whole);                                             \
        if (offset)                                                                                \
            v_ = v_ + norm_load(p->offset, i, n, whole);                                           \
        norm_store(to, i, n, whole, relu ? relu_vec(v_) : v_);                                     \
    } while (0)
            NORM_ROW(n, NORM_SCALE);
        }
    }
}

static void norm_kernel(const ArmcNormRows *p, ArmcReal *y, int64_t y_step)
{
    if (p->gain && p->offset && p->relu)
        NORM_BY_LENGTH(norm_run, p, y, y_step, 1, 1, 1);
    else
        norm_run(p, y, y_step, p->gain != NULL, p->offset != NULL, p->relu, p->n);
}

/* --- backward --- */

/* The gradient of what was normalised and scaled: dy where the ReLU let it through. */
ALWAYS_INLINE Vec norm_slope(const ArmcNormRows *p, const int relu, const int64_t n, int64_t row,
                             int64_t i, const int whole)
{
    const Vec dy = norm_load(p->dy + row * p->dy_step, i, n, whole);
    if (!relu)
        return dy;
    return relu_grad_vec(norm_load(p->y + row * p->y_step, i, n, whole), dy);
}

/* The same before gain and offset. */
ALWAYS_INLINE Vec norm_slope_inside(const ArmcNormRows *p, const int gain, const int relu,
                                    const int64_t n, int64_t row, int64_t i, const int whole)
{
    const Vec slope = norm_slope(p, relu, n, row, i, whole);
    return gain ? slope * norm_load(p->gain, i, n, whole) : slope;
}

/* Means over each row: of the slope times the normalised value, and of the slope. */
ALWAYS_INLINE void norm_slopes(const ArmcNormRows *p, const int gain, const int relu,
                               const int64_t n, int64_t first, int64_t rows, const NormStats *stats,
                               ArmcReal *along, ArmcReal *mean)
{
    const Vec count = splat((ArmcReal)n);
    Vec products[LANES], sums[LANES];
    norm_fill(products, rows);
    norm_fill(sums, rows);
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        const Vec m = splat(stats->mean[r]), f = splat(stats->factor[r]);
        Vec product[GROUPS] = {{0}}, sum[GROUPS] = {{0}};
#define NORM_SLOPE(i, g, whole)                                                                    \
    do {                                                                                           \
        norm_ahead(p->dy + (first + r) * p->dy_step, p->dy_step, i, n, 0);                         \
        if (relu)                                                                                  \
            norm_ahead(p->y + (first + r) * p->y_step, p->y_step, i, n, 0);                        \
        const Vec slope_ = norm_slope_inside(p, gain, relu, n, first + r, i, whole);               \
        product[g] = vec_fma(norm_value(x, i, n, whole, m, f), slope_, product[g]);                \
        sum[g] += slope_;                                                                          \
    } while (0)
        NORM_ROW(n, NORM_SLOPE);
        products[r] = add_groups(product);
        sums[r] = add_groups(sum);
    }
    vec_store(along, add_lanes_of_each(products) / count);
    vec_store(mean, add_lanes_of_each(sums) / count);
}

ALWAYS_INLINE void norm_dx_run(const ArmcNormRows *p, ArmcReal *dx, int64_t dx_step, const int gain,
                               const int relu, const int added, const int64_t n)
{
    NormStats stats;
    ArmcReal along[LANES], mean[LANES];
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = norm_rows_left(p, first);
        norm_stats(p, n, first, rows, &stats);
        norm_slopes(p, gain, relu, n, first, rows, &stats, along, mean);
        for (int64_t r = 0; r < rows; r++, dx += dx_step) {
            const ArmcReal *x = p->x + (first + r) * p->x_step,
                           *onto = added ? p->onto + (first + r) * dx_step : NULL;
            const Vec m = splat(stats.mean[r]), f = splat(stats.factor[r]), a = splat(-along[r]),
                      s = splat(mean[r]);
#define NORM_DX(i, g, whole)                                                                       \
    do {                                                                                           \
        const Vec value_ = norm_value(x, i, n, whole, m, f) * a;                                   \
        const Vec slope_ = norm_slope_inside(p, gain, relu, n, first + r, i, whole) - s;           \
        const Vec dx_ = (value_ + slope_) * f;                                                     \
        norm_store(dx, i, n, whole, added ? dx_ + norm_load(onto, i, n, whole) : dx_);             \
    } while (0)
            NORM_ROW(n, NORM_DX);
        }
    }
}

static void norm_dx_kernel(const ArmcNormRows *p, ArmcReal *dx, int64_t dx_step)
{
    if (p->gain && p->relu && p->onto)
        NORM_BY_LENGTH(norm_dx_run, p, dx, dx_step, 1, 1, 1);
    else if (p->gain && p->relu)
        NORM_BY_LENGTH(norm_dx_run, p, dx, dx_step, 1, 1, 0);
    else
        norm_dx_run(p, dx, dx_step, p->gain != NULL, p->relu, p->onto != NULL, p->n);
}

/* One vector of dgain and doffset, over the rows of a block. */
ALWAYS_INLINE void norm_dw_vector(const ArmcNormRows *p, const int relu, int64_t first,
                                  int64_t rows, const NormStats *stats, int64_t i, const int whole,
                                  ArmcReal *dgain, ArmcReal *doffset)
{
    Vec gain = norm_load(dgain, i, p->n, whole), offset = norm_load(doffset, i, p->n, whole);
    for (int64_t r = 0; r < rows; r++) {
        const Vec mean = splat(stats->mean[r]), factor = splat(stats->factor[r]);
        const Vec slope = norm_slope(p, relu, p->n, first + r, i, whole);
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        gain += slope * norm_value(x, i, p->n, whole, mean, factor);
        offset += slope;
    }
    norm_store(dgain, i, p->n, whole, gain);
    norm_store(doffset, i, p->n, whole, offset);
}

static void norm_dw_kernel(const ArmcNormRows *p, ArmcReal *dgain, ArmcReal *doffset)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = norm_rows_left(p, first);
        norm_stats(p, p->n, first, rows, &stats);
#define NORM_DW(i, g, whole)                                                                       \
    norm_dw_vector(p, p->relu, first, rows, &stats, i, whole, dgain, doffset)
        NORM_ROW(p->n, NORM_DW);
    }
}

#endif
