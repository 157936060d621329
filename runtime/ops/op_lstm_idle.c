/* What LSTM cells come to that are given zeros, all sites across alike: the edge of a picture whose
 * cells go on outside of it. Letters as in op_lstm.c; n steps. */
#include <string.h>

#include "runtime/ops/recurrent.h"

enum { GATES = 4, WEIGHT = 0, OFFSET = 1 };

static bool idle_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape weight = node->in[WEIGHT]->shape;
    if (!armc_scan_check_weight(infer, weight, GATES, 0))
        return false;
    node->out[0]->shape = armc_shape_make(2, (int64_t[]){node->attr[0].i, 2 * weight.dims[1]});
    return true;
}

typedef struct Cell {
    const ArmcKernels *k;
    const ArmcReal *weight, *offset;
    int64_t taps, h;
} Cell;

static Cell cell_of(const ArmcCall *call, int weight)
{
    ArmcShape shape = call->node->in[weight]->shape;
    return (Cell){call->k, call->in[weight], call->in[weight + 1], shape.dims[0], shape.dims[1]};
}

/* What a cell reads: the results of the step before, at each tap. */
static void read_before(const Cell *cell, const ArmcReal *y, ArmcReal *to)
{
    for (int64_t tap = 0; tap < cell->taps; tap++)
        memcpy(to + tap * cell->h, y, (size_t)cell->h * sizeof *to);
}

/* Step r, from one row (y, c) to the next. `gates`: what the functions gave, or NULL. */
static void run_step(const Cell *cell, int64_t r, const ArmcReal *from, ArmcReal *to,
                     ArmcReal *gates)
{
    ArmcReal read[SCAN_SCRATCH];
    const int64_t h = cell->h, row = 0, states = r == 1 ? 0 : cell->taps * h;
    ArmcCells cells = {.m = 1,
                       .h = h,
                       .end = h,
                       .row = &row,
                       .before = r == 1 ? NULL : &row,
                       .a = read,
                       .lda = states,
                       .product = {{0}, {states, cell->weight, GATES * h, h, false}},
                       .bias = cell->offset,
                       .c = from + h,
                       .next = to + h,
                       .y = to,
                       .gates = gates};
    read_before(cell, from, read);
    cell->k->lstm(&cells);
}

/* Row r of y (n, 2 h): the results, then the states, after r steps. */
static void idle_forward(const ArmcCall *call, int64_t task)
{
    Cell cell = cell_of(call, WEIGHT);
    int64_t width = 2 * cell.h, n = call->node->attr[0].i;
    ArmcReal *y = call->out[0];
    (void)task;
    memset(y, 0, (size_t)width * sizeof *y);
    for (int64_t r = 1; r < n; r++)
        run_step(&cell, r, y + (r - 1) * width, y + r * width, NULL);
}

static void idle_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *d =
        armc_grad_call(grad, node, "lstm_idle_back", 4,
                       (ArmcValue *[]){dy, node->out[0], node->in[0], node->in[1]}, node->attr);
    ArmcShape weight = node->in[WEIGHT]->shape;
    const int64_t columns[] = {0, weight.dims[2]}, end = armc_shape_sites(d->shape);
    if (armc_grad_wants(grad, node->in[OFFSET]))
        armc_grad_add(grad, node->in[OFFSET],
                      armc_scan_reshaped(grad, node,
                                         armc_scan_part(grad, node, d, (int64_t[]){0, 1}, columns),
                                         1, &weight.dims[2]));
    if (armc_grad_wants(grad, node->in[WEIGHT]))
        armc_grad_add(grad, node->in[WEIGHT],
                      armc_scan_reshaped(
                          grad, node, armc_scan_part(grad, node, d, (int64_t[]){1, end}, columns),
                          3, weight.dims));
}

static const ArmcSpec idle_attrs[] = {
    {.name = "steps",
     .kind = ARMC_SPEC_INT,
     .low = 1,
     .high = 1e9,
     .doc = "rows of the result: the first is zeros, each other a step after the one before"},
    {0}};

ARMC_OP(lstm_idle) = {
    .name = "lstm_idle",
    .doc = "What LSTM cells come to that are given zeros, as lstm_scan's `start`: row r has the "
           "results, then the states, after r steps. With it as `start` a scan with skew sees what "
           "lies beside the picture as cells that go on in zeros, all alike.",
    .sig = "weight[t,h,g] offset[g] -> ?",
    .attrs = idle_attrs,
    .probe = "weight*=1x1x4 offset*=4 | steps=4; weight*=2x3x12 offset*=12 | steps=3; "
             "weight*=1x2x8 offset*=8 | steps=1; weight*=2x17x68 offset*=68 | steps=3",
    .rows_in = "ww",
    .shape = idle_shape,
    .forward = idle_forward,
    .vjp = idle_vjp,
};

