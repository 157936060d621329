/* The recurrent scan with LSTM cells (Hochreiter and Schmidhuber, 1997). Letters: s sites, t taps,
 * h units, g = 4 h gates in the order i, f, g, o. */
#include <string.h>

#include "runtime/ops/recurrent.h"

enum { GATES = 4, FORGET = 1, MOST_CELLS = 64 };

static bool lstm_shape(ArmcInfer *infer)
{
    return armc_scan_shape(infer, GATES, GATES);
}

/* At the first step there is nothing to forget. */
static void lstm_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context)
{
    armc_scan_reads(node, site, group, FORGET, read, context);
}

/* All cells of one step. */
static void run_step(const ArmcCall *call, const ArmcWalk *walk, const ArmcCrew *crew, int64_t t)
{
    ArmcReal states[SCAN_SCRATCH];
    int64_t row[MOST_CELLS], before[MOST_CELLS], h = walk->units;
    int64_t total = crew->examples * walk->across, most = armc_scan_rows(walk, 0);
    ArmcCells cells = {.h = h,
                       .k = t > 0 ? walk->k : 0,
                       .end = h,
                       .row = row,
                       .before = t > 0 ? before : NULL,
                       .a = states,
                       .w = call->in[1],
                       .w_step = GATES * h,
                       .w_gate = h,
                       .w_block = ARMC_CELL_BLOCK,
                       .bias = call->in[2],
                       .x = call->in[0],
                       .c = call->out[1],
                       .next = call->out[1],
                       .y = call->out[0],
                       .gates = call->out[2],
                       .ldx = GATES * h,
                       .ldc = h,
                       .ldn = h,
                       .ldy = h};
    for (int64_t first = 0; first < total; first += cells.m) {
        cells.m = total - first < most ? total - first : most;
        armc_crew_rows(walk, crew, t, first, cells.m, row, before);
        if (t > 0)
            armc_crew_gather(walk, crew, t, first, cells.m, call->out[0], states);
        call->k->lstm(&cells);
    }
}

static void lstm_forward(const ArmcCall *call, int64_t task)
{
    ArmcWalk walk = armc_walk_of(call->node, call->node->out[0]);
    ArmcCrew crew = armc_scan_crew(call, task);
    for (int64_t t = 0; t < walk.steps; t++)
        run_step(call, &walk, &crew, t);
}

/* --- one entry --- */

/* The states that samples first.. read at a site, side by side. */
static void gather_at(const ArmcAt *at, const ArmcWalk *walk, int64_t first, int64_t m,
                      ArmcReal *states)
{
    int64_t rank = armc_order_rank(walk->order, at->site);
    int64_t t = rank / walk->across, p = rank % walk->across;
    for (int tap = 0; tap < walk->taps->count; tap++, states += walk->units) {
        int64_t step = 0;
        const ArmcReal *y = NULL;
        if (armc_walk_reaches(walk, p, tap))
            y = at->row(at->context, -1, armc_walk_site(walk, t - 1, p + walk->taps->ints[tap]),
                        &step);
        for (int64_t r = 0; r < m; r++)
            if (y)
                memcpy(states + r * walk->k, y + (first + r) * step,
                       (size_t)walk->units * sizeof *states);
            else
                memset(states + r * walk->k, 0, (size_t)walk->units * sizeof *states);
    }
}

/* Points the cells at the rows of this site, and at the state of the site before. */
static ArmcCells cells_at(const ArmcAt *at, const ArmcWalk *walk)
{
    int64_t h = walk->units, rank = armc_order_rank(walk->order, at->site), none;
    ArmcCells cells = {.h = h,
                       .begin = at->part->begin,
                       .end = at->part->end,
                       .w = at->row(at->context, 1, 0, &none),
                       .w_step = GATES * h,
                       .w_gate = h,
                       .w_block = ARMC_CELL_BLOCK,
                       .bias = at->row(at->context, 2, 0, &none),
                       .next = at->out + at->state_at,
                       .y = at->out,
                       .ldn = at->out_step,
                       .ldy = at->out_step};
    cells.x = at->row(at->context, 0, at->site, &cells.ldx);
    if (rank < walk->across)
        return cells;
    cells.k = walk->k;
    cells.c = at->row(at->context, -1, armc_order_at(walk->order, rank - walk->across), &cells.ldc);
    cells.c += at->state_at;
    return cells;
}

