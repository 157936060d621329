/* The likelihood of a whole split. */
#ifndef ARMC_LEARN_EVALUATE_H
#define ARMC_LEARN_EVALUATE_H

#include "runtime/learn/net.h"

/* False after a diagnostic when a data set lacks the split. A whole data set (split -1) has what it
 * has, and so does one whose shape was assumed. */
bool armc_has_split(ArmcSession *session, const ArmcDataset *data, int split,
                    const ArmcOrigin *origin);
/* Is the argument one split, with examples? False after a diagnostic that says what they are for:
 * "scores are those" of one split. */
bool armc_need_split(ArmcSession *session, const ArmcThing *data, const char *what,
                     const ArmcOrigin *origin);

/* The sum over n examples, in their order, of the nats that the last run of a program found; those
 * of each go to `each`, if it is not NULL. */
double armc_sum_nats(const ArmcProgram *program, int64_t n, int64_t variables, double *each);

/* Runs prepared EVAL programs on the n examples in the input of the first. Gives the sum of the
 * examples' nats, those of each in `each`, if it is not NULL. An ensemble's p is the mean of its
 * members' p: -log p = log n - logsumexp_m log p_m. `culprit`: the first program whose own nats are
 * not finite, else the first. */
double armc_run_nats(ArmcArena *scratch, const ArmcPrograms *programs, const ArmcStepInfo *info,
                     int64_t n, int64_t variables, double *each, const ArmcProgram **culprit);
/* Mean nats of a split, in batches, by prepared EVAL programs; those of each example go to
 * `each`, if it is not NULL. False when interrupted, or after
 * the diagnostic when a likelihood is not finite. */
bool armc_evaluate(ArmcSession *session, const ArmcNet *net, const ArmcPrograms *programs,
                   const ArmcDataset *data, ArmcSplit split, int64_t batch,
                   const ArmcOrigin *origin, double *each, double *nats);

#endif
