/* The kernels for x86-64 with AVX2 and FMA. */
#if defined(__x86_64__)

#include <immintrin.h>

#define VEC_BYTES 32
#include "runtime/kernels/vec.h"

#if ARMC_REAL_IS_DOUBLE
#define MM(op) _mm256_##op##_pd
static const Bits lane_numbers[LANES] = {0, 1, 2, 3};
#else
#define MM(op) _mm256_##op##_ps
static const Bits lane_numbers[LANES] = {0, 1, 2, 3, 4, 5, 6, 7};
#endif

/* All ones in the lanes that take part. */
typedef IVec Part;

ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    return MM(fmadd)(a, b, c);
}

ALWAYS_INLINE Vec vec_fnma(Vec a, Vec b, Vec c)
{
    return MM(fnmadd)(a, b, c);
}

ALWAYS_INLINE Vec vec_lesser(Vec a, Vec b)
{
    return MM(min)(a, b);
}

ALWAYS_INLINE Vec vec_greater(Vec a, Vec b)
{
    return MM(max)(a, b);
}

ALWAYS_INLINE Vec vec_sqrt(Vec x)
{
    return MM(sqrt)(x);
}

ALWAYS_INLINE Wide half_product(Wide a, Wide b)
{
    return (Wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

ALWAYS_INLINE Part part_make(int64_t count)
{
    IVec lanes;
    __builtin_memcpy(&lanes, lane_numbers, sizeof lanes);
    return (IVec)(lanes < isplat((Bits)count));
}

ALWAYS_INLINE Vec part_load(const ArmcReal *x, Part part)
{
    return MM(maskload)(x, (__m256i)part);
}

ALWAYS_INLINE void part_store(ArmcReal *y, Part part, Vec v)
{
    MM(maskstore)(y, (__m256i)part, v);
}

/* 12 of the 16 registers hold a tile of C. */
#define TILE_ROWS 4
#define TILE_VECS 3
#define DOT_ROWS  2
#define DOT_COLS  2
#define CONV_ROWS 6
#define CONV_VECS 2
#define SCAN_ROWS 3
#define TABLE     armc_kernels_avx2
#define NAME      "avx2"
#include "runtime/kernels/body.h"

#else
typedef int armc_not_x86_64; /* a file of C holds at least one declaration */
#endif