static void lstm_at(const ArmcAt *at)
{
    ArmcWalk walk = armc_walk_of(at->node, at->node->out[0]);
    ArmcReal states[SCAN_SCRATCH];
    int64_t row[MOST_CELLS], most = armc_scan_rows(&walk, 0);
    ArmcCells cells = cells_at(at, &walk);
    cells.a = states;
    cells.row = row;
    cells.before = cells.c ? row : NULL;
    for (int64_t first = 0; first < at->n; first += cells.m) {
        cells.m = at->n - first < most ? at->n - first : most;
        for (int64_t r = 0; r < cells.m; r++)
            row[r] = first + r;
        if (cells.c)
            gather_at(at, &walk, first, cells.m, states);
        at->k->lstm(&cells);
    }
}

/* --- the gradient --- */

/* dW (k,g) = sum over cells of states (k) d (g), d the gradient of the gates. */
static ArmcValue *weight_gradient(ArmcGrad *grad, ArmcNode *node, ArmcValue *d)
{
    ArmcValue *states =
        ARMC_GRAD(grad, node, "states_before", node->attr, node->out[0], node->in[1]);
    states->node->order = node->order;
    ArmcValue *dw = ARMC_GRAD(grad, node, "matmul_dw", NULL, states, d);
    ArmcAttr dims = {.given = true, .count = 3, .ints = node->in[1]->shape.dims};
    return ARMC_GRAD(grad, node, "reshape", &dims, dw);
}

/* W (t,h,g) as (g, t h). */
static ArmcValue *turned(ArmcGrad *grad, ArmcNode *node)
{
    const int64_t *weight = node->in[1]->shape.dims;
    int64_t *flat = ARMC_NEW_ARRAY(armc_grad_graph(grad)->arena, int64_t, 2);
    flat[0] = weight[0] * weight[1];
    flat[1] = weight[2];
    ArmcAttr dims = {.given = true, .count = 2, .ints = flat};
    ArmcAttr axes[ARMC_MAX_ATTRS] = {{.i = 0}, {.given = true, .i = 1, .r = 1}};
    ArmcValue *matrix = ARMC_GRAD(grad, node, "reshape", &dims, node->in[1]);
    return ARMC_GRAD(grad, node, "transpose", axes, matrix);
}

static void lstm_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *d = ARMC_GRAD(grad, node, "lstm_scan_back", node->attr, dy, node->out[1],
                             node->out[2], turned(grad, node));
    d->node->order = node->order;
    armc_grad_add(grad, node->in[0], d);
    if (armc_grad_wants(grad, node->in[1]))
        armc_grad_add(grad, node->in[1], weight_gradient(grad, node, d));
    armc_grad_add(grad, node->in[2], d);
}

ARMC_OP(lstm_scan) = {
    .name = "lstm_scan",
    .doc = "LSTM cells along one dimension of the sites: at each step i, f, o = sigmoid and g = "
           "tanh of gates + offset + the results of the step before times weight; c = f c + i g; "
           "the result is o tanh(c). Features hold the four gates in the order i, f, g, o. With "
           "taps the product is a convolution along the other dimension. Starts from zeros.",
    .sig = "gates[*s,g] weight[t,h,g] offset[g] -> [*s,h]",
    .attrs = armc_scan_attrs,
    .probe = "gates=3x4 weight=1x1x4 offset=4; gates=4x12 weight=1x3x12 offset=12 | reverse=true; "
             "gates=2x3x8 weight=3x2x8 offset=8 | taps=[-1,0,1]; "
             "gates=3x2x8 weight=2x2x8 offset=8 | axis=1 taps=[0,-1]; "
             "gates=3x2x4 weight=2x1x4 offset=4 | taps=[-1,0]; "
             "gates=2x68 weight=1x17x68 offset=68",
    .shape = lstm_shape,
    .groups = armc_scan_groups,
    .reads = lstm_reads,
    .order = +1,
    .state = "c",
    .kept = "gates",
    .vjp = lstm_vjp,
    .rows_in = "rww",
    .at = lstm_at,
    .tasks = armc_scan_tasks,
    .forward = lstm_forward,
    .cost = armc_scan_cost,
};

/* --- the way back --- */

/* dy of a step's cells where their gradients will stand; at the last step dc is 0. */
static void put_dy(const ArmcCall *call, const ArmcWalk *walk, int64_t m, const int64_t *row,
                   bool last)
{
    int64_t h = walk->units;
    for (int64_t r = 0; r < m; r++) {
        ArmcReal *d = call->out[0] + row[r] * GATES * h;
        memcpy(d, call->in[0] + row[r] * h, (size_t)h * sizeof *d);
        if (last)
            memset(d + h, 0, (size_t)h * sizeof *d);
    }
}

