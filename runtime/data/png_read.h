/* Reads PNG files of 8-bit grey or RGB as they are: no gamma, no palette, no alpha. */
#ifndef ARMC_DATA_PNG_READ_H
#define ARMC_DATA_PNG_READ_H

#include "runtime/data/reader.h"

typedef struct ArmcPng {
    const char *path;
    const uint8_t *bytes;
    size_t length;
    int64_t height, width;
    int channels; /* 1 or 3 */
} ArmcPng;

/* Maps a file into `scratch` and reads its header. False after a diagnostic: it can't be read, is
 * no PNG, or of another kind. */
bool armc_png_open(const ArmcDataCall *call, ArmcArena *scratch, const char *path, ArmcPng *out);

/* Decodes to pixels (height, width, channels). False after a diagnostic: damaged or cut off. */
bool armc_png_decode(const ArmcDataCall *call, ArmcArena *scratch, const ArmcPng *picture,
                     uint8_t *pixels);

#endif
