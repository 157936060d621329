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
    int64_t each;  /* examples of a micro-batch, where a batch goes depth first: 0 lets the shapes
                      decide,  whatever is at least `batch` keeps it in one */
    const ArmcKernels *kernels;
} ArmcProgramOptions;

/* Where the memory goes, in bytes; all known before the first step. */
typedef struct ArmcPlan {
    int64_t parameters; /* live entries */
    int64_t parameter_bytes, gradient_bytes;
    int64_t activation_bytes;  /* the arena of a step at the full batch */
    int64_t scratch_bytes;     /* for each thread */
    int64_t each;              /* examples that go through the model together */
    int64_t again_bytes;       /* of one example: what gradients compute again rather than keep */
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
/* The first n examples of every input of a program of the same model, or of another member of it.
 */
void armc_program_copy_inputs(ArmcProgram *to, const ArmcProgram *from, int64_t n);
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

/* --- profiling --- */

typedef enum ArmcProfileMode {
    ARMC_PROFILE_OFF,
    ARMC_PROFILE_STEPS,   /* each step of the program as a whole: disturbs nothing */
    ARMC_PROFILE_MEMBERS, /* nodes inside regions, which slows these down a little */
} ArmcProfileMode;

/* A node that is computed, and its part of the time. */
typedef struct ArmcProfileRow {
    const ArmcNode *node;
    size_t step, members; /* the step of the program that it is in, from 0; nodes in that step */
    bool backward;
    double seconds;        /* by the clock, of all runs under ARMC_PROFILE_STEPS; nodes of a region
                              share its time as they did under ARMC_PROFILE_MEMBERS */
    int64_t multiply_adds; /* live, of one example; a gradient's are those of its op */
} ArmcProfileRow;

/* What the next runs measure; times add up from the first call on. */
void armc_program_profile(ArmcProgram *program, ArmcProfileMode mode);
/* One row for each node, in the order of execution; in the arena. */
const ArmcProfileRow *armc_program_profile_rows(ArmcProgram *program, ArmcArena *arena,
                                                size_t *count);

/* One line for each step of the program: for `armc plan` and for profiling. */
void armc_program_describe(const ArmcProgram *program, ArmcBuf *out);

#endif
