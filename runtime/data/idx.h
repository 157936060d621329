/* The IDX format of MNIST and its kin: two zero bytes, element type, rank, big-endian sizes,
 * values. */
#ifndef ARMC_DATA_IDX_H
#define ARMC_DATA_IDX_H

#include "runtime/data/dataset.h"

/* A data set of four IDX files that has a name. */
typedef struct ArmcIdxName {
    const char *name;
    const char *packaged; /* the folder of the system's package, or NULL */
    const char *help;     /* how to get it */
} ArmcIdxName;

/* Looks in ./data/NAME, $ARMC_DATA/NAME and the package's folder; the first folder that exists is
 * the one. A diagnostic and false where there is none, or where its files are not right. */
bool armc_idx_open(const ArmcDataCall *call, const ArmcIdxName *named, ArmcDataset *out);

/* The files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-… of a folder, raw or .gz, with
 * '-' or '.' before "idx". `help` is added to errors; may be NULL. */
bool armc_idx_open_folder(const ArmcDataCall *call, const char *folder, const char *help,
                          ArmcDataset *out);

/* Whether the folder has train-images in one of the spellings. */
bool armc_idx_is_folder(ArmcArena *arena, const char *folder);

/* One file of bytes with 1 to 3 axes, raw or .gz, as training examples without labels. */
bool armc_idx_open_file(const ArmcDataCall *call, const char *path, ArmcDataset *out);

#endif
