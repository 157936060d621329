/* Makes of a source what the options ask for: levels, binary draws, its report. */
#include "runtime/data/dataset.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/data/binarize.h"
#include "runtime/data/colour.h"
#include "runtime/data/source.h"
#include "runtime/data/splits.h"

/* --- options ------------------------------------------------------------------------------ */

/* What can be said before the data are there. */
static bool check_options(const ArmcDataCall *call, const ArmcDataOptions *options)
{
    if (options->limit < 0 || options->holdout < -1) {
        bool is_limit = options->limit < 0;
        armc_diag_add(call->diags, ARMC_E_bad_value, call->origin,
                      "%s is a number of examples, not %" PRId64, is_limit ? "limit" : "holdout",
                      is_limit ? options->limit : options->holdout);
        return false;
    }
    if (options->values != 0 && (options->values < 2 || options->values > ARMC_DATA_MAX_LEVELS)) {
        armc_diag_add(call->diags, ARMC_E_value_range, call->origin,
                      "values=%" PRId64 " is not in 2..%d", options->values, ARMC_DATA_MAX_LEVELS);
        return false;
    }
    if (options->binarize != ARMC_BINARIZE_NO && options->levels != 0 && options->levels != 2) {
        ArmcDiag *diag =
            armc_diag_add(call->diags, ARMC_E_bad_value, call->origin,
                          "binarize makes 2 levels, but levels=%" PRId64, options->levels);
        armc_diag_help(diag, "leave one of the two out");
        return false;
    }
    return true;
}

static const char *split_word(ArmcSplit split)
{
    return split == ARMC_TRAIN ? "training" : split == ARMC_VALID ? "validation" : "test";
}

/* values=K holds of all values of a split. */
static bool check_values(const ArmcDataCall *call, int64_t limit, const ArmcDataset *data,
                         ArmcSplit split)
{
    const int64_t D = data->stored, n = data->count[split] * D;
    const uint8_t *values = data->values[split];
    for (int64_t i = 0; i < n; i++) {
        if (values[i] < limit)
            continue;
        armc_diag_add(call->diags, ARMC_E_value_range, call->origin,
                      "`%s` holds %d (%s example %" PRId64 ", variable %" PRId64
                      "), but values=%" PRId64 " says 0..%" PRId64,
                      data->name, values[i], split_word(split), i / D + 1, i % D + 1, limit,
                      limit - 1);
        return false;
    }
    return true;
}

/* How many levels the source has, where the script says so. */
static bool choose_values(const ArmcDataCall *call, const ArmcDataOptions *options,
                          ArmcDataset *data)
{
    bool looks = options->values != 0 && options->values < data->source_levels;
    for (ArmcSplit split = 0; looks && split < ARMC_SPLITS; split++)
        if (!check_values(call, options->values, data, split))
            return false;
    if (options->values != 0)
        data->source_levels = (int)options->values;
    return true;
}

static bool choose_levels(const ArmcDataCall *call, const ArmcDataOptions *options,
                          ArmcDataset *data)
{
    int64_t levels = options->levels != 0 ? options->levels : data->source_levels;
    if (options->binarize != ARMC_BINARIZE_NO)
        levels = 2;
    if (levels < 2 || levels > data->source_levels) {
        ArmcDiag *diag = armc_diag_add(call->diags, ARMC_E_value_range, call->origin,
                                       "levels=%" PRId64 " is not in 2..%d, what `%s` has", levels,
                                       data->source_levels, data->name);
        armc_diag_help(diag, "levels=0 takes the values as they are: %d levels",
                       data->source_levels);
        return false;
    }
    data->levels = (int)levels;
    data->binarize = options->binarize;
    return true;
}

/* --- what get reads ----------------------------------------------------------------------- */

/* Where a split's first example stands at the source: validation ends the training file. */
static ArmcBinaryDraw first_of(const ArmcDataset *data, ArmcSplit split)
{
    return (ArmcBinaryDraw){
        .part = split == ARMC_TEST,
        .example = split != ARMC_VALID ? 0 : data->first_valid,
    };
}

