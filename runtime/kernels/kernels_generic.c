/* The kernels for any machine: the same bits as the others, through C's fma. */
#include <math.h>

#define VEC_BYTES 16
#include "runtime/kernels/vec.h"

ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    for (int i = 0; i < LANES; i++)
#if ARMC_REAL_IS_DOUBLE
        c[i] = fma(a[i], b[i], c[i]);
#else
        c[i] = fmaf(a[i], b[i], c[i]);
#endif
    return c;
}

ALWAYS_INLINE Vec vec_fnma(Vec a, Vec b, Vec c)
{
    return vec_fma(-a, b, c);
}

#include "runtime/kernels/choice.h"

/* sqrt is exact on every machine, the one function of libm besides fma of which that is true. */
ALWAYS_INLINE Vec vec_sqrt(Vec x)
{
    for (int i = 0; i < LANES; i++)
#if ARMC_REAL_IS_DOUBLE
        x[i] = sqrt(x[i]);
#else
        x[i] = sqrtf(x[i]);
#endif
    return x;
}

#include "runtime/kernels/part_count.h"

#define TILE_ROWS 4
#define TILE_VECS 2
#define DOT_ROWS  2
#define DOT_COLS  2
#define CONV_ROWS 4
#define CONV_VECS 2
#define SCAN_ROWS 3
#define TABLE     armc_kernels_generic
#define NAME      "generic"
#include "runtime/kernels/body.h"
