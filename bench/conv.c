/* Times the kernels of convolution, forward and weight gradient, beside OpenBLAS on the gathered
 * matrix (the gathering isn't counted) and beside multiply-adds that stay in registers: GFLOP/s
 * and shares of that peak. All of a row's candidates take turns, each one's best turn counts.
 * build/release/bench/conv [TABLE [PICTURES]]: the table of one instruction set; of so many
 * pictures in turns, which is how a net finds them: far from the processor. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "bench/timing.h"
#include "runtime/kernels/kernels.h"

enum { MOST_RUNS = 8, CALLS = 4 /* a turn: the first one finds the caches full of others' */ };

/* A row of the table: for about this many seconds. */
static const double budget = 0.5;

/* --- the peak: 24 chains in registers --- */

enum { CHAINS = 24, CHAIN_STEPS = 500 };

#if ARMC_REAL_IS_DOUBLE
#define MM(width, op) _mm##width##_##op##_pd
#else
#define MM(width, op) _mm##width##_##op##_ps
#endif

/* A loop and the operations of one call; none where there is no loop for this machine. */
typedef struct Peak {
    void (*run)(ArmcReal *x);
    double flops;
} Peak;

#if defined(__x86_64__)
#define DEFINE_PEAK(name, isa, width, chains)                                                      \
    __attribute__((target(isa))) static void name(ArmcReal *x)                                     \
    {                                                                                              \
        __typeof__(MM(width, setzero)()) acc[chains], a = MM(width, set1)(x[1]);                   \
        _Pragma("GCC unroll 32") for (int i = 0; i < (chains); i++) acc[i] =                       \
            MM(width, set1)(x[i]);                                                                 \
        for (int s = 0; s < CHAIN_STEPS; s++)                                                      \
            _Pragma("GCC unroll 32") for (int i = 0; i < (chains); i++) acc[i] =                   \
                MM(width, fmadd)(acc[i], a, a);                                                    \
        _Pragma("GCC unroll 32") for (int i = 1; i < (chains); i++) acc[0] =                       \
            MM(width, add)(acc[0], acc[i]);                                                        \
        MM(width, storeu)(x, acc[0]);                                                              \
    }
DEFINE_PEAK(peak_avx512, "avx512f,fma", 512, 24)
DEFINE_PEAK(peak_avx2, "avx2,fma", 256, 12)
#endif

static Peak peak_of(const char *table)
{
#if defined(__x86_64__)
    const double lanes512 = 64.0 / sizeof(ArmcReal), terms = 2.0 * CHAIN_STEPS;
    if (strcmp(table, "avx512") == 0)
        return (Peak){peak_avx512, terms * 24 * lanes512};
    if (strcmp(table, "avx2") == 0)
        return (Peak){peak_avx2, terms * 12 * lanes512 / 2};
#endif
    (void)table;
    return (Peak){NULL, 0};
}

/* --- shapes --- */

typedef struct Shape {
    const char *name;
    int64_t w; /* an image of w x w pixels */
    int64_t channels, n, count;
    ArmcRun runs[MOST_RUNS];
} Shape;

/* Runs of a masked window on an image padded to `row` entries a row. */
#define ROW(w, radius, channels) (((w) + 2 * (radius)) * (channels))
#define MASK_B(w, channels)                                                                        \
    {                                                                                              \
        {0, 3 * (channels)},                                                                       \
        {                                                                                          \
            ROW(w, 1, channels), 2 * (channels)                                                    \
        }                                                                                          \
    }
#define MASK_A7(w)                                                                                 \
    {                                                                                              \
        {0, 21}, {ROW(w, 3, 3), 21}, {2 * ROW(w, 3, 3), 21},                                       \
        {                                                                                          \
            3 * ROW(w, 3, 3), 9                                                                    \
        }                                                                                          \
    }

static const Shape shapes[] = {
    {"3x3 B", 28, 64, 64, 2, MASK_B(28, 64)}, {"1x1", 28, 128, 64, 1, {{0, 128}}},
    {"1x1", 28, 64, 128, 1, {{0, 64}}},       {"7x7 A", 28, 3, 128, 4, MASK_A7(28)},
    {"3x3 B", 28, 16, 16, 2, MASK_B(28, 16)}, {"3x3 B", 28, 32, 32, 2, MASK_B(28, 32)},
    {"1x1", 28, 64, 12, 1, {{0, 64}}},        {"1x1", 28, 64, 20, 1, {{0, 64}}},
    {"3x3 B", 32, 64, 64, 2, MASK_B(32, 64)}, {"3x3 B", 32, 126, 126, 2, MASK_B(32, 126)},
    {"7x7 A", 32, 3, 126, 4, MASK_A7(32)},    {"3x3 B", 64, 64, 64, 2, MASK_B(64, 64)},
    {"3x3 B", 8, 64, 64, 2, MASK_B(8, 64)},   {"3x3 B", 7, 64, 64, 2, MASK_B(7, 64)},
    {"3x3 B", 7, 512, 64, 2, MASK_B(7, 512)},
};

/* What one row works on: an image padded by 3 pixels on each side, and what BLAS reads instead. */
typedef struct Work {
    const Shape *s;
    const ArmcKernels *kernels;
    Peak peak;
    int64_t terms, a_row, pixels;
    int pictures, turn; /* picture `turn` of a, c and gathered is next */
    ArmcReal *a, *b, *packed, *c, *gathered, *dw;
} Work;

static int64_t picture_size(const Shape *s)
{
    return (s->w + 6) * (s->w + 6) * s->channels;
}

