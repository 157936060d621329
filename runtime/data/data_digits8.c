#include "runtime/data/dataset.h"

enum {
    PIXELS = 64,
    TRAIN = 1497, /* in file order; the rest is the test split */
    LEVELS = 17,
    CLASSES = 10,
};

static const char rows[][PIXELS + 2] = {
#include "runtime/data/digits8.inc"
};

/* A digit to base 17. */
static uint8_t value_of(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void unpack(int64_t count, uint8_t *values, uint8_t *labels)
{
    for (int64_t i = 0; i < count; i++) {
        for (int64_t j = 0; j < PIXELS; j++)
            values[i * PIXELS + j] = value_of(rows[i][j]);
        labels[i] = value_of(rows[i][PIXELS]);
    }
}

static bool open_digits8(const ArmcDataCall *call, ArmcDataset *out)
{
    const int64_t count = (int64_t)(sizeof rows / sizeof *rows);
    uint8_t *values = ARMC_NEW_ARRAY(call->arena, uint8_t, count * PIXELS);
    uint8_t *labels = ARMC_NEW_ARRAY(call->arena, uint8_t, count);
    unpack(count, values, labels);
    out->rank = 3;
    out->dims[0] = 8;
    out->dims[1] = 8;
    out->dims[2] = 1;
    out->source_levels = LEVELS;
    out->classes = CLASSES;
    out->count[ARMC_TRAIN] = TRAIN;
    out->count[ARMC_TEST] = count - TRAIN;
    out->values[ARMC_TRAIN] = values;
    out->values[ARMC_TEST] = values + TRAIN * PIXELS;
    out->labels[ARMC_TRAIN] = labels;
    out->labels[ARMC_TEST] = labels + TRAIN;
    return true;
}

ARMC_DATA(digits8) = {
    .name = "digits8",
    .doc =
        "handwritten digits, 8x8, 17 levels, 1,497 + 300 (Alpaydin, Kaynak 1998, UCI, CC BY 4.0); "
        "inside the binary",
    .holdout = 200,
    .colour = ARMC_COLOUR_BACKGROUND,
    .ink = LEVELS / 2,
    .open = open_digits8,
};
