/* Reads safetensors files; safetensors_write.c writes them. */
#include "runtime/data/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/file.h"

enum {
    LENGTH_BYTES = 8,                 /* of the header's length, before the header */
    HEADER_LIMIT = 100 * 1000 * 1000, /* the format's own */
};

typedef struct Reader {
    ArmcArena *arena;
    ArmcDiags *diags;
    const ArmcOrigin *origin;
    const char *path;
    const char *buffer; /* the bytes after the header */
    size_t buffer_length;
} Reader;

/* The bytes of the buffer that a tensor claims. */
typedef struct Extent {
    uint64_t begin, end;
    const char *name;
} Extent;

/* Adds a diagnostic about the file; always false, for `return complain(...)`. */
__attribute__((format(printf, 2, 3))) static bool complain(const Reader *reader, const char *format,
                                                           ...)
{
    va_list args;
    va_start(args, format);
    const char *what = armc_arena_vprintf(reader->arena, format, args);
    va_end(args);
    armc_diag_add(reader->diags, ARMC_E_bad_file, reader->origin,
                  "`%s` is not a whole safetensors file: %s", reader->path, what);
    return false;
}

/* --- dtypes ------------------------------------------------------------------------------- */

int armc_dtype_bits(const char *dtype)
{
    static const struct {
        const char *name;
        int bits;
    } dtypes[] = {
        {"F32", 32},    {"F64", 64},    {"U8", 8},      {"I64", 64},    {"U64", 64},
        {"BOOL", 8},    {"I8", 8},      {"I16", 16},    {"U16", 16},    {"F16", 16},
        {"BF16", 16},   {"I32", 32},    {"U32", 32},    {"C64", 64},    {"F4", 4},
        {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
    };
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, dtype) == 0)
            return dtypes[i].bits;
    return 0;
}

/* The bytes of `count` elements; false where they overflow or don't fill whole bytes. */
static bool bytes_of(int64_t count, int bits, uint64_t *bytes)
{
    uint64_t all;
    if (__builtin_mul_overflow((uint64_t)count, (uint64_t)bits, &all) || all % 8 != 0)
        return false;
    *bytes = all / 8;
    return true;
}

/* --- one tensor --------------------------------------------------------------------------- */

static bool read_shape(const Reader *reader, const json_t *shape, ArmcTensorEntry *entry,
                       int64_t *count)
{
    *count = 1;
    if (!json_is_array(shape))
        return complain(reader, "tensor `%s` has no shape", entry->name);
    if (json_array_size(shape) > ARMC_TENSOR_MAX_RANK)
        return complain(reader, "tensor `%s` has %zu axes; armc reads up to %d", entry->name,
                        json_array_size(shape), ARMC_TENSOR_MAX_RANK);
    entry->rank = (int)json_array_size(shape);
    for (int i = 0; i < entry->rank; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        entry->dims[i] = json_integer_value(size);
        if (!json_is_integer(size) || entry->dims[i] < 0)
            return complain(reader, "axis %d of tensor `%s` is not a size", i, entry->name);
        if (__builtin_mul_overflow(*count, entry->dims[i], count))
            return complain(reader, "tensor `%s` has more elements than can be counted",
                            entry->name);
    }
    return true;
}

static bool read_offset(const json_t *offsets, size_t at, uint64_t *offset)
{
    const json_t *number = json_array_get(offsets, at);
    *offset = (uint64_t)json_integer_value(number);
    return json_is_integer(number) && json_integer_value(number) >= 0;
}

static bool read_extent(const Reader *reader, const json_t *offsets, uint64_t bytes, Extent *extent)
{
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !read_offset(offsets, 0, &extent->begin) || !read_offset(offsets, 1, &extent->end))
        return complain(reader, "tensor `%s` has no data_offsets [begin, end]", extent->name);
    if (extent->begin > extent->end || extent->end > reader->buffer_length)
        return complain(reader,
                        "tensor `%s` lies at bytes %" PRIu64 " to %" PRIu64
                        " of the data, which have %zu",
                        extent->name, extent->begin, extent->end, reader->buffer_length);
    if (extent->end - extent->begin != bytes)
        return complain(reader,
                        "tensor `%s` needs %" PRIu64 " bytes for its shape, and has %" PRIu64,
                        extent->name, bytes, extent->end - extent->begin);
    return true;
}

/* Other writers may put a tensor where its elements are not aligned: those are copied. */
static const void *aligned(const Reader *reader, const char *data, size_t bytes, int bits)
{
    uintptr_t alignment = bits > 8 ? (uintptr_t)bits / 8 : 1;
    if ((uintptr_t)data % alignment == 0 || bytes == 0)
        return data;
    return memcpy(armc_arena_alloc(reader->arena, bytes, 1), data, bytes);
}

static bool read_tensor(const Reader *reader, const char *name, const json_t *info,
                        ArmcTensorEntry *entry, Extent *extent)
{
    int64_t count = 0;
    uint64_t bytes;
    *entry = (ArmcTensorEntry){.name = armc_arena_strdup(reader->arena, name)};
    extent->name = entry->name;
    const char *dtype = json_string_value(json_object_get(info, "dtype"));
    if (dtype == NULL)
        return complain(reader, "tensor `%s` has no dtype", name);
    entry->dtype = armc_arena_strdup(reader->arena, dtype);
    int bits = armc_dtype_bits(dtype);
    if (bits == 0)
        return complain(reader, "tensor `%s` is of the unknown dtype `%s`", name, dtype);
    if (!read_shape(reader, json_object_get(info, "shape"), entry, &count))
        return false;
    if (!bytes_of(count, bits, &bytes))
        return complain(reader, "the elements of tensor `%s` do not fill whole bytes", name);
    if (!read_extent(reader, json_object_get(info, "data_offsets"), bytes, extent))
        return false;
    entry->bytes = (size_t)bytes;
    entry->data = aligned(reader, reader->buffer + extent->begin, entry->bytes, bits);
    return true;
}

