/* Philox4x32-10 from Random123, and the numbers made of it. Nothing here depends on a libm: sqrt is
 * exact, log and cos are written out below, in an order of operations that no compiler may change
 * (-ffp-contract=off). */
#include <Random123/philox.h>
#include <math.h>

#include "runtime/base/rng.h"

uint64_t armc_rng_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* Purposes lie far apart (2^64 divided by the golden ratio), so that seeds 1, 2, 3, ... never meet
 * another's. */
uint64_t armc_rng_key(uint64_t seed, ArmcRngPurpose purpose)
{
    return seed + (uint64_t)purpose * UINT64_C(0x9e3779b97f4a7c15);
}

void armc_rng_words(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, uint64_t b, uint32_t out[4])
{
    const uint64_t key = armc_rng_key(seed, purpose);
    const philox4x32_key_t k = {{(uint32_t)key, (uint32_t)(key >> 32)}};
    const philox4x32_ctr_t counter = {
        {(uint32_t)a, (uint32_t)(a >> 32), (uint32_t)b, (uint32_t)(b >> 32)}};
    const philox4x32_ctr_t words = philox4x32_R(10, counter, k);
    for (int i = 0; i < 4; i++)
        out[i] = words.v[i];
}

/* The middle of one of 2^52 equal parts of (0,1): an odd multiple of 2^-53, exact, never 0 or 1. */
static double unit(uint32_t high, uint32_t low)
{
    const uint64_t part = ((uint64_t)high << 32 | low) >> 12;
    return (double)(2 * part + 1) * 0x1p-53;
}

double armc_rng_uniform(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, uint64_t b)
{
    uint32_t w[4];
    armc_rng_words(seed, purpose, a, b, w);
    return unit(w[0], w[1]);
}

/* log x for a normal x. x = 2^e m, m in sqrt(1/2)..sqrt(2), s = (m - 1) / (m + 1):
 * log m = 2 (s + s³/3 + s^5/5 + ...), s² < 0.03, so that eleven terms reach the last bit. */
static double log_of(double x)
{
    int e;
    double m = frexp(x, &e);
    if (m < 0.70710678118654752) {
        m = 2 * m;
        e--;
    }
    const double s = (m - 1) / (m + 1), z = s * s;
    double sum = 0;
    for (int i = 21; i >= 1; i -= 2)
        sum = sum * z + 2.0 / i;
    return e * 0.69314718055994531 + s * sum;
}

/* cos(pi t / 2) or, with odd = 1, sin(pi t / 2), for |t| <= 1/2, by the Taylor series: term i is
 * the term before times -angle² / (i (i - 1)). */
static double cos_or_sin(double t, int odd)
{
    const double angle = t * 1.5707963267948966, square = angle * angle;
    double sum = 1;
    for (int i = 16 + odd; i >= 2; i -= 2)
        sum = 1 - sum * square / (i * (i - 1));
    return odd ? angle * sum : sum;
}

/* cos(2 pi u) for u in (0,1). */
static double cos_of_turns(double u)
{
    const int quarter = (int)(4 * u + 0.5);
    const double t = 4 * u - quarter; /* exact, |t| <= 1/2 */
    const double value = cos_or_sin(t, quarter & 1);
    return quarter == 1 || quarter == 2 ? -value : value;
}

double armc_rng_normal(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, uint64_t b)
{
    uint32_t w[4];
    armc_rng_words(seed, purpose, a, b, w);
    return sqrt(-2 * log_of(unit(w[0], w[1]))) * cos_of_turns(unit(w[2], w[3]));
}

void armc_rng_permutation(uint64_t seed, ArmcRngPurpose purpose, uint64_t a, int64_t n,
                          int64_t *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        uint32_t w[4];
        armc_rng_words(seed, purpose, a, (uint64_t)i, w);
        /* The bias of the remainder, about n / 2^64, can't be seen. */
        const uint64_t word = (uint64_t)w[0] << 32 | w[1];
        const int64_t j = (int64_t)(word % (uint64_t)(i + 1));
        const int64_t swapped = out[i];
        out[i] = out[j];
        out[j] = swapped;
    }
}
