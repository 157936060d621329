/* The kernels: every table that runs here gives the same bits, and they lie near a plain reference
 * in long double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/rng.h"
#include "tests/unit/kernel_tables.h"

enum { ENTRIES_MAX = 1100 };

static const int64_t lengths[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 48, 63, 100, 500, 1000};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* --- functions of one number --- */

typedef void (*Map)(int64_t n, const ArmcReal *x, ArmcReal *y);

enum { MAPS = 7 };

static const char *const map_names[MAPS] = {"exp",      "log",  "tanh", "sigmoid",
                                            "softplus", "relu", "sqrt"};

static Map map_of(const ArmcKernels *kernels, int i)
{
    const Map maps[MAPS] = {kernels->exp,      kernels->log,  kernels->tanh, kernels->sigmoid,
                            kernels->softplus, kernels->relu, kernels->sqrt};
    return maps[i];
}

static long double true_value(int map, long double x)
{
    switch (map) {
    case 0:
        return expl(x);
    case 1:
        return logl(x);
    case 2:
        return tanhl(x);
    case 3:
        return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
    case 4:
        return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x)));
    case 5:
        return x > 0 ? x : 0;
    default:
        return sqrtl(x);
    }
}

/* The distance in units in the last place of the true value. */
static long double ulps(ArmcReal found, long double truth)
{
    int exponent;
    frexpl(truth, &exponent);
    const int least = ARMC_REAL_IS_DOUBLE ? -1021 : -125;
    const long double unit = ldexpl(2 * EPSILON, (exponent < least ? least : exponent) - 1);
    return fabsl((long double)found - truth) / unit;
}

/* Largest error over a range of x, spaced evenly or, with `spread`, evenly in log x. */
static long double worst(const ArmcKernels *kernels, int map, double low, double high, int spread)
{
    enum { STEPS = 4000 };
    long double most = 0;
    for (int i = 0; i <= STEPS; i++) {
        const double t = (double)i / STEPS;
        const ArmcReal x = (ArmcReal)(spread ? low * pow(high / low, t) : low + (high - low) * t);
        ArmcReal y;
        map_of(kernels, map)(1, &x, &y);
        const long double error = ulps(y, true_value(map, (long double)x));
        most = error > most ? error : most;
    }
    return most;
}

static void maps_are_accurate(void **state)
{
    (void)state;
    const double end = ARMC_REAL_IS_DOUBLE ? 700 : 85, tiny = ARMC_REAL_IS_DOUBLE ? 1e-300 : 1e-37;
    const struct {
        int map;
        double low, high;
        int spread;
    } ranges[] = {
        {0, -end, end, 0},         {0, -1, 1, 0},     {0, -end * 1.05, -end, 0},
        {1, tiny, 1e30, 1},        {1, 0.5, 2, 0},    {1, 0.99, 1.01, 0},
        {1, tiny / 1000, tiny, 1}, {2, -12, 12, 0},   {2, 1e-10, 1, 1},
        {2, 0.1, 0.6, 0},          {3, -end, end, 0}, {3, -3, 3, 0},
        {4, -end, end, 0},         {4, -3, 3, 0},     {5, -2, 2, 0},
        {6, tiny, 1e30, 1},
    };
    const ArmcKernels *kernels = armc_kernels_choose(NULL);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const long double most =
            worst(kernels, ranges[i].map, ranges[i].low, ranges[i].high, ranges[i].spread);
        if (most > 2.5L)
            fail_msg("%s on %g..%g: %.2Lf ulp", map_names[ranges[i].map], ranges[i].low,
                     ranges[i].high, most);
    }
}

static ArmcReal value_at(int map, double x)
{
    const ArmcReal from = (ArmcReal)x;
    ArmcReal y;
    map_of(armc_kernels_choose(NULL), map)(1, &from, &y);
    return y;
}

