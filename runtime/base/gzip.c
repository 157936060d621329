#define ZLIB_CONST
#include "runtime/base/gzip.h"

#include <string.h>
#include <zlib.h>

enum {
    GZIP_FORMAT = 16 + MAX_WBITS, /* how zlib is told to expect gzip's header and checksum */
    STEP_BYTES = 1 << 30,         /* zlib counts in unsigned int */
};

bool armc_is_gzip(const unsigned char *bytes, size_t length)
{
    return length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static unsigned step(size_t left)
{
    return left < STEP_BYTES ? (unsigned)left : STEP_BYTES;
}

/* Unpacks what is left of `z`'s input. With `out` NULL the bytes are only counted. Returns the
 * zlib status that ended it: Z_STREAM_END when the last member is complete. */
static int inflate_all(z_stream *z, size_t input, unsigned char *out, size_t capacity,
                       size_t *total)
{
    unsigned char nowhere[4096];
    *total = 0;
    for (;;) {
        if (z->avail_in == 0)
            z->avail_in = step(input);
        input -= z->avail_in;
        z->next_out = out != NULL ? out + *total : nowhere;
        z->avail_out = out != NULL ? step(capacity - *total) : sizeof nowhere;
        unsigned room = z->avail_out;
        int status = inflate(z, Z_NO_FLUSH);
        input += z->avail_in;
        *total += room - z->avail_out;
        if (status == Z_STREAM_END && input > 0)
            status = inflateReset(z); /* another member follows */
        if (status != Z_OK)
            return status;
    }
}

static int run(const unsigned char *bytes, size_t length, unsigned char *out, size_t capacity,
               size_t *total)
{
    z_stream z = {.next_in = bytes};
    int status = inflateInit2(&z, GZIP_FORMAT);
    if (status == Z_OK)
        status = inflate_all(&z, length, out, capacity, total);
    inflateEnd(&z);
    return status;
}

/* Twice: the first pass counts, so that the arena gives exactly what is needed. (The length that
 * stands at the end of a gzip file can't be trusted.) */
unsigned char *armc_gunzip(ArmcArena *arena, const unsigned char *bytes, size_t length,
                           size_t *unpacked)
{
    size_t total;
    int status = run(bytes, length, NULL, 0, &total);
    if (status == Z_MEM_ERROR)
        armc_fault_raise(armc_arena_fault(arena), ARMC_RESOURCE, "out of memory in gunzip");
    if (status != Z_STREAM_END)
        return NULL;
    unsigned char *out = armc_arena_alloc(arena, total + 1, 1);
    size_t again;
    status = run(bytes, length, out, total + 1, &again);
    ARMC_ASSERT(status == Z_MEM_ERROR || (status == Z_STREAM_END && again == total));
    *unpacked = total;
    return status == Z_MEM_ERROR ? NULL : out;
}
