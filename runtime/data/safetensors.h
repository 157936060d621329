/* The safetensors format: 8 bytes little-endian header length, a JSON header, then the tensors.
 * Header by jansson. */
#ifndef ARMC_DATA_SAFETENSORS_H
#define ARMC_DATA_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/diag.h"

enum { ARMC_TENSOR_MAX_RANK = 8 };

typedef struct ArmcTensorEntry {
    const char *name;
    const char *dtype; /* "F32", "F64", "U8", "I64", "U64", … */
    int rank;
    int64_t dims[ARMC_TENSOR_MAX_RANK];
    const void *data; /* as read: aligned for its dtype; little-endian */
    size_t bytes;
} ArmcTensorEntry;

typedef struct ArmcSafetensors {
    ArmcTensorEntry *tensors;
    size_t count;
    const char **keys, **values; /* __metadata__ */
    size_t metadata_count;
} ArmcSafetensors;

/* Reads and validates everything (lengths, overlaps, gaps, dtypes, UTF-8); NULL after a diagnostic
 * that names the file and what is wrong. Tensors and metadata come in the order of the header. */
ArmcSafetensors *armc_safetensors_read(ArmcArena *arena, ArmcDiags *diags, const ArmcOrigin *origin,
                                       const char *path);
/* NULL where there is none of that name. */
const ArmcTensorEntry *armc_safetensors_find(const ArmcSafetensors *file, const char *name);
const char *armc_safetensors_metadata(const ArmcSafetensors *file, const char *key);
/* Writes to a temporary name beside `path`, syncs, renames; tensors in the given order, the first
 * one's data 64-byte aligned (the format allows no gaps between), metadata keys in the given order.
 * Bytes that are not UTF-8 in names or metadata become U+FFFD. Faults (ARMC_RESOURCE) when the disk
 * is full or the folder can't be written; the old file stays. */
void armc_safetensors_write(ArmcArena *scratch, const char *path, const ArmcSafetensors *file);

/* Bits of an element of a dtype of the format; 0 for an unknown one. */
int armc_dtype_bits(const char *dtype);

#endif
