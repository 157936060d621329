/* What convolutions in one and two dimensions, their transposes and their gradients have in common.
 *
 * All of them are one gathering product: along each axis tap t of output site o reads position
 * o stride + t dilation - before of an input that is widened `up` times, zeros in between and
 * around. A convolution has up = 1, its transpose (and its data gradient) stride = 1.
 *
 * Letters: a picture (y,x) of c channels, n features out, taps (i,j); a weight is a matrix of
 * (taps x c/groups) rows and n columns. */
#ifndef ARMC_OPS_CONV_H
#define ARMC_OPS_CONV_H

#include "runtime/ops/family.h"

typedef struct ArmcConvAxis {
    int64_t in, out; /* sites */
    int64_t kernel, dilation, stride, up, before;
} ArmcConvAxis;

/* The input site that tap t of output site o reads; -1: there is none. */
static inline int64_t armc_conv_source(const ArmcConvAxis *axis, int64_t o, int64_t t)
{
    int64_t at = o * axis->stride + t * axis->dilation - axis->before;
    if (at < 0 || (axis->up > 1 && at % axis->up != 0))
        return -1;
    at = axis->up > 1 ? at / axis->up : at;
    return at < axis->in ? at : -1;
}

/* Neighbouring channels of one tap that are live together. */
typedef struct ArmcConvTerm {
    int64_t y, x;            /* tap, as it is gathered */
    int64_t channel, length; /* channels of the input */
    int64_t row;             /* of the weight, for the first of them */
} ArmcConvTerm;

/* Terms from an entry on whose rows of the weight lie together, a piece of work. */
typedef struct ArmcConvChunk {
    int64_t term, at; /* the first one, and which of its channels */
    int64_t depth, row;
} ArmcConvChunk;

/* Neighbouring columns that read the same; an entry of the result is one chain over `terms`, in
 * order. */
typedef struct ArmcConvBlock {
    int64_t begin, end;
    const uint8_t *rows; /* by row of the weight: is it one of the terms'? */
    const ArmcConvTerm *terms;
    int64_t term_count;
    const ArmcConvChunk *chunks;
    int64_t chunk_count;
    /* The same terms as runs of a padded picture's row, and where their packed weight lies. */
    const ArmcRun *runs;
    int64_t run_count, depth, packed;
} ArmcConvBlock;

/* Rows of the weight's gradient whose entries of the padded picture lie together, for the columns
 * of a block. */
typedef struct ArmcConvSlice {
    int64_t offset, length, row;
    int64_t begin, end;
} ArmcConvSlice;

typedef struct ArmcConv {
    ArmcConvAxis y, x;
    int64_t c, n, groups;
    bool mirrored;               /* tap t as gathered is the last but t of the weight */
    const ArmcConvBlock *exact;  /* each column's own mask */
    const ArmcConvBlock *blocks; /* joined where that is cheaper; both are closed by an empty one */
    /* The padded picture: sites in a row, and how many rows of the result are made at a time. */
    int64_t wide, band;
    bool in_place; /* nothing is padded: the picture itself */
    const ArmcConvSlice *slices;
    int64_t slice_count, slice_depth; /* the sum of their lengths */
    int64_t packed;                   /* entries that all packed weights take at most */
} ArmcConv;

enum { ARMC_CONV_DEPTH = 128 }; /* of a chunk at most */

/* The row of the weight under tap (i,j) as gathered, of its first channel. */
static inline int64_t armc_conv_row(const ArmcConv *conv, int64_t i, int64_t j)
{
    int64_t tap = i * conv->x.kernel + j, taps = conv->y.kernel * conv->x.kernel;
    return (conv->mirrored ? taps - 1 - tap : tap) * (conv->c / conv->groups);
}

/* Which input of a convolution by packed weights is added to each site, where it has one. */
enum { ARMC_CONV_BIAS = 3 };

static inline bool armc_conv_has_bias(const ArmcNode *node)
{
    return node->in_count > ARMC_CONV_BIAS;
}

/* --- conv_shape.c --- */

enum { ARMC_CONV_STRIDE, ARMC_CONV_DILATION, ARMC_CONV_GROUPS, ARMC_CONV_PAD, ARMC_CONV_SIZE };
extern const ArmcSpec armc_conv_attrs[], armc_conv_transposed_attrs[];

/* Shape hooks: they leave an ArmcConv in the node's plan. */
bool armc_conv_shape(ArmcInfer *infer);
bool armc_conv_transposed_shape(ArmcInfer *infer);
bool armc_conv_dx_shape(ArmcInfer *infer);
bool armc_conv_dw_shape(ArmcInfer *infer);
/* The plan is there already. */
bool armc_conv_planned_shape(ArmcInfer *infer);
/* Attributes that say the same with every number written out, for gradients: a transpose has a
 * `size` as well. */
ArmcAttr *armc_conv_plain_attrs(ArmcGraph *graph, const ArmcNode *node);

/* --- conv_live.c --- */

/* Finds `exact` and `blocks`. */
void armc_conv_find_blocks(ArmcArena *arena, ArmcConv *conv, const uint8_t *mask);
/* Hooks of the row. `live` gives blocks, closed by an empty one. */
void armc_conv_groups(ArmcInfer *infer);
void armc_conv_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context);
const void *armc_conv_live(ArmcArena *arena, const ArmcNode *node, const ArmcPart *part);
int64_t armc_conv_cost(const ArmcNode *node, int64_t site, const ArmcPart *part);

/* --- conv_direct.c --- */

/* Does each site read itself alone? */
bool armc_conv_is_pointwise(const ArmcConv *conv);
/* Finds runs, slices and the size of a band. */
void armc_conv_find_runs(ArmcArena *arena, ArmcConv *conv);
/* The same node by packed weights, which are made once a step. NULL: it stays as it is. */
ArmcValue *armc_conv_fuse(ArmcGraph *graph, const ArmcNode *node);
/* A vector added to that, in the same pass, from the sum; NULL where the sum is something else. */
ArmcValue *armc_conv_from_add(ArmcGraph *graph, const ArmcNode *add);
bool armc_conv_packed_shape(ArmcInfer *infer);
void armc_conv_pack(const ArmcCall *call, int64_t task);
int64_t armc_conv_scratch(const ArmcNode *node);
/* Do conditions allow the direct way: is there scratch, was BLAS not asked for? */
bool armc_conv_is_direct(const ArmcCall *call);
int64_t armc_conv_direct_tasks(const ArmcCall *call);
void armc_conv_direct(const ArmcCall *call, int64_t task);
/* The same of rows that each read themselves alone. */
void armc_conv_rows(const ArmcRows *rows);
int64_t armc_conv_direct_dw_tasks(const ArmcCall *call);
void armc_conv_direct_dw(const ArmcCall *call, int64_t task);

/* --- conv_gather.c --- */

void armc_conv_clear(int64_t rows, int64_t width, ArmcReal *y, int64_t step);
/* Adds rows of o to those of y; o_step 0: the same to each; NULL: nothing. */
void armc_conv_add(const ArmcKernels *k, int64_t rows, int64_t width, const ArmcReal *o,
                   int64_t o_step, ArmcReal *y, int64_t step);
int64_t armc_conv_tasks(const ArmcCall *call);
void armc_conv_forward(const ArmcCall *call, int64_t task);
void armc_conv_at(const ArmcAt *at);
int64_t armc_conv_dw_tasks(const ArmcCall *call);
void armc_conv_dw_forward(const ArmcCall *call, int64_t task);

#endif
