/* Convolutions: every table gives the bits of one chain of fused multiply-adds for each entry, for
 * any shape, stride and run, reads nothing outside what it is given and writes nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel_tables.h"

enum { MOST_RUNS = 4, ROUNDS = 30 /* of random shapes */ };

typedef struct Conv {
    int64_t h, w, n, count;
    ArmcRun runs[MOST_RUNS];
    int64_t a_row, a_col, c_row, c_col;
    int accumulate, transposed, biased, added;
} Conv;

static ArmcReal chain(ArmcReal a, ArmcReal b, ArmcReal sum)
{
#if ARMC_REAL_IS_DOUBLE
    return fma(a, b, sum);
#else
    return fmaf(a, b, sum);
#endif
}

/* 1..most. */
static int64_t up_to(uint32_t *state, int64_t most)
{
    return 1 + (int64_t)next(state) % most;
}

/* An array that ends where its last entry does, so that a sanitizer sees every read behind it. */
static ArmcReal *exactly(uint32_t *state, int64_t n)
{
    ArmcReal *x = malloc((size_t)(n > 0 ? n : 1) * sizeof *x);
    assert_non_null(x);
    draw(state, n, -1, 1, x);
    return x;
}

static ArmcReal *copy_of(const ArmcReal *x, int64_t n)
{
    ArmcReal *copy = malloc((size_t)(n > 0 ? n : 1) * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, x, (size_t)n * sizeof *x);
    return copy;
}

/* Entries from the first pixel's first to the last one's last. */
static int64_t extent(int64_t h, int64_t w, int64_t row, int64_t col, int64_t length)
{
    return (h - 1) * row + (w - 1) * col + length;
}

static int64_t terms_of(const Conv *p)
{
    int64_t terms = 0;
    for (int64_t r = 0; r < p->count; r++)
        terms += p->runs[r].length;
    return terms;
}

static int64_t reach_of(const Conv *p)
{
    int64_t reach = 0;
    for (int64_t r = 0; r < p->count; r++) {
        const int64_t end = p->runs[r].offset + p->runs[r].length;
        reach = end > reach ? end : reach;
    }
    return reach;
}

/* --- conv --- */

/* B (terms,n), or B^T (n,terms). */
static ArmcReal weight(const Conv *p, const ArmcReal *b, int64_t row, int64_t col)
{
    return p->transposed ? b[col * terms_of(p) + row] : b[row * p->n + col];
}

static void plain_conv(const Conv *p, const ArmcReal *a, const ArmcReal *b, const ArmcReal *bias,
                       const ArmcReal *o, ArmcReal *c)
{
    for (int64_t y = 0; y < p->h; y++)
        for (int64_t x = 0; x < p->w; x++)
            for (int64_t j = 0; j < p->n; j++) {
                const int64_t at = y * p->c_row + x * p->c_col + j;
                ArmcReal sum = p->accumulate ? c[at] : 0;
                int64_t row = 0;
                for (int64_t r = 0; r < p->count; r++)
                    for (int64_t i = 0; i < p->runs[r].length; i++, row++)
                        sum = chain(a[y * p->a_row + x * p->a_col + p->runs[r].offset + i],
                                    weight(p, b, row, j), sum);
                sum = p->biased ? sum + bias[j] : sum;
                c[at] = p->added ? sum + o[at] : sum;
            }
}

/* Each run's rows packed by a call of its own, the last run first. */
static ArmcReal *pack_by_runs(const ArmcKernels *kernels, const Conv *p, const ArmcReal *b)
{
    const int64_t terms = terms_of(p), size = kernels->packed_size(terms, p->n);
    ArmcReal *packed = room(size);
    int64_t first = terms;
    for (int64_t r = p->count - 1; r >= 0; r--) {
        const int64_t rows = p->runs[r].length;
        first -= rows;
        if (p->transposed)
            kernels->pack(terms, p->n, first, rows, b + first, 1, terms, packed);
        else
            kernels->pack(terms, p->n, first, rows, b + first * p->n, p->n, 1, packed);
    }
    assert_guarded(packed, size);
    return packed;
}

