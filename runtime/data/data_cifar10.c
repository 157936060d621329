/* CIFAR-10's binary version: records of a label and a 32x32 picture, whose three colours follow one
 * another. */
#include <inttypes.h>

#include "runtime/data/parts.h"
#include "runtime/data/reader.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE, COLOURS = 3, RECORD = 1 + PIXELS * COLOURS, CLASSES = 10 };

typedef struct Batch {
    const char *path;
    const uint8_t *records;
    int64_t count;
} Batch;

static bool claims(ArmcArena *arena, const char *path)
{
    return armc_data_is_file(armc_arena_printf(arena, "%s/data_batch_1.bin", path));
}

static bool map_batch(const ArmcDataCall *call, const char *name, Batch *batch)
{
    size_t length;
    batch->path = armc_arena_printf(call->arena, "%s/%s", call->path, name);
    batch->records = armc_data_map(call, batch->path, &length);
    if (batch->records == NULL)
        return false;
    if (length % RECORD != 0)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` ends at byte %zu, within a record; records of CIFAR-10 "
                                  "have %d bytes",
                                  batch->path, length, RECORD);
    batch->count = (int64_t)(length / RECORD);
    return true;
}

static bool unpack(const ArmcDataCall *call, const Batch *batch, int64_t i, uint8_t *pixels,
                   uint8_t *label)
{
    const uint8_t *record = batch->records + i * RECORD;
    *label = record[0];
    for (int64_t j = 0; j < PIXELS; j++)
        for (int64_t c = 0; c < COLOURS; c++)
            pixels[j * COLOURS + c] = record[1 + c * PIXELS + j];
    return *label < CLASSES || armc_data_complain(call, ARMC_E_bad_file,
                                                  "`%s` has the label %d at byte %" PRId64
                                                  "; labels of CIFAR-10 are 0..%d",
                                                  batch->path, *label, i * RECORD, CLASSES - 1);
}

static bool unpack_all(const ArmcDataCall *call, const Batch *batches, size_t n, ArmcDataPart *out)
{
    *out =
        (ArmcDataPart){.name = call->path, .rank = 3, .dims = {SIDE, SIDE, COLOURS}, .levels = 256};
    for (size_t b = 0; b < n; b++)
        out->count += batches[b].count;
    uint8_t *values = ARMC_NEW_ARRAY(call->arena, uint8_t, out->count * PIXELS * COLOURS);
    uint8_t *labels = ARMC_NEW_ARRAY(call->arena, uint8_t, out->count);
    int64_t at = 0;
    for (size_t b = 0; b < n; b++)
        for (int64_t i = 0; i < batches[b].count; i++, at++)
            if (!unpack(call, &batches[b], i, values + at * PIXELS * COLOURS, labels + at))
                return false;
    out->values = values;
    out->labels = labels;
    return true;
}

static bool open_cifar10(const ArmcDataCall *call, ArmcDataset *out)
{
    static const char *const names[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                        "data_batch_4.bin", "data_batch_5.bin"};
    enum { TRAINING = sizeof names / sizeof *names };
    Batch batches[TRAINING], test;
    ArmcDataPart parts[ARMC_SPLITS] = {0};
    for (size_t b = 0; b < TRAINING; b++)
        if (!map_batch(call, names[b], &batches[b]))
            return false;
    if (!map_batch(call, "test_batch.bin", &test) ||
        !unpack_all(call, batches, TRAINING, &parts[ARMC_TRAIN]) ||
        !unpack_all(call, &test, 1, &parts[ARMC_TEST]) || !armc_data_take_parts(call, parts, out))
        return false;
    out->classes = CLASSES;
    return true;
}

ARMC_DATA(cifar10) = {
    .name = "cifar10",
    .doc = "a folder with data_batch_1.bin .. data_batch_5.bin and test_batch.bin: CIFAR-10's "
           "binary version, 32x32x3, 256 levels (Krizhevsky 2009)",
    .claims = claims,
    .open = open_cifar10,
};
