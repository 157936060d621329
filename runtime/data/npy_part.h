/* NumPy arrays as examples and labels. */
#ifndef ARMC_DATA_NPY_PART_H
#define ARMC_DATA_NPY_PART_H

#include "runtime/data/npy.h"
#include "runtime/data/parts.h"

/* The first axis counts examples. What is left is a table's row (N or N x D), a picture of one
 * channel (N x H x W) or the examples' own shape. False after a diagnostic. */
bool armc_npy_examples(const ArmcDataCall *call, const ArmcNpy *npy, ArmcDataPart *out);

/* N or N x 1 labels for the part's examples. False after a diagnostic. */
bool armc_npy_labels(const ArmcDataCall *call, const ArmcNpy *npy, ArmcDataPart *part);

#endif
