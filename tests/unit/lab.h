/* A bench for graphs: small graphs by hand, and an evaluator that runs them one node at a time,
 * which is what fused programs are compared with. Everything fails the running cmocka test when it
 * goes wrong. */
#ifndef ARMC_TESTS_LAB_H
#define ARMC_TESTS_LAB_H

#include "tests/unit/unit.h"

#include "runtime/graph/build.h"

enum { LAB_INPUTS = 16 };

typedef struct Lab {
    ArmcFault fault;
    ArmcArena *arena;
    ArmcDiags *diags;
    ArmcGraph *graph;
    const ArmcKernels *kernels;
    int64_t batch;                  /* examples that inputs hold */
    ArmcReal *input_of[LAB_INPUTS]; /* (batch, size) of graph->inputs[i] */
} Lab;

void lab_open(Lab *lab, int64_t batch);
void lab_close(Lab *lab);
/* What was reported so far, rendered; in the lab's arena. */
const char *lab_messages(Lab *lab);

/* "3x4"; "" is a scalar. */
ArmcShape lab_shape(const char *text);
/* Row-major whole numbers as one attribute, for dims and entries. */
ArmcAttr lab_ints(Lab *lab, const char *text);
ArmcAttr lab_int(int64_t i);
ArmcAttr lab_real(double r);

/* Leaves with their own place in a source text, so that messages can point at them. Inputs start at
 * zero; parameters have a standard deviation of 1. A mask has a character an entry: '0' is dead;
 * NULL: all live. */
ArmcValue *lab_input(Lab *lab, const char *name, const char *shape, int levels);
ArmcValue *lab_ordered_input(Lab *lab, const char *name, const char *shape, int levels,
                             const ArmcOrder *order);
ArmcValue *lab_param(Lab *lab, const char *name, const char *shape, const char *mask);
/* The numbers of a leaf: (batch, size) or (size). */
ArmcReal *lab_data(Lab *lab, const ArmcValue *leaf, int64_t *count);

/* Calls an op as a script would; NULL where it is refused. */
ArmcValue *lab_try(Lab *lab, const char *op, const ArmcAttr *attr, int in_count,
                   ArmcValue *const *in);
/* The same, and it must succeed. LAB(&lab, "add", NULL, a, b) */
ArmcValue *lab_call(Lab *lab, const char *op, const ArmcAttr *attr, int in_count,
                    ArmcValue *const *in);
#define LAB(lab, op, attr, ...)                                                                    \
    lab_call((lab), (op), (attr),                                                                  \
             (int)(sizeof((ArmcValue *[]){__VA_ARGS__}) / sizeof(ArmcValue *)),                    \
             (ArmcValue *[]){__VA_ARGS__})

/* A number from -1.1 to 1.1, at least 0.1 away from zero; a whole number 0..levels-1. */
double lab_random(uint64_t stream, uint64_t index);
int lab_level(uint64_t stream, uint64_t index, int levels);
/* Random levels, or numbers, into every entry of a leaf. */
void lab_fill(Lab *lab, const ArmcValue *leaf, uint64_t stream);

/* A graph with room for all its values, run one node at a time by fixed-order kernels. */
typedef struct LabRun {
    const ArmcGraph *graph;
    const ArmcKernels *kernels;
    int64_t batch;
    ArmcReal **of; /* by value id */
} LabRun;

/* What the outputs need, simplified; outputs are replaced by the run's own values. */
LabRun lab_prepare(Lab *lab, ArmcOutputs *outputs);
/* The lab's graph as it was built, nothing simplified or fused. */
LabRun lab_prepare_plain(Lab *lab);
void lab_run(const LabRun *run);
int64_t lab_entries(const LabRun *run, const ArmcValue *value);

/* Fails, saying where, unless two numbers are equal within `relative` of the larger one (or of
 * `floor`). */
void lab_near(double found, double expected, double relative, double floor, const char *what,
              int64_t at);

#endif
