/* Files: whole reads, maps, gzip, atomic writes. */
#ifndef ARMC_BASE_FILE_H
#define ARMC_BASE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "runtime/base/arena.h"

/* The whole file, NUL-terminated, in the arena; NULL (and errno) where it can't be read. A pipe
 * gives at most 16 MB (EFBIG). */
char *armc_file_read(ArmcArena *arena, const char *path, size_t *length);

/* The bytes of a regular file, not NUL-terminated: mapped until the arena goes, or unpacked into
 * the arena where the file begins with gzip's magic. NULL and errno where it can't be read; NULL
 * and errno 0: damaged gzip data. */
const unsigned char *armc_file_map(ArmcArena *arena, const char *path, size_t *length);

/* A file that appears under its name only when it is complete: create, write through `stream`,
 * commit (flush, fsync, rename, fsync of the folder) or drop. Until then it is PATH.part; when
 * anything fails that is removed, the old file stands, and a fault says path and reason.
 * What is no regular file (/dev/stdout, a pipe) is written in place. */
typedef struct ArmcNewFile {
    FILE *stream;
    char *path, *temporary; /* temporary NULL: written in place */
    ArmcFault *fault;
} ArmcNewFile;

void armc_file_create(ArmcArena *scratch, ArmcNewFile *file, const char *path);
void armc_file_commit(ArmcNewFile *file);
void armc_file_drop(ArmcNewFile *file);

#endif
