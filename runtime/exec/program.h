/* From a graph to something that runs: differentiate, simplify, fuse, plan; then execute steps.
 * Nothing is allocated in a step. */
#ifndef ARMC_EXEC_PROGRAM_H
#define ARMC_EXEC_PROGRAM_H

#include "runtime/base/tasks.h"
#include "runtime/graph/op.h"

typedef struct ArmcProgram ArmcProgram;

typedef enum ArmcProgramKind {
    ARMC_PROGRAM_TRAIN,  /* nll and the gradients of its mean over the batch */
    ARMC_PROGRAM_EVAL,   /* nll */
    ARMC_PROGRAM_PARAMS, /* the distributions' parameters */
} ArmcProgramKind;

typedef struct ArmcProgramOptions {
    int64_t batch; /* the most examples in one step */
    bool exact;    /* fixed-order kernels only */
    bool unfused;  /* one node at a time: for tests and for finding the first non-finite value */
    const ArmcKernels *kernels;
} ArmcProgramOptions;

/* Where the memory goes, in bytes; all known before the first step. */
typedef struct ArmcPlan {
    int64_t parameters; /* live entries */
    int64_t parameter_bytes, gradient_bytes;
    int64_t activation_bytes;  /* the arena of a step at the full batch */
    int64_t scratch_bytes;     /* for each thread */
    int64_t multiply_adds;     /* forward, one example */
    const ArmcOrigin *largest; /* the statement that asks for most, and how much */
    int64_t largest_bytes;
} ArmcPlan;

/* Compiles; allocates nothing but the plan itself. NULL after diagnostics (an op that couples the
 * batch, …). */
ArmcProgram *armc_program_new(ArmcArena *arena, ArmcGraph *graph, ArmcProgramKind kind,
                              const ArmcProgramOptions *options);
const ArmcPlan *armc_program_plan(const ArmcProgram *program);
/* Allocates the buffers (from the arena; a fault when there is no memory). Parameters must have
 * their data. */
void armc_program_prepare(ArmcProgram *program, ArmcPool *pool);

/* Where the caller puts the examples: (batch, D) of graph->inputs[i]. */
ArmcReal *armc_program_input(ArmcProgram *program, size_t input);
void armc_program_run(ArmcProgram *program, const ArmcStepInfo *info, int64_t n);

/* Results of the last run. (n, D) nats for each variable, in the variable's own entry order; as
 * doubles summed by the caller. */
const ArmcReal *armc_program_nll(const ArmcProgram *program);
/* TRAIN: d mean nll / d parameter i, (size). Dead entries are zero. */
const ArmcReal *armc_program_gradient(const ArmcProgram *program, size_t param);
/* PARAMS: (n, count, width) of likelihood i. */
const ArmcReal *armc_program_params(const ArmcProgram *program, size_t likelihood);

/* Runs the step again one node at a time and returns the first node whose result is not finite, or
 * NULL. */
const ArmcNode *armc_program_blame(ArmcArena *scratch, const ArmcProgram *program,
                                   const ArmcStepInfo *info, int64_t n);

/* One line for each step of the program: for `armc plan` and for profiling. */
void armc_program_describe(const ArmcProgram *program, ArmcBuf *out);

#endif
