/* Philox4x32-10 (Salmon et al., 2011) for many counters side by side: a vector holds one word of
 * each, a word to 64 bits. The upper halves are of no account: `half_product` multiplies the lower
 * ones. */
#ifndef ARMC_KERNELS_BODY_RANDOM_H
#define ARMC_KERNELS_BODY_RANDOM_H

#include <stddef.h>

enum { WIDE_LANES = VEC_BYTES / 8, PHILOX_ROUNDS = 10 };

#define PHILOX_M0 UINT64_C(0xd2511f53)
#define PHILOX_M1 UINT64_C(0xcd9e8d57)
#define PHILOX_W0 UINT32_C(0x9e3779b9)
#define PHILOX_W1 UINT32_C(0xbb67ae85)

ALWAYS_INLINE Wide wide_splat(uint64_t a)
{
    return a - (Wide){0};
}

ALWAYS_INLINE void philox_rounds(Wide c[4], uint64_t key)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; round++, k0 += PHILOX_W0, k1 += PHILOX_W1) {
        const Wide p0 = half_product(c[0], wide_splat(PHILOX_M0)),
                   p1 = half_product(c[2], wide_splat(PHILOX_M1));
        c[0] = (p1 >> 32) ^ c[1] ^ wide_splat(k0);
        c[2] = (p0 >> 32) ^ c[3] ^ wide_splat(k1);
        c[1] = p1;
        c[3] = p0;
    }
}

/* The uniforms of counters (a, b), (a + 1, b), …: with p the upper 52 bits of words 0 and 1,
 * (2 p + 1) / 2^53. With p as its fraction a number is 1 + p / 2^52; the difference is exact. */
ALWAYS_INLINE void uniform_vec(uint64_t key, uint64_t a, uint64_t b, double *u)
{
    static const uint64_t numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    Wide c[4];
    __builtin_memcpy(&c[0], numbers, sizeof c[0]);
    c[0] += wide_splat(a);
    c[1] = c[0] >> 32;
    c[2] = wide_splat(b);
    c[3] = wide_splat(b >> 32);
    philox_rounds(c, key);
    const Wide part = (c[0] << 32 | (c[1] & wide_splat(UINT32_MAX))) >> 12;
    const WideReal y = (WideReal)(part | wide_splat(UINT64_C(0x3ff) << 52)) - (1 - 0x1p-53);
    __builtin_memcpy(u, &y, sizeof y);
}

static void uniforms_kernel(uint64_t key, uint64_t a, uint64_t b, int64_t n, double *u)
{
    int64_t i = 0;
    for (; i + WIDE_LANES <= n; i += WIDE_LANES)
        uniform_vec(key, a + (uint64_t)i, b, u + i);
    if (i < n) {
        double last[WIDE_LANES];
        uniform_vec(key, a + (uint64_t)i, b, last);
        __builtin_memcpy(u + i, last, (size_t)(n - i) * sizeof *last);
    }
}

#endif
