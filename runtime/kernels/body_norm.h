/* Layer normalisation of rows (Ba et al., 2016), forward and backward, with gain, offset and ReLU
 * in the same pass. LANES rows go together, so that their sums are added up across lanes all at
 * once. The bits are those of sum, dot, scale, mul and add one after the other.
 *
 * Rows come from far away as often as not, and there is too little arithmetic to wait for them: the
 * first pass over a block asks for the next one. */
#ifndef ARMC_KERNELS_BODY_NORM_H
#define ARMC_KERNELS_BODY_NORM_H

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

/* Rows of a block that aren't there add nothing. */
ALWAYS_INLINE void norm_fill(Vec *sums, int64_t rows)
{
    for (int64_t r = rows; r < LANES; r++)
        sums[r] = splat(0);
}

static void find_norm_stats(const ArmcNormRows *p, int64_t first, int64_t rows, NormStats *stats)
{
    const int64_t n = p->n;
    const Vec count = splat((ArmcReal)n);
    Vec sums[LANES];
    norm_fill(sums, rows);
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        Vec lanes[GROUPS] = {{0}};
#define NORM_SUM(i, g, whole)                                                                      \
    do {                                                                                           \
        __builtin_prefetch(x + LANES * p->x_step + (i));                                           \
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

static void norm_stats(const ArmcNormRows *p, int64_t first, int64_t rows, NormStats *stats)
{
    if (!p->stats)
        find_norm_stats(p, first, rows, stats);
    for (int64_t r = 0; p->stats && r < rows; r++) {
        const ArmcReal *from = p->stats + (first + r) * p->stats_step;
        stats->mean[r] = from[0];
        stats->factor[r] = from[1];
    }
}

static void norm_stats_kernel(const ArmcNormRows *p, ArmcReal *to, int64_t to_step)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = p->rows - first < LANES ? p->rows - first : LANES;
        find_norm_stats(p, first, rows, &stats);
        for (int64_t r = 0; r < rows; r++, to += to_step) {
            to[0] = stats.mean[r];
            to[1] = stats.factor[r];
        }
    }
}

/* (x - mean) factor, of one vector. */
ALWAYS_INLINE Vec norm_value(const ArmcReal *x, int64_t i, int64_t n, const int whole, Vec mean,
                             Vec factor)
{
    return norm_centred(x, i, n, whole, mean) * factor;
}

static void norm_row(const ArmcNormRows *p, const ArmcReal *x, ArmcReal mean, ArmcReal factor,
                     ArmcReal *y, int64_t ahead)
{
    const Vec m = splat(mean), f = splat(factor);
    const int64_t n = p->n;
#define NORM_SCALE(i, g, whole)                                                                    \
    do {                                                                                           \
        __builtin_prefetch(x + LANES * p->x_step + (i));                                           \
        __builtin_prefetch(y + ahead + (i), 1);                                                    \
        Vec v_ = norm_value(x, i, n, whole, m, f);                                                 \
        if (p->gain)                                                                               \
            v_ = v_ * norm_load(p->gain, i, n, whole);                                             \
        if (p->offset)                                                                             \
            v_ = v_ + norm_load(p->offset, i, n, whole);                                           \
        norm_store(y, i, n, whole, p->relu ? relu_vec(v_) : v_);                                   \
    } while (0)
    NORM_ROW(n, NORM_SCALE);
}

static void norm_kernel(const ArmcNormRows *p, ArmcReal *y, int64_t y_step)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = p->rows - first < LANES ? p->rows - first : LANES;
        norm_stats(p, first, rows, &stats);
        for (int64_t r = 0; r < rows; r++)
            norm_row(p, p->x + (first + r) * p->x_step, stats.mean[r], stats.factor[r],
                     y + (first + r) * y_step, LANES * y_step);
    }
}

/* --- backward --- */

/* The gradient of what was normalised and scaled: dy where the ReLU let it through. */
ALWAYS_INLINE Vec norm_slope(const ArmcNormRows *p, int64_t row, int64_t i, const int whole)
{
    const Vec dy = norm_load(p->dy + row * p->dy_step, i, p->n, whole);
    if (!p->relu)
        return dy;
    return relu_grad_vec(norm_load(p->y + row * p->y_step, i, p->n, whole), dy);
}

