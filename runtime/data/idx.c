#define _POSIX_C_SOURCE 200809L
#include "runtime/data/idx.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/data/parts.h"
#include "runtime/data/reader.h"

enum {
    UNSIGNED_BYTE = 8, /* the element type in the magic */
    IMAGES_RANK = 3,
    LABELS_RANK = 1,
    MAX_RANK = IMAGES_RANK,
};

typedef struct Reader {
    const ArmcDataCall *call;
    const char *folder, *help;
} Reader;

typedef struct Idx {
    const char *path;
    int64_t dims[MAX_RANK];
    const uint8_t *values;
} Idx;

/* Adds a diagnostic with the reader's help; always false, for `return complain(...)`. */
__attribute__((format(printf, 3, 4))) static bool complain(const Reader *reader, ArmcDiagCode code,
                                                           const char *format, ...)
{
    const ArmcDataCall *call = reader->call;
    va_list args;
    va_start(args, format);
    const char *message = armc_arena_vprintf(call->arena, format, args);
    va_end(args);
    ArmcDiag *diag = armc_diag_add(call->diags, code, call->origin, "%s", message);
    if (reader->help != NULL)
        armc_diag_help(diag, "%s", reader->help);
    return false;
}

/* --- one file ----------------------------------------------------------------------------- */

/* The first of the spellings in which the file is published; NULL where none is there. */
static const char *find_spelling(ArmcArena *arena, const char *folder, const char *what, int rank)
{
    static const char *const spellings[][2] = {{"-", ""}, {".", ""}, {"-", ".gz"}, {".", ".gz"}};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const char *path = armc_arena_printf(arena, "%s/%s%sidx%d-ubyte%s", folder, what,
                                             spellings[i][0], rank, spellings[i][1]);
        if (access(path, F_OK) == 0)
            return path;
    }
    return NULL;
}

/* The same; a diagnostic and NULL where none is there. */
static const char *find_file(const Reader *reader, const char *what, int rank)
{
    const char *path = find_spelling(reader->call->arena, reader->folder, what, rank);
    if (path == NULL)
        complain(reader, ARMC_E_missing_file,
                 "the folder `%s` has no file %s-idx%d-ubyte, nor with .gz", reader->folder, what,
                 rank);
    return path;
}

static const uint8_t *map_file(const Reader *reader, const char *path, size_t *length)
{
    const uint8_t *bytes = armc_file_map(reader->call->arena, path, length);
    if (bytes == NULL && errno == 0)
        complain(reader, ARMC_E_bad_file, "the gzip data of `%s` are damaged or cut off", path);
    else if (bytes == NULL)
        complain(reader, ARMC_E_missing_file, "`%s` can't be read: %s", path, strerror(errno));
    return bytes;
}

