/* Prints a hash of what each kernel with a fixed order gives, for tools/arm64.sh: the lines of this
 * machine and of arm64 must be the same. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/kernels/kernels.h"

enum { SIZE = 40000 };

static uint64_t hash(const ArmcReal *x)
{
    const unsigned char *bytes = (const unsigned char *)x;
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < SIZE * sizeof *x; i++)
        h = (h ^ bytes[i]) * 1099511628211u;
    return h;
}

static ArmcReal *numbers(uint32_t state)
{
    ArmcReal *x = malloc(SIZE * sizeof *x);
    if (x == NULL)
        exit(3);
    for (int i = 0; i < SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (ArmcReal)(state >> 8) / ARMC_R(8388608) - 1;
    }
    return x;
}

static void say(const char *name, int64_t n, const ArmcReal *c)
{
    printf("%-12s %3d  %016llx\n", name, (int)n, (unsigned long long)hash(c));
}

static void products(const ArmcKernels *k, int64_t n, const ArmcReal *a, const ArmcReal *b,
                     ArmcReal *c)
{
    static const ArmcRun runs[] = {{0, 13}, {40, 30}};
    ArmcReal *packed = malloc((size_t)k->packed_size(43, n) * sizeof *packed);
    if (packed == NULL)
        exit(3);
    k->gemm(31, n, 90, a, 97, b, 101, c, 102, 1);
    say("gemm", n, c);
    k->gemm_dot(31, n, 90, a, 97, b, 101, c, 102, 1);
    say("gemm_dot", n, c);
    k->gemm_outer(31, n, 90, a, 97, b, 101, c, 102, 1);
    say("gemm_outer", n, c);
    k->pack(43, n, 0, 43, b, n, 1, packed);
    k->conv(9, 7, n, runs, 2, a, 60, 8, packed, b, NULL, c, 7 * n, n, 1);
    say("conv", n, c);
    k->conv_outer(9, 7, 33, n, a, 60, 8, b, 7 * n, n, c, n, 1);
    say("conv_outer", n, c);
    free(packed);
}

static void maps(const ArmcKernels *k, const ArmcReal *x, ArmcReal *y)
{
    static const char *const names[] = {"exp", "tanh", "sigmoid", "softplus"};
    void (*const map[])(int64_t, const ArmcReal *, ArmcReal *) = {k->exp, k->tanh, k->sigmoid,
                                                                  k->softplus};
    for (int i = 0; i < 4; i++) {
        map[i](SIZE - 5, x, y);
        say(names[i], SIZE - 5, y);
    }
    k->log(SIZE - 5, y, y);
    say("log", SIZE - 5, y);
    y[0] = k->sum(SIZE - 5, x);
    y[1] = k->max_of(SIZE - 5, x);
    y[2] = k->dot(SIZE - 5, x, x + 2);
    say("sum", SIZE - 5, y);
}

static void pairs(const ArmcKernels *k, const ArmcReal *a, const ArmcReal *b, ArmcReal *c)
{
    static const char *const names[] = {"sub",          "div",       "max",       "min",
                                        "sigmoid_grad", "tanh_grad", "relu_grad", "softplus_grad"};
    void (*const map[])(int64_t, const ArmcReal *, const ArmcReal *, ArmcReal *) = {
        k->sub,          k->div,       k->max,       k->min,
        k->sigmoid_grad, k->tanh_grad, k->relu_grad, k->softplus_grad};
    for (int i = 0; i < 8; i++) {
        map[i](SIZE - 3, a, b, c);
        say(names[i], SIZE - 3, c);
    }
    k->axpy(SIZE - 3, ARMC_R(0.3), a, c);
    say("axpy", SIZE - 3, c);
}

static void fused(const ArmcKernels *k, int64_t n, const ArmcReal *a, const ArmcReal *b,
                  ArmcReal *c)
{
    k->outer_onto(31, n, a, 3, b, b + 200, c, 102);
    say("outer_onto", n, c);
    k->gemm_sigmoid_grad(31, n, 5, a, 97, b, 101, a, 102, NULL, c, 102);
    say("gemm_sigmoid", n, c);
}

/* Gains and offsets are numbers of b, y is any: only its sign counts. */
static void norms(const ArmcKernels *k, int64_t n, const ArmcReal *a, const ArmcReal *b,
                  ArmcReal *c)
{
    enum { ROWS = 37, STEP = 151, GAIN = 20000, SUMS = 30000 };
    static ArmcReal stats[2 * ROWS];
    for (int form = 0; form < 8; form++) {
        ArmcNormRows rows = {.rows = ROWS,
                             .n = n,
                             .eps = ARMC_R(1e-5),
                             .relu = form & 1,
                             .gain = form & 2 ? b + GAIN : NULL,
                             .offset = form & 2 ? b + SUMS : NULL,
                             .x = a,
                             .y = b,
                             .dy = b + 1,
                             .x_step = STEP,
                             .y_step = STEP,
                             .dy_step = STEP};
        if (form & 4) {
            k->norm_stats(&rows, stats, 2);
            rows.stats = stats;
            rows.stats_step = 2;
        }
        k->norm(&rows, c, STEP);
        say("norm", n, c);
        k->norm_dx(&rows, c + SIZE / 4, STEP);
        k->norm_dw(&rows, c + GAIN, c + SUMS);
        say("norm_grad", n, c);
    }
}