static void maps_at_special_numbers(void **state)
{
    (void)state;
    const double inf = (double)INFINITY;
    enum { EXP, LOG, TANH, SIGMOID, SOFTPLUS, RELU, SQRT };
    const struct {
        int map;
        double x, y;
    } known[] = {
        {EXP, 0, 1},          {EXP, inf, inf},      {EXP, -inf, 0},      {EXP, 1e6, inf},
        {EXP, -1e6, 0},       {LOG, 0, -inf},       {LOG, -0.0, -inf},   {LOG, 1, 0},
        {LOG, inf, inf},      {TANH, 0, 0},         {TANH, inf, 1},      {TANH, -inf, -1},
        {TANH, 1e6, 1},       {SIGMOID, 0, 0.5},    {SIGMOID, inf, 1},   {SIGMOID, -inf, 0},
        {SIGMOID, -1e6, 0},   {SOFTPLUS, inf, inf}, {SOFTPLUS, -inf, 0}, {SOFTPLUS, -1e6, 0},
        {SOFTPLUS, 1e6, 1e6}, {RELU, inf, inf},     {RELU, -inf, 0},     {SQRT, 0, 0},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (value_at(known[i].map, known[i].x) != (ArmcReal)known[i].y)
            fail_msg("%s %g", map_names[known[i].map], known[i].x);
    assert_true(signbit(value_at(TANH, -0.0)));
    assert_true(isnan(value_at(LOG, -1)));
    assert_true(isnan(value_at(SQRT, -1)));
    for (int map = 0; map < MAPS; map++)
        assert_true(isnan(value_at(map, (double)NAN)));
}

static void maps_agree(void **state)
{
    (void)state;
    const Tables tables = tables_here();
    uint32_t seed = 1;
    ArmcReal x[ENTRIES_MAX];
    draw(&seed, ENTRIES_MAX, -100, 100, x);
    draw(&seed, ENTRIES_MAX / 2, -2, 2, x);
    x[3] = ARMC_R(NAN);
    x[5] = ARMC_R(INFINITY);
    x[6] = ARMC_R(-INFINITY);
    x[9] = ARMC_R(1e-40);
    x[11] = ARMC_R(-0.0);
    for (int map = 0; map < MAPS; map++)
        for (int l = 0; l < LENGTHS; l++) {
            const int64_t n = lengths[l];
            ArmcReal *first = room(n);
            map_of(tables.item[0], map)(n, x + 1, first);
            assert_guarded(first, n);
            for (int t = 1; t < tables.count; t++) {
                ArmcReal *y = room(n);
                memcpy(y, x + 1, (size_t)n * sizeof *y);
                map_of(tables.item[t], map)(n, y, y); /* in place */
                assert_same(map_names[map], n, first, y);
                assert_guarded(y, n);
                free(y);
            }
            free(first);
        }
}

/* --- functions of two numbers --- */

typedef void (*Map2)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);

enum { MAPS2 = 10 };

static Map2 map2_of(const ArmcKernels *k, int i)
{
    const Map2 maps[MAPS2] = {k->add,       k->sub,          k->mul,          k->div,
                              k->max,       k->min,          k->sigmoid_grad, k->tanh_grad,
                              k->relu_grad, k->softplus_grad};
    return maps[i];
}

static double true_value2(int map, double a, double b)
{
    const double values[MAPS2] = {
        a + b,         a - b,           a * b,           a / b,         a > b ? a : b,
        a < b ? a : b, b * a * (1 - a), b * (1 - a * a), a > 0 ? b : 0, b / (1 + exp(-a))};
    return values[map];
}

static void maps2_agree(void **state)
{
    (void)state;
    const Tables tables = tables_here();
    uint32_t seed = 2;
    ArmcReal a[ENTRIES_MAX], b[ENTRIES_MAX];
    draw(&seed, ENTRIES_MAX, -2, 2, a);
    draw(&seed, ENTRIES_MAX, -2, 2, b);
    for (int map = 0; map < MAPS2; map++)
        for (int l = 0; l < LENGTHS; l++) {
            const int64_t n = lengths[l];
            ArmcReal *first = room(n), *y = room(n);
            map2_of(tables.item[0], map)(n, a, b + 1, first);
            for (int64_t i = 0; i < n; i++) {
                const double truth = true_value2(map, (double)a[i], (double)b[i + 1]);
                assert_true(fabs((double)first[i] - truth) <=
                            16 * (double)EPSILON * (1 + fabs(truth)));
            }
            for (int t = 1; t < tables.count; t++) {
                map2_of(tables.item[t], map)(n, a, b + 1, y);
                assert_same("map2", n, first, y);
                assert_guarded(y, n);
            }
            free(first);
            free(y);
        }
}

