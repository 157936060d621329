/* peak THREADS: the fp32 peak of this machine on command over stdin, as bench/contest.py asks for
 * it: `step N` runs N rounds of fused multiply-adds that never leave the registers, on so many
 * threads, and answers `gflops BEST`, what the best round reached, by the time that the threads
 * spent computing (which other work disturbs least). */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { CHAINS = 12, LOOPS = 400000, MOST_THREADS = 64, LINE = 256 };

typedef struct Round {
    float sum;      /* so that nothing is left out as unused */
    double seconds; /* of computing */
} Round;

/* A chain is a register to which one product after the other is added; there are enough of them
 * to hide the latency of one. */
#define CHAINS_OF(name, type, set, fma, attribute)                                                 \
    attribute static float name(int loops, float seed)                                             \
    {                                                                                              \
        type a = set(seed), b = set(0.999f), chain[CHAINS];                                        \
        for (int i = 0; i < CHAINS; i++)                                                           \
            chain[i] = set((float)i);                                                              \
        for (int l = 0; l < loops; l++) {                                                          \
            UNROLLED                                                                               \
            for (int i = 0; i < CHAINS; i++)                                                       \
                chain[i] = fma(chain[i], b, a);                                                    \
        }                                                                                          \
        float out[sizeof chain / (sizeof(float))], sum = 0;                                        \
        memcpy(out, chain, sizeof chain);                                                          \
        for (size_t i = 0; i < sizeof out / sizeof *out; i++)                                      \
            sum += out[i];                                                                         \
        return sum;                                                                                \
    }

#define UNROLLED          _Pragma("GCC unroll 12")
#define ONE(x)            (x)
#define FMA(c, b, a)      __builtin_fmaf(c, b, a)
#define NEON_FMA(c, b, a) vfmaq_f32(a, c, b)

CHAINS_OF(chains_generic, float, ONE, FMA, )
#if defined(__x86_64__)
CHAINS_OF(chains_avx2, __m256, _mm256_set1_ps, _mm256_fmadd_ps, __attribute__((target("avx2,fma"))))
CHAINS_OF(chains_avx512, __m512, _mm512_set1_ps, _mm512_fmadd_ps,
          __attribute__((target("avx512f"))))
#elif defined(__aarch64__)
CHAINS_OF(chains_neon, float32x4_t, vdupq_n_f32, NEON_FMA, )
#endif

typedef struct Set {
    const char *name;
    int lanes;
    float (*run)(int loops, float seed);
} Set;

/* The widest registers that there are here. */
static Set choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return (Set){"avx512", 16, chains_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (Set){"avx2", 8, chains_avx2};
#elif defined(__aarch64__)
    return (Set){"neon", 4, chains_neon};
#endif
    return (Set){"generic", 1, chains_generic};
}

static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *run_round(void *context)
{
    Round *round = context;
    const Set set = choose();
    const double begin = thread_seconds();
    round->sum = set.run(LOOPS, round->sum);
    round->seconds = thread_seconds() - begin;
    return NULL;
}

/* GFLOP/s of all threads together in one round. */
static double measure(int threads)
{
    pthread_t others[MOST_THREADS];
    Round rounds[MOST_THREADS];
    double speed = 0;
    bool started[MOST_THREADS] = {false};
    for (int i = 0; i < threads; i++)
        rounds[i] = (Round){.sum = 0.5f};
    for (int i = 1; i < threads; i++)
        started[i] = pthread_create(&others[i], NULL, run_round, &rounds[i]) == 0;
    run_round(&rounds[0]);
    for (int i = 0; i < threads; i++) {
        if (started[i])
            pthread_join(others[i], NULL);
        if (rounds[i].seconds > 0)
            speed += 2e-9 * CHAINS * LOOPS * choose().lanes / rounds[i].seconds;
    }
    return speed;
}

static double best_of(long rounds, int threads)
{
    double best = 0;
    for (long i = 0; i < rounds; i++) {
        const double speed = measure(threads);
        best = speed > best ? speed : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    char line[LINE];
    threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
    printf("ready %s\n", choose().name);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL && strncmp(line, "step ", 5) == 0) {
        printf("gflops %.1f\n", best_of(strtol(line + 5, NULL, 10), threads));
        fflush(stdout);
    }
    return 0;
}
