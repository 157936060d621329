/* Layer normalisation of rows (Ba et al., 2016), forward and backward, with gain, offset and ReLU
 * in the same pass. LANES rows go together, so that their sums are added up across lanes all at
 * once. The bits are those of sum, dot, scale, mul and add one after the other. */
#ifndef ARMC_KERNELS_BODY_NORM_H
#define ARMC_KERNELS_BODY_NORM_H

/* What is known of each row of a block. */
typedef struct NormStats {
    ArmcReal mean[LANES], factor[LANES]; /* 1 / sqrt(variance + eps) */
} NormStats;

/* Zeros where the part ends. */
ALWAYS_INLINE Vec norm_live(Vec v, Part part)
{
    ArmcReal all[LANES];
    vec_store(all, v);
    return part_load(all, part);
}

/* Of the vector at entry i of a row of n: what of it there is, and which of the GROUPS it adds to.
 */
#define NORM_EACH_VECTOR(n, i, g)                                                                  \
    for (int64_t i = 0, g = 0; i < (n); i += LANES, g = (g + 1) % GROUPS)

ALWAYS_INLINE Vec norm_load(const ArmcReal *x, int64_t i, int64_t n)
{
    return n - i >= LANES ? vec_load(x + i) : part_load(x + i, part_make(n - i));
}

ALWAYS_INLINE void norm_store(ArmcReal *y, int64_t i, int64_t n, Vec v)
{
    if (n - i >= LANES)
        vec_store(y + i, v);
    else
        part_store(y + i, part_make(n - i), v);
}

/* x - mean; zeros behind the row's end. */
ALWAYS_INLINE Vec norm_centred(const ArmcReal *x, int64_t i, int64_t n, Vec mean)
{
    const Vec centred = norm_load(x, i, n) - mean;
    return n - i >= LANES ? centred : norm_live(centred, part_make(n - i));
}

static void norm_stats(const ArmcNormRows *p, int64_t first, int64_t rows, NormStats *stats)
{
    const Vec count = splat((ArmcReal)p->n);
    Vec sums[LANES] = {{0}}, squares[LANES] = {{0}};
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        Vec lanes[GROUPS] = {{0}};
        NORM_EACH_VECTOR(p->n, i, g)
        lanes[g] += norm_load(x, i, p->n);
        sums[r] = add_groups(lanes);
    }
    vec_store(stats->mean, add_lanes_of_each(sums) / count);
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        const Vec mean = splat(stats->mean[r]);
        Vec lanes[GROUPS] = {{0}};
        NORM_EACH_VECTOR(p->n, i, g)
        {
            const Vec centred = norm_centred(x, i, p->n, mean);
            lanes[g] = vec_fma(centred, centred, lanes[g]);
        }
        squares[r] = add_groups(lanes);
    }
    const Vec deviation = vec_sqrt(add_lanes_of_each(squares) / count + splat(p->eps));
    vec_store(stats->factor, splat(1) / deviation);
}

/* One row's (x - mean) factor. */
ALWAYS_INLINE Vec norm_value(const ArmcReal *x, int64_t i, int64_t n, Vec mean, Vec factor)
{
    return norm_centred(x, i, n, mean) * factor;
}

static void norm_row(const ArmcNormRows *p, const ArmcReal *x, ArmcReal mean, ArmcReal factor,
                     ArmcReal *y)
{
    const Vec m = splat(mean), f = splat(factor);
    NORM_EACH_VECTOR(p->n, i, g)
    {
        Vec v = norm_value(x, i, p->n, m, f);
        if (p->gain)
            v = v * norm_load(p->gain, i, p->n);
        if (p->offset)
            v = v + norm_load(p->offset, i, p->n);
        norm_store(y, i, p->n, p->relu ? relu_vec(v) : v);
    }
}

static void norm_kernel(const ArmcNormRows *p, ArmcReal *y, int64_t y_step)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = p->rows - first < LANES ? p->rows - first : LANES;
        norm_stats(p, first, rows, &stats);
        for (int64_t r = 0; r < rows; r++)
            norm_row(p, p->x + (first + r) * p->x_step, stats.mean[r], stats.factor[r],
                     y + (first + r) * y_step);
    }
}

/* --- backward --- */

/* The gradient of what was normalised and scaled: dy where the ReLU let it through. */
ALWAYS_INLINE Vec norm_slope(const ArmcNormRows *p, int64_t row, int64_t i)
{
    const Vec dy = norm_load(p->dy + row * p->dy_step, i, p->n);
    if (!p->relu)
        return dy;
    return relu_grad_vec(norm_load(p->y + row * p->y_step, i, p->n), dy);
}

/* The same before gain and offset. */
ALWAYS_INLINE Vec norm_slope_inside(const ArmcNormRows *p, int64_t row, int64_t i)
{
    const Vec slope = norm_slope(p, row, i);
    return p->gain ? slope * norm_load(p->gain, i, p->n) : slope;
}

/* Means over each row: of the slope times the normalised value, and of the slope. */
static void norm_slopes(const ArmcNormRows *p, int64_t first, int64_t rows, const NormStats *stats,
                        ArmcReal *along, ArmcReal *mean)
{
    const Vec count = splat((ArmcReal)p->n);
    Vec products[LANES] = {{0}}, sums[LANES] = {{0}};
    for (int64_t r = 0; r < rows; r++) {
        const ArmcReal *x = p->x + (first + r) * p->x_step;
        const Vec m = splat(stats->mean[r]), f = splat(stats->factor[r]);
        Vec product[GROUPS] = {{0}}, sum[GROUPS] = {{0}};
        NORM_EACH_VECTOR(p->n, i, g)
        {
            const Vec slope = norm_slope_inside(p, first + r, i);
            product[g] = vec_fma(norm_value(x, i, p->n, m, f), slope, product[g]);
            sum[g] += slope;
        }
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
    NORM_EACH_VECTOR(p->n, i, g)
    {
        const Vec value = norm_value(x, i, p->n, m, f) * a;
        norm_store(dx, i, p->n, (value + (norm_slope_inside(p, row, i) - s)) * f);
    }
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

static void norm_dw_kernel(const ArmcNormRows *p, ArmcReal *dgain, ArmcReal *doffset)
{
    NormStats stats;
    for (int64_t first = 0; first < p->rows; first += LANES) {
        const int64_t rows = p->rows - first < LANES ? p->rows - first : LANES;
        norm_stats(p, first, rows, &stats);
        NORM_EACH_VECTOR(p->n, i, g)
        {
            Vec gain = norm_load(dgain, i, p->n), offset = norm_load(doffset, i, p->n);
            for (int64_t r = 0; r < rows; r++) {
                const ArmcReal *x = p->x + (first + r) * p->x_step;
                const Vec slope = norm_slope(p, first + r, i);
                gain +=
                    slope * norm_value(x, i, p->n, splat(stats.mean[r]), splat(stats.factor[r]));
                offset += slope;
            }
            norm_store(dgain, i, p->n, gain);
            norm_store(doffset, i, p->n, offset);
        }
    }
}

#endif
