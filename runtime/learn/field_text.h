/* Receptive fields as text. */
#ifndef ARMC_LEARN_FIELD_TEXT_H
#define ARMC_LEARN_FIELD_TEXT_H

#include "runtime/graph/field.h"

/* Height x width x channels? */
bool armc_field_is_picture(const ArmcField *field);

/* "image(14,14) sees 351 of the 406 variables before it, 55 are its blind spot", no newline. */
void armc_field_put_numbers(const ArmcField *field, ArmcBuf *out);

/* A picture is drawn, a character a pixel (or a square of pixels, where it would not fit in 80
 * columns), with a line that explains the characters; of anything else the entries are listed. */
void armc_field_put_drawing(const ArmcField *field, ArmcBuf *out);

#endif
