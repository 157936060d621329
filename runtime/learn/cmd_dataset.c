#include <string.h>

#include "runtime/learn/session.h"

enum { NAME, LEVELS, BINARIZE, VALUES, TEST, HOLDOUT, LIMIT, LABELS, COLOUR };

static const ArmcSpec args[] = {
    {.name = "name",
     .kind = ARMC_SPEC_STRING,
     .doc =
         "a data set's name, looked for in ./data/NAME, $ARMC_DATA/NAME and the system's packages; "
         "or the path of a file or folder"},
    {.name = "levels",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 256,
     .doc = "values become floor(value * levels / the source's levels); 0: as at the source"},
    {.name = "binarize",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "no",
     .symbols = "no|threshold|static|dynamic",
     .doc = "two levels: by a threshold at one half, by one Bernoulli draw for good, or by a fresh "
            "draw each epoch"},
    {.name = "values",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 256,
     .doc = "the values at the source are 0..values-1, which is checked; 0: as the source says"},
    {.name = "test",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1e12,
     .doc = "of a source without a test split, that many of the last examples, or below 1 that "
            "share of them, become one; 0: a tenth"},
    {.name = "holdout",
     .kind = ARMC_SPEC_INT,
     .preset = "-1",
     .low = -1,
     .high = 1e12,
     .doc = "that many of the last training examples become the validation split; -1: as usual for "
            "this data set"},
    {.name = "limit",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 1e12,
     .doc = "at most that many examples in each split; 0: all"},
    {.name = "labels",
     .kind = ARMC_SPEC_STRING,
     .preset = "",
     .doc = "of a single NPY or CSV file: an NPY or CSV file with a label for each example, or the "
            "name or number (from 1) of the table's column that holds them"},
    {.name = "colour",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 8,
     .doc =
         "bits a channel of pictures in colour that are made from grey ones, 2 for 4 levels: mnist "
         "and digits8 on a background, fashion in a tint; 0: as at the source"},
    {.kind = ARMC_SPEC_END},
};

static bool same_options(const ArmcDataOptions *a, const ArmcDataOptions *b)
{
    return strcmp(a->name, b->name) == 0 && a->levels == b->levels && a->binarize == b->binarize &&
           a->values == b->values && !(a->test < b->test || a->test > b->test) &&
           a->holdout == b->holdout && a->limit == b->limit && strcmp(a->labels, b->labels) == 0 &&
           a->colour == b->colour;
}

/* A script is checked before it runs: the data set that the check opened serves the run too. */
static ArmcDataset *open_once(ArmcSession *session, const ArmcDataOptions *options,
                              const ArmcOrigin *origin)
{
    for (size_t i = 0; i < session->dataset_count; i++)
        if (same_options(&session->datasets[i].options, options))
            return session->datasets[i].data;
    ArmcDataset *data = armc_dataset_open(session->run, session->diags, origin, options);
    if (data != NULL)
        ARMC_PUSH(session->run, session->datasets, session->dataset_count,
                  session->dataset_capacity, ((ArmcOpenData){*options, data}));
    return data;
}

/* A data set without examples, of the shape that --input gave. */
static ArmcDataset *assume(ArmcSession *session, const ArmcDataOptions *options)
{
    ArmcDataset *data = ARMC_NEW(session->run, ArmcDataset);
    data->name = options->name;
    data->report = armc_arena_printf(session->run, "%s, shape assumed", options->name);
    data->rank = session->assumed_shape.rank;
    for (int i = 0; i < data->rank; i++)
        data->dims[i] = session->assumed_shape.dims[i];
    data->variables = armc_shape_size(session->assumed_shape);
    data->levels = session->assumed_levels;
    data->classes = session->assumed_classes;
    return data;
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    ArmcDataOptions options = {
        .name = a[NAME].text,
        .levels = a[LEVELS].i,
        .binarize = (ArmcBinarize)a[BINARIZE].i,
        .values = a[VALUES].i,
        .test = a[TEST].r,
        .holdout = a[HOLDOUT].i,
        .limit = a[LIMIT].i,
        .labels = a[LABELS].text,
        .colour = a[COLOUR].i,
    };
    ArmcDataset *data = session->assumed_shape.rank > 0 ? assume(session, &options)
                                                        : open_once(session, &options, origin);
    if (data == NULL)
        return false;
    result->kind = ARMC_THING_DATA;
    result->data = data;
    result->split = -1;
    return true;
}

ARMC_COMMAND(dataset) = {
    .name = "dataset",
    .doc = "opens a data set: `digits = dataset \"mnist\" levels=10`; digits.train, digits.valid "
           "and digits.test are its splits",
    .args = args,
    .run = run,
};
