/* Kernels that do two things in one pass: in every table the bits of the separate kernels, one
 * after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel_tables.h"

enum { M = 3, K = 5, N = 150, STEP = 160 };

/* Numbers for one product: A (m,k), B (k,n), and rows of n for what is added, what is known, and
 * results. */
typedef struct Numbers {
    ArmcReal a[M * K], b[K * STEP], onto[M * STEP], y[M * STEP], separate[M * STEP],
        fused[M * STEP];
} Numbers;

static void fill(Numbers *x)
{
    uint32_t seed = 11;
    draw(&seed, M * K, -1, 1, x->a);
    draw(&seed, K * STEP, -1, 1, x->b);
    draw(&seed, M * STEP, -2, 2, x->onto);
    draw(&seed, M * STEP, 0, 1, x->y);
    draw(&seed, M * STEP, -1, 1, x->separate);
    memcpy(x->fused, x->separate, sizeof x->fused);
}

static void outer_by_parts(const ArmcKernels *k, Numbers *x, int64_t n)
{
    for (int64_t r = 0; r < M; r++)
        memcpy(x->separate + r * STEP, x->onto + r * STEP, (size_t)n * sizeof(ArmcReal));
    k->gemm(M, n, 1, x->a, K, x->b, STEP, x->separate, STEP, 1);
}

static void outer_onto_is_a_copy_and_a_product(void **state)
{
    (void)state;
    static Numbers x;
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++)
        for (int64_t n = 1; n <= N; n++) {
            fill(&x);
            outer_by_parts(tables.item[0], &x, n);
            tables.item[t]->outer_onto(M, n, x.a, K, x.b, x.onto, x.fused, STEP);
            assert_memory_equal(x.separate, x.fused, sizeof x.fused);
            tables.item[t]->outer_onto(M, n, x.a, K, x.b, x.onto, x.onto, STEP);
            for (int64_t r = 0; r < M; r++)
                assert_memory_equal(x.separate + r * STEP, x.onto + r * STEP,
                                    (size_t)n * sizeof(ArmcReal));
        }
}

static void slope_by_parts(const ArmcKernels *k, Numbers *x, int64_t n, int64_t steps, bool added)
{
    k->gemm(M, n, steps, x->a, K, x->b, STEP, x->separate, STEP, 0);
    for (int64_t r = 0; r < M; r++) {
        ArmcReal *row = x->separate + r * STEP;
        k->sigmoid_grad(n, x->y + r * STEP, row, row);
        if (added)
            k->add(n, x->onto + r * STEP, row, row);
    }
}

static void gemm_sigmoid_grad_is_both(void **state)
{
    (void)state;
    static Numbers x;
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++)
        for (int64_t n = 1; n <= N; n++)
            for (int64_t steps = 1; steps <= K; steps += K - 1) {
                bool added = (n + steps) % 3 != 0;
                fill(&x);
                slope_by_parts(tables.item[0], &x, n, steps, added);
                tables.item[t]->gemm_sigmoid_grad(M, n, steps, x.a, K, x.b, STEP, x.y, STEP,
                                                  added ? x.onto : NULL, x.fused, STEP);
                assert_memory_equal(x.separate, x.fused, sizeof x.fused);
            }
}

/* x centred into y; returns 1 / sqrt(variance + eps). */
static ArmcReal centre_by_parts(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal *y)
{
    ArmcReal mean[N], deviation;
    k->fill(n, k->sum(n, x) / (ArmcReal)n, mean);
    k->sub(n, x, mean, y);
    deviation = k->dot(n, y, y) / (ArmcReal)n + ARMC_R(1e-5);
    k->sqrt(1, &deviation, &deviation);
    return 1 / deviation;
}

static void slopes_by_parts(const ArmcKernels *k, int64_t n, const ArmcReal *x, const ArmcReal *dy,
                            ArmcReal *dx)
{
    ArmcReal other[N], factor = centre_by_parts(k, n, x, dx);
    k->scale(n, factor, dx, dx);
    k->fill(n, k->sum(n, dy) / (ArmcReal)n, other);
    k->sub(n, dy, other, other);
    k->scale(n, -(k->dot(n, dx, dy) / (ArmcReal)n), dx, dx);
    k->add(n, dx, other, dx);
    k->scale(n, factor, dx, dx);
}

/* Finds mean and deviation of the rows first. */
static void know(const ArmcKernels *k, ArmcNormRows *rows)
{
    enum { STATS_STEP = 3 };
    static ArmcReal stats[M * STATS_STEP];
    k->norm_stats(rows, stats, STATS_STEP);
    rows->stats = stats;
    rows->stats_step = STATS_STEP;
}

static void normalise_is_sums_and_products(void **state)
{
    (void)state;
    static Numbers x;
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++)
        for (int64_t n = 1; n <= N; n++) {
            fill(&x);
            for (int64_t r = 0; r < M; r++) {
                ArmcReal *row = x.separate + r * STEP;
                ArmcReal factor = centre_by_parts(tables.item[0], n, x.onto + r * STEP, row);
                tables.item[0]->scale(n, factor, row, row);
            }
            ArmcNormRows rows = {
                .rows = M, .n = n, .eps = ARMC_R(1e-5), .x = x.onto, .x_step = STEP};
            tables.item[t]->norm(&rows, x.fused, STEP);
            assert_memory_equal(x.separate, x.fused, sizeof x.fused);
            know(tables.item[t], &rows);
            tables.item[t]->norm(&rows, x.fused, STEP);
            assert_memory_equal(x.separate, x.fused, sizeof x.fused);
        }
}

static void normalise_grad_is_sums_and_products(void **state)
{
    (void)state;
    static Numbers x;
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++)
        for (int64_t n = 1; n <= N; n++) {
            fill(&x);
            for (int64_t r = 0; r < M; r++)
                slopes_by_parts(tables.item[0], n, x.onto + r * STEP, x.y + r * STEP,
                                x.separate + r * STEP);
            ArmcNormRows rows = {.rows = M,
                                 .n = n,
                                 .eps = ARMC_R(1e-5),
                                 .x = x.onto,
                                 .x_step = STEP,
                                 .dy = x.y,
                                 .dy_step = STEP};
            tables.item[t]->norm_dx(&rows, x.fused, STEP);
            assert_memory_equal(x.separate, x.fused, sizeof x.fused);
            know(tables.item[t], &rows);
            tables.item[t]->norm_dx(&rows, x.fused, STEP);
            assert_memory_equal(x.separate, x.fused, sizeof x.fused);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outer_onto_is_a_copy_and_a_product),
        cmocka_unit_test(gemm_sigmoid_grad_is_both),
        cmocka_unit_test(normalise_is_sums_and_products),
        cmocka_unit_test(normalise_grad_is_sums_and_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
