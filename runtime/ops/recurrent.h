/* What recurrent scans share: how they walk over the sites, what an entry reads, its groups.
 *
 * A scan goes along one axis of the sites, T steps; P sites lie across at each step (1 where there
 * is no other axis). A cell at (t, p) reads its own gates, the state at (t - 1, p), and the results
 * at (t - 1, p + tap) for each tap, which makes the product with the states a convolution. Before
 * the first step stand zeros, or a `start`: a row for each site across, (P, h) or with a state
 * (P, 2 h), the results and behind them the states.
 *
 * With `skew` it goes along a picture's diagonals: (t, p) is column t - p of row p, counted from
 * the left or from the right, and where there is no such column there is no cell. So T = P + width
 * - 1, taps are 0 and -1, and before the first cell of row p stands row p of the start. */
#ifndef ARMC_OPS_RECURRENT_H
#define ARMC_OPS_RECURRENT_H

#include "runtime/ops/family.h"

enum { SCAN_AXIS, SCAN_REVERSE, SCAN_TAPS, SCAN_SKEW, SCAN_SCRATCH = 16384, SCAN_MOST_CELLS = 128 };
extern const ArmcSpec armc_scan_attrs[];

/* What kind of cells: how many gates, the arithmetic of a step, and of the way back. */
typedef struct ArmcCellKind {
    int gates;
    int kept;   /* numbers for each unit that the gradient wants, and gradients of sums */
    int unused; /* the gate that makes no difference where there is no step before; -1: there is
                   none */
    bool state; /* is there one beside the result */
    void (*step)(const ArmcKernels *k, const ArmcCells *cells);
    void (*back)(const ArmcKernels *k, const ArmcCellsBack *cells);
} ArmcCellKind;

/* A scan reads gates that are given (inputs gates, weight, offset), or makes them of features (x,
 * reading, weight, offset). Behind these stands the start, if there is one. */
typedef struct ArmcScan {
    const ArmcCellKind *kind;
    int64_t steps, across, sites;
    int64_t units;          /* of a cell: h */
    int64_t features;       /* that make the gates; 0: these are given */
    int64_t states;         /* what a product with the states sums over: taps * h */
    const ArmcValue *start; /* NULL: zeros */
    int64_t start_width;    /* numbers of a row of it: h, or 2 h */
    const ArmcAttr *taps;   /* offsets across */
    const ArmcOrder *order; /* site of (t, p): the one of rank t * across + p */
    int skew;               /* along diagonals from the left (1), from the right (-1); 0: not */
    int64_t width;          /* with skew: of the picture */
} ArmcScan;

/* `result`: of the scan; `x`: what its gates are made of, or NULL; `start`, or NULL. */
ArmcScan armc_scan_of(const ArmcNode *node, const ArmcCellKind *kind, const ArmcValue *result,
                      const ArmcValue *x, const ArmcValue *start);
/* The number of a scan's input `offset`; the weight stands before it, the start behind it. */
int armc_scan_offset(const ArmcNode *node);
/* Of the scan's own node. */
ArmcScan armc_scan_of_node(const ArmcNode *node, const ArmcCellKind *kind);

/* The sites across that have a cell at step t: from the first up to the end. */
static inline int64_t armc_scan_first(const ArmcScan *scan, int64_t t)
{
    return scan->skew && t >= scan->width ? t - scan->width + 1 : 0;
}

static inline int64_t armc_scan_end(const ArmcScan *scan, int64_t t)
{
    return scan->skew && t < scan->across ? t + 1 : scan->across;
}

static inline int64_t armc_scan_site(const ArmcScan *scan, int64_t t, int64_t p)
{
    if (scan->skew)
        return p * scan->width + (scan->skew > 0 ? t - p : scan->width - 1 - (t - p));
    return armc_order_at(scan->order, t * scan->across + p);
}

/* Step and place across of a site. */
void armc_scan_place(const ArmcScan *scan, int64_t site, int64_t *t, int64_t *p);

/* Does a weight (taps, h, gates h) fit the gates, and what a cell reads, these features as well,
 * the room that there is? False after a diagnostic. */
bool armc_scan_check_weight(ArmcInfer *infer, ArmcShape weight, int gates, int64_t features);

/* What stands before a cell: a site of the result, or a row of the start; -1: that isn't it. */
typedef struct ArmcScanFrom {
    int64_t site, start;
} ArmcScanFrom;

