/* Recurrent scans on whole arrays, and entry by entry. */
#include <string.h>

#include "runtime/ops/recurrent.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How many cells' products find room in scratch. */
static int64_t most_cells(const ArmcScan *scan)
{
    return smaller(SCAN_SCRATCH / (scan->features + scan->states), SCAN_MOST_CELLS);
}

/* The products of any step: with the features, and with the states. */
typedef struct Products {
    ArmcCellProduct of[2];
} Products;

static Products products_of(const ArmcScan *scan, const ArmcReal *input, const ArmcReal *weight)
{
    int64_t h = scan->units, step = scan->kind->gates * h;
    return (Products){
        {{scan->features, input, step, h, false}, {scan->states, weight, step, h, false}}};
}

/* Those of a step, which has no states unless there is one before it. */
static void set_products(const ArmcScan *scan, bool before, const Products *products,
                         ArmcCells *cells)
{
    cells->lda = scan->features + (before ? scan->states : 0);
    cells->product[0] = products->of[0];
    cells->product[1] = products->of[1];
    if (!before)
        cells->product[1].k = 0;
}

/* Where the cells of step t find their states: with the step before, or with the start; with skew
 * in copies. */
static void set_states(const ArmcCall *call, const ArmcScan *scan, int64_t t,
                       const ArmcReal *copies, ArmcCells *cells)
{
    const ArmcNode *node = call->node;
    int64_t h = scan->units;
    cells->next = scan->kind->state ? call->out[1] : call->out[0];
    cells->c = cells->next;
    cells->ldc = h;
    if (scan->skew) {
        cells->c = copies;
    } else if (t == 0 && scan->start) {
        cells->c = call->in[armc_scan_offset(node) + 1] + (scan->kind->state ? h : 0);
        cells->ldc = scan->start_width;
    }
}

/* All cells of one step. */
static void run_step(const ArmcCall *call, const ArmcScan *scan, const Products *products,
                     const ArmcCrew *crew, int64_t t)
{
    ArmcReal read[SCAN_SCRATCH], states[SCAN_SCRATCH];
    int64_t row[SCAN_MOST_CELLS], before[SCAN_MOST_CELLS], h = scan->units;
    int64_t total = armc_crew_cells(scan, crew, t), most = most_cells(scan);
    const ArmcNode *node = call->node;
    int offset = armc_scan_offset(node);
    bool has_before = armc_scan_has_before(scan, t);
    const ArmcScanReads from = {call->in[0], call->out[0],
                                scan->start ? call->in[offset + 1] : NULL};
    ArmcCells cells = {.h = h,
                       .end = h,
                       .row = row,
                       .before = has_before ? before : NULL,
                       .a = read,
                       .bias = call->in[offset],
                       .x = scan->features ? NULL : from.x,
                       .y = call->out[0],
                       .gates = call->out[node->out_count - 1],
                       .ldx = scan->kind->gates * h,
                       .ldn = h,
                       .ldy = h};
    set_states(call, scan, t, states, &cells);
    set_products(scan, has_before, products, &cells);
    for (int64_t first = 0; first < total; first += cells.m) {
        cells.m = smaller(total - first, most);
        armc_crew_rows(scan, crew, t, first, cells.m, row, before);
        armc_crew_gather(scan, crew, t, first, cells.m, &from, read, cells.lda);
        if (scan->skew && has_before)
            armc_crew_states(scan, crew, t, first, cells.m, cells.next, from.start, states);
        scan->kind->step(call->k, &cells);
    }
}

/* Entries of a packed product with so many terms. */
static int64_t packed_size(const ArmcScan *scan, int64_t terms)
{
    int64_t lanes = ARMC_VIRTUAL_LANES, units = (scan->units + lanes - 1) / lanes * lanes;
    return terms * scan->kind->gates * units;
}

int64_t armc_scan_scratch(const ArmcNode *node, const ArmcCellKind *kind)
{
    ArmcScan scan = armc_scan_of_node(node, kind);
    return packed_size(&scan, scan.features + scan.states);
}

/* All steps read the same weights: they are packed for all of them. */
static void pack_products(const ArmcKernels *k, const ArmcScan *scan, ArmcReal *to,
                          Products *products)
{
    for (int i = 0; i < 2; i++) {
        products->of[i] = k->pack_cells(&products->of[i], scan->units, scan->kind->gates, to);
        to += packed_size(scan, products->of[i].k);
    }
}

