/* The op table: one row an op, in the file runtime/ops/op_*.c that ends with ARMC_OP(name) = { ...
 * }. The Makefile scans for the rows and writes the registry; there is no enum, no switch and no
 * second list.
 *
 * A row says what the op is (doc, signature, attributes, shape), what it depends on (reads, groups,
 * order, state), its derivative (vjp appends nodes) and its arithmetic. Ops that work on one site
 * at a time give `rows`, from which whole arrays, fused chains, site loops and single entries are
 * derived; others give `forward`; movement ops give one index map. */
#ifndef ARMC_GRAPH_OP_H
#define ARMC_GRAPH_OP_H

#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"

/* What a step is about: the same for all ops of a run. */
typedef struct ArmcStepInfo {
    uint64_t seed;
    uint64_t epoch, step;
    const int64_t *example; /* index in the data of each example in the batch: part of the key of
                               random draws */
    bool training;
} ArmcStepInfo;

/* A piece of work for `rows`: n rows (feature vectors) of inputs and outputs, either of one site
 * (site >= 0: consecutive examples) or of consecutive (example, site) pairs (site < 0). */
typedef struct ArmcRows {
    const ArmcNode *node;
    const ArmcKernels *k;
    const ArmcStepInfo *info;
    int64_t n, site, sites;
    int64_t first; /* site >= 0: the first row's example; else the index example * sites + site of
                      the first row */
    const ArmcReal *in[ARMC_MAX_INPUTS]; /* row inputs: the first row; slice inputs: the site's
                                            slice; whole inputs: all */
    int64_t in_step[ARMC_MAX_INPUTS];  /* row inputs: entries from one row to the next, 0: the same
                                          for all */
    int64_t in_width[ARMC_MAX_INPUTS]; /* row inputs: features in a row */
    ArmcReal *out; /* row output: the first row; sums: added to (whole, or the site's slice) */
    int64_t out_step, out_width;
    /* For `part` of an op with `pieces`: the rows of the first input lie side by side, in_step is
     * 1, and their features so far apart; the same for the result. 0 and 1: features lie side by
     * side. What is turned in the result is turned in the input. */
    int64_t in_apart, out_apart;
    ArmcReal *state;    /* scans: n rows of `out_width`, carried from site to site */
    int64_t state_step; /* from one of its rows to the next */
    ArmcReal
        *next; /* scans: where `advance` puts the next site's state: `state` itself, or beside it */
    const ArmcReal *onto; /* for ops with ARMC_OP_ACCUMULATES or ARMC_OP_ADDS: rows that are added
                             to the result, lying as `out`'s do; NULL: none */
} ArmcRows;

/* A part of a row: some neighbouring features of a result at one site, as the sampler computes
 * them. */
typedef struct ArmcPart {
    int64_t begin, end;
    const void *live; /* what `live` of the op found out about them; NULL: it has none */
} ArmcPart;

/* Some terms of a part, computed at a time: the rank of the last variable that they depend on. */
typedef struct ArmcPiece {
    const ArmcPart *part;
    int64_t time;
} ArmcPiece;

typedef struct ArmcPieces {
    ArmcPiece *items;
    size_t count;
} ArmcPieces;

/* A piece of work for `at`: part of a result's row at one site, from any rows of the inputs. */
typedef struct ArmcAt {
    const ArmcNode *node;
    const ArmcKernels *k;
    int64_t n, site;
    const ArmcPart *part;
    /* The first of n rows of an input (-1: of the result itself, an earlier entry) at a site, and
     * how far they lie apart. */
    const ArmcReal *(*row)(const void *context, int input, int64_t site, int64_t *step);
    const void *context;
    ArmcReal *out; /* the row's feature 0 */
    int64_t out_step;
    int64_t state_at;     /* ops with `state`: behind each row of the result, so far from feature 0,
                             lies the state */
    const void *prepared; /* what `prepare` gave; NULL: the op has none */
} ArmcAt;

/* What is there once for all of an op's work with `at`: its unbatched inputs (others are NULL). */
typedef struct ArmcPrepare {
    ArmcArena *arena;
    const ArmcNode *node;
    const ArmcKernels *k;
    const ArmcReal *in[ARMC_MAX_INPUTS];
} ArmcPrepare;

/* A piece of work for `forward`: a whole batch, cut in tasks. */
typedef struct ArmcCall {
    const ArmcNode *node;
    const ArmcKernels *k;
    const ArmcStepInfo *info;
    int64_t batch;
    bool exact;        /* fixed-order kernels, no BLAS */
    bool alone;        /* one thread runs all tasks: no need to make many */
    ArmcReal *scratch; /* of the worker that runs the task, as much as `scratch` of the op asks for;
                          NULL: the caller has none */
    const ArmcReal *in[ARMC_MAX_INPUTS];
    ArmcReal *out[ARMC_MAX_OUTPUTS]; /* NULL for a result of `kept` that nobody reads */
} ArmcCall;

