/* What the tests of kernels share: the tables of this machine, numbers to feed them, how bits are
 * compared. */
#ifndef ARMC_TESTS_KERNEL_TABLES_H
#define ARMC_TESTS_KERNEL_TABLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/kernels/kernels.h"

#if ARMC_REAL_IS_DOUBLE
#define EPSILON 0x1p-53L /* half a unit in the last place of 1 */
#else
#define EPSILON 0x1p-24L
#endif

/* Entries behind an array that must stay as they are. */
enum { GUARD = 8 };

static const char *const names[] = {"generic", "avx2", "avx512", "neon"};

typedef struct Tables {
    const ArmcKernels *item[4];
    int count;
} Tables;

static inline Tables tables_here(void)
{
    Tables tables = {.count = 0};
    for (int i = 0; i < 4; i++) {
        const ArmcKernels *table = armc_kernels_choose(names[i]);
        if (table != NULL)
            tables.item[tables.count++] = table;
    }
    return tables;
}

/* --- numbers --- */

static inline uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Fills x with numbers in low..high. */
static inline void draw(uint32_t *state, int64_t n, double low, double high, ArmcReal *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = (ArmcReal)(low + (high - low) * next(state) / 16777216.0);
}

static inline ArmcReal *room(int64_t n)
{
    ArmcReal *x = malloc((size_t)(n + GUARD) * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n + GUARD; i++)
        x[i] = -77;
    return x;
}

/* Same bits; NaN is NaN whatever its payload. */
static inline void assert_same(const char *what, int64_t n, const ArmcReal *x, const ArmcReal *y)
{
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&x[i], &y[i], sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i])))
            fail_msg("%s: entry %d of %d: %a and %a", what, (int)i, (int)n, (double)x[i],
                     (double)y[i]);
}

/* Nothing behind the end was written. */
static inline void assert_guarded(const ArmcReal *x, int64_t n)
{
    for (int64_t i = n; i < n + GUARD; i++)
        assert_true(x[i] == -77);
}

/* The definition in kernels.h, word for word. */
static inline ArmcReal tree(const ArmcReal *lanes)
{
    ArmcReal sum[ARMC_VIRTUAL_LANES];
    memcpy(sum, lanes, sizeof sum);
    for (int half = ARMC_VIRTUAL_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            sum[i] += sum[i + half];
    return sum[0];
}

static inline ArmcReal plain_dot(int64_t n, const ArmcReal *a, const ArmcReal *b)
{
    ArmcReal lanes[ARMC_VIRTUAL_LANES] = {0};
    for (int64_t i = 0; i < n; i++) {
        ArmcReal *lane = &lanes[i % ARMC_VIRTUAL_LANES];
#if ARMC_REAL_IS_DOUBLE
        *lane = fma(a[i], b[i], *lane);
#else
        *lane = fmaf(a[i], b[i], *lane);
#endif
    }
    return tree(lanes);
}

#endif