/* A step of cells and back, with weights as they are and packed. */
static void cells(const ArmcKernels *k, int64_t units, bool gru, const ArmcReal *a,
                  const ArmcReal *b, ArmcReal *c)
{
    enum { CELLS = 21, READ = 6 };
    static const int64_t row[CELLS] = {20, 3,  5,  7, 1,  0,  2,  4,  6,  8, 19,
                                       18, 17, 16, 9, 10, 11, 15, 14, 13, 12};
    int64_t gates = gru ? 3 : 4, wide = gates * units, room = (READ + units) * gates * (units + 16);
    ArmcReal *packed = malloc((size_t)room * sizeof *packed);
    if (packed == NULL)
        exit(3);
    ArmcCells whole = {
        .m = CELLS,
        .h = units,
        .end = units,
        .row = row,
        .before = row,
        .a = a,
        .lda = READ + units,
        .product = {{READ, b, wide, units, false}, {units, b + READ * wide, wide, units, false}},
        .bias = a + 30000,
        .x = a + 20000,
        .c = a + 10000,
        .next = c,
        .y = c + 5000,
        .gates = c + 10000,
        .ldx = wide,
        .ldc = units,
        .ldn = units,
        .ldy = units};
    for (int i = 0; i < 2; i++) {
        (gru ? k->gru : k->lstm)(&whole);
        say(gru ? "gru" : "lstm", units, c);
        whole.product[1] = k->pack_cells(&whole.product[1], units, (int)gates, packed);
    }
    ArmcCellsBack back = {.m = CELLS,
                          .h = units,
                          .row = row,
                          .before = row,
                          .c = c,
                          .gates = c + 10000,
                          .from = a + 10000,
                          .ldf = units,
                          .dy = b,
                          .dc = c + 30000,
                          .d = c + 20000};
    (gru ? k->gru_back : k->lstm_back)(&back);
    say(gru ? "gru_back" : "lstm_back", units, c);
    free(packed);
}

static void learning(const ArmcKernels *k, const ArmcReal *g, ArmcReal *c)
{
    enum { PART = SIZE / 3 };
    ArmcReal *squares = c + 2 * PART;
    for (int i = 0; i < PART; i++)
        squares[i] = g[i] * g[i];
    k->adam(PART - 1, ARMC_R(1e-3), ARMC_R(0.9), ARMC_R(0.999), ARMC_R(1e-8), g, c, squares,
            c + PART);
    say("adam", PART - 1, c);
    double u[1001];
    k->uniforms(7, 1, 2, 1001, u);
    for (int i = 0; i < 1001; i++)
        c[i] = (ArmcReal)u[i];
    say("uniforms", 1001, c);
}

int main(void)
{
    const ArmcKernels *k = armc_kernels_choose(NULL);
    ArmcReal *a = numbers(1), *b = numbers(2), *c = numbers(3);
    for (int64_t n = 1; n <= 100; n += 11) {
        products(k, n, a, b, c);
        fused(k, n, a, b, c);
    }
    for (int64_t n = 1; n <= 150; n += n < 70 ? 3 : 13)
        norms(k, n, a, b, c);
    for (int64_t units = 1; units <= 50; units += 7)
        for (int gru = 0; gru < 2; gru++)
            cells(k, units, gru, a, b, c);
    maps(k, a, c);
    pairs(k, a, b, c);
    learning(k, a, c);
    fprintf(stderr, "%s\n", k->name);
    free(a);
    free(b);
    free(c);
    return 0;
}
