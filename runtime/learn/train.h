/* Training: minibatches in an order keyed by the epoch, an optimiser, a line and a checkpoint an
 * epoch. */
#ifndef ARMC_LEARN_TRAIN_H
#define ARMC_LEARN_TRAIN_H

#include "runtime/learn/net.h"
#include "runtime/learn/optim.h"

typedef struct ArmcTrainOptions {
    const ArmcOptimizer *optimizer;
    const ArmcSchedule *schedule;
    ArmcHyper hyper;
    int64_t epochs, batch;
    const char *to; /* the checkpoint */
} ArmcTrainOptions;

/* Where a training stands: with weights and optimiser, all that the rest of it depends on. */
typedef struct ArmcTrainState {
    uint64_t step, epoch; /* done so far */
    uint64_t position;    /* examples of the epoch under way that were used */
    double loss_sum;      /* of their nats */
    double best;          /* the least validation nats; infinite before the first */
} ArmcTrainState;

typedef struct ArmcTraining {
    ArmcSession *session;
    ArmcNet *net;
    const ArmcDataset *data;
    const ArmcOrigin *origin;
    ArmcTrainOptions options;
    ArmcArena *arena;     /* lives as long as the training */
    ArmcProgram *program; /* TRAIN */
    ArmcProgram *eval;    /* NULL: there is nothing to evaluate on */
    ArmcOptim *optim;
    const ArmcReal **gradient; /* of each parameter */
    int64_t *order;            /* of the examples in this epoch */
    uint64_t steps;            /* of the whole training */
    ArmcTrainState state;
    ArmcMetrics *metrics;
    uint64_t first_step; /* of this process */
    double started, seconds_before,
        saved; /* clock at the start; seconds of earlier processes; clock at the last save */
} ArmcTraining;

/* Compiles and prepares; weights are initialised or loaded (--resume). NULL after diagnostics. In
 * `arena`. */
ArmcTraining *armc_training_new(ArmcSession *session, ArmcArena *arena, ArmcNet *net,
                                const ArmcDataset *data, const ArmcTrainOptions *options,
                                const ArmcOrigin *origin);
/* Only what can be known without computing: shapes, memory. The plan goes to the net. False after
 * diagnostics. */
bool armc_training_check(ArmcSession *session, ArmcNet *net, const ArmcDataset *data,
                         const ArmcTrainOptions *options, const ArmcOrigin *origin);
bool armc_training_is_done(const ArmcTraining *training);
/* One minibatch: loss, gradient, update. False after the diagnostic when something is not finite;
 * nothing was updated then. `nats` is the mean over the minibatch. */
bool armc_training_step(ArmcTraining *training, double *nats);
/* The same on the first minibatch of the epoch again: for measuring. */
bool armc_training_again(ArmcTraining *training, double *nats);
/* All epochs that are left. False after a diagnostic, or when interrupted (a checkpoint was
 * written). */
bool armc_training_run(ArmcTraining *training);

#endif
