/* Signatures: one string that is arity, shape rule, documentation and error text at once.
 *
 *   "x[*s,k] weight[k,n] -> [*s,n]"
 *
 * Each input has a name and, in brackets, its dimensions: a letter is one dimension, the same
 * wherever it stands; *s is any number of leading dimensions; a number is itself; "..." any. An
 * input without brackets takes any shape. One with `?` behind its name may be left out; such come
 * last. The result is a list of dimensions, the name of an input
 * (its shape), "broadcast" (of all inputs), or "?" (the op's shape hook says). */
#ifndef ARMC_GRAPH_SIG_H
#define ARMC_GRAPH_SIG_H

#include "runtime/graph/op.h"

typedef struct ArmcSigShape {
    bool any;                  /* no brackets */
    bool run;                  /* begins with *s */
    int count;                 /* dimensions after the run */
    char names[ARMC_MAX_RANK]; /* a letter each, 0 for a number */
    int64_t numbers[ARMC_MAX_RANK];
} ArmcSigShape;

typedef struct ArmcSig {
    int in_count, must; /* all; those that can't be left out */
    char in_names[ARMC_MAX_INPUTS][24];
    ArmcSigShape in[ARMC_MAX_INPUTS];
    ArmcSigShape out;
    int out_same_as; /* index of an input, or -1 */
    bool out_broadcast, out_hook;
} ArmcSig;

/* The strings are ours: a malformed one is a bug and asserts. */
void armc_sig_parse(const char *text, ArmcSig *sig);

/* Sets the shape of out[0] from the inputs' shapes, or reports what was expected and found. */
bool armc_sig_infer(const ArmcSig *sig, ArmcInfer *infer);

#endif