/* The same before gain and offset. */
ALWAYS_INLINE Vec norm_slope_inside(const ArmcNormRows *p, int64_t row, int64_t i, const int whole)
{
    const Vec slope = norm_slope(p, row, i, whole);
    return p->gain ? slope * norm_load(p->gain, i, p->n, whole) : slope;
}

/* Means over each row: of the slope times the normalised value, and of the slope. */
static void norm_slopes(const ArmcNormRows *p, int64_t first, int64_t rows, const NormStats *stats,
                        ArmcReal *along, ArmcReal *mean)
{
    const Vec count = splat((ArmcReal)p->n);
    Vec products[LANES], sums[LANES];
    norm_fill(products, rows);
    norm_fill(sums, rows);
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        const Vec m = splat(stats->mean[r]), f = splat(stats->factor[r]);
        Vec product[GROUPS] = {{0}}, sum[GROUPS] = {{0}};
#define NORM_SLOPE(i, g, whole)                                                                    \
    do {                                                                                           \
        __builtin_prefetch(p->dy + (first + r + LANES) * p->dy_step + (i));                        \
        if (p->relu)                                                                               \
            __builtin_prefetch(p->y + (first + r + LANES) * p->y_step + (i));                      \
        const Vec slope_ = norm_slope_inside(p, first + r, i, whole);                              \
        product[g] = vec_fma(norm_value(x, i, p->n, whole, m, f), slope_, product[g]);             \
        sum[g] += slope_;                                                                          \
    } while (0)
        NORM_ROW(p->n, NORM_SLOPE);
        products[r] = add_groups(product);
        sums[r] = add_groups(sum);
    }
    vec_store(along, add_lanes_of_each(products) / count);
    vec_store(mean, add_lanes_of_each(sums) / count);
}

static void norm_dx_row(const ArmcNormRows *p, int64_t row, ArmcReal mean, ArmcReal factor,
                        ArmcReal along, ArmcReal slope_mean, ArmcReal *dx)
{
    const ArmcReal *x = p->x + row * p->x_step;
    const Vec m = splat(mean), f = splat(factor), a = splat(-along), s = splat(slope_mean);
#define NORM_DX(i, g, whole)                                                                       \
    do {                                                                                           \
        const Vec value_ = norm_value(x, i, p->n, whole, m, f) * a;                                \
        const Vec slope_ = norm_slope_inside(p, row, i, whole) - s;                                \
        norm_store(dx, i, p->n, whole, (value_ + slope_) * f);                                     \
    } while (0)
    NORM_ROW(p->n, NORM_DX);
}

static void norm_dx_kernel(const ArmcNormRows *p, ArmcReal *dx, int64_t dx_step)
{
    NormStats stats;
    ArmcReal along[LANES], mean[LANES];
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = p->rows - first < LANES ? p->rows - first : LANES;
        norm_stats(p, first, rows, &stats);
        norm_slopes(p, first, rows, &stats, along, mean);
        for (int64_t r = 0; r < rows; r++)
            norm_dx_row(p, first + r, stats.mean[r], stats.factor[r], along[r], mean[r],
                        dx + (first + r) * dx_step);
    }
}

/* One vector of dgain and doffset, over the rows of a block. */
ALWAYS_INLINE void norm_dw_vector(const ArmcNormRows *p, int64_t first, int64_t rows,
                                  const NormStats *stats, int64_t i, const int whole,
                                  ArmcReal *dgain, ArmcReal *doffset)
{
    Vec gain = norm_load(dgain, i, p->n, whole), offset = norm_load(doffset, i, p->n, whole);
    for (int64_t r = 0; r < rows; r++) {
        const Vec mean = splat(stats->mean[r]), factor = splat(stats->factor[r]);
        const Vec slope = norm_slope(p, first + r, i, whole);
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
        const int64_t rows = p->rows - first < LANES ? p->rows - first : LANES;
        norm_stats(p, first, rows, &stats);
#define NORM_DW(i, g, whole) norm_dw_vector(p, first, rows, &stats, i, whole, dgain, doffset)
        NORM_ROW(p->n, NORM_DW);
    }
}

#endif
