/* The static graph of a model: nodes are applications of ops, values what flows between them.
 *
 * A value is batched (one array an example) or not (parameters, constants and their gradients).
 * Nodes stand in topological order: a node's inputs are made before it. */
#ifndef ARMC_GRAPH_GRAPH_H
#define ARMC_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/diag.h"
#include "runtime/base/real.h"
#include "runtime/graph/order.h"
#include "runtime/graph/shape.h"
#include "runtime/graph/spec.h"

enum { ARMC_MAX_INPUTS = 7, ARMC_MAX_OUTPUTS = 3, ARMC_MAX_ATTRS = 6 };

typedef struct ArmcOp ArmcOp;
typedef struct ArmcDist ArmcDist;
typedef struct ArmcNode ArmcNode;
typedef struct ArmcValue ArmcValue;
typedef struct ArmcGraph ArmcGraph;

/* Feature -> group, the same at each site; a group is a maximal set of features that read the same
 * at every site. It need not be contiguous; groups are numbered in the order of their first
 * features. */
typedef struct ArmcGroups {
    int count;
    int64_t features;
    const int32_t *of;    /* NULL: all features in group 0 */
    const int64_t *first; /* of each group its first feature; NULL with `of` */
} ArmcGroups;

/* Which groups of its first input the groups of a result read, where a weight has structural zeros.
 */
typedef struct ArmcGroupReads {
    int64_t sites;        /* 1: the same at all sites */
    int words;            /* 64 groups of the input in each */
    const uint64_t *bits; /* (sites, groups of the result, words) */
} ArmcGroupReads;

struct ArmcValue {
    ArmcNode *node;
    int index; /* which of the node's outputs: 0 the result, others its state */
    int id;    /* dense within the graph */
    ArmcShape shape;
    bool batched;
    int levels; /* entries are whole numbers 0..levels-1 (the variable, and what movement ops make
                   of it); 0: reals */
    ArmcGroups groups;
    const uint8_t *mask; /* structural mask of an unbatched value: 0 where it can never be non-zero;
                            NULL: all live */
    const ArmcOrder *order; /* of the variable that it comes from, as far as it can be told; NULL:
                               raster */
    int readers;            /* nodes and outputs that need it, known while a graph is simplified */
};

/* Neighbours that a map leaves neighbours: `length` entries of the result from `to` on come from
 * the entries of the inputs from `from` on; from -1: they are 0. Length 0 closes a list. */
typedef struct ArmcMapRun {
    int64_t to, from, length;
} ArmcMapRun;
/* A map of `size` entries in runs, none of which goes over the entry `border` of what is read; NULL
 * where they are short. */
const ArmcMapRun *armc_map_runs(ArmcArena *arena, const int64_t *map, int64_t size, int64_t border);

struct ArmcNode {
    const ArmcOp *op;
    int id;
    int in_count, out_count;
    ArmcValue *in[ARMC_MAX_INPUTS];
    ArmcValue *out[ARMC_MAX_OUTPUTS];
    ArmcAttr attr[ARMC_MAX_ATTRS]; /* in the order of op->attrs */
    const ArmcOrigin *origin;
    const void *leaf;   /* leaves: ArmcParam, ArmcInput or the constant's ArmcReal array */
    const int64_t *map; /* movement ops and their gradients: output entry -> input entry, or -1 for
                           the constant 0 */
    const ArmcMapRun *runs;            /* the map in runs; NULL: there is none, or runs are short */
    const ArmcGroupReads *group_reads; /* ops with masked weights; NULL: all is live */
    const void *plan;                  /* what the op's shape hook found out, for its other hooks */
    const ArmcOrder
        *order;            /* scans and `shift`: by which they go from site to site; NULL: raster */
    const ArmcNode *after; /* not to be run before this one, though it reads nothing of it; NULL */
};

typedef enum ArmcInit {
    ARMC_INIT_ZERO,
    ARMC_INIT_ONE,
    ARMC_INIT_LECUN,
    ARMC_INIT_HE,
    ARMC_INIT_GLOROT,
    ARMC_INIT_NORMAL
} ArmcInit;

typedef struct ArmcParam {
    const char *path; /* "site_dense.weight": the key in checkpoints */
    ArmcShape shape;
    ArmcInit init;
    double scale;        /* factor on the initial values; for NORMAL the standard deviation */
    const uint8_t *mask; /* structural; NULL: all live */
    bool decay;
    int64_t size, live;   /* entries; entries that mask leaves */
    int64_t live_at_once; /* of these, what a single member of an ensemble has live */
    int64_t fan_in,
        fan_out; /* live ones, set by armc_graph_finish from how the parameter is used */
    ArmcValue *value;
    const ArmcOrigin *origin;
    ArmcReal *data; /* (size), dead entries zero; allocated by armc_params_init */
} ArmcParam;

