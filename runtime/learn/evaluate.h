/* The likelihood of a whole split. */
#ifndef ARMC_LEARN_EVALUATE_H
#define ARMC_LEARN_EVALUATE_H

#include "runtime/learn/net.h"

/* The sum over n examples, in their order, of the nats that the last run of a program found. */
double armc_sum_nats(const ArmcProgram *program, int64_t n, int64_t variables);

/* Mean nats of a split, in batches, by a prepared EVAL program. False when interrupted, or after
 * the diagnostic when a likelihood is not finite. */
bool armc_evaluate(ArmcSession *session, const ArmcNet *net, ArmcProgram *program,
                   const ArmcDataset *data, ArmcSplit split, int64_t batch,
                   const ArmcOrigin *origin, double *nats);

#endif
