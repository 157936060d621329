/* Pictures that a run leaves behind: PNG grids of samples, plots from CSV. */
#ifndef ARMC_DATA_PICTURE_H
#define ARMC_DATA_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/real.h"

/* Writes 8-bit grey (channels 1) or RGB (3) pixels (height, width, channels) as PNG: temporary
 * name, then rename. Faults on failure. */
void armc_png_write(ArmcArena *scratch, const char *path, int64_t height, int64_t width,
                    int channels, const uint8_t *pixels);

/* Examples (n, height, width, channels), channels 1 or 3, values 0..levels-1; -1 is unknown. */
typedef struct ArmcPictures {
    int64_t n, height, width;
    int channels, levels;
    const ArmcReal *examples;
    int64_t columns; /* of the grid; 0: near-square */
    int64_t band;    /* so many rows stand together, with a wider gap behind; 0: all rows */
} ArmcPictures;

/* Writes them as a grid with thin grey gaps, values stretched to 0..255, small pictures enlarged by
 * a whole factor so that the grid is about 600 pixels wide. What is unknown is blue. */
void armc_png_write_grid(ArmcArena *scratch, const char *path, const ArmcPictures *pictures);

/* Draws the loss curves of a metrics CSV (columns step,epoch,split,nats,bits,bits_per_dim,seconds;
 * comment lines begin with #) by gnuplot into .png or .svg by the name's ending: train per
 * minibatch (thin, with a smoothed line), validation and test per epoch; x = steps, y = nats an
 * example, second axis bits/dim when variables > 0. Returns 0; -1 and fills `why` where the CSV
 * can't be read, gnuplot is missing or fails. */
int armc_plot_loss(ArmcArena *scratch, const char *csv, const char *path, const char *title,
                   int64_t variables, char *why, size_t why_size);

#endif