/* Before (t, p), `offset` sites across from it. */
static inline ArmcScanFrom armc_scan_from(const ArmcScan *scan, int64_t t, int64_t p,
                                          int64_t offset)
{
    int64_t from = p + offset;
    if (from < 0 || from >= scan->across)
        return (ArmcScanFrom){-1, -1};
    if (t == 0 || (scan->skew && from >= t))
        return (ArmcScanFrom){-1, scan->start ? from : -1};
    return (ArmcScanFrom){armc_scan_site(scan, t - 1, from), -1};
}

/* For the rows of the ops. */
bool armc_scan_shape(ArmcInfer *infer, const ArmcCellKind *kind);
void armc_scan_groups(ArmcInfer *infer);
void armc_scan_reads(const ArmcNode *node, const ArmcCellKind *kind, int64_t site, int group,
                     ArmcRead read, void *context);
/* Multiply-adds of the products. */
int64_t armc_scan_cost(const ArmcNode *node, const ArmcCellKind *kind, int64_t site,
                       const ArmcPart *part);

/* Cells at work together: some examples, all sites across. Cell r of a step is example r % examples
 * at the step's first p + r / examples. */
typedef struct ArmcCrew {
    int64_t first, examples;
} ArmcCrew;
int64_t armc_scan_tasks(const ArmcScan *scan, const ArmcCall *call);
ArmcCrew armc_scan_crew(const ArmcScan *scan, const ArmcCall *call, int64_t task);
/* How many examples a crew has at most. */
int64_t armc_crew_most(const ArmcScan *scan);
/* How many cells a crew has at step t. */
static inline int64_t armc_crew_cells(const ArmcScan *scan, const ArmcCrew *crew, int64_t t)
{
    return (armc_scan_end(scan, t) - armc_scan_first(scan, t)) * crew->examples;
}

/* Has step t one before it: an earlier one, or the start? */
static inline bool armc_scan_has_before(const ArmcScan *scan, int64_t t)
{
    return t > 0 || scan->start;
}

/* Cells first up to first + m of step t: rows of the result; rows of the step before, if there is
 * one: at t = 0 those of the start; with skew those that armc_crew_states copies. */
void armc_crew_rows(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t first, int64_t m,
                    int64_t *row, int64_t *before);
/* What a scan reads. */
typedef struct ArmcScanReads {
    const ArmcReal *x, *y, *start;
} ArmcScanReads;
/* What their products read: features of x, then, if there is a step before, its results at their
 * taps, zeros where there are none. Rows lie `step` apart. */
void armc_crew_gather(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t first,
                      int64_t m, const ArmcScanReads *from, ArmcReal *to, int64_t step);
/* With skew, where some come from the step before and others from the start: their states before,
 * rows of h. `c`: states of all sites. */
void armc_crew_states(const ArmcScan *scan, const ArmcCrew *crew, int64_t t, int64_t first,
                      int64_t m, const ArmcReal *c, const ArmcReal *start, ArmcReal *to);

/* The scan itself. */
void armc_scan_forward(const ArmcCall *call, const ArmcCellKind *kind, int64_t task);
/* Entries of scratch with which a task of it has its weights packed once for all steps. */
int64_t armc_scan_scratch(const ArmcNode *node, const ArmcCellKind *kind);
/* For all entries: the products with packed weights. */
const void *armc_scan_prepare(const ArmcPrepare *prepare, const ArmcCellKind *kind);
void armc_scan_at(const ArmcAt *at, const ArmcCellKind *kind);

/* Appends the gradient's nodes; `back`: the ops of the way back, for gates that are given and for
 * those that are made. */
void armc_scan_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy, const ArmcCellKind *kind,
                   const char *const back[2]);
/* For a gradient's nodes: a value in another shape; rows and columns from..to of a matrix. */
ArmcValue *armc_scan_reshaped(ArmcGrad *grad, ArmcNode *node, ArmcValue *x, int rank,
                              const int64_t *dims);
ArmcValue *armc_scan_part(ArmcGrad *grad, ArmcNode *node, ArmcValue *x, const int64_t rows[2],
                          const int64_t columns[2]);

/* The way back, a node with the inputs dy, y, c, kept, turned, x where gates are `made` of it, and
 * the start if there is one. Its results: the gradient of gates or of x (zeros where `turned` has
 * no weights of the features), where each example has a start both in one row: that gradient, then
 * that of the start; room to work in; and the gradient of all weights, one upon the other: of the
 * offset, of `reading` and of the weight, (1 + features + states, gates * h), below them that of a
 * start that all examples share. */
bool armc_scan_back_shape(ArmcInfer *infer, const ArmcCellKind *kind, bool made);
void armc_scan_back(const ArmcCall *call, const ArmcCellKind *kind, bool made);

#endif