/* One draw that lasts for each split but the training split under `dynamic`. */
static void keep_draws(ArmcArena *arena, ArmcDataset *data)
{
    const int64_t D = data->variables;
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++) {
        if (data->binarize == ARMC_BINARIZE_DYNAMIC && split == ARMC_TRAIN)
            continue;
        uint8_t *drawn = ARMC_NEW_ARRAY(arena, uint8_t, data->count[split] * D);
        ArmcBinaryDraw draw = first_of(data, split);
        for (int64_t i = 0; i < data->count[split]; i++, draw.example++)
            armc_binarize(draw, data->source_levels, 0, D, data->values[split] + i * D,
                          drawn + i * D);
        data->drawn[split] = drawn;
    }
}

/* floor(v K / source levels), which under `threshold` is v >= source levels / 2; what is drawn is
 * 0 or 1 already. */
static void prepare_numbers(ArmcArena *arena, ArmcDataset *data)
{
    bool draws = data->binarize == ARMC_BINARIZE_STATIC || data->binarize == ARMC_BINARIZE_DYNAMIC;
    for (int v = 0; v < ARMC_DATA_MAX_LEVELS; v++)
        data->number[v] = ARMC_R(draws ? v : v * data->levels / data->source_levels);
    if (draws)
        keep_draws(arena, data);
}

static void translate(const ArmcDataset *data, int64_t n, const uint8_t *bytes, ArmcReal *out)
{
    for (int64_t j = 0; j < n; j++)
        out[j] = data->number[bytes[j]];
}

/* An example in colour: a pixel of the source gives one of each channel. */
static void paint(const ArmcDataset *data, ArmcSplit split, int64_t example, ArmcReal *out)
{
    enum { BLOCK = 256 };
    const int64_t channels = data->variables / data->stored;
    const uint8_t *grey = data->values[split] + example * data->stored;
    uint8_t painted[BLOCK * 3];
    ArmcBinaryDraw draw = first_of(data, split);
    draw.example += example;
    ARMC_ASSERT(channels == 3);
    for (int64_t first = 0; first < data->stored; first += BLOCK) {
        int64_t n = data->stored - first < BLOCK ? data->stored - first : BLOCK;
        armc_colour_pixels(data, draw, first, n, grey + first, painted);
        translate(data, n * channels, painted, out + first * channels);
    }
}

/* An example of the training split as drawn in an epoch. */
static void draw_fresh(const ArmcDataset *data, int64_t example, uint64_t epoch, ArmcReal *out)
{
    enum { BLOCK = 256 };
    uint8_t drawn[BLOCK];
    const int64_t D = data->variables;
    const uint8_t *values = data->values[ARMC_TRAIN] + example * D;
    const ArmcBinaryDraw draw = {.round = epoch + 1, .example = example};
    for (int64_t first = 0; first < D; first += BLOCK) {
        int64_t n = D - first < BLOCK ? D - first : BLOCK;
        armc_binarize(draw, data->source_levels, first, n, values + first, drawn);
        translate(data, n, drawn, out + first);
    }
}

void armc_dataset_get(const ArmcDataset *data, ArmcSplit split, const int64_t *index, int64_t n,
                      uint64_t epoch, ArmcReal *out)
{
    const int64_t D = data->variables;
    const uint8_t *kept = data->drawn[split] != NULL ? data->drawn[split] : data->values[split];
    bool fresh = data->binarize == ARMC_BINARIZE_DYNAMIC && split == ARMC_TRAIN;
    for (int64_t i = 0; i < n; i++) {
        ARMC_ASSERT(index[i] >= 0 && index[i] < data->count[split]);
        if (data->colour != ARMC_COLOUR_NO)
            paint(data, split, index[i], out + i * D);
        else if (fresh)
            draw_fresh(data, index[i], epoch, out + i * D);
        else
            translate(data, D, kept + index[i] * D, out + i * D);
    }
}

int armc_dataset_classes(const ArmcDataset *data)
{
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++)
        if (data->count[split] > 0 && data->labels[split] == NULL)
            return 0;
    return data->classes;
}

void armc_dataset_labels(const ArmcDataset *data, ArmcSplit split, const int64_t *index, int64_t n,
                         ArmcReal *out)
{
    for (int64_t i = 0; i < n; i++) {
        ARMC_ASSERT(index[i] >= 0 && index[i] < data->count[split]);
        out[i] = (ArmcReal)data->labels[split][index[i]];
    }
}

