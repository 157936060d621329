/* Models built by hand, each of another structure: what programs are tested with. */
#ifndef ARMC_TESTS_MODELS_H
#define ARMC_TESTS_MODELS_H

#include "tests/unit/lab.h"

typedef struct Model {
    const char *name;
    void (*build)(Lab *lab); /* inputs, parameters and likelihoods into the lab's graph */
    bool draws; /* training draws random numbers: another likelihood than evaluation's */
} Model;

/* Ends with a row without a name. */
extern const Model models[];

/* Builds a model in a fresh lab, with random data for `batch` examples. */
void model_open(Lab *lab, const Model *model, int64_t batch);
/* `variable ~ dist` over all of it; it must be accepted. */
void model_likelihood(Lab *lab, const char *dist, ArmcValue *params);

#endif
