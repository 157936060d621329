/* Binary draws of grey values: x = 1 with probability v / (K - 1). */
#ifndef ARMC_DATA_BINARIZE_H
#define ARMC_DATA_BINARIZE_H

#include <stdint.h>

/* Which draw: a pure function of the example's place at the source, so that neither holdout nor
 * limit nor batches change it. */
typedef struct ArmcBinaryDraw {
    uint64_t part;   /* the file at the source: 0 training, 1 test */
    uint64_t round;  /* 0: the one draw that is kept; epoch + 1: the draw of an epoch */
    int64_t example; /* its index in that file */
} ArmcBinaryDraw;

/* Variables first .. first+n-1 of an example, first a multiple of 4: values (n) in 0..levels-1 to
 * out (n) of 0 and 1. The random bits are Philox words of seed 0. */
void armc_binarize(ArmcBinaryDraw draw, int levels, int64_t first, int64_t n, const uint8_t *values,
                   uint8_t *out);

#endif
