/* Rows brought to mean 0 and variance 1, and the gradient: each row in passes that stay in L1. The
 * bits are those of sum, sub, dot and scale, one after the other. */
#ifndef ARMC_KERNELS_BODY_NORM_H
#define ARMC_KERNELS_BODY_NORM_H

/* What a pass over a row reads, writes and sums up, lane by lane. */
typedef struct NormRow {
    const ArmcReal *x, *dy;
    ArmcReal *y;
    Vec mean, factor, along;
    Vec sum[GROUPS], products[GROUPS];
} NormRow;

/* Calls step(row, at, g, whole, part) for the vectors of sixteen entries from i on. */
#define SIXTEEN(step, row, i, whole, part)                                                         \
    do {                                                                                           \
        UNROLL                                                                                     \
        for (int g = 0; g < GROUPS; g++)                                                           \
            step(row, (i) + g * LANES, g, whole, part);                                            \
    } while (0)
/* The same for all of a row, the last ones maybe in part. */
#define EACH_VECTOR(n, step, row)                                                                  \
    do {                                                                                           \
        int64_t i = 0;                                                                             \
        for (; i + ARMC_VIRTUAL_LANES <= (n); i += ARMC_VIRTUAL_LANES)                             \
            SIXTEEN(step, row, i, 1, part_make(0));                                                \
        if (i < (n))                                                                               \
            SIXTEEN(step, row, i, 0, group_part((n)-i, g));                                        \
    } while (0)

ALWAYS_INLINE void clear_sums(NormRow *row)
{
    UNROLL
    for (int g = 0; g < GROUPS; g++)
        row->sum[g] = row->products[g] = (Vec){0};
}

/* y = x - mean; its squares */
ALWAYS_INLINE void centre_step(NormRow *row, int64_t at, int g, const int whole, Part part)
{
    store_some(row->y + at, whole, part, load_some(row->x + at, whole, part) - row->mean);
    const Vec y = load_some(row->y + at, whole, part); /* zeros behind the end */
    row->products[g] = vec_fma(y, y, row->products[g]);
}

/* y = factor y */
ALWAYS_INLINE void factor_step(NormRow *row, int64_t at, int g, const int whole, Part part)
{
    (void)g;
    store_some(row->y + at, whole, part, row->factor * load_some(row->y + at, whole, part));
}

/* The same; y dy and dy */
ALWAYS_INLINE void along_step(NormRow *row, int64_t at, int g, const int whole, Part part)
{
    const Vec dy = load_some(row->dy + at, whole, part),
              y = row->factor * load_some(row->y + at, whole, part);
    store_some(row->y + at, whole, part, y);
    row->products[g] = vec_fma(y, dy, row->products[g]);
    row->sum[g] += dy;
}

/* y = factor (dy - mean - along y); `along` holds the negative */
ALWAYS_INLINE void slope_step(NormRow *row, int64_t at, int g, const int whole, Part part)
{
    (void)g;
    const Vec dy = load_some(row->dy + at, whole, part), y = load_some(row->y + at, whole, part);
    store_some(row->y + at, whole, part, row->factor * (row->along * y + (dy - row->mean)));
}

/* y = x - mean of x; factor = 1 / sqrt(mean of y² + eps) */
ALWAYS_INLINE void centre_row(NormRow *row, int64_t n, ArmcReal eps)
{
    row->mean = splat(sum_kernel(n, row->x) / (ArmcReal)n);
    clear_sums(row);
    EACH_VECTOR(n, centre_step, row);
    const ArmcReal variance = add_lanes(add_groups(row->products)) / (ArmcReal)n;
    row->factor = 1 / vec_sqrt(splat(variance + eps));
}

static void normalise_kernel(int64_t m, int64_t n, const ArmcReal *x, int64_t ldx, ArmcReal eps,
                             ArmcReal *y, int64_t ldy)
{
    for (int64_t r = 0; r < m; r++) {
        NormRow row = {.x = x + r * ldx, .y = y + r * ldy};
        centre_row(&row, n, eps);
        EACH_VECTOR(n, factor_step, &row);
    }
}

static void normalise_grad_kernel(int64_t m, int64_t n, const ArmcReal *x, int64_t ldx,
                                  const ArmcReal *dy, int64_t lddy, ArmcReal eps, ArmcReal *dx,
                                  int64_t lddx)
{
    for (int64_t r = 0; r < m; r++) {
        NormRow row = {.x = x + r * ldx, .dy = dy + r * lddy, .y = dx + r * lddx};
        centre_row(&row, n, eps);
        clear_sums(&row);
        EACH_VECTOR(n, along_step, &row);
        row.along = splat(-(add_lanes(add_groups(row.products)) / (ArmcReal)n));
        row.mean = splat(add_lanes(add_groups(row.sum)) / (ArmcReal)n);
        EACH_VECTOR(n, slope_step, &row);
    }
}

#undef EACH_VECTOR
#undef SIXTEEN

#endif
