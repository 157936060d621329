/* A bench for what lies below graphs: an arena, diagnostics and a buffer, for each test. */
#ifndef ARMC_TESTS_BENCH_H
#define ARMC_TESTS_BENCH_H

#include "tests/unit/unit.h"

#include "runtime/base/diag.h"

typedef struct Bench {
    ArmcFault fault;
    jmp_buf where;
    ArmcArena *arena;
    ArmcDiags *diags;
    ArmcBuf out;
} Bench;

/* Setup and teardown: the test's state is a Bench. */
int bench_open(void **state);
int bench_close(void **state);

#endif