static void check_conv(const Conv *p, uint32_t *state)
{
    const Tables tables = tables_here();
    const int64_t size_a = extent(p->h, p->w, p->a_row, p->a_col, reach_of(p)),
                  size_c = extent(p->h, p->w, p->c_row, p->c_col, p->n);
    ArmcReal *a = exactly(state, size_a), *b = exactly(state, terms_of(p) * p->n),
             *bias = exactly(state, p->n), *o = exactly(state, size_c),
             *before = exactly(state, size_c), *expected = copy_of(before, size_c);
    plain_conv(p, a, b, bias, o, expected);
    for (int t = 0; t < tables.count; t++) {
        const ArmcKernels *k = tables.item[t];
        ArmcReal *packed = pack_by_runs(k, p, b), *c = copy_of(before, size_c);
        k->conv(p->h, p->w, p->n, p->runs, p->count, a, p->a_row, p->a_col, packed,
                p->biased ? bias : NULL, p->added ? o : NULL, c, p->c_row, p->c_col, p->accumulate);
        assert_same(k->name, size_c, expected, c);
        free(packed);
        free(c);
    }
    free(a);
    free(b);
    free(bias);
    free(o);
    free(before);
    free(expected);
}

/* Runs one after the other, with gaps, in A's row; now and then the first one again. */
static void draw_runs(Conv *p, uint32_t *state)
{
    int64_t offset = 0;
    for (int64_t r = 0; r < p->count; r++) {
        offset += (int64_t)next(state) % 5;
        p->runs[r] = (ArmcRun){offset, (int64_t)next(state) % 41};
        offset += next(state) % 3 == 0 ? -(offset / 2) : p->runs[r].length;
    }
}

static void convolutions_follow_their_definition(void **unused)
{
    (void)unused;
    uint32_t state = 11;
    for (int i = 0; i < ROUNDS; i++) {
        Conv p = {.h = up_to(&state, i % 3 ? 4 : 40), .w = up_to(&state, i % 3 ? 40 : 4)};
        p.n = up_to(&state, 40);
        p.count = (int64_t)next(&state) % (MOST_RUNS + 1);
        draw_runs(&p, &state);
        p.a_col = up_to(&state, 40);
        p.a_row = p.w * p.a_col + (int64_t)next(&state) % 20;
        p.c_col = p.n + (int64_t)next(&state) % 3;
        p.c_row = p.w * p.c_col + (int64_t)next(&state) % 3;
        p.accumulate = i & 1;
        p.transposed = i >> 1 & 1;
        p.biased = i >> 2 & 1;
        p.added = i >> 3 & 1;
        check_conv(&p, &state);
    }
}

