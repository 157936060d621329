/* After a change, most of the time, the checksums of the chunks are made right again: else the
 * reader would stop at the first of them. */
#include "tests/fuzz/fuzz.h"

#include <zlib.h>

enum { SIGNATURE = 8, FRAME = 12 /* length, kind and checksum */ };

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_big_endian(uint8_t *b, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        b[i] = (uint8_t)(n >> (24 - 8 * i));
}

static void mend_checksums(uint8_t *bytes, size_t length)
{
    for (size_t at = SIGNATURE; at <= length && length - at >= FRAME;) {
        const size_t n = big_endian(bytes + at);
        if (n > length - at - FRAME)
            return;
        put_big_endian(bytes + at + 8 + n, (uint32_t)crc32(0, bytes + at + 4, (uInt)n + 4));
        at += n + FRAME;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t room, unsigned seed)
{
    length = LLVMFuzzerMutate(bytes, length, room);
    if (seed % 8 != 0)
        mend_checksums(bytes, length);
    return length;
}
