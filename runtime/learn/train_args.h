/* The arguments of the command train. */
#ifndef ARMC_LEARN_TRAIN_ARGS_H
#define ARMC_LEARN_TRAIN_ARGS_H

#include "runtime/learn/train.h"

enum { ARMC_TRAIN_MODEL, ARMC_TRAIN_DATA }; /* the first of them; the others go to the options */
extern const ArmcSpec armc_train_args[];

/* `to` is empty where it was not given. */
ArmcTrainOptions armc_train_args_read(const ArmcAttr *a);

/* False after a diagnostic when arguments don't go together, or with the data. */
bool armc_train_args_check(ArmcSession *session, const ArmcAttr *a, const ArmcTrainOptions *options,
                           const ArmcOrigin *origin);

#endif
