/* Runs gnuplot on a script that the caller writes. */
#ifndef ARMC_DATA_GNUPLOT_H
#define ARMC_DATA_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

#include "runtime/base/arena.h"

/* A picture in the making: begin, write commands to `script`, end. Nothing between begin and end
 * may raise a fault. The picture appears under its name only when it is whole. */
typedef struct ArmcGnuplot {
    FILE *script, *errors;
    const char *path, *temporary;
} ArmcGnuplot;

/* Chooses the terminal by the ending of `path`, .svg or else PNG. Begin and end return 0, or -1
 * and say in `why` what failed; after a failed begin there is nothing to end. */
int armc_gnuplot_begin(ArmcArena *scratch, ArmcGnuplot *plot, const char *path, char *why,
                       size_t why_size);
int armc_gnuplot_end(ArmcGnuplot *plot, char *why, size_t why_size);

/* Text between quotes, as gnuplot reads it; control characters become spaces. */
void armc_gnuplot_quote(ArmcGnuplot *plot, const char *text);

#endif
