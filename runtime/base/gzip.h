/* Unpacks gzip data (RFC 1952) by zlib. */
#ifndef ARMC_BASE_GZIP_H
#define ARMC_BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"

/* Whether the bytes begin with gzip's magic. */
bool armc_is_gzip(const unsigned char *bytes, size_t length);

/* All members one after the other, NUL-terminated, in the arena; NULL: damaged or cut off. */
unsigned char *armc_gunzip(ArmcArena *arena, const unsigned char *bytes, size_t length,
                           size_t *unpacked);

#endif
