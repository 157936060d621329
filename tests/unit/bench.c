#include "tests/unit/bench.h"

#include <stdlib.h>

int bench_open(void **state)
{
    Bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    if (bench == NULL || setjmp(bench->where) != 0)
        return -1;
    bench->fault.where = &bench->where;
    bench->arena = armc_arena_new(&bench->fault);
    bench->diags = armc_diags_new(bench->arena);
    armc_buf_init(&bench->out, &bench->fault);
    return 0;
}

int bench_close(void **state)
{
    Bench *bench = *state;
    armc_buf_clear(&bench->out);
    armc_arena_free(bench->arena);
    free(bench);
    return 0;
}