/* --- the header --------------------------------------------------------------------------- */

static bool read_metadata(const Reader *reader, json_t *metadata, ArmcSafetensors *out)
{
    if (!json_is_object(metadata))
        return complain(reader, "its __metadata__ is not an object");
    size_t count = json_object_size(metadata);
    out->keys = ARMC_NEW_ARRAY(reader->arena, const char *, count);
    out->values = ARMC_NEW_ARRAY(reader->arena, const char *, count);
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return complain(reader, "`%s` in its __metadata__ is not a string", key);
        out->keys[out->metadata_count] = armc_arena_strdup(reader->arena, key);
        out->values[out->metadata_count++] =
            armc_arena_strdup(reader->arena, json_string_value(value));
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const Extent *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The tensors must fill the buffer without gap or overlap: no byte of the file is unaccounted for.
 */
static bool check_extents(const Reader *reader, Extent *extents, size_t count)
{
    uint64_t at = 0;
    if (count > 0)
        qsort(extents, count, sizeof *extents, by_place);
    for (size_t i = 0; i < count; at = extents[i++].end)
        if (extents[i].begin != at)
            return complain(reader,
                            "tensor `%s` begins at byte %" PRIu64
                            " of the data, but the one before ends at %" PRIu64,
                            extents[i].name, extents[i].begin, at);
    if (at != reader->buffer_length)
        return complain(reader,
                        "the last tensor ends at byte %" PRIu64 " of the data, which have %zu", at,
                        reader->buffer_length);
    return true;
}

static bool read_header(const Reader *reader, json_t *header, ArmcSafetensors *out)
{
    if (!json_is_object(header))
        return complain(reader, "its header is not an object");
    size_t size = json_object_size(header);
    out->tensors = ARMC_NEW_ARRAY(reader->arena, ArmcTensorEntry, size);
    Extent *extents = ARMC_NEW_ARRAY(reader->arena, Extent, size);
    const char *name;
    json_t *value;
    json_object_foreach(header, name, value)
    {
        size_t at = out->count;
        if (strcmp(name, "__metadata__") == 0) {
            if (!read_metadata(reader, value, out))
                return false;
            continue;
        }
        if (!read_tensor(reader, name, value, &out->tensors[at], &extents[at]))
            return false;
        out->count++;
    }
    return check_extents(reader, extents, out->count);
}

/* --- the file ----------------------------------------------------------------------------- */

static uint64_t little_endian(const char *bytes)
{
    uint64_t value = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/* Sets the reader's buffer; false where the header does not fit into the file. */
static bool split_file(Reader *reader, const char *bytes, size_t length, size_t *header_length)
{
    if (length < LENGTH_BYTES)
        return complain(reader, "it has %zu bytes, fewer than the 8 of the header's length",
                        length);
    uint64_t n = little_endian(bytes);
    if (n > HEADER_LIMIT)
        return complain(reader, "its header would have %" PRIu64 " bytes; at most %d are allowed",
                        n, HEADER_LIMIT);
    if (n > length - LENGTH_BYTES)
        return complain(reader, "it ends at byte %zu, within its header of %" PRIu64 " bytes",
                        length, n);
    *header_length = (size_t)n;
    reader->buffer = bytes + LENGTH_BYTES + n;
    reader->buffer_length = length - LENGTH_BYTES - (size_t)n;
    return true;
}

static void release_json(void *context)
{
    json_decref(*(json_t **)context);
}

/* The header's tree, which goes with the arena, also when a fault jumps away; NULL after a
 * diagnostic. */
static json_t *parse_json(const Reader *reader, const char *text, size_t length)
{
    json_t **holder = ARMC_NEW(reader->arena, json_t *);
    armc_arena_on_free(reader->arena, release_json, holder);
    json_error_t error;
    *holder = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (*holder == NULL && json_error_code(&error) == json_error_out_of_memory)
        armc_fault_raise(armc_arena_fault(reader->arena), ARMC_RESOURCE,
                         "out of memory while `%s` is read", reader->path);
    if (*holder == NULL)
        complain(reader, "its header does not read as JSON: %s", error.text);
    return *holder;
}

ArmcSafetensors *armc_safetensors_read(ArmcArena *arena, ArmcDiags *diags, const ArmcOrigin *origin,
                                       const char *path)
{
    Reader reader = {.arena = arena, .diags = diags, .origin = origin, .path = path};
    size_t length, header_length = 0;
    const char *bytes = armc_file_read(arena, path, &length);
    if (bytes == NULL) {
        armc_diag_add(diags, ARMC_E_missing_file, origin, "`%s` can't be read: %s", path,
                      strerror(errno));
        return NULL;
    }
    if (!split_file(&reader, bytes, length, &header_length))
        return NULL;
    json_t *header = parse_json(&reader, bytes + LENGTH_BYTES, header_length);
    ArmcSafetensors *out = ARMC_NEW(arena, ArmcSafetensors);
    return header != NULL && read_header(&reader, header, out) ? out : NULL;
}

const ArmcTensorEntry *armc_safetensors_find(const ArmcSafetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *armc_safetensors_metadata(const ArmcSafetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->keys[i], key) == 0)
            return file->values[i];
    return NULL;
}
