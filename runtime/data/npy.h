/* The NPY format of NumPy, versions 1.0, 2.0 and 3.0: magic, version, a header that is a Python
 * dict, the numbers. */
#ifndef ARMC_DATA_NPY_H
#define ARMC_DATA_NPY_H

#include "runtime/data/reader.h"

enum { ARMC_NPY_MAX_RANK = 32 };

/* An array of numbers as it stands in a file. */
typedef struct ArmcNpy {
    const char *name; /* for messages: the file, or the array of a file */
    const char *type; /* as in the header, "<i4" */
    char kind;        /* 'b' bool, 'i' signed, 'u' unsigned, 'f' floating point (2, 4 or 8 bytes) */
    int size;         /* bytes of a number */
    bool big_endian;
    bool fortran; /* the first axis runs fastest */
    int rank;
    int64_t dims[ARMC_NPY_MAX_RANK];
    int64_t count; /* their product */
    const uint8_t *data;
} ArmcNpy;

/* Maps a file and reads its header. False after a diagnostic: a file that can't be read, is
 * damaged, cut off or too long, or that holds something else than numbers (pickled objects,
 * records, text, complex numbers). */
bool armc_npy_open(const ArmcDataCall *call, const char *path, ArmcNpy *out);
/* The same from bytes that are there; `data` points into them. */
bool armc_npy_parse(const ArmcDataCall *call, const char *name, const uint8_t *bytes, size_t length,
                    ArmcNpy *out);

/* The numbers as bytes, last axis fastest: the file's own where that is how they stand, else
 * copied. NULL after a diagnostic where one is not a whole number in 0..255. `levels`: 256 for
 * bytes as they stand, 2 for bool, else the largest number + 1 (at least 2). */
const uint8_t *armc_npy_bytes(const ArmcDataCall *call, const ArmcNpy *npy, int *levels);

/* The numbers as doubles, last axis fastest, to out (count). */
void armc_npy_doubles(const ArmcNpy *npy, double *out);

/* The sizes of the axes as in "3x4"; "()" for a single number. */
const char *armc_npy_shape_text(ArmcArena *arena, const ArmcNpy *npy);

#endif
