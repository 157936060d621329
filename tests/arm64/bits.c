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
    k->conv(9, 7, n, runs, 2, a, 60, 8, packed, c, 7 * n, n, 1);
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
    say("sum", SIZE - 5, y);
}

int main(void)
{
    const ArmcKernels *k = armc_kernels_choose(NULL);
    ArmcReal *a = numbers(1), *b = numbers(2), *c = numbers(3);
    for (int64_t n = 1; n <= 100; n += 11)
        products(k, n, a, b, c);
    maps(k, a, c);
    fprintf(stderr, "%s\n", k->name);
    free(a);
    free(b);
    free(c);
    return 0;
}
