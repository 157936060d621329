#define ZLIB_CONST
#include "runtime/data/zip.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

enum {
    END_BYTES = 22, /* of the record that ends an archive, without its comment */
    END64_BYTES = 56,
    LOCATOR_BYTES = 20, /* of what leads to the ZIP64 record, right before the end record */
    ENTRY_BYTES = 46,   /* of an entry of the directory, without name, extra fields, comment */
    LOCAL_BYTES = 30,
    COMMENT_BYTES = 65535, /* the most that may follow the end record */
    ZIP64_FIELD = 1,
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1,
    DEFLATE_LIMIT = 1032, /* to 1: more than this deflate can't pack */
    STEP_BYTES = 1 << 30, /* zlib counts in unsigned int */
};

/* Where the directory of an archive is. */
typedef struct Directory {
    uint64_t count, length, begin;
} Directory;

static uint64_t little_endian(const uint8_t *b, int n)
{
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--)
        value = value << 8 | b[i];
    return value;
}

static bool damaged(const ArmcDataCall *call, const ArmcZip *zip, uint64_t at, const char *what)
{
    return armc_data_complain(call, ARMC_E_bad_file, "`%s` is damaged at byte %" PRIu64 ": %s",
                              zip->path, at, what);
}

/* Whether n bytes from `begin` on are within the file. */
static bool is_inside(const ArmcZip *zip, uint64_t begin, uint64_t n)
{
    return begin <= zip->length && n <= zip->length - begin;
}

/* --- the directory ------------------------------------------------------------------------ */

/* The place of the end record, searched from the end on; false: there is none. */
static bool find_end(const ArmcZip *zip, size_t *place)
{
    if (zip->length < END_BYTES)
        return false;
    for (size_t back = END_BYTES; back <= END_BYTES + COMMENT_BYTES && back <= zip->length;
         back++) {
        const uint8_t *b = zip->bytes + zip->length - back;
        if (memcmp(b, "PK\5\6", 4) == 0 && little_endian(b + 20, 2) == back - END_BYTES) {
            *place = zip->length - back;
            return true;
        }
    }
    return false;
}

/* What the ZIP64 record says, where one stands before the end record. */
static void read_end64(const ArmcZip *zip, size_t end, Directory *directory)
{
    if (end < LOCATOR_BYTES || memcmp(zip->bytes + end - LOCATOR_BYTES, "PK\6\7", 4) != 0)
        return;
    const uint64_t at = little_endian(zip->bytes + end - LOCATOR_BYTES + 8, 8);
    if (!is_inside(zip, at, END64_BYTES) || memcmp(zip->bytes + at, "PK\6\6", 4) != 0)
        return;
    const uint8_t *b = zip->bytes + at;
    directory->count = little_endian(b + 32, 8);
    directory->length = little_endian(b + 40, 8);
    directory->begin = little_endian(b + 48, 8);
}

/* Sizes and places of 4 bytes that are all ones stand in the ZIP64 field, in this order. */
static void read_zip64(const uint8_t *extra, size_t n, ArmcZipMember *member)
{
    uint64_t *const wide[] = {&member->unpacked, &member->packed, &member->header};
    while (n >= 4) {
        const size_t size = (size_t)little_endian(extra + 2, 2);
        if (size > n - 4)
            return;
        size_t at = 0;
        for (size_t i = 0; little_endian(extra, 2) == ZIP64_FIELD && i < 3; i++) {
            if (*wide[i] != UINT32_MAX || at + 8 > size)
                continue;
            *wide[i] = little_endian(extra + 4 + at, 8);
            at += 8;
        }
        extra += 4 + size;
        n -= 4 + size;
    }
}

/* The entry at `at`, which moves behind it. */
static bool read_entry(const ArmcDataCall *call, const ArmcZip *zip, uint64_t *at,
                       ArmcZipMember *member)
{
    const uint8_t *b = zip->bytes + *at;
    if (!is_inside(zip, *at, ENTRY_BYTES) || memcmp(b, "PK\1\2", 4) != 0)
        return damaged(call, zip, *at, "an entry of the archive's directory is missing");
    const size_t name = (size_t)little_endian(b + 28, 2), extra = (size_t)little_endian(b + 30, 2);
    const size_t all = ENTRY_BYTES + name + extra + (size_t)little_endian(b + 32, 2);
    if (!is_inside(zip, *at, all))
        return damaged(call, zip, *at, "an entry of the archive's directory is cut off");
    *member = (ArmcZipMember){
        .name = armc_arena_strndup(call->arena, (const char *)b + ENTRY_BYTES, name),
        .flags = (uint16_t)little_endian(b + 8, 2),
        .method = (uint16_t)little_endian(b + 10, 2),
        .crc = (uint32_t)little_endian(b + 16, 4),
        .packed = little_endian(b + 20, 4),
        .unpacked = little_endian(b + 24, 4),
        .header = little_endian(b + 42, 4),
    };
    read_zip64(b + ENTRY_BYTES + name, extra, member);
    *at += all;
    return true;
}

