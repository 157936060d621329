/* Reductions over a contiguous axis: ARMC_VIRTUAL_LANES partial results held in GROUPS vectors,
 * entry i in lane i mod 16, the last entries filled up with zeros; then the upper half of the lanes
 * is added to the lower, until one is left. */
#ifndef ARMC_KERNELS_BODY_REDUCE_H
#define ARMC_KERNELS_BODY_REDUCE_H

enum { GROUPS = ARMC_VIRTUAL_LANES / LANES };

/* The part of vector g that `count` entries from its group's begin fill. */
ALWAYS_INLINE Part group_part(int64_t count, int g)
{
    const int64_t left = count - g * LANES;
    return part_make(left < 0 ? 0 : left > LANES ? LANES : left);
}

ALWAYS_INLINE Vec add_groups(const Vec *lanes)
{
    Vec sum[GROUPS];
    for (int g = 0; g < GROUPS; g++)
        sum[g] = lanes[g];
    UNROLL
    for (int half = GROUPS / 2; half > 0; half /= 2)
        for (int g = 0; g < half; g++)
            sum[g] += sum[g + half];
    return sum[0];
}

ALWAYS_INLINE ArmcReal add_lanes(Vec lanes)
{
    ArmcReal sum[LANES];
    vec_store(sum, lanes);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            sum[i] += sum[i + half];
    return sum[0];
}

/* add_lanes of LANES vectors at once. Each step adds the upper halves of two vectors' runs of 2h
 * lanes to their lower halves and puts the results side by side: after the last step lane i holds
 * the sum of vector i. */
#define LOWER(p, h)                                                                                \
    ((p) / (h)*2 * (h) + (p) % (h)) /* runs of the second vector follow at LANES.. */
#define UPPER(p, h) (LOWER(p, h) + (h))
#define PICK2(f, h) f(0, h), f(1, h)
#define PICK4(f, h) PICK2(f, h), f(2, h), f(3, h)
#define PICK8(f, h) PICK4(f, h), f(4, h), f(5, h), f(6, h), f(7, h)
#define PICK16(f, h)                                                                               \
    PICK8(f, h), f(8, h), f(9, h), f(10, h), f(11, h), f(12, h), f(13, h), f(14, h), f(15, h)
#define FOLD(PICK, a, b, h)                                                                        \
    (__builtin_shufflevector(a, b, PICK(LOWER, h)) + __builtin_shufflevector(a, b, PICK(UPPER, h)))
#define FOLD_ALL(PICK, v, h)                                                                       \
    UNROLL                                                                                         \
    for (int i_ = 0; i_ < (h); i_++)                                                               \
    (v)[i_] = FOLD(PICK, (v)[2 * i_], (v)[2 * i_ + 1], h)

ALWAYS_INLINE Vec add_lanes_of_each(Vec *v)
{
#if VEC_BYTES == 64 && !ARMC_REAL_IS_DOUBLE
    FOLD_ALL(PICK16, v, 8);
    FOLD_ALL(PICK16, v, 4);
    FOLD_ALL(PICK16, v, 2);
    FOLD_ALL(PICK16, v, 1);
#elif VEC_BYTES == 64 || (VEC_BYTES == 32 && !ARMC_REAL_IS_DOUBLE)
    FOLD_ALL(PICK8, v, 4);
    FOLD_ALL(PICK8, v, 2);
    FOLD_ALL(PICK8, v, 1);
#elif VEC_BYTES == 32 || !ARMC_REAL_IS_DOUBLE
    FOLD_ALL(PICK4, v, 2);
    FOLD_ALL(PICK4, v, 1);
#else
    FOLD_ALL(PICK2, v, 1);
#endif
    return v[0];
}

static ArmcReal sum_kernel(int64_t n, const ArmcReal *x)
{
    Vec lanes[GROUPS] = {{0}};
    int64_t i = 0;
    for (; i + ARMC_VIRTUAL_LANES <= n; i += ARMC_VIRTUAL_LANES)
        for (int g = 0; g < GROUPS; g++)
            lanes[g] += vec_load(x + i + g * LANES);
    if (i < n)
        for (int g = 0; g < GROUPS; g++)
            lanes[g] += part_load(x + i + g * LANES, group_part(n - i, g));
    return add_lanes(add_groups(lanes));
}

/* vec_max of one pair. */
ALWAYS_INLINE ArmcReal larger(ArmcReal a, ArmcReal b)
{
    return a > b || a != a ? a : b;
}

/* Which lane a maximum comes from matters for the sign of 0 only; the order is the same everywhere.
 */
static ArmcReal max_of_kernel(int64_t n, const ArmcReal *x)
{
    if (n < ARMC_VIRTUAL_LANES) { /* lanes behind the end hold x[0] */
        ArmcReal most_of_few = x[0];
        for (int64_t i = 1; i < n; i++)
            most_of_few = larger(most_of_few, x[i]);
        return larger(most_of_few, x[0]);
    }
    ArmcReal most[ARMC_VIRTUAL_LANES];
    for (int i = 0; i < ARMC_VIRTUAL_LANES; i++)
        most[i] = x[i < n ? i : 0];
    Vec lanes[GROUPS];
    for (int g = 0; g < GROUPS; g++)
        lanes[g] = vec_load(most + g * LANES);
    int64_t done = ARMC_VIRTUAL_LANES;
    for (; done + ARMC_VIRTUAL_LANES <= n; done += ARMC_VIRTUAL_LANES)
        for (int g = 0; g < GROUPS; g++)
            lanes[g] = vec_max(lanes[g], vec_load(x + done + g * LANES));
    for (int g = 0; g < GROUPS; g++)
        vec_store(most + g * LANES, lanes[g]);
    for (; done < n; done++)
        most[done % ARMC_VIRTUAL_LANES] = larger(most[done % ARMC_VIRTUAL_LANES], x[done]);
    for (int i = 1; i < ARMC_VIRTUAL_LANES; i++)
        most[0] = larger(most[0], most[i]);
    return most[0];
}

#endif
