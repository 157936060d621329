/* How likelihoods are told: nats, bits and bits/dim together with D and which data exactly, as text
 * or as JSON. Each line also says so where the model is `unproved`. */
#ifndef ARMC_LEARN_REPORT_H
#define ARMC_LEARN_REPORT_H

#include "runtime/learn/net.h"

typedef struct ArmcScore {
    bool known;
    double nats; /* mean over the examples */
} ArmcScore;

/* Where a training stands when it tells something. */
typedef struct ArmcStand {
    uint64_t epoch, epochs, step;
    uint64_t skipped; /* steps, in the epoch or the whole training */
    double seconds;
} ArmcStand;

/* One line an epoch: the likelihood of each split, then the last one in other units. JSON: one
 * object a split. */
void armc_report_epoch(ArmcSession *session, const ArmcNet *net,
                       const ArmcScore scores[ARMC_SPLITS], ArmcStand stand);

/* One line: a split's likelihood in all units. `event` is the word for JSON. */
void armc_report_score(ArmcSession *session, const ArmcNet *net, const char *event, ArmcSplit split,
                       double nats, ArmcStand stand);

/* One line: the loss of a step of `steps`, in as many digits as tell all its bits. */
void armc_report_step(ArmcSession *session, const ArmcNet *net, uint64_t step, uint64_t steps,
                      double nats);

/* The test split where it is known, else validation, else train. */
ArmcSplit armc_report_split(const ArmcScore scores[ARMC_SPLITS]);

#endif