static Work prepare(const Shape *s, const ArmcKernels *kernels, int pictures)
{
    Work k = {.s = s, .kernels = kernels, .peak = peak_of(kernels->name), .pictures = pictures};
    for (int64_t r = 0; r < s->count; r++)
        k.terms += s->runs[r].length;
    k.a_row = s->count > 2 ? ROW(s->w, 3, s->channels) : ROW(s->w, 1, s->channels);
    k.pixels = s->w * s->w;
    k.a = numbers(pictures * picture_size(s));
    k.b = numbers(k.terms * s->n);
    k.packed = numbers(kernels->packed_size(k.terms, s->n));
    k.c = numbers(pictures * k.pixels * s->n);
    k.gathered = numbers(pictures * k.pixels * k.terms);
    k.dw = numbers(k.terms * s->n);
    kernels->pack(k.terms, s->n, 0, k.terms, k.b, s->n, 1, k.packed);
    return k;
}

static void forget(const Work *k)
{
    free(k->a);
    free(k->b);
    free(k->packed);
    free(k->c);
    free(k->gathered);
    free(k->dw);
}

/* --- candidates --- */

static ArmcReal *a_of(const Work *k)
{
    return k->a + k->turn * picture_size(k->s);
}

static ArmcReal *c_of(const Work *k)
{
    return k->c + k->turn * k->pixels * k->s->n;
}

static ArmcReal *gathered_of(const Work *k)
{
    return k->gathered + k->turn * k->pixels * k->terms;
}

static void forward(const Work *k)
{
    const Shape *s = k->s;
    k->kernels->conv(s->w, s->w, s->n, s->runs, s->count, a_of(k), k->a_row, s->channels, k->packed,
                     NULL, NULL, c_of(k), s->w * s->n, s->n, 0);
}

static void backward(const Work *k)
{
    const Shape *s = k->s;
    ArmcReal *dw = k->dw;
    for (int64_t r = 0; r < s->count; dw += s->runs[r++].length * s->n)
        k->kernels->conv_outer(s->w, s->w, s->runs[r].length, s->n, a_of(k) + s->runs[r].offset,
                               k->a_row, s->channels, c_of(k), s->w * s->n, s->n, dw, s->n, 0);
}

static void forward_blas(const Work *k)
{
    armc_blas_gemm(0, 0, k->pixels, k->s->n, k->terms, 1, gathered_of(k), k->terms, k->b, k->s->n,
                   0, c_of(k), k->s->n);
}

static void backward_blas(const Work *k)
{
    armc_blas_gemm(1, 0, k->terms, k->s->n, k->pixels, 1, gathered_of(k), k->terms, c_of(k),
                   k->s->n, 0, k->dw, k->s->n);
}

static double flops_of(const Work *k)
{
    return 2.0 * (double)k->pixels * (double)k->terms * (double)k->s->n;
}

/* As much as the others have to do, so that a neighbour on the machine slows it as much. */
static void registers(const Work *k)
{
    ArmcReal x[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        x[i] = ARMC_R(0.1) * (ArmcReal)i; /* all different, or the compiler keeps one chain */
    for (double left = flops_of(k); k->peak.run != NULL && left > 0; left -= k->peak.flops)
        k->peak.run(x);
    k->dw[0] += x[0]; /* so that nothing is left out */
}

enum { CANDIDATES = 5 };
static void (*const candidates[CANDIDATES])(const Work *) = {registers, forward, forward_blas,
                                                             backward, backward_blas};

/* GFLOP/s of each candidate. */
static void measure(Work *k, double *speeds)
{
    const double flops = flops_of(k), chains = k->peak.flops * ceil(flops / k->peak.flops);
    double best[CANDIDATES] = {1e30, 1e30, 1e30, 1e30, 1e30};
    for (const double start = now(); now() - start < budget;)
        for (int turn = 0; turn < CANDIDATES * CALLS; turn++) {
            const int i = turn / CALLS;
            k->turn = (k->turn + 1) % k->pictures;
            const double begin = now();
            candidates[i](k);
            const double seconds = now() - begin;
            best[i] = seconds < best[i] ? seconds : best[i];
        }
    for (int i = 0; i < CANDIDATES; i++)
        speeds[i] = (i == 0 ? chains : flops) / best[i] * 1e-9;
}

static void print_row(const Shape *s, const ArmcKernels *kernels, int pictures)
{
    Work k = prepare(s, kernels, pictures);
    double speeds[CANDIDATES];
    measure(&k, speeds);
    printf("%-6s%4dx%-4d%6d%5d%8.1f", s->name, (int)s->w, (int)s->w, (int)k.terms, (int)s->n,
           speeds[0]);
    for (int i = 1; i < CANDIDATES; i++)
        printf("%8.1f %3.0f%%", speeds[i], speeds[0] > 0 ? 100 * speeds[i] / speeds[0] : 0.0);
    printf("\n");
    fflush(stdout);
    forget(&k);
}

int main(int argc, char **argv)
{
    const ArmcKernels *kernels = armc_kernels_choose(argc > 1 ? argv[1] : NULL);
    if (kernels == NULL) {
        fprintf(stderr, "%s doesn't run here\n", argv[1]);
        return 2;
    }
    const int pictures = argc > 2 ? atoi(argv[2]) : 1;
    armc_blas_init();
    printf("%s, %d-bit reals, one thread, GFLOP/s and share of the peak; %s\n", kernels->name,
           (int)sizeof(ArmcReal) * 8, armc_blas_name());
    printf("%-6s%9s%6s%5s%8s%13s%13s%13s%13s\n", "mask", "pixels", "k", "n", "peak", "conv",
           "OpenBLAS", "conv_outer", "OpenBLAS");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        print_row(&shapes[i], kernels, pictures > 0 ? pictures : 1);
    return 0;
}
