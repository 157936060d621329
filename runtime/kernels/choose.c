/* Which table of kernels this CPU runs. */
#include <stddef.h>
#include <string.h>

#include "runtime/kernels/tables.h"

#if defined(__x86_64__)
static int has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#endif

static int always(void)
{
    return 1;
}

static const struct {
    const ArmcKernels *table;
    int (*runs_here)(void);
} tables[] = {
/* Best first. */
#if defined(__x86_64__)
    {&armc_kernels_avx512, has_avx512},
    {&armc_kernels_avx2, has_avx2},
#endif
#if defined(__aarch64__)
    {&armc_kernels_neon, always}, /* part of every arm64 CPU */
#endif
    {&armc_kernels_generic, always},
};

const ArmcKernels *armc_kernels_choose(const char *forced)
{
    const int any = forced == NULL || *forced == '\0';
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if ((any || strcmp(forced, tables[i].table->name) == 0) && tables[i].runs_here())
            return tables[i].table;
    return NULL;
}
