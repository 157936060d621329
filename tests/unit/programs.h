/* Programs at work: how they are run in a test, and what comes out. */
#ifndef ARMC_TESTS_PROGRAMS_H
#define ARMC_TESTS_PROGRAMS_H

#include "runtime/exec/program.h"
#include "tests/unit/models.h"

enum { MOST_PARAMS = 20 };

/* How far two ways of computing the same may be apart. */
#define CLOSE (ARMC_REAL_IS_DOUBLE ? 1e-10 : 1e-4)

/* One run, its results copied. */
typedef struct Outcome {
    int64_t n, variables;
    size_t params;
    int64_t size[MOST_PARAMS];
    ArmcReal *nll;
    ArmcReal *gradient[MOST_PARAMS]; /* NULL: none flows */
} Outcome;

typedef struct Way {
    ArmcProgramKind kind;
    int64_t batch;
    bool unfused, exact;
    int64_t each; /* examples that go through the model together; 0: as the shapes have it */
} Way;

/* Compiles and prepares; a test fails where the model is refused. */
ArmcProgram *start(Lab *lab, Way way, ArmcPool *pool);
/* One run over the lab's first n examples. */
void step(Lab *lab, ArmcProgram *program, int64_t n);
Outcome outcome_of(Lab *lab, const ArmcProgram *program, int64_t n);
/* Loss and gradients of the first n examples. */
Outcome train(Lab *lab, Way way, int64_t n, ArmcPool *pool);
void assert_outcomes_close(Lab *lab, const Outcome *found, const Outcome *expected,
                           const char *what);
void assert_outcomes_equal(const Lab *lab, const Outcome *a, const Outcome *b, const char *what);

#endif
