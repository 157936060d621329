/* Arrays of examples, as the readers of files find them, become the splits of a data set. */
#ifndef ARMC_DATA_PARTS_H
#define ARMC_DATA_PARTS_H

#include "runtime/data/dataset.h"

/* The examples of a file, or of an array of a file. */
typedef struct ArmcDataPart {
    const char *name; /* for messages */
    int rank;         /* of one example; 1 for a table */
    int64_t dims[ARMC_DATA_MAX_RANK];
    int64_t count;
    const uint8_t *values; /* (count, dims) */
    const uint8_t *labels; /* (count), or NULL */
    int levels;            /* the values are 0..levels-1 */
} ArmcDataPart;

/* The parts of the splits (count 0 and name NULL: there is none), of the same shape and with or
 * without labels together. Levels are the most of a part. False after a diagnostic: another shape,
 * a part without examples or without values. */
bool armc_data_take_parts(const ArmcDataCall *call, const ArmcDataPart parts[ARMC_SPLITS],
                          ArmcDataset *out);

#endif