/* What a model's `input` is bound to. */
typedef struct ArmcInput {
    const char *name;
    ArmcShape shape; /* as the data has it: 28x28x1 */
    int levels;
    bool given;                   /* `given`: conditions, cuts the proof */
    const ArmcOrder *order;       /* of its pixels or of all its entries; NULL: raster */
    const ArmcOrder *entry_order; /* the same, of its entries; set by armc_graph_input */
    ArmcValue *value;
    const ArmcOrigin *origin;
} ArmcInput;

/* Rank of an entry of the variable, and the entry of a rank. */
static inline int64_t armc_input_rank(const ArmcInput *input, int64_t entry)
{
    return armc_order_rank(input->entry_order, entry);
}
static inline int64_t armc_input_at(const ArmcInput *input, int64_t rank)
{
    return armc_order_at(input->entry_order, rank);
}

/* One `x ~ distribution`: entries of the variable and the parameters of their distribution. */
typedef struct ArmcLikelihood {
    const ArmcDist *dist;
    const int64_t *entries; /* which variables, row-major; NULL: all of them in order */
    int64_t count;          /* how many */
    ArmcValue *target;      /* count x 1 */
    ArmcValue *params;      /* count x width */
    const ArmcOrigin *origin;
} ArmcLikelihood;

/* Which variable its k-th one is. */
static inline int64_t armc_likelihood_entry(const ArmcLikelihood *likelihood, int64_t k)
{
    return likelihood->entries ? likelihood->entries[k] : k;
}

/* Where the distribution of a variable is: its likelihood, and its place among the entries of that.
 */
typedef struct ArmcPlaceOf {
    size_t likelihood;
    int64_t k;
} ArmcPlaceOf;

struct ArmcGraph {
    ArmcArena *arena;
    ArmcDiags *diags;
    ArmcNode **nodes;
    size_t node_count, node_capacity;
    int value_count;
    ArmcParam **params;
    size_t param_count, param_capacity;
    ArmcInput **inputs; /* [0] the variable, then `given`s */
    size_t input_count, input_capacity;
    ArmcLikelihood **likelihoods;
    size_t likelihood_count, likelihood_capacity;
    bool may_leak;         /* the script states `unproved` */
    const ArmcDiags *leak; /* why it is not autoregressive; NULL: proved */
    int member;            /* which one of an ensemble it is, from 0 */
    ArmcGraph **members;   /* of the first one: all that share its parameters, itself included */
    int member_count;      /* 1 where there is no ensemble */
};

ArmcGraph *armc_graph_new(ArmcArena *arena, ArmcDiags *diags);

/* Leaves. Shapes are taken as checked (positive dims, size within 2^53). */
ArmcValue *armc_graph_input(ArmcGraph *graph, const ArmcInput *input);
ArmcValue *armc_graph_param(ArmcGraph *graph, const ArmcParam *param);
ArmcValue *armc_graph_constant(ArmcGraph *graph, ArmcShape shape, const double *data,
                               const ArmcOrigin *origin);

/* Applies a public op. Checks the number of inputs and their shapes against the op's signature;
 * attrs has an entry for each of op->attrs, already checked against its spec. NULL after a
 * diagnostic. A NULL (poisoned) input gives NULL silently. */
ArmcValue *armc_graph_call(ArmcGraph *graph, const ArmcOp *op, int in_count, ArmcValue *const *in,
                           const ArmcAttr *attr, const ArmcOrigin *origin);

/* `variable[entries] ~ dist` with the parameters `params` (count x width entries in row-major
 * order, any shape): adds a likelihood. entries NULL: all. False after a diagnostic (width,
 * support, an entry covered twice). */
bool armc_graph_likelihood(ArmcGraph *graph, const ArmcDist *dist, const int64_t *entries,
                           int64_t count, ArmcValue *params, const ArmcOrigin *origin);

/* Of each variable, in `arena`. The graph must be finished: likelihoods cover the variable. */
const ArmcPlaceOf *armc_likelihood_places(ArmcArena *arena, const ArmcGraph *graph);

/* After the last statement of a model: checks that likelihoods cover the variable, sets fans of the
 * parameters. False after diagnostics. */
bool armc_graph_finish(ArmcGraph *graph, const ArmcOrigin *model);

/* Allocates and initialises all parameters in the graph's arena; the values depend on seed, path
 * and entry only. */
void armc_params_init(ArmcGraph *graph, uint64_t seed);
/* Only those without values: at the prompt a model may grow after it was trained. */
void armc_params_init_new(ArmcGraph *graph, uint64_t seed);

/* Rows of the op and distribution tables by name; NULL if there is none (internal ops are not
 * found). */
const ArmcOp *armc_op_find(const char *name);
const ArmcDist *armc_dist_find(const char *name);

#endif
