/* Arrays as NPY files. */
#ifndef ARMC_DATA_NPY_WRITE_H
#define ARMC_DATA_NPY_WRITE_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/real.h"

/* Writes (dims) numbers, the last axis fastest, as NPY 1.0 of type <f4 (<f8 in the double build).
 * The file appears under its name when it is complete; a fault where it can't be written. */
void armc_npy_write(ArmcArena *scratch, const char *path, int rank, const int64_t *dims,
                    const ArmcReal *data);

#endif