void armc_scan_forward(const ArmcCall *call, const ArmcCellKind *kind, int64_t task)
{
    ArmcScan scan = armc_scan_of_node(call->node, kind);
    ArmcCrew crew = armc_scan_crew(&scan, call, task);
    Products products = products_of(&scan, call->in[1], call->in[armc_scan_offset(call->node) - 1]);
    if (call->scratch)
        pack_products(call->k, &scan, call->scratch, &products);
    for (int64_t t = 0; t < scan.steps; t++)
        run_step(call, &scan, &products, &crew, t);
}

/* --- one entry --- */

/* Copies rows of some samples side by side; y NULL: zeros. */
static void copy_rows(int64_t m, int64_t width, const ArmcReal *y, int64_t step, ArmcReal *to,
                      int64_t to_step)
{
    for (int64_t r = 0; r < m; r++)
        if (y)
            memcpy(to + r * to_step, y + r * step, (size_t)width * sizeof *to);
        else
            memset(to + r * to_step, 0, (size_t)width * sizeof *to);
}

/* What samples first.. read for their products at a site. */
static void gather_at(const ArmcAt *at, const ArmcScan *scan, int64_t first, int64_t m,
                      ArmcReal *read, int64_t lda)
{
    int64_t t, p, step = 0;
    armc_scan_place(scan, at->site, &t, &p);
    if (scan->features) {
        const ArmcReal *x = at->row(at->context, 0, at->site, &step);
        copy_rows(m, scan->features, x + first * step, step, read, lda);
    }
    bool has_before = armc_scan_has_before(scan, t);
    int start = armc_scan_offset(at->node) + 1;
    for (int tap = 0; has_before && tap < scan->taps->count; tap++) {
        ArmcScanFrom from = armc_scan_from(scan, t, p, scan->taps->ints[tap]);
        const ArmcReal *y = NULL;
        if (from.start >= 0)
            y = at->row(at->context, start, from.start, &step);
        else if (from.site >= 0)
            y = at->row(at->context, -1, from.site, &step);
        copy_rows(m, scan->units, y ? y + first * step : NULL, step,
                  read + scan->features + tap * scan->units, lda);
    }
}

/* Points the cells at the rows of this site, and at the state of the site before. */
static ArmcCells cells_at(const ArmcAt *at, const ArmcScan *scan)
{
    int64_t t, p, none;
    armc_scan_place(scan, at->site, &t, &p);
    ArmcScanFrom before = armc_scan_from(scan, t, p, 0);
    int offset = armc_scan_offset(at->node);
    int64_t state_at = at->node->op->state ? at->state_at : 0;
    ArmcCells cells = {.h = scan->units,
                       .begin = at->part->begin,
                       .end = at->part->end,
                       .bias = at->row(at->context, offset, 0, &none),
                       .next = at->out + state_at,
                       .y = at->out,
                       .ldn = at->out_step,
                       .ldy = at->out_step};
    set_products(scan, armc_scan_has_before(scan, t), at->prepared, &cells);
    if (!scan->features)
        cells.x = at->row(at->context, 0, at->site, &cells.ldx);
    if (before.site >= 0)
        cells.c = at->row(at->context, -1, before.site, &cells.ldc) + state_at;
    else if (before.start >= 0)
        cells.c = at->row(at->context, offset + 1, before.start, &cells.ldc) +
                  (scan->kind->state ? scan->units : 0);
    return cells;
}

const void *armc_scan_prepare(const ArmcPrepare *prepare, const ArmcCellKind *kind)
{
    ArmcScan scan = armc_scan_of_node(prepare->node, kind);
    Products *products = ARMC_NEW(prepare->arena, Products);
    *products =
        products_of(&scan, prepare->in[1], prepare->in[armc_scan_offset(prepare->node) - 1]);
    ArmcReal *to =
        ARMC_NEW_ARRAY(prepare->arena, ArmcReal, packed_size(&scan, scan.features + scan.states));
    pack_products(prepare->k, &scan, to, products);
    return products;
}

void armc_scan_at(const ArmcAt *at, const ArmcCellKind *kind)
{
    ArmcScan scan = armc_scan_of_node(at->node, kind);
    ArmcReal read[SCAN_SCRATCH];
    int64_t row[SCAN_MOST_CELLS], most = most_cells(&scan);
    ArmcCells cells = cells_at(at, &scan);
    cells.a = read;
    cells.row = row;
    cells.before = cells.c ? row : NULL;
    for (int64_t first = 0; first < at->n; first += cells.m) {
        cells.m = smaller(at->n - first, most);
        for (int64_t r = 0; r < cells.m; r++)
            row[r] = first + r;
        gather_at(at, &scan, first, cells.m, read, cells.lda);
        kind->step(at->k, &cells);
    }
}