/* What is masked out doesn't matter, NaN included; the result may be the input. */
static void masked_is_zero_where_dead(void **state)
{
    (void)state;
    const Tables tables = tables_here();
    uint8_t mask[ENTRIES_MAX];
    for (int i = 0; i < ENTRIES_MAX; i++)
        mask[i] = i % 3 != 1;
    for (int t = 0; t < tables.count; t++)
        for (int l = 0; l < LENGTHS; l++) {
            const int64_t n = lengths[l];
            ArmcReal *y = room(n);
            for (int64_t i = 0; i < n; i++)
                y[i] = mask[i + 1] ? (ArmcReal)i : (ArmcReal)NAN;
            tables.item[t]->masked(n, mask + 1, y, y);
            for (int64_t i = 0; i < n; i++)
                assert_true(y[i] >= (ArmcReal)i * mask[i + 1] && y[i] <= (ArmcReal)i * mask[i + 1]);
            assert_guarded(y, n);
            free(y);
        }
}

static void max_and_min_keep_nan(void **state)
{
    (void)state;
    const ArmcReal a[2] = {ARMC_R(NAN), 1}, b[2] = {1, ARMC_R(NAN)};
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++) {
        ArmcReal y[4];
        tables.item[t]->max(2, a, b, y);
        tables.item[t]->min(2, a, b, y + 2);
        for (int i = 0; i < 4; i++)
            assert_true(isnan(y[i]));
        assert_true(isnan(tables.item[t]->max_of(2, a)));
        assert_true(isnan(tables.item[t]->max_of(2, b)));
    }
}

static void fill_scale_axpy(void **state)
{
    (void)state;
    const Tables tables = tables_here();
    uint32_t seed = 3;
    ArmcReal x[ENTRIES_MAX];
    draw(&seed, ENTRIES_MAX, -2, 2, x);
    const ArmcReal a = ARMC_R(0.3);
    for (int t = 0; t < tables.count; t++)
        for (int l = 0; l < LENGTHS; l++) {
            const int64_t n = lengths[l];
            ArmcReal *filled = room(n), *scaled = room(n);
            tables.item[t]->fill(n, ARMC_R(-0.0), filled);
            tables.item[t]->scale(n, a, x, scaled);
            for (int64_t i = 0; i < n; i++) {
                assert_true(filled[i] == 0 && signbit(filled[i]));
                assert_true(scaled[i] == a * x[i]);
            }
            tables.item[t]->axpy(n, a, x + 1, scaled);
            for (int64_t i = 0; i < n; i++) {
#if ARMC_REAL_IS_DOUBLE
                assert_true(scaled[i] == fma(a, x[i + 1], a * x[i]));
#else
                assert_true(scaled[i] == fmaf(a, x[i + 1], a * x[i]));
#endif
            }
            assert_guarded(filled, n);
            assert_guarded(scaled, n);
            free(filled);
            free(scaled);
        }
}

/* --- reductions --- */

static ArmcReal plain_sum(int64_t n, const ArmcReal *x)
{
    ArmcReal lanes[ARMC_VIRTUAL_LANES] = {0};
    for (int64_t i = 0; i < n; i++)
        lanes[i % ARMC_VIRTUAL_LANES] += x[i];
    return tree(lanes);
}

static void reductions_follow_their_definition(void **state)
{
    (void)state;
    const Tables tables = tables_here();
    uint32_t seed = 4;
    ArmcReal a[ENTRIES_MAX], b[ENTRIES_MAX];
    draw(&seed, ENTRIES_MAX, -1, 1, a);
    draw(&seed, ENTRIES_MAX, -1, 1, b);
    for (int t = 0; t < tables.count; t++)
        for (int l = 0; l < LENGTHS; l++) {
            const int64_t n = lengths[l];
            assert_true(tables.item[t]->sum(n, a + 1) == plain_sum(n, a + 1));
            assert_true(tables.item[t]->dot(n, a, b + 3) == plain_dot(n, a, b + 3));
            if (n == 0)
                continue;
            ArmcReal most = a[0];
            for (int64_t i = 1; i < n; i++)
                most = a[i] > most ? a[i] : most;
            assert_true(tables.item[t]->max_of(n, a) == most);
        }
}

/* The largest of a few numbers is the largest of them filled up to all lanes with the first one:
 * the same 0 of the two, NaN wherever there is one. */
