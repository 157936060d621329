/* The vector that a kernels_*.c file computes with, by the vector extensions of gcc and clang.
 *
 * The including file defines VEC_BYTES first and adds what the extensions lack: vec_fma, vec_fnma
 * (c - a b), vec_sqrt, vec_lesser and vec_greater (a < b ? a : b and a > b ? a : b: with NaN
 * anywhere it is b), and `Part`, the first few lanes of a vector (part_make, part_load with zeros
 * behind, part_store), and half_product (of the lower halves of 64-bit lanes, in full).
 */
#ifndef ARMC_KERNELS_VEC_H
#define ARMC_KERNELS_VEC_H

#include <stdint.h>

#include "runtime/base/real.h"

#if ARMC_REAL_IS_DOUBLE
typedef int64_t Bits;
typedef uint64_t UBits;
#else
typedef int32_t Bits;
typedef uint32_t UBits;
#endif

typedef ArmcReal Vec __attribute__((vector_size(VEC_BYTES)));
typedef Bits IVec __attribute__((vector_size(VEC_BYTES)));
typedef UBits UVec
    __attribute__((vector_size(VEC_BYTES))); /* for sums and shifts that may overflow */

/* Of 64 bits whatever a real is: random numbers are made of these. */
typedef uint64_t Wide __attribute__((vector_size(VEC_BYTES)));
typedef double WideReal __attribute__((vector_size(VEC_BYTES)));

enum { LANES = VEC_BYTES / (int)sizeof(ArmcReal) };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before a loop over the registers of a block. gcc keeps an array in registers only if its loops
 * are unrolled early, which this asks for; clang does that unasked, and late when asked. */
#if defined(__clang__)
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

ALWAYS_INLINE Vec vec_load(const ArmcReal *x)
{
    Vec v;
    __builtin_memcpy(&v, x, sizeof v);
    return v;
}

ALWAYS_INLINE void vec_store(ArmcReal *y, Vec v)
{
    __builtin_memcpy(y, &v, sizeof v);
}

/* a in each lane: a - 0 is a for every a, -0 and NaN included, and compilers turn it into one
 * broadcast. */
ALWAYS_INLINE Vec splat(ArmcReal a)
{
    return a - (Vec){0};
}

ALWAYS_INLINE IVec isplat(Bits a)
{
    return a - (IVec){0};
}

/* mask ? a : b, lane by lane; a comparison of vectors gives all ones or all zeros. */
ALWAYS_INLINE Vec select(IVec mask, Vec a, Vec b)
{
    return (Vec)((mask & (IVec)a) | (~mask & (IVec)b));
}

#endif
