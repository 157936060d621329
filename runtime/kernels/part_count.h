/* `Part` for machines without masked loads and stores: a number of lanes. */
#ifndef ARMC_KERNELS_PART_COUNT_H
#define ARMC_KERNELS_PART_COUNT_H

typedef int64_t Part;

ALWAYS_INLINE Part part_make(int64_t count)
{
    return count;
}

ALWAYS_INLINE Vec part_load(const ArmcReal *x, Part part)
{
    if (part == LANES)
        return vec_load(x);
    ArmcReal lanes[LANES] = {0};
    for (int64_t i = 0; i < part; i++)
        lanes[i] = x[i];
    return vec_load(lanes);
}

ALWAYS_INLINE void part_store(ArmcReal *y, Part part, Vec v)
{
    if (part == LANES) {
        vec_store(y, v);
        return;
    }
    for (int64_t i = 0; i < part; i++)
        y[i] = v[i];
}

#endif
