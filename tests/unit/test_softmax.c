/* Softmax and log-sum-exp of rows: near a plain reference in long double, and each row's bits the
 * same alone as among others, in every table of kernels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ops/softmax.h"
#include "tests/unit/kernel_tables.h"

enum { ROWS = 131, WIDEST = 1100, STEP = WIDEST + 5 };

static const int64_t widths[] = {1, 2, 3, 4, 7, 8, 10, 15, 16, 17, 31, 256, 300, 512, 513, WIDEST};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* Rows of small and of large numbers. */
static ArmcReal *draw_rows(uint32_t seed)
{
    ArmcReal *x = room(ROWS * STEP);
    for (int64_t r = 0; r < ROWS; r++)
        draw(&seed, STEP, r % 3 ? -4 : -300, r % 3 ? 4 : 300, x + r * STEP);
    return x;
}

static void near_the_truth(int64_t n, const ArmcReal *x, ArmcReal log_sum, const ArmcReal *y)
{
    long double total = 0, most = x[0];
    for (int64_t i = 1; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (int64_t i = 0; i < n; i++)
        total += expl((long double)x[i] - most);
    /* exp and log are off by 2.5 units at most, a lane rounds with each of its entries, their
     * tree four times; x - most rounds by as much of its size. */
    const long double sums = (5 + 4 + (long double)n / ARMC_VIRTUAL_LANES + 1) * EPSILON,
                      tiny = ARMC_REAL_IS_DOUBLE ? 1e-300L : 2e-38L; /* below the normal ones */
    assert_true(fabsl(logl(total) - log_sum) <= sums + 5 * EPSILON * logl(total));
    for (int64_t i = 0; i < n; i++) {
        const long double truth = expl((long double)x[i] - most) / total;
        const long double each = sums + (7 + most - x[i]) * EPSILON;
        assert_true(fabsl(truth - y[i]) <= tiny + each * truth);
    }
}

static void check_row(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal m,
                      ArmcReal log_sum, const ArmcReal *y)
{
    const ArmcLogits row = {1, n, x, 0};
    ArmcReal alone[WIDEST], m_alone, log_sum_alone;
    armc_softmax(k, &row, alone, 0);
    armc_log_sum_exp(k, &row, &m_alone, &log_sum_alone);
    assert_memory_equal(alone, y, (size_t)n * sizeof *y);
    assert_true(m == m_alone && log_sum == log_sum_alone);
    near_the_truth(n, x, log_sum, y);
}

static void check_rows(const ArmcKernels *k, int64_t n, const ArmcReal *x)
{
    const ArmcLogits logits = {ROWS, n, x, STEP};
    ArmcReal *y = room(ROWS * STEP);
    memcpy(y, x, ROWS * STEP * sizeof *y);
    for (int64_t first = 0; first < ROWS; first += ARMC_LOGITS_ROWS) {
        const ArmcLogits part = armc_logits_part(&logits, first, ARMC_LOGITS_ROWS);
        ArmcReal m[ARMC_LOGITS_ROWS], log_sum[ARMC_LOGITS_ROWS], *at = y + first * STEP;
        armc_log_sum_exp(k, &part, m, log_sum);
        armc_softmax(k, &(ArmcLogits){part.rows, n, at, STEP}, at, STEP); /* in place */
        for (int64_t r = 0; r < part.rows; r++)
            check_row(k, n, part.x + r * STEP, m[r], log_sum[r], at + r * STEP);
    }
    for (int64_t r = 0; r < ROWS; r++) /* what lies between rows stays */
        assert_memory_equal(y + r * STEP + n, x + r * STEP + n, (size_t)(STEP - n) * sizeof *y);
    free(y);
}

static void rows_together_are_rows_alone(void **state)
{
    (void)state;
    const Tables tables = tables_here();
    ArmcReal *x = draw_rows(11);
    for (int t = 0; t < tables.count; t++)
        for (int w = 0; w < WIDTHS; w++)
            check_rows(tables.item[t], widths[w], x);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_together_are_rows_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
