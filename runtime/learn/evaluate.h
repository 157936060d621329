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

/* Mean nats of a split, in batches, by a prepared EVAL program; those of each example go to
 * `each`, if it is not NULL. False when interrupted, or after
 * the diagnostic when a likelihood is not finite. */
bool armc_evaluate(ArmcSession *session, const ArmcNet *net, ArmcProgram *program,
                   const ArmcDataset *data, ArmcSplit split, int64_t batch,
                   const ArmcOrigin *origin, double *each, double *nats);

#endif
