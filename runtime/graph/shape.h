/* Shapes: the dimensions of a value without the batch. The last one counts features, those before
 * it sites: an image is H x W x C, a flattened one D x 1, a parameter whatever its use asks for. */
#ifndef ARMC_GRAPH_SHAPE_H
#define ARMC_GRAPH_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/buf.h"

enum { ARMC_MAX_RANK = 6 };

typedef struct ArmcShape {
    int rank;
    int64_t dims[ARMC_MAX_RANK];
} ArmcShape;

ArmcShape armc_shape_make(int rank, const int64_t *dims);
int64_t armc_shape_size(ArmcShape shape);     /* entries; -1 where the product overflows 2^53 */
int64_t armc_shape_features(ArmcShape shape); /* the last dimension; 1 for rank 0 */
int64_t armc_shape_sites(ArmcShape shape);    /* the product of the others */
bool armc_shape_equal(ArmcShape a, ArmcShape b);
/* Broadcasts as arrays do: aligned at the last dimension, 1 stretches. False where they don't fit.
 */
bool armc_shape_broadcast(ArmcShape a, ArmcShape b, ArmcShape *out);
/* Writes "28x28x1" ("scalar" for rank 0) into text. */
const char *armc_shape_text(ArmcShape shape, char text[static 96]);

#endif