/* --- the way back --- */

/* Room for a step. */
typedef struct Room {
    ArmcReal *gates, *d; /* (4 h): behind the functions; gradients of their sums */
    ArmcReal *step;      /* (2 h): results and states once more */
    ArmcReal *dy, *dc;   /* (h) */
    ArmcReal *states;    /* (t h): what was read, then its gradient */
} Room;

static int64_t room_size(int64_t h, int64_t taps)
{
    return (2 * GATES + 4 + taps) * h;
}

static Room room_of(ArmcReal *at, int64_t h)
{
    ArmcReal *d = at + GATES * h, *step = d + GATES * h, *dy = step + 2 * h;
    return (Room){at, d, step, dy, dy + h, dy + 2 * h};
}

enum { DY, Y, W };

static bool idle_back_shape(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcShape weight = node->in[W]->shape;
    node->out[0]->shape =
        armc_shape_make(2, (int64_t[]){1 + armc_shape_sites(weight), weight.dims[2]});
    node->out[1]->shape =
        armc_shape_make(2, (int64_t[]){1, room_size(weight.dims[1], weight.dims[0])});
    return true;
}

/* Back through the cell of row r: its gates once more, then their gradients. */
static void back_through_cell(const Cell *cell, int64_t r, const ArmcReal *y, const Room *room)
{
    const int64_t h = cell->h, row = 0;
    const ArmcReal *from = y - 2 * h;
    ArmcCellsBack cells = {.m = 1,
                           .h = h,
                           .row = &row,
                           .before = r == 1 ? NULL : &row,
                           .c = y + h,
                           .gates = room->gates,
                           .from = from + h,
                           .ldf = h,
                           .dy = room->dy,
                           .dc = room->dc,
                           .d = room->d};
    run_step(cell, r, from, room->step, room->gates);
    cell->k->lstm_back(&cells);
}

/* dW (1 + t h, 4 h) += (1, read)^T d; the gradient of the results that were read, to dy. */
static void back_through_product(const Cell *cell, const ArmcReal *from, const Room *room,
                                 ArmcReal *dw)
{
    const int64_t h = cell->h, states = cell->taps * h, gates = GATES * h;
    read_before(cell, from, room->states);
    cell->k->add(gates, dw, room->d, dw);
    cell->k->gemm_outer(states, gates, 1, room->states, states, room->d, gates, dw + gates, gates,
                        1);
    cell->k->gemm_dot(1, states, gates, room->d, gates, cell->weight, gates, room->states, states,
                      0);
    for (int64_t tap = 0; tap < cell->taps; tap++)
        cell->k->add(h, room->dy, room->states + tap * h, room->dy);
}

static void clear(int64_t n, ArmcReal *x)
{
    memset(x, 0, (size_t)n * sizeof *x);
}

/* From the last row (y, c) to the second; the first is zeros whatever the weights are. The gradient
 * of the offset is row 0 of the result, those of the weight are below it. */
static void idle_back_forward(const ArmcCall *call, int64_t task)
{
    Cell cell = cell_of(call, W);
    const int64_t h = cell.h;
    Room room = room_of(call->out[1], h);
    (void)task;
    clear((1 + cell.taps * h) * GATES * h, call->out[0]);
    clear(2 * h, room.dy);
    for (int64_t r = call->node->attr[0].i - 1; r > 0; r--) {
        const ArmcReal *y = call->in[Y] + r * 2 * h, *dy = call->in[DY] + r * 2 * h;
        cell.k->add(2 * h, room.dy, dy, room.dy);
        back_through_cell(&cell, r, y, &room);
        clear(h, room.dy);
        back_through_product(&cell, y - 2 * h, &room, call->out[0]);
    }
}

ARMC_OP(lstm_idle_back) = {
    .name = "lstm_idle_back",
    .doc = "Gradients of lstm_idle.",
    .flags = ARMC_OP_INTERNAL,
    .attrs = idle_attrs,
    .state = "room",
    .shape = idle_back_shape,
    .forward = idle_back_forward,
    .sig = "dy y weight[t,h,g] offset[g] -> ?",
};