/* --- what it is --------------------------------------------------------------------------- */

static const char *describe(ArmcArena *arena, const ArmcDataOptions *options,
                            const ArmcDataset *data)
{
    const char *kind = "";
    switch (data->binarize) {
    case ARMC_BINARIZE_NO:
        kind = armc_arena_printf(arena, "%d levels", data->levels);
        break;
    case ARMC_BINARIZE_THRESHOLD:
        kind = armc_arena_printf(arena, "binary (value >= %g)", data->source_levels / 2.0);
        break;
    case ARMC_BINARIZE_STATIC:
        kind = "static (one Bernoulli draw, seed 0)";
        break;
    case ARMC_BINARIZE_DYNAMIC:
        kind = "dynamic (a Bernoulli draw each epoch; validation and test drawn once, seed 0)";
        break;
    }
    const char *cut = data->cut_test == 0
                          ? ""
                          : armc_arena_printf(arena, ", test: the last %" PRId64, data->cut_test);
    const char *limit =
        options->limit == 0 ? "" : armc_arena_printf(arena, ", limit %" PRId64, options->limit);
    const char *colour =
        options->colour == 0
            ? ""
            : armc_arena_printf(arena, ", coloured (%" PRId64 " bits a channel, seed 0)",
                                options->colour);
    return armc_arena_printf(arena, "%s%s, %s%s%s", data->name, colour, kind, cut, limit);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return hash;
}

/* Up to SAMPLED examples of a split, evenly spread, with their labels: data that are larger than
 * memory are not read whole. */
static uint64_t hash_split(uint64_t hash, const ArmcDataset *data, ArmcSplit split)
{
    enum { SAMPLED = 1000 };
    const int64_t count = data->count[split];
    const int64_t step = count <= SAMPLED ? 1 : count / SAMPLED;
    hash = hash_bytes(hash, &count, sizeof count);
    for (int64_t i = 0; i < count; i += step) {
        hash = hash_bytes(hash, data->values[split] + i * data->stored, (size_t)data->stored);
        if (data->labels[split] != NULL)
            hash = hash_bytes(hash, data->labels[split] + i, 1);
    }
    return hash;
}

static uint64_t fingerprint(const ArmcDataset *data)
{
    const int64_t shape[] = {data->rank,    data->dims[0], data->dims[1],       data->dims[2],
                             data->dims[3], data->levels,  data->source_levels, data->binarize};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = hash_bytes(hash, data->name, strlen(data->name) + 1);
    hash = hash_bytes(hash, shape, sizeof shape);
    if (data->colour != ARMC_COLOUR_NO)
        hash = hash_bytes(hash, &data->colour, sizeof data->colour);
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++)
        hash = hash_split(hash, data, split);
    return hash;
}

/* --- all together ------------------------------------------------------------------------- */

static int64_t product(int rank, const int64_t *dims)
{
    int64_t all = 1;
    for (int i = 0; i < rank; i++) {
        bool overflows = __builtin_mul_overflow(all, dims[i], &all);
        ARMC_ASSERT(!overflows); /* the source has these values in memory */
    }
    return all;
}

ArmcDataset *armc_dataset_open(ArmcArena *arena, ArmcDiags *diags, const ArmcOrigin *origin,
                               const ArmcDataOptions *options)
{
    ArmcDataCall call = {.arena = arena, .diags = diags, .origin = origin};
    if (options->labels != NULL && *options->labels != '\0')
        call.labels = options->labels;
    ArmcDataset *data = ARMC_NEW(arena, ArmcDataset);
    data->name = armc_arena_strdup(arena, options->name);
    const ArmcDataSource *source =
        check_options(&call, options) ? armc_data_open_source(&call, data) : NULL;
    if (source == NULL)
        return NULL;
    data->stored = product(data->rank, data->dims);
    if (!choose_values(&call, options, data) || !armc_colour_choose(&call, options, source, data) ||
        !choose_levels(&call, options, data) ||
        !armc_splits_cut(&call, options, source->holdout, data))
        return NULL;
    data->variables = product(data->rank, data->dims);
    prepare_numbers(arena, data);
    data->report = describe(arena, options, data);
    data->fingerprint = fingerprint(data);
    return data;
}
