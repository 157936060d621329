/* The kernels for arm64. */
#if defined(__aarch64__)

#include <arm_neon.h>

#define VEC_BYTES 16
#include "runtime/kernels/vec.h"

#if ARMC_REAL_IS_DOUBLE
#define NEON(op) op##_f64
#else
#define NEON(op) op##_f32
#endif

ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    return NEON(vfmaq)(c, a, b);
}

ALWAYS_INLINE Vec vec_fnma(Vec a, Vec b, Vec c)
{
    return NEON(vfmsq)(c, a, b);
}

#include "runtime/kernels/choice.h"

ALWAYS_INLINE Vec vec_sqrt(Vec x)
{
    return NEON(vsqrtq)(x);
}

#include "runtime/kernels/part_count.h"

/* 24 of the 32 registers hold a tile of C. */
#define TILE_ROWS 8
#define TILE_VECS 3
#define DOT_ROWS  2
#define DOT_COLS  2
#define CONV_ROWS 14
#define CONV_VECS 2
#define SCAN_ROWS 6
#define TABLE     armc_kernels_neon
#define NAME      "neon"
#include "runtime/kernels/body.h"

#else
typedef int armc_not_arm64; /* a file of C holds at least one declaration */
#endif