/* Through the cells of a step: the gradients of their gates, and dc and dy of the step before. */
static void back_through_cells(const ArmcCall *call, const ArmcWalk *walk, const ArmcCrew *crew,
                               int64_t t)
{
    int64_t row[MOST_CELLS], before[MOST_CELLS], total = crew->examples * walk->across;
    ArmcCellsBack cells = {.h = walk->units,
                           .row = row,
                           .before = t > 0 ? before : NULL,
                           .c = call->in[1],
                           .gates = call->in[2],
                           .d = call->out[0]};
    for (int64_t first = 0; first < total; first += cells.m) {
        cells.m = total - first < MOST_CELLS ? total - first : MOST_CELLS;
        armc_crew_rows(walk, crew, t, first, cells.m, row, before);
        if (t + 1 == walk->steps)
            put_dy(call, walk, cells.m, row, true);
        call->k->lstm_back(&cells);
        if (t > 0)
            put_dy(call, walk, cells.m, before, false);
    }
}

/* Adds d (m,k), what cells first.. of step t hand back, to the step before. */
static void scatter(const ArmcCall *call, const ArmcWalk *walk, const ArmcCrew *crew, int64_t t,
                    int64_t first, int64_t m, const ArmcReal *d)
{
    int64_t h = walk->units;
    for (int64_t r = 0; r < m; r++) {
        int64_t p = (first + r) / crew->examples;
        int64_t example = (crew->first + (first + r) % crew->examples) * walk->sites;
        for (int tap = 0; tap < walk->taps->count; tap++, d += h) {
            if (!armc_walk_reaches(walk, p, tap))
                continue;
            int64_t site = armc_walk_site(walk, t - 1, p + walk->taps->ints[tap]);
            ArmcReal *to = call->out[0] + (example + site) * GATES * h;
            call->k->add(h, to, d, to);
        }
    }
}

/* Through the products: dy of the step before += d W^T. */
static void back_through_products(const ArmcCall *call, const ArmcWalk *walk, const ArmcCrew *crew,
                                  int64_t t)
{
    ArmcReal gates[SCAN_SCRATCH], states[SCAN_SCRATCH];
    int64_t row[MOST_CELLS], before[MOST_CELLS], total = crew->examples * walk->across;
    int64_t g = GATES * walk->units, most = armc_scan_rows(walk, g);
    for (int64_t first = 0, m; first < total; first += m) {
        m = total - first < most ? total - first : most;
        armc_crew_rows(walk, crew, t, first, m, row, before);
        for (int64_t r = 0; r < m; r++)
            memcpy(gates + r * g, call->out[0] + row[r] * g, (size_t)g * sizeof *gates);
        call->k->gemm(m, walk->k, g, gates, g, call->in[3], walk->k, states, walk->k, 0);
        scatter(call, walk, crew, t, first, m, states);
    }
}

static void lstm_back_forward(const ArmcCall *call, int64_t task)
{
    ArmcWalk walk = armc_walk_of(call->node, call->node->in[0]);
    ArmcCrew crew = armc_scan_crew(call, task);
    for (int64_t t = walk.steps; t-- > 0;) {
        back_through_cells(call, &walk, &crew, t);
        if (t > 0)
            back_through_products(call, &walk, &crew, t);
    }
}

ARMC_OP(lstm_scan_back) = {
    .name = "lstm_scan_back",
    .doc = "Gradient of lstm_scan with respect to its gates, through all steps.",
    .sig = "dy[*s,h] c[*s,h] kept[*s,g] turned[g,k] -> [*s,g]",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_scan_attrs,
    .tasks = armc_scan_tasks,
    .forward = lstm_back_forward,
};

/* --- the states that each cell has read --- */

static bool states_before_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape shape = node->in[0]->shape;
    shape.dims[shape.rank - 1] *= node->attr[SCAN_TAPS].count;
    node->out[0]->shape = shape;
    return true;
}

static void states_before_forward(const ArmcCall *call, int64_t task)
{
    enum { ALONG = 1 };
    ArmcWalk walk = armc_walk_of(call->node, call->node->in[0]);
    ArmcCrew crew = {task, ALONG};
    ArmcReal *to = call->out[0] + task * walk.sites * walk.k;
    for (int64_t t = 0; t < walk.steps; t++)
        for (int64_t p = 0; p < walk.across; p++) {
            ArmcReal *at = to + armc_walk_site(&walk, t, p) * walk.k;
            if (t > 0)
                armc_crew_gather(&walk, &crew, t, p, 1, call->in[0], at);
            else
                memset(at, 0, (size_t)walk.k * sizeof *at);
        }
}

ARMC_OP(states_before) = {
    .name = "states_before",
    .doc = "At each site what the cell there reads of the step before: the results at its taps.",
    .sig = "y weight[t,h,g] -> ?",
    .flags = ARMC_OP_INTERNAL,
    .attrs = armc_scan_attrs,
    .shape = states_before_shape,
    .tasks = armc_move_tasks,
    .forward = states_before_forward,
};
