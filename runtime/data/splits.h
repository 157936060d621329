/* Cuts test and validation splits off the training split, and limits them. */
#ifndef ARMC_DATA_SPLITS_H
#define ARMC_DATA_SPLITS_H

#include "runtime/data/dataset.h"

/* First the test split, where the source has none; then the validation split: options->holdout, or
 * `holdout` where that is not said. False after a diagnostic. */
bool armc_splits_cut(const ArmcDataCall *call, const ArmcDataOptions *options, int64_t holdout,
                     ArmcDataset *data);

#endif
