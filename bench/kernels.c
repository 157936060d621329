/* Times each kernel on this machine, every table that runs here beside OpenBLAS, and prints ns per
 * entry or GFLOP/s. The peak is measured in the same run: chains of products that stay in
 * registers, by the best table's gemm. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"
#include "runtime/kernels/kernels.h"

enum { TABLES = 4, ENTRIES = 4096 };

/* A measurement takes the best of several rounds, for about this long. */
static const double budget = 0.01;

/* --- products --- */

typedef enum Kind { PLAIN, DOT, OUTER } Kind;

typedef struct Shape {
    Kind kind;
    int64_t m, n, k;
} Shape;

static const char *const kind_names[] = {"gemm", "gemm_dot", "gemm_outer"};

static const Shape shapes[] = {
    {PLAIN, 8, 96, 256},   {PLAIN, 1, 500, 500},   {PLAIN, 4, 500, 500},   {PLAIN, 8, 500, 500},
    {PLAIN, 16, 500, 500}, {PLAIN, 32, 500, 500},  {PLAIN, 8, 10, 500},    {PLAIN, 16, 10, 500},
    {PLAIN, 16, 100, 500}, {PLAIN, 500, 500, 500}, {PLAIN, 128, 500, 784}, {PLAIN, 512, 784, 500},
    {PLAIN, 500, 1, 500},  {DOT, 8, 1, 500},       {DOT, 8, 10, 500},      {DOT, 8, 256, 500},
    {DOT, 100, 500, 784},  {OUTER, 10, 500, 8},    {OUTER, 500, 10, 8},    {OUTER, 1, 500, 8},
    {OUTER, 10, 500, 32},  {OUTER, 784, 500, 100},
};

static void multiply(const ArmcKernels *kernels, const Shape *s, const ArmcReal *a,
                     const ArmcReal *b, ArmcReal *c)
{
    const int64_t m = s->m, n = s->n, k = s->k;
    if (s->kind == PLAIN)
        kernels->gemm(m, n, k, a, k, b, n, c, n, 0);
    else if (s->kind == DOT)
        kernels->gemm_dot(m, n, k, a, k, b, k, c, n, 0);
    else
        kernels->gemm_outer(m, n, k, a, m, b, n, c, n, 1);
}

static void multiply_blas(const Shape *s, const ArmcReal *a, const ArmcReal *b, ArmcReal *c)
{
    const int64_t m = s->m, n = s->n, k = s->k;
    const int ta = s->kind == OUTER, tb = s->kind == DOT;
    armc_blas_gemm(ta, tb, m, n, k, 1, a, ta ? m : k, b, tb ? k : n, ta ? 1 : 0, c, n);
}

/* GFLOP/s, the best of some rounds; kernels NULL: OpenBLAS. */
static double product_speed(const ArmcKernels *kernels, const Shape *s)
{
    ArmcReal *a = numbers(s->m * s->k), *b = numbers(s->k * s->n), *c = numbers(s->m * s->n);
    const double flops = 2.0 * (double)s->m * (double)s->n * (double)s->k;
    const int repeats = 1 + (int)(2e7 / flops);
    const double start = now();
    double best = 1e30;
    while (now() - start < budget) {
        const double begin = now();
        for (int i = 0; i < repeats; i++)
            if (kernels != NULL)
                multiply(kernels, s, a, b, c);
            else
                multiply_blas(s, a, b, c);
        const double seconds = (now() - begin) / repeats;
        best = seconds < best ? seconds : best;
    }
    free(a);
    free(b);
    free(c);
    return flops / best * 1e-9;
}

static double peak(const ArmcKernels *kernels)
{
    /* A tile whose operands stay in L1, long enough that loading C doesn't count. */
    return product_speed(kernels, &(Shape){PLAIN, 8, 96 * 4 / (int)sizeof(ArmcReal) / 2, 200});
}

static void print_products(const ArmcKernels *const *tables, int count)
{
    const double top = peak(tables[0]);
    printf("\nproducts, GFLOP/s (share of the measured peak of %s, %.0f)\n", tables[0]->name, top);
    printf("%-12s%6s%6s%6s", "kernel", "m", "n", "k");
    for (int t = 0; t < count; t++)
        printf("%16s", tables[t]->name);
    printf("%16s\n", "OpenBLAS");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const Shape *s = &shapes[i];
        printf("%-12s%6d%6d%6d", kind_names[s->kind], (int)s->m, (int)s->n, (int)s->k);
        for (int t = 0; t <= count; t++) {
            const double speed = product_speed(t < count ? tables[t] : NULL, s);
            printf("%9.1f (%3.0f%%)", speed, 100 * speed / top);
        }
        printf("\n");
        fflush(stdout);
    }
}

/* --- elementwise --- */

typedef void (*Map)(int64_t n, const ArmcReal *x, ArmcReal *y);

static double map_speed(Map map)
{
    ArmcReal *x = numbers(ENTRIES), *y = numbers(ENTRIES);
    const double start = now();
    double best = 1e30;
    while (now() - start < budget) {
        const double begin = now();
        for (int i = 0; i < 20; i++)
            map(ENTRIES, x, y);
        const double seconds = (now() - begin) / 20;
        best = seconds < best ? seconds : best;
    }
    free(x);
    free(y);
    return best * 1e9 / ENTRIES;
}

static double adam_speed(const ArmcKernels *kernels)
{
    ArmcReal *g = numbers(ENTRIES), *m = numbers(ENTRIES), *v = numbers(ENTRIES),
             *w = numbers(ENTRIES);
    const double start = now();
    double best = 1e30;
    while (now() - start < budget) {
        const double begin = now();
        for (int i = 0; i < 20; i++)
            kernels->adam(ENTRIES, ARMC_R(1e-3), ARMC_R(0.9), ARMC_R(0.999), ARMC_R(1e-8), g, m, v,
                          w);
        const double seconds = (now() - begin) / 20;
        best = seconds < best ? seconds : best;
    }
    free(g);
    free(m);
    free(v);
    free(w);
    return best * 1e9 / ENTRIES;
}

static void print_maps(const ArmcKernels *const *tables, int count)
{
    static const char *const names[] = {"exp",      "log",  "tanh", "sigmoid",
                                        "softplus", "relu", "sqrt", "adam"};
    printf("\nelementwise, ns an entry (%d entries, in L1)\n%-12s", ENTRIES, "kernel");
    for (int t = 0; t < count; t++)
        printf("%12s", tables[t]->name);
    printf("\n");
    for (int i = 0; i < 8; i++) {
        printf("%-12s", names[i]);
        for (int t = 0; t < count; t++) {
            const ArmcKernels *k = tables[t];
            const Map maps[] = {k->exp, k->log, k->tanh, k->sigmoid, k->softplus, k->relu, k->sqrt};
            printf("%12.3f", i < 7 ? map_speed(maps[i]) : adam_speed(k));
        }
        printf("\n");
    }
}

int main(void)
{
    static const char *const names[TABLES] = {"avx512", "avx2", "neon", "generic"};
    const ArmcKernels *tables[TABLES];
    int count = 0;
    for (int i = 0; i < TABLES; i++) {
        const ArmcKernels *table = armc_kernels_choose(names[i]);
        if (table != NULL)
            tables[count++] = table;
    }
    armc_blas_init();
    printf("%d-bit reals, one thread, %s\n", (int)sizeof(ArmcReal) * 8, armc_blas_name());
    print_products(tables, count);
    print_maps(tables, count);
    return 0;
}