typedef struct ArmcInfer {
    ArmcGraph *graph;
    ArmcNode *node; /* in, attr and origin are set; shape() fills out[0]->shape, and map for
                       movement ops */
} ArmcInfer;
/* Reports a shape error at the node, with both shapes and where each came from. */
ArmcDiag *armc_infer_error(ArmcInfer *infer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* For ops that go from site to site: sets the node's order from its first input. False after a
 * diagnostic. In gradients the vjp sets it instead: values there carry none. */
bool armc_infer_order(ArmcInfer *infer);

typedef struct ArmcGrad ArmcGrad;

typedef void (*ArmcRead)(void *context, int input, int64_t site, int group);
/* Some neighbouring groups of a site at once: from `group` up to `end`. */
typedef void (*ArmcReadRun)(void *context, int input, int64_t site, int group, int end);

enum {
    ARMC_OP_INTERNAL = 1,      /* not callable from scripts */
    ARMC_OP_LEAF = 2,          /* input, parameter, constant */
    ARMC_OP_TRAIN_ONLY = 4,    /* identity outside training (dropout) */
    ARMC_OP_COUPLES_BATCH = 8, /* mixes examples: refused in training */
    ARMC_OP_ELEMENTWISE = 16,  /* rows, and each output entry reads the same entry of each input
                                  (after broadcasting) */
    ARMC_OP_SUMS_BATCH =
        32, /* forward: the result is not batched though inputs are (weight gradients) */
    ARMC_OP_MOVEMENT =
        64,             /* the node's map says it all: reads, arithmetic and gradient are derived */
    ARMC_OP_VIEW = 128, /* movement whose map is the identity: the same memory in another shape */
    ARMC_OP_ACCUMULATES = 512, /* `rows` heeds `onto` */
    ARMC_OP_ADDS = 32768,      /* `rows` heeds `onto`, with the bits of `add` behind it */
    ARMC_OP_ADDITIVE =
        1024, /* sums over sites: the sum of the sites' rows may be handed over as one row */
    ARMC_OP_BY_FEATURE =
        2048, /* rows: feature f of the result comes from feature f of inputs as wide as it */
    ARMC_OP_KEEPS_ZERO = 4096, /* rows: where the first input's row is zero, so is the result's
                                  (+0), if numbers of the other inputs are finite */
    ARMC_OP_CHEAP = 8192,      /* computed again for gradients rather than kept */
    ARMC_OP_JOINS = 16384,     /* has `forward`, but is better off with its neighbours, row by row,
                                  where convolutions don't go to BLAS */
    ARMC_OP_KEEPS_LEVELS =
        256, /* entries are levels if the first input's are (set for movement ops as well) */
};

struct ArmcOp {
    const char *name, *doc;
    const char *sig; /* "x[*s,k] weight[k,n] -> [*s,n]": names inputs, checks and infers shapes; see
                        sig.c */
    int flags;
    const ArmcSpec *attrs; /* closed by ARMC_SPEC_END; NULL: none */
    const char *probe; /* small worlds for the generated tests: "x=3x2 weight=2x4; x=1x5 weight=5x3
                          | attr=value" */

    void (*mask)(ArmcInfer *infer); /* structural mask of an unbatched result; NULL: all live */
    bool (*shape)(
        ArmcInfer *infer); /* where the signature can't say it; NULL: the signature alone */
    void (*groups)(ArmcInfer *infer); /* sets out[0]->groups; NULL: one group */
    /* Calls `read` for the entries (site, group) of batched inputs, and with input -1 of the result
     * itself, that an output entry reads directly: no more and no less than what can change it,
     * given structural zeros. Where that is many groups of a site, `read_runs` in its place. Both
     * NULL: all groups of the same site, or, elementwise, its own. */
    void (*reads)(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context);
    void (*read_runs)(const ArmcNode *node, int64_t site, int group, ArmcReadRun read,
                      void *context);
    int order; /* in which a scan computes its own entries: +1 ascending, -1 descending rank by the
                  node's order; 0: any */
    /* Scans without `rows`. A further output that later entries of the scan read, as wide as the
     * result: "c" for an LSTM. Then one that only the gradient reads: it is computed where one is
     * wanted. */
    const char *state, *kept;

    void (*vjp)(ArmcGrad *grad, ArmcNode *node,
                ArmcValue *dy); /* appends nodes; NULL: no gradient flows */

    /* Per-site arithmetic. rows_in: one letter an input: 'r' a row, 's' the site's slice of an
     * unbatched array, 'w' a whole unbatched array. rows_out: 'r' a row; 'S' summed over examples
     * into the site's slice; 'W' summed over examples and sites into the whole. */
    const char *rows_in;
    char rows_out;
    void (*rows)(const ArmcRows *rows);
    /* The features of one part of the row only, when groups of a site are ready at different times:
     * pointers are those of the whole row. Needed by rows ops whose results have groups, unless
     * they are elementwise or BY_FEATURE. `live` says once what of the inputs the part (one run of
     * a group) depends on. */
    void (*part)(const ArmcRows *rows, const ArmcPart *part);
    const void *(*live)(ArmcArena *arena, const ArmcNode *node, const ArmcPart *part);
    /* Instead of that, for a row of one site: pieces in the order in which their terms are added
     * up, each as early as what it reads is ready, so that little is left for the moment when a
     * feature is asked for. `ready`: times of the features of the first input; `needed`: which
     * features of the result are. */
    ArmcPieces (*pieces)(ArmcArena *arena, const ArmcNode *node, const int64_t *ready,
                         const uint8_t *needed);
    /* Part of one site's row, where a row reads several sites, or in the place of `rows` and `part`
     * when entries are asked for one by one. */
    void (*at)(const ArmcAt *at);
    /* What `at` can make of unbatched inputs once for all entries. */
    const void *(*prepare)(const ArmcPrepare *prepare);
    /* Scans: at the first site `begin` sets the state (NULL: zero); at each site `rows` writes the
     * result from the state, and after everything else at that site `advance` takes the input into
     * the state. Where the result is the state itself, `shows_state`, consumers at the same site
     * read it in place. */
    void (*begin)(const ArmcRows *rows);
    void (*advance)(const ArmcRows *rows);
    bool shows_state;
    /* advance adds the input to the state: then the op that makes the input may do so itself. */
    bool adds_to_state;
    /* A cheaper node for this one and what feeds it, or NULL; called when the graph is simplified.
     */
    ArmcValue *(*fuse)(ArmcGraph *graph, const ArmcNode *node);

    /* Whole arrays: how many tasks for this batch, and one task. */
    int64_t (*tasks)(const ArmcCall *call);
    void (*forward)(const ArmcCall *call, int64_t task);

    /* Entries of scratch with which a task of `forward` is faster. */
    int64_t (*scratch)(const ArmcNode *node);

    /* Live multiply-adds for one example, of a part of the result's row; at one site, or at all
     * (site -1). NULL: none worth counting. */
    int64_t (*cost)(const ArmcNode *node, int64_t site, const ArmcPart *part);
};
/* Of the whole node. */
int64_t armc_node_cost(const ArmcNode *node);
#define ARMC_OP(name) const ArmcOp armc_op_##name
extern const ArmcOp *const armc_ops[]; /* NULL-terminated, sorted by name */

/* The parameters of one variable in n examples, `step` entries apart. */
typedef struct ArmcParamRows {
    const ArmcReal *at;
    int64_t n, step, width;
} ArmcParamRows;

/* A distribution is one row too, univariate. `width` numbers parametrise one variable. */
struct ArmcDist {
    const char *name, *doc;
    int64_t (*width)(int levels);
    bool (*supports)(int levels); /* can variables with that many levels have it */
    const char *support;          /* in words: "two levels" */
    const ArmcOp *nll;            /* params[d,w] target[d,1] -> [d,1]: -log p in nats */
    /* Levels of `rows` by inversion from u in (0,1); logits are scaled by 1/temperature. By kernels
     * of fixed order: the same levels on every machine. */
    void (*sample)(const ArmcKernels *k, const ArmcParamRows *rows, const double *u,
                   double temperature, int *levels);
    double (*mean)(const ArmcKernels *k, const ArmcReal *params, int64_t width);
};
#define ARMC_DIST(name) const ArmcDist armc_dist_##name
extern const ArmcDist *const armc_dists[];

/* Any row, internal ones too; asserts that it is there. */
const ArmcOp *armc_op_get(const char *name);

/* How a row input is addressed: in + example * example_step + site * site_step, rows of `width`
 * features. */
typedef struct ArmcAddress {
    int64_t example_step, site_step, width;
} ArmcAddress;
/* The address of row input i of a rows node with `sites` sites. */
ArmcAddress armc_row_address(const ArmcValue *value, int64_t sites);
/* How many sites a rows node has: those of its row output, or of its widest row input. */
int64_t armc_rows_sites(const ArmcNode *node);
/* Does a rows node have work for each example? If not it is done once, whatever the batch. */
bool armc_rows_batched(const ArmcNode *node);
/* Example (within the batch) and site of row r of a piece of work. */
void armc_rows_locate(const ArmcRows *rows, int64_t r, int64_t *example, int64_t *site);

/* Runs one node on whole arrays, alone: by its forward, its rows or its map. Sums start from zero.
 */
void armc_apply(const ArmcCall *call);

/* --- for vjp --- */
ArmcGraph *armc_grad_graph(ArmcGrad *grad);
bool armc_grad_wants(const ArmcGrad *grad,
                     const ArmcValue *value); /* does a gradient flow on from it */
/* Adds d to the gradient of value; a batched d is summed over the batch for an unbatched value,
 * broadcast dims are summed. */
void armc_grad_add(ArmcGrad *grad, ArmcValue *value, ArmcValue *d);
/* Appends a node of any op, internal ones included; shapes must fit (asserted: a misfit is a bug).
 */
ArmcValue *armc_grad_call(ArmcGrad *grad, const ArmcNode *from, const char *op, int in_count,
                          ArmcValue *const *in, const ArmcAttr *attr);

#endif
