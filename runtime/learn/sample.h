/* Samples of a model. */
#ifndef ARMC_LEARN_SAMPLE_H
#define ARMC_LEARN_SAMPLE_H

#include "runtime/learn/net.h"

typedef struct ArmcSampling {
    int64_t n;          /* how many */
    double temperature; /* log-probabilities are divided by it */
    /* (n), for a model that is conditioned on it: the class of each sample; NULL: the classes take
     * turns. */
    const ArmcReal *labels;
    /* Completion: variables of sample i with known[i * D + variable] keep what values (n, D) say;
     * the others are drawn, given the known ones of lower rank. NULL: nothing is known. */
    const uint8_t *known;
    const ArmcReal *values;
    /* A whole forward pass for each variable, as the definition has it: what the incremental
     * sampler is compared with. */
    bool by_passes;
} ArmcSampling;

/* Samples of an ensemble are each drawn from one member, chosen uniformly by seed and i. Completion
 * chooses it alike, whatever is known. */
int armc_sample_member(uint64_t seed, int64_t i, int members);

/* The random numbers that samples first, first + 1, … (n of them) have for a variable. */
void armc_sample_uniforms(const ArmcSession *session, int64_t first, int64_t variable, int64_t n,
                          double *u);

/* Draws examples into out (n, D), variable after variable in the order of the model: each from its
 * distribution given those before it. By fixed-order kernels, so sample i is a pure function of
 * weights, seed, i, temperature and label, in whatever batch it is drawn. False when interrupted or
 * after diagnostics. */
bool armc_sample(ArmcSession *session, ArmcNet *net, const ArmcSampling *sampling,
                 const ArmcOrigin *origin, ArmcReal *out);

#endif
