/* Receptive fields as pictures. */
#ifndef ARMC_LEARN_FIELD_PICTURE_H
#define ARMC_LEARN_FIELD_PICTURE_H

#include "runtime/graph/field.h"

/* A PNG of two panels, pixels enlarged. Left the field, each pixel in as many stripes as it has
 * channels: seen blue, before it but not seen orange, not before it grey (and red where it is seen
 * all the same), the variable itself black. Right the gradient (D), of each pixel the largest over
 * its channels: blue, four powers of ten from dark to pale, white where it is zero. */
void armc_field_write_picture(ArmcArena *scratch, const char *path, const ArmcField *field,
                              const double *gradient);

#endif