bool armc_zip_open(const ArmcDataCall *call, const char *path, ArmcZip *out)
{
    size_t end;
    *out = (ArmcZip){.path = path};
    out->bytes = armc_data_map(call, path, &out->length);
    if (out->bytes == NULL)
        return false;
    if (!find_end(out, &end))
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` is no ZIP archive, or it is cut off: it has no directory "
                                  "at its end",
                                  path);
    const uint8_t *b = out->bytes + end;
    Directory directory = {
        .count = little_endian(b + 10, 2),
        .begin = little_endian(b + 16, 4),
    };
    read_end64(out, end, &directory);
    if (directory.count > out->length / ENTRY_BYTES)
        return damaged(call, out, end, "the archive's directory is longer than the file");
    out->members = ARMC_NEW_ARRAY(call->arena, ArmcZipMember, directory.count);
    uint64_t at = directory.begin;
    for (; out->count < directory.count; out->count++)
        if (!read_entry(call, out, &at, &out->members[out->count]))
            return false;
    return true;
}

/* --- a member ----------------------------------------------------------------------------- */

static int inflate_all(z_stream *z, uint64_t packed, uint8_t *out, uint64_t unpacked)
{
    int status = Z_OK;
    z->next_out = out;
    while (status == Z_OK) {
        if (z->avail_in == 0) {
            z->avail_in = packed < STEP_BYTES ? (unsigned)packed : STEP_BYTES;
            packed -= z->avail_in;
        }
        uint64_t room = unpacked - (uint64_t)(z->next_out - out);
        z->avail_out = room < STEP_BYTES ? (unsigned)room : STEP_BYTES;
        status = inflate(z, Z_NO_FLUSH);
    }
    bool complete = status == Z_STREAM_END && (uint64_t)(z->next_out - out) == unpacked;
    return complete ? Z_OK : status == Z_MEM_ERROR ? Z_MEM_ERROR : Z_DATA_ERROR;
}

static uint32_t checksum(const uint8_t *bytes, uint64_t n)
{
    uLong crc = crc32(0, NULL, 0);
    while (n > 0) {
        unsigned step = n < STEP_BYTES ? (unsigned)n : STEP_BYTES;
        crc = crc32(crc, bytes, step);
        bytes += step;
        n -= step;
    }
    return (uint32_t)crc;
}

static const uint8_t *unpack(const ArmcDataCall *call, const ArmcZip *zip,
                             const ArmcZipMember *member, const uint8_t *packed)
{
    const char *text = "its length is none that deflate can make";
    int status = Z_DATA_ERROR;
    uint8_t *out = NULL;
    if (member->unpacked / DEFLATE_LIMIT <= member->packed) {
        text = "its deflated data are damaged";
        out = armc_arena_alloc(call->arena, (size_t)member->unpacked + 1, 1);
        z_stream z = {.next_in = packed};
        status = inflateInit2(&z, -MAX_WBITS);
        if (status == Z_OK)
            status = inflate_all(&z, member->packed, out, member->unpacked);
        inflateEnd(&z);
    }
    if (status == Z_MEM_ERROR)
        armc_fault_raise(armc_arena_fault(call->arena), ARMC_RESOURCE,
                         "out of memory while `%s` is unpacked", zip->path);
    if (status == Z_OK && checksum(out, member->unpacked) == member->crc)
        return out;
    armc_data_complain(call, ARMC_E_bad_file, "`%s` in `%s` is damaged: %s", member->name,
                       zip->path, status == Z_OK ? "its checksum is another" : text);
    return NULL;
}

static bool check_member(const ArmcDataCall *call, const ArmcZip *zip, const ArmcZipMember *member)
{
    if ((member->method == STORED || member->method == DEFLATED) && !(member->flags & ENCRYPTED))
        return true;
    return armc_data_complain(call, ARMC_E_bad_file,
                              "`%s` in `%s` is packed in another way (method %d%s) than stored or "
                              "deflated",
                              member->name, zip->path, member->method,
                              member->flags & ENCRYPTED ? ", encrypted" : "");
}

const uint8_t *armc_zip_read(const ArmcDataCall *call, const ArmcZip *zip,
                             const ArmcZipMember *member, size_t *length)
{
    const uint64_t at = member->header;
    if (!check_member(call, zip, member))
        return NULL;
    if (!is_inside(zip, at, LOCAL_BYTES) || memcmp(zip->bytes + at, "PK\3\4", 4) != 0) {
        damaged(call, zip, at, "a member should begin here");
        return NULL;
    }
    const uint8_t *b = zip->bytes + at;
    const uint64_t begin = at + LOCAL_BYTES + little_endian(b + 26, 2) + little_endian(b + 28, 2);
    bool stored = member->method == STORED;
    if (!is_inside(zip, begin, member->packed) || (stored && member->packed != member->unpacked)) {
        damaged(call, zip, at, "the member that begins here is cut off");
        return NULL;
    }
    *length = (size_t)member->unpacked;
    return stored ? zip->bytes + begin : unpack(call, zip, member, zip->bytes + begin);
}
