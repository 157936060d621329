/* Random numbers: Philox against the known answers that Random123 publishes, and the distributions
 * made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "runtime/base/rng.h"

/* What armc_rng_words adds to the seed for a purpose. */
#define PURPOSE_STEP UINT64_C(0x9e3779b97f4a7c15)

/* philox4x32, 10 rounds: counter, key, answer (kat_vectors of Random123). */
static void words_are_philox(void **state)
{
    (void)state;
    const struct {
        uint64_t a, b, key;
        uint32_t words[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {UINT64_C(0x85a308d3243f6a88),
         UINT64_C(0x0370734413198a2e),
         UINT64_C(0x299f31d0a4093822),
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t words[4];
        armc_rng_words(known[i].key - ARMC_RNG_TEST * PURPOSE_STEP, ARMC_RNG_TEST, known[i].a,
                       known[i].b, words);
        assert_memory_equal(words, known[i].words, sizeof words);
    }
}

static void purposes_differ(void **state)
{
    (void)state;
    uint32_t x[4], y[4];
    armc_rng_words(1, ARMC_RNG_INIT, 0, 0, x);
    armc_rng_words(1, ARMC_RNG_SHUFFLE, 0, 0, y);
    assert_memory_not_equal(x, y, sizeof x);
}

static void hash_is_fnv1a(void **state)
{
    (void)state;
    assert_true(armc_rng_hash("") == UINT64_C(0xcbf29ce484222325));
    assert_true(armc_rng_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(armc_rng_hash("foobar") == UINT64_C(0x85944171f73967e8));
}

static void uniforms_fill_the_unit_interval(void **state)
{
    (void)state;
    enum { N = 100000, BINS = 20 };
    int bins[BINS] = {0};
    for (uint64_t i = 0; i < N; i++) {
        const double u = armc_rng_uniform(7, ARMC_RNG_TEST, 3, i);
        assert_true(u > 0 && u < 1);
        bins[(int)(u * BINS)]++;
    }
    double chi = 0;
    for (int i = 0; i < BINS; i++)
        chi += pow(bins[i] - N / BINS, 2) / (N / BINS);
    assert_true(chi < 43.8); /* 19 degrees of freedom, p = 0.001 */
}

/* The definition by libm, to which the own log and cos must come close. */
static double normal_by_libm(uint64_t seed, uint64_t a, uint64_t b)
{
    uint32_t w[4];
    armc_rng_words(seed, ARMC_RNG_TEST, a, b, w);
    const uint64_t high = ((uint64_t)w[0] << 32 | w[1]) >> 12,
                   low = ((uint64_t)w[2] << 32 | w[3]) >> 12;
    const double u = (double)(2 * high + 1) * 0x1p-53, v = (double)(2 * low + 1) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static void normals_have_their_moments(void **state)
{
    (void)state;
    enum { N = 100000 };
    double sum = 0, squares = 0, fourth = 0;
    for (uint64_t i = 0; i < N; i++) {
        const double x = armc_rng_normal(5, ARMC_RNG_TEST, 1, i);
        assert_true(fabs(x - normal_by_libm(5, 1, i)) < 1e-14);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(sum / N) < 0.013);
    assert_true(fabs(squares / N - 1) < 0.018);
    assert_true(fabs(fourth / N - 3) < 0.12);
}

/* Stored runs depend on these bits. */
static void normals_keep_their_bits(void **state)
{
    (void)state;
    const double known[] = {-0x1.dbcb053df9d9ep+0, 0x1.04b42fe2538e9p-1, -0x1.0d60c0ce5f787p+1,
                            0x1.178f5ca157659p+0};
    for (uint64_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(armc_rng_normal(1, ARMC_RNG_INIT, 2, i) == known[i]);
}

static void permutations_hold_every_number(void **state)
{
    (void)state;
    enum { N = 997 };
    int64_t order[N], other[N];
    int seen[N] = {0};
    armc_rng_permutation(3, ARMC_RNG_SHUFFLE, 0, N, order);
    for (int i = 0; i < N; i++)
        seen[order[i]]++;
    for (int i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    armc_rng_permutation(3, ARMC_RNG_SHUFFLE, 1, N, other);
    assert_memory_not_equal(order, other, sizeof order);
    armc_rng_permutation(3, ARMC_RNG_SHUFFLE, 0, 0, order);
}

/* All 24 orders of four come up equally often. */
static void permutations_are_even(void **state)
{
    (void)state;
    int times[256] = {0};
    for (uint64_t i = 0; i < 24000; i++) {
        int64_t p[4];
        armc_rng_permutation(9, ARMC_RNG_TEST, i, 4, p);
        times[p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3]]++;
    }
    double chi = 0;
    for (int i = 0; i < 256; i++)
        chi += times[i] > 0 ? pow(times[i] - 1000, 2) / 1000 : 0;
    assert_true(chi < 49.7); /* 23 degrees of freedom, p = 0.001 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_philox),
        cmocka_unit_test(purposes_differ),
        cmocka_unit_test(hash_is_fnv1a),
        cmocka_unit_test(uniforms_fill_the_unit_interval),
        cmocka_unit_test(normals_have_their_moments),
        cmocka_unit_test(normals_keep_their_bits),
        cmocka_unit_test(permutations_hold_every_number),
        cmocka_unit_test(permutations_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
