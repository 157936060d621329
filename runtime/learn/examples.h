/* Examples that a model made, written as a picture or as numbers. */
#ifndef ARMC_LEARN_EXAMPLES_H
#define ARMC_LEARN_EXAMPLES_H

#include "runtime/data/picture.h"
#include "runtime/learn/net.h"

/* Can examples of this net be written to this path: by its ending (.png only of pictures, .csv,
 * .npy), and is there room for a file? False after a diagnostic. */
bool armc_can_write_examples(ArmcSession *session, const ArmcNet *net, const char *to,
                             const ArmcOrigin *origin);
/* Writes n examples (n, D). A .png shows `pictures` instead where they are given: their n, columns,
 * band and examples. */
void armc_write_examples(ArmcArena *scratch, const ArmcNet *net, const char *to, int64_t n,
                         const ArmcReal *examples, const ArmcPictures *pictures);
/* Height x width x channels, channels 1 or 3. */
bool armc_is_picture(ArmcShape shape);

#endif
