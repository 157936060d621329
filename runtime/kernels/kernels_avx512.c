/* The kernels for x86-64 with AVX-512. */
#if defined(__x86_64__)

#include <immintrin.h>

#define VEC_BYTES 64
#include "runtime/kernels/vec.h"

#if ARMC_REAL_IS_DOUBLE
#define MM(op) _mm512_##op##_pd
typedef __mmask8 Part;
#else
#define MM(op) _mm512_##op##_ps
typedef __mmask16 Part;
#endif

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
    return (Wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}

ALWAYS_INLINE Part part_make(int64_t count)
{
    return (Part)((1u << count) - 1);
}

ALWAYS_INLINE Vec part_load(const ArmcReal *x, Part part)
{
    return MM(maskz_loadu)(part, x);
}

ALWAYS_INLINE void part_store(ArmcReal *y, Part part, Vec v)
{
    MM(mask_storeu)(y, part, v);
}

/* 24 of the 32 registers hold a tile of C; 16 chains hide the latency of a dot. */
#define TILE_ROWS 8
#define TILE_VECS 3
#define DOT_ROWS  4
#define DOT_COLS  4
#define CONV_ROWS 14
#define CONV_VECS 2
#define SCAN_ROWS 6
#define TABLE     armc_kernels_avx512
#define NAME      "avx512"
#include "runtime/kernels/body.h"

#else
typedef int armc_not_x86_64; /* a file of C holds at least one declaration */
#endif