static void largest_of_few(void **state)
{
    (void)state;
    static const ArmcReal kinds[] = {0, ARMC_R(-0.0), 1, -1, ARMC_R(NAN)};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    const Tables tables = tables_here();
    uint32_t seed = 6;
    for (int i = 0; i < 4000; i++) {
        ArmcReal x[ARMC_VIRTUAL_LANES], drawn[ARMC_VIRTUAL_LANES];
        const int64_t n = 1 + i % ARMC_VIRTUAL_LANES;
        draw(&seed, ARMC_VIRTUAL_LANES, 0, KINDS - ARMC_R(0.01), drawn);
        for (int64_t j = 0; j < ARMC_VIRTUAL_LANES; j++)
            x[j] = j < n ? kinds[(int)drawn[j]] : x[0];
        for (int t = 0; t < tables.count; t++) {
            const ArmcReal few = tables.item[t]->max_of(n, x),
                           all = tables.item[t]->max_of(ARMC_VIRTUAL_LANES, x);
            assert_true(isnan(all) ? isnan(few) : few == all && !signbit(few) == !signbit(all));
        }
    }
}

/* --- Adam, the choice --- */

static void adam_agrees(void **state)
{
    (void)state;
    enum { N = 37 };
    const Tables tables = tables_here();
    const double rate = 0.01, b1 = 0.9, b2 = 0.999, epsilon = 1e-6;
    uint32_t seed = 7;
    ArmcReal start[4][N], first[3][N];
    for (int i = 0; i < 4; i++)
        draw(&seed, N, i == 2 ? 0 : -1, 1, start[i]);
    for (int t = 0; t < tables.count; t++) {
        ArmcReal m[N], v[N], w[N];
        memcpy(m, start[1], sizeof m);
        memcpy(v, start[2], sizeof v);
        memcpy(w, start[3], sizeof w);
        tables.item[t]->adam(N, (ArmcReal)rate, (ArmcReal)b1, (ArmcReal)b2, (ArmcReal)epsilon,
                             start[0], m, v, w);
        for (int i = 0; t == 0 && i < N; i++) {
            const double g = (double)start[0][i];
            const double m1 = b1 * (double)start[1][i] + (1 - b1) * g;
            const double v1 = b2 * (double)start[2][i] + (1 - b2) * g * g;
            const double w1 = (double)start[3][i] - rate * m1 / (sqrt(v1) + epsilon);
            assert_true(fabs((double)m[i] - m1) < 8 * (double)EPSILON);
            assert_true(fabs((double)v[i] - v1) < 8 * (double)EPSILON);
            assert_true(fabs((double)w[i] - w1) < 1e3 * (double)EPSILON);
        }
        if (t == 0) {
            memcpy(first[0], m, sizeof m);
            memcpy(first[1], v, sizeof v);
            memcpy(first[2], w, sizeof w);
        }
        assert_same("adam m", N, first[0], m);
        assert_same("adam v", N, first[1], v);
        assert_same("adam w", N, first[2], w);
    }
}

static void uniforms_are_single_ones(void **state)
{
    (void)state;
    enum { MOST = 37 };
    const uint64_t first = UINT64_C(0xffffffee); /* 32 bits are not enough for the last ones */
    const uint64_t b = UINT64_C(0x123456789), key = armc_rng_key(5, ARMC_RNG_SAMPLE);
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++)
        for (int64_t n = 0; n <= MOST; n++) {
            double u[MOST + 1];
            u[n] = -1;
            tables.item[t]->uniforms(key, first, b, n, u);
            for (int64_t i = 0; i < n; i++)
                if (u[i] != armc_rng_uniform(5, ARMC_RNG_SAMPLE, first + (uint64_t)i, b))
                    fail_msg("%s: number %d of %d", tables.item[t]->name, (int)i, (int)n);
            assert_true(u[n] == -1);
        }
}

static void unknown_tables_are_refused(void **state)
{
    (void)state;
    assert_null(armc_kernels_choose("sse9"));
    assert_non_null(armc_kernels_choose(NULL));
    assert_ptr_equal(armc_kernels_choose(""), armc_kernels_choose(NULL));
    assert_string_equal(armc_kernels_choose("generic")->name, "generic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_accurate),
        cmocka_unit_test(maps_at_special_numbers),
        cmocka_unit_test(maps_agree),
        cmocka_unit_test(maps2_agree),
        cmocka_unit_test(masked_is_zero_where_dead),
        cmocka_unit_test(max_and_min_keep_nan),
        cmocka_unit_test(fill_scale_axpy),
        cmocka_unit_test(reductions_follow_their_definition),
        cmocka_unit_test(largest_of_few),
        cmocka_unit_test(adam_agrees),
        cmocka_unit_test(uniforms_are_single_ones),
        cmocka_unit_test(unknown_tables_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
