/* ZIP archives as NumPy writes them: stored or deflated members, ZIP64. */
#ifndef ARMC_DATA_ZIP_H
#define ARMC_DATA_ZIP_H

#include "runtime/data/reader.h"

typedef struct ArmcZipMember {
    const char *name;
    uint16_t method; /* 0 stored, 8 deflated */
    uint16_t flags;
    uint32_t crc;
    uint64_t packed, unpacked; /* bytes */
    uint64_t header;           /* place of its local header */
} ArmcZipMember;

typedef struct ArmcZip {
    const char *path;
    const uint8_t *bytes;
    size_t length;
    ArmcZipMember *members;
    size_t count;
} ArmcZip;

/* Reads the directory at the archive's end. False after a diagnostic. */
bool armc_zip_open(const ArmcDataCall *call, const char *path, ArmcZip *out);

/* A member's bytes: a stored member's are the file's own (and not checked against the checksum, so
 * that they need not be read); a deflated one is unpacked. NULL after a diagnostic. */
const uint8_t *armc_zip_read(const ArmcDataCall *call, const ArmcZip *zip,
                             const ArmcZipMember *member, size_t *length);

#endif
