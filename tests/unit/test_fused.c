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

/* --- layer normalisation: more rows than go together --- */

enum { ROWS = 37, STATS_STEP = 3 };

/* x, dy and their results by parts; fused results lie in rows of STEP. */
typedef struct Norm {
    ArmcReal x[ROWS * STEP], dy[ROWS * STEP], onto[ROWS * STEP], gain[STEP], offset[STEP];
    ArmcReal y[ROWS * STEP], dx[ROWS * STEP], dw[2][STEP];
} Norm;

/* What is there besides mean and deviation. */
typedef struct Form {
    bool affine, relu;
} Form;

static void norm_by_parts(const ArmcKernels *k, Form form, int64_t n, Norm *w)
{
    memset(w->dw, 0, sizeof w->dw);
    for (int64_t r = 0; r < ROWS; r++) {
        ArmcReal *y = w->y + r * STEP, *dx = w->dx + r * STEP, value[N], slope[N];
        k->scale(n, centre_by_parts(k, n, w->x + r * STEP, value), value, value);
        memcpy(y, value, (size_t)n * sizeof *y);
        if (form.affine) {
            k->mul(n, y, w->gain, y);
            k->add(n, y, w->offset, y);
        }
        memcpy(slope, w->dy + r * STEP, sizeof slope);
        if (form.relu) {
            k->relu(n, y, y);
            k->relu_grad(n, y, slope, slope);
        }
        k->mul(n, slope, value, value);
        k->add(n, w->dw[0], value, w->dw[0]);
        k->add(n, w->dw[1], slope, w->dw[1]);
        if (form.affine)
            k->mul(n, slope, w->gain, slope);
        slopes_by_parts(k, n, w->x + r * STEP, slope, dx);
    }
}

/* dx onto something else: its bits, and `add` behind them. */
static void expect_onto(const ArmcKernels *k, const ArmcNormRows *rows, const Norm *w)
{
    static ArmcReal expected[ROWS * STEP], dx[ROWS * STEP];
    ArmcNormRows added = *rows;
    added.onto = w->onto;
    memset(expected, 0, sizeof expected);
    memset(dx, 0, sizeof dx);
    for (int64_t r = 0; r < ROWS; r++)
        k->add(rows->n, w->dx + r * STEP, w->onto + r * STEP, expected + r * STEP);
    k->norm_dx(&added, dx, STEP);
    assert_memory_equal(expected, dx, sizeof dx);
}

static void expect_fused(const ArmcKernels *k, const ArmcNormRows *rows, const Norm *w)
{
    static ArmcReal y[ROWS * STEP], dx[ROWS * STEP], dw[2][STEP];
    memset(y, 0, sizeof y);
    memset(dx, 0, sizeof dx);
    memset(dw, 0, sizeof dw);
    k->norm(rows, y, STEP);
    assert_memory_equal(w->y, y, sizeof y);
    k->norm_dx(rows, dx, STEP);
    assert_memory_equal(w->dx, dx, sizeof dx);
    expect_onto(k, rows, w);
    k->norm_dw(rows, dw[0], dw[1]);
    assert_memory_equal(w->dw, dw, sizeof dw);
}

static void check_norm(Form form, int64_t n)
{
    static Norm w;
    static ArmcReal stats[ROWS * STATS_STEP];
    const Tables tables = tables_here();
    uint32_t seed = 13;
    memset(&w, 0, sizeof w);
    draw(&seed, ROWS * STEP, -2, 2, w.x);
    draw(&seed, ROWS * STEP, -1, 1, w.dy);
    draw(&seed, ROWS * STEP, -1, 1, w.onto);
    draw(&seed, STEP, -2, 2, w.gain);
    draw(&seed, STEP, -1, 1, w.offset);
    norm_by_parts(tables.item[0], form, n, &w);
    for (int t = 0; t < tables.count; t++) {
        ArmcNormRows rows = {.rows = ROWS,
                             .n = n,
                             .eps = ARMC_R(1e-5),
                             .relu = form.relu,
                             .x = w.x,
                             .gain = form.affine ? w.gain : NULL,
                             .offset = form.affine ? w.offset : NULL,
                             .y = w.y,
                             .dy = w.dy,
                             .x_step = STEP,
                             .y_step = STEP,
                             .dy_step = STEP};
        expect_fused(tables.item[t], &rows, &w);
        tables.item[t]->norm_stats(&rows, stats, STATS_STEP);
        rows.stats = stats;
        rows.stats_step = STATS_STEP;
        expect_fused(tables.item[t], &rows, &w);
    }
}

static void normalise_is_sums_and_products(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= N; n++)
        for (int form = 0; form < 4; form++)
            check_norm((Form){form & 1, form & 2}, n);
}

/* Rows that are known aren't looked at again. */
static void what_is_known_is_not_found_again(void **state)
{
    (void)state;
    const ArmcReal stats[2] = {ARMC_R(0.5), ARMC_R(2.0)};
    const Tables tables = tables_here();
    for (int t = 0; t < tables.count; t++) {
        ArmcReal x[2] = {ARMC_R(1.5), ARMC_R(0.25)}, y[2];
        const ArmcNormRows rows = {
            .rows = 1, .n = 2, .x = x, .x_step = 2, .stats = stats, .stats_step = 2};
        tables.item[t]->norm(&rows, y, 2);
        assert_true(y[0] >= 2 && y[0] <= 2);
        assert_true(y[1] >= ARMC_R(-0.5) && y[1] <= ARMC_R(-0.5));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outer_onto_is_a_copy_and_a_product),
        cmocka_unit_test(gemm_sigmoid_grad_is_both),
        cmocka_unit_test(normalise_is_sums_and_products),
        cmocka_unit_test(what_is_known_is_not_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
