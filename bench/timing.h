/* What programs that time kernels share. */
#ifndef ARMC_BENCH_TIMING_H
#define ARMC_BENCH_TIMING_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/real.h"

/* Seconds of a clock that never goes back. */
static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* n numbers between 0 and 3, from the beginning of a cache line on; never freed. */
static inline ArmcReal *numbers(int64_t n)
{
    ArmcReal *x = aligned_alloc(64, ((size_t)n * sizeof *x + 63) / 64 * 64);
    if (x == NULL)
        exit(3);
    for (int64_t i = 0; i < n; i++)
        x[i] = ARMC_R(0.001) * (ArmcReal)(i * 7919 % 2003 + 1);
    return x;
}

#endif