/* The masked 3x3 of 64 channels, the 7x7 of 3, and more columns than two panels. */
static void usual_shapes_follow_their_definition(void **unused)
{
    (void)unused;
    uint32_t state = 12;
    const Conv convs[] = {
        {7, 7, 64, 2, {{0, 96}, {288, 64}}, 288, 32, 448, 64, 0, 0, 1, 1},
        {8, 8, 126, 4, {{0, 21}, {42, 21}, {84, 21}, {126, 9}}, 42, 3, 1008, 126, 0, 0, 0, 1},
        {1, 16, 75, 1, {{0, 500}}, 0, 500, 1200, 75, 1, 1, 1, 0},
        {28, 28, 12, 1, {{0, 32}}, 896, 32, 336, 12, 0, 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof convs / sizeof *convs; i++)
        check_conv(&convs[i], &state);
}

static void no_pixels_no_columns(void **unused)
{
    (void)unused;
    const Tables tables = tables_here();
    const ArmcRun run = {0, 1};
    for (int t = 0; t < tables.count; t++) {
        const ArmcKernels *k = tables.item[t];
        ArmcReal one = 1, c = 5;
        k->conv(0, 3, 1, &run, 1, &one, 1, 1, &one, &one, &one, &c, 1, 1, 0);
        k->conv(3, 0, 1, &run, 1, &one, 1, 1, &one, &one, &one, &c, 1, 1, 0);
        k->conv(1, 1, 0, &run, 1, &one, 1, 1, &one, &one, &one, &c, 1, 1, 0);
        k->conv_outer(1, 1, 0, 0, &one, 0, 0, &one, 1, 1, &c, 1, 0);
        k->conv_outer(1, 1, 0, 1, &one, 1, 1, &one, 1, 1, &c, 1, 0);
        k->conv_outer(1, 1, 1, 0, &one, 1, 1, &one, 1, 1, &c, 1, 0);
        k->conv_outer(0, 1, 1, 1, &one, 1, 1, &one, 1, 1, &c, 1, 1);
        assert_true(c == 5 && k->packed_size(0, 3) == 0 && k->packed_size(3, 0) == 0);
        k->conv_outer(0, 1, 1, 1, &one, 1, 1, &one, 1, 1, &c, 1, 0);
        assert_true(c == 0);
    }
}

/* --- conv_outer --- */

typedef struct Outer {
    int64_t h, w, length, n, a_row, a_col, b_row, b_col, ldc;
    int accumulate;
} Outer;

static void plain_outer(const Outer *p, const ArmcReal *a, const ArmcReal *b, ArmcReal *c)
{
    for (int64_t i = 0; i < p->length; i++)
        for (int64_t j = 0; j < p->n; j++) {
            ArmcReal sum = p->accumulate ? c[i * p->ldc + j] : 0;
            for (int64_t y = 0; y < p->h; y++)
                for (int64_t x = 0; x < p->w; x++)
                    sum = chain(a[y * p->a_row + x * p->a_col + i],
                                b[y * p->b_row + x * p->b_col + j], sum);
            c[i * p->ldc + j] = sum;
        }
}

static void check_outer(const Outer *p, uint32_t *state)
{
    const Tables tables = tables_here();
    const int64_t size_c = (p->length - 1) * p->ldc + p->n;
    ArmcReal *a = exactly(state, extent(p->h, p->w, p->a_row, p->a_col, p->length)),
             *b = exactly(state, extent(p->h, p->w, p->b_row, p->b_col, p->n)),
             *before = exactly(state, size_c), *expected = copy_of(before, size_c);
    plain_outer(p, a, b, expected);
    for (int t = 0; t < tables.count; t++) {
        const ArmcKernels *k = tables.item[t];
        ArmcReal *c = copy_of(before, size_c);
        k->conv_outer(p->h, p->w, p->length, p->n, a, p->a_row, p->a_col, b, p->b_row, p->b_col, c,
                      p->ldc, p->accumulate);
        assert_same(k->name, size_c, expected, c);
        free(c);
    }
    free(a);
    free(b);
    free(before);
    free(expected);
}

static void weight_gradients_follow_their_definition(void **unused)
{
    (void)unused;
    uint32_t state = 13;
    for (int i = 0; i < ROUNDS; i++) {
        Outer p = {.h = up_to(&state, i % 3 ? 4 : 40), .w = up_to(&state, i % 3 ? 40 : 4)};
        p.length = up_to(&state, 40);
        p.n = up_to(&state, 40);
        p.a_col = up_to(&state, 40);
        p.a_row = p.w * p.a_col + (int64_t)next(&state) % 20;
        p.b_col = p.n + (int64_t)next(&state) % 3;
        p.b_row = p.w * p.b_col + (int64_t)next(&state) % 3;
        p.ldc = p.n + (int64_t)next(&state) % 3;
        p.accumulate = i & 1;
        check_outer(&p, &state);
    }
}

static void usual_weight_gradients_follow_their_definition(void **unused)
{
    (void)unused;
    uint32_t state = 14;
    const Outer outers[] = {
        {28, 28, 20, 33, 560, 20, 924, 33, 33, 0},
        {16, 16, 21, 60, 66, 3, 960, 60, 60, 1},
        {1, 200, 1, 2000, 200, 1, 400000, 2000, 2000, 0}, /* more than one strip of pixels */
    };
    for (size_t i = 0; i < sizeof outers / sizeof *outers; i++)
        check_outer(&outers[i], &state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_follow_their_definition),
        cmocka_unit_test(usual_shapes_follow_their_definition),
        cmocka_unit_test(no_pixels_no_columns),
        cmocka_unit_test(weight_gradients_follow_their_definition),
        cmocka_unit_test(usual_weight_gradients_follow_their_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
