/* vec_lesser and vec_greater for machines whose own minimum and maximum treat NaN otherwise, and
 * half_product for those that have no such product. */
#ifndef ARMC_KERNELS_CHOICE_H
#define ARMC_KERNELS_CHOICE_H

ALWAYS_INLINE Vec vec_lesser(Vec a, Vec b)
{
    return select((IVec)(a < b), a, b);
}

ALWAYS_INLINE Vec vec_greater(Vec a, Vec b)
{
    return select((IVec)(a > b), a, b);
}

ALWAYS_INLINE Wide half_product(Wide a, Wide b)
{
    return (a & UINT32_MAX) * (b & UINT32_MAX);
}

#endif
