/* Pictures in colour, made from grey ones when they are read: `colour=BITS`. */
#ifndef ARMC_DATA_COLOUR_H
#define ARMC_DATA_COLOUR_H

#include "runtime/data/binarize.h"
#include "runtime/data/dataset.h"

/* What `colour=` asks for becomes part of the data set: three channels of 2^BITS levels. False
 * after a diagnostic: the source has no such rule, or what else is asked for does not go with it.
 */
bool armc_colour_choose(const ArmcDataCall *call, const ArmcDataOptions *options,
                        const ArmcDataSource *source, ArmcDataset *data);

/* Pixels first .. first+n-1 of an example, first a multiple of 4: grey values (n) to colours
 * (n, 3) of 0..2^BITS-1. What is random in them are Philox words of seed 0, keyed by the example's
 * place at the source as binary draws are (draw.round is not used). */
void armc_colour_pixels(const ArmcDataset *data, ArmcBinaryDraw draw, int64_t first, int64_t n,
                        const uint8_t *grey, uint8_t *out);

#endif