static int64_t big_endian(const uint8_t *b)
{
    return (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | (int64_t)b[3];
}

static bool check_magic(const Reader *reader, const char *path, const uint8_t *b, int rank)
{
    if (b[0] == 0 && b[1] == 0 && b[2] == UNSIGNED_BYTE && b[3] == rank)
        return true;
    return complain(reader, ARMC_E_bad_file,
                    "`%s` begins with the bytes %02x %02x %02x %02x; an IDX file of bytes with "
                    "%d %s begins with 00 00 08 %02x",
                    path, b[0], b[1], b[2], b[3], rank, rank == 1 ? "axis" : "axes",
                    (unsigned)rank);
}

/* The header's size plus the product of the sizes in it; false where that is no int64. */
static bool read_sizes(const uint8_t *bytes, int rank, int64_t header, int64_t dims[],
                       int64_t *total)
{
    int64_t product = 1;
    bool overflows = false;
    for (int i = 0; i < rank; i++) {
        dims[i] = big_endian(bytes + 4 + 4 * i);
        overflows = __builtin_mul_overflow(product, dims[i], &product) || overflows;
    }
    return !overflows && !__builtin_add_overflow(product, header, total);
}

static bool parse(const Reader *reader, const uint8_t *bytes, size_t length, int rank, Idx *idx)
{
    const int64_t header = 4 + 4 * rank;
    int64_t total;
    if (length < (size_t)header)
        return complain(reader, ARMC_E_bad_file,
                        "`%s` ends at byte %zu, within its header of %" PRId64 " bytes", idx->path,
                        length, header);
    if (!check_magic(reader, idx->path, bytes, rank))
        return false;
    if (!read_sizes(bytes, rank, header, idx->dims, &total))
        return complain(reader, ARMC_E_bad_file,
                        "the sizes in the header of `%s` (bytes 4 to %" PRId64
                        ") are too large: %" PRId64 " x %" PRId64 " x %" PRId64,
                        idx->path, header - 1, idx->dims[0], idx->dims[1], idx->dims[2]);
    if (length < (size_t)total)
        return complain(reader, ARMC_E_bad_file,
                        "`%s` ends at byte %zu; by its header it should end at byte %" PRId64,
                        idx->path, length, total);
    if (length > (size_t)total)
        return complain(reader, ARMC_E_bad_file,
                        "`%s` goes on after byte %" PRId64 ", where by its header it should end "
                        "(it has %zu bytes)",
                        idx->path, total, length);
    idx->values = bytes + header;
    return true;
}

static bool read_idx(const Reader *reader, const char *what, int rank, Idx *idx)
{
    size_t length;
    idx->path = find_file(reader, what, rank);
    const uint8_t *bytes = idx->path != NULL ? map_file(reader, idx->path, &length) : NULL;
    return bytes != NULL && parse(reader, bytes, length, rank, idx);
}

/* --- a folder ----------------------------------------------------------------------------- */

static bool read_split(const Reader *reader, const char *images_name, const char *labels_name,
                       Idx *images, Idx *labels)
{
    if (!read_idx(reader, images_name, IMAGES_RANK, images) ||
        !read_idx(reader, labels_name, LABELS_RANK, labels))
        return false;
    const int64_t *dims = images->dims;
    if (dims[0] == 0)
        return complain(reader, ARMC_E_empty_data, "`%s` holds no images", images->path);
    if (dims[1] == 0 || dims[2] == 0)
        return complain(reader, ARMC_E_bad_file,
                        "the images of `%s` have no pixels: %" PRId64 "x%" PRId64, images->path,
                        dims[1], dims[2]);
    if (labels->dims[0] != dims[0])
        return complain(reader, ARMC_E_bad_file,
                        "`%s` holds %" PRId64 " labels, but `%s` %" PRId64 " images", labels->path,
                        labels->dims[0], images->path, dims[0]);
    return true;
}

static void add_split(ArmcDataset *out, ArmcSplit split, const Idx *images, const Idx *labels)
{
    out->values[split] = images->values;
    out->labels[split] = labels->values;
    out->count[split] = images->dims[0];
    for (int64_t i = 0; i < labels->dims[0]; i++)
        if (labels->values[i] >= out->classes)
            out->classes = labels->values[i] + 1;
}

bool armc_idx_open_folder(const ArmcDataCall *call, const char *folder, const char *help,
                          ArmcDataset *out)
{
    const Reader reader = {.call = call, .folder = folder, .help = help};
    Idx train = {0}, train_labels = {0}, test = {0}, test_labels = {0};
    if (!read_split(&reader, "train-images", "train-labels", &train, &train_labels) ||
        !read_split(&reader, "t10k-images", "t10k-labels", &test, &test_labels))
        return false;
    if (train.dims[1] != test.dims[1] || train.dims[2] != test.dims[2])
        return complain(
            &reader, ARMC_E_bad_file,
            "the images of `%s` are %" PRId64 "x%" PRId64 ", those of `%s` %" PRId64 "x%" PRId64,
            train.path, train.dims[1], train.dims[2], test.path, test.dims[1], test.dims[2]);
    out->rank = 3;
    out->dims[0] = train.dims[1];
    out->dims[1] = train.dims[2];
    out->dims[2] = 1;
    out->source_levels = ARMC_DATA_MAX_LEVELS;
    add_split(out, ARMC_TRAIN, &train, &train_labels);
    add_split(out, ARMC_TEST, &test, &test_labels);
    return true;
}

bool armc_idx_is_folder(ArmcArena *arena, const char *folder)
{
    return find_spelling(arena, folder, "train-images", IMAGES_RANK) != NULL;
}

/* --- a file ------------------------------------------------------------------------------- */

bool armc_idx_open_file(const ArmcDataCall *call, const char *path, ArmcDataset *out)
{
    const Reader reader = {.call = call};
    Idx idx = {.path = path};
    ArmcDataPart parts[ARMC_SPLITS] = {{.name = path, .rank = 1, .dims = {1}}};
    ArmcDataPart *part = &parts[ARMC_TRAIN];
    size_t length;
    const uint8_t *bytes = map_file(&reader, path, &length);
    int rank = bytes != NULL && length > 3 && bytes[3] >= 1 && bytes[3] <= MAX_RANK ? bytes[3] : 1;
    if (bytes == NULL || !parse(&reader, bytes, length, rank, &idx))
        return false;
    for (int i = 1; i < rank; i++)
        part->dims[i - 1] = idx.dims[i];
    if (rank == IMAGES_RANK) {
        part->rank = IMAGES_RANK;
        part->dims[2] = 1;
    }
    part->count = idx.dims[0];
    part->values = idx.values;
    part->levels = ARMC_DATA_MAX_LEVELS;
    return armc_data_take_parts(call, parts, out);
}

/* --- a folder by name --------------------------------------------------------------------- */

static bool not_found(const ArmcDataCall *call, const ArmcIdxName *named, const char *own)
{
    const char *middle =
        own != NULL
            ? own
            : armc_arena_printf(call->arena, "$ARMC_DATA/%s (ARMC_DATA is not set)", named->name);
    ArmcDiag *diag = armc_diag_add(call->diags, ARMC_E_missing_file, call->origin,
                                   "the files of the data set `%s` were not found", named->name);
    armc_diag_note(diag, (ArmcSpan){0}, "looked in data/%s, %s%s%s", named->name, middle,
                   named->packaged != NULL ? ", " : "",
                   named->packaged != NULL ? named->packaged : "");
    armc_diag_help(diag, "%s", named->help);
    return false;
}

bool armc_idx_open(const ArmcDataCall *call, const ArmcIdxName *named, ArmcDataset *out)
{
    const char *root = getenv("ARMC_DATA");
    const char *here = armc_arena_printf(call->arena, "data/%s", named->name);
    const char *own = root != NULL && *root != '\0'
                          ? armc_arena_printf(call->arena, "%s/%s", root, named->name)
                          : NULL;
    const char *const folders[] = {here, own, named->packaged};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (folders[i] != NULL && armc_data_is_folder(folders[i]))
            return armc_idx_open_folder(call, folders[i], named->help, out);
    return not_found(call, named, own);
}
