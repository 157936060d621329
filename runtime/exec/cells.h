/* Inside the sampler: a chunk of samples, and the cells of a timetable computed for it. */
#ifndef ARMC_EXEC_CELLS_H
#define ARMC_EXEC_CELLS_H

#include "runtime/exec/changes.h"

/* How far numbers lie apart in the memory of a chunk: from one sample to the next, and in a row
 * from one feature to the next. */
typedef struct ArmcSteps {
    int64_t sample, feature;
} ArmcSteps;

/* Where the rows of a value lie in the memory of a chunk. */
typedef struct ArmcRowsPlace {
    const int64_t *at; /* by site: the first sample's feature 0; NULL: not in this memory */
    ArmcSteps steps;
} ArmcRowsPlace;

/* A node at work on a chunk: filled in for each cell, as much as differs. */
typedef struct ArmcFrame {
    ArmcRows rows;
    int64_t out_width;
    /* By input: what is the same for all samples, or NULL; how far its sites lie apart, 0: it has
     * one; features. */
    const ArmcReal *fixed[ARMC_MAX_INPUTS];
    int64_t site_step[ARMC_MAX_INPUTS], in_width[ARMC_MAX_INPUTS];
    int64_t in_apart[ARMC_MAX_INPUTS], out_apart; /* from one feature to the next */
    bool turned;                                  /* one of these is not 1 */
    /* See steady.h. For which samples it works: steady nodes share their scan's, and a scan's
     * source has its own; NULL: for all. */
    ArmcChanges *changes;
    const ArmcChanges *source; /* scans: of what is added to the state; NULL: all of it is */
    bool lists;                /* a source that lists what is not zero; else it lists all */
} ArmcFrame;

struct ArmcSampler {
    ArmcArena *arena;
    const ArmcGraph *model;
    const ArmcKernels *k;
    ArmcTimetable *table;
    ArmcSamplerPlan plan;
    const ArmcPlaceOf *places; /* of each variable's distribution */
    const ArmcReal **fixed;    /* by value id: what is the same for all samples */
    const void **prepared;     /* by node id: what its op has made of that */
    bool *lists;               /* by value id: sources that may leave out what is zero */
    ArmcPool *pool;
    ArmcRowsPlace *rows;      /* by value id */
    int64_t n, chunk, chunks; /* samples at work, in a chunk at most, chunks at most */
    int64_t room;             /* samples that memory is made for: features of a turned row begin at
                                 cache lines */
    ArmcReal **memory;        /* of each chunk */
    ArmcFrame **frames;       /* of each chunk, by id of the value that is made */
};

/* A chunk at work. */
typedef struct ArmcChunk {
    const ArmcSampler *sampler;
    ArmcReal *memory;
    ArmcFrame *frames;
    int64_t first, n;     /* samples */
    const ArmcNode *node; /* whose cell is computed */
} ArmcChunk;

/* The row of a batched value at a site: that of the chunk's first sample. */
ArmcReal *armc_cells_row(const ArmcChunk *chunk, const ArmcValue *value, int64_t site);
/* The rows of any value at a site, one for each sample; a step of 0: the same one for all. */
const ArmcReal *armc_cells_rows(const ArmcChunk *chunk, const ArmcValue *value, int64_t site,
                                int64_t *step);
/* Computes the cells of one time, -1 for those that depend on no variable. */
void armc_cells_run(ArmcChunk *chunk, int64_t time);

#endif
