/* Data sets: integer-valued arrays with a train, a validation and a test split.
 *
 * To add a source of data, or a format of files: one file runtime/data/data_NAME.c that ends with
 * ARMC_DATA(name) = { ... }. */
#ifndef ARMC_DATA_DATASET_H
#define ARMC_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/diag.h"
#include "runtime/base/real.h"

enum { ARMC_DATA_MAX_RANK = 4, ARMC_DATA_MAX_LEVELS = 256 };

typedef enum ArmcSplit { ARMC_TRAIN, ARMC_VALID, ARMC_TEST, ARMC_SPLITS } ArmcSplit;
typedef enum ArmcBinarize {
    ARMC_BINARIZE_NO,
    ARMC_BINARIZE_THRESHOLD, /* v >= source levels / 2 */
    ARMC_BINARIZE_STATIC,    /* one Bernoulli draw with p = v / (source levels - 1) */
    ARMC_BINARIZE_DYNAMIC,   /* a fresh draw each epoch; validation and test as under static */
} ArmcBinarize;
/* How a source's grey pictures become coloured ones (colour.h). */
typedef enum ArmcColour {
    ARMC_COLOUR_NO,
    ARMC_COLOUR_BACKGROUND, /* the complement of a random background where there is ink */
    ARMC_COLOUR_TINT,       /* grey times a random tint of each channel */
} ArmcColour;

/* What `dataset NAME levels=… binarize=… values=… test=… holdout=… limit=… labels=…
 * colour=…` asks for; 0
 * means not said. */
typedef struct ArmcDataOptions {
    const char *name;      /* a row's name, or what a format's row reads: a path, or a name in
                              ./data or $ARMC_DATA */
    int64_t levels;        /* K: value becomes floor(v K / source levels) */
    ArmcBinarize binarize; /* sets levels to 2 */
    int64_t values;        /* the values at the source are 0..values-1; 0: as the source says */
    double test;           /* of a source without a test split, the last N examples or, below 1,
                              the last share of them; 0: a tenth */
    int64_t holdout;       /* the last N training examples validate; -1: the source's default */
    const char *labels;    /* of a source without labels: a file, or a column of a table; NULL or ""
                              means not said */
    int64_t limit;         /* at most N examples of each split, taken after holdout; 0: all */
    int64_t colour;        /* bits a channel, 1..8; 0: as at the source */
} ArmcDataOptions;

typedef struct ArmcDataset {
    const char *name;
    /* Which data exactly, for report lines: "mnist, 10 levels", "mnist, static (one Bernoulli draw,
     * seed 0)". */
    const char *report;
    int rank; /* 3 for images: height, width, channels; 1 for a table: variables */
    int64_t dims[ARMC_DATA_MAX_RANK];
    int64_t variables; /* D, the product of dims */
    int levels;        /* values are 0..levels-1 */
    int64_t count[ARMC_SPLITS];
    int64_t stored; /* values an example at the source: D, but for colour */
    /* (count, stored) as at the source, before colour, levels and binarize; may be mapped. */
    const uint8_t *values[ARMC_SPLITS];
    const uint8_t *labels[ARMC_SPLITS]; /* NULL: none */
    int classes;
    int source_levels;
    ArmcBinarize binarize;
    ArmcColour colour;
    int grey_levels, ink; /* of colour: the source's levels, and the least that is ink */
    /* Of shape, levels, options and a sample of the values: a resumed run must meet the same data.
     */
    uint64_t fingerprint;

    int64_t cut_test; /* how many examples were cut off for the test split; 0: it is the source's */

    /* For armc_dataset_get. */
    int64_t
        first_valid; /* place of the first validation example: it follows the training examples */
    const uint8_t *drawn[ARMC_SPLITS];     /* (count, D) of 0 and 1: draws made once; or NULL */
    ArmcReal number[ARMC_DATA_MAX_LEVELS]; /* what a value of drawn, else of values, becomes */
} ArmcDataset;

/* Opens a data set; NULL after diagnostics at `origin` (unknown name with the nearest, missing
 * files with how to get them, a truncated or damaged file with file name and byte offset, a value
 * out of range, empty data). Faults only for lack of memory. */
ArmcDataset *armc_dataset_open(ArmcArena *arena, ArmcDiags *diags, const ArmcOrigin *origin,
                               const ArmcDataOptions *options);

/* Examples index[0..n-1] of a split as numbers (n, D) in 0..levels-1. `epoch` chooses the draw
 * under `dynamic`; validation and test have one draw for all epochs. May be called from several
 * threads. */
void armc_dataset_get(const ArmcDataset *data, ArmcSplit split, const int64_t *index, int64_t n,
                      uint64_t epoch, ArmcReal *out);

/* How many classes the labels have; 0 where a split with examples has none. */
int armc_dataset_classes(const ArmcDataset *data);
/* The labels of examples index[0..n-1] of a split, which has them. */
void armc_dataset_labels(const ArmcDataset *data, ArmcSplit split, const int64_t *index, int64_t n,
                         ArmcReal *out);

/* What a source's `open` is called with. */
typedef struct ArmcDataCall {
    ArmcArena *arena;
    ArmcDiags *diags;
    const ArmcOrigin *origin;
    const char *path;   /* formats: what to read */
    const char *labels; /* formats that take them: where labels are; NULL: not said */
} ArmcDataCall;

/* One row a source with a name, or a format. `open` fills in rank, dims, values, labels, counts,
 * classes, source_levels, or adds a diagnostic and returns false. Where the source has no test or
 * validation split, these are cut off the training split. */
typedef struct ArmcDataSource {
    const char *name, *doc; /* doc: one line: what it is, where it is looked for */
    int64_t holdout;        /* default size of the validation split */
    bool takes_labels;      /* `open` reads call->labels */
    ArmcColour colour;      /* the rule for colour=, of pictures with one channel */
    int ink;                /* for ARMC_COLOUR_BACKGROUND: from this value on */
    /* NULL: a source with a name. Else a format: whether it reads what is at `path`, by its ending,
     * its first bytes or the files in the folder; false where nothing is. The arena is for names.
     * The first row by name that says so reads it. */
    bool (*claims)(ArmcArena *arena, const char *path);
    bool (*open)(const ArmcDataCall *call, ArmcDataset *out);
} ArmcDataSource;
#define ARMC_DATA(name) const ArmcDataSource armc_data_##name
/* NULL-terminated; written by the Makefile into build/ from the ARMC_DATA( lines it finds. */
extern const ArmcDataSource *const armc_data_sources[];

#endif
