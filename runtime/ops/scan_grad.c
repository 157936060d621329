/* The gradient of a recurrent scan, as nodes. The way back is one node; its sums' weights are
 * handed to it as one matrix, and come back so. */
#include <string.h>

#include "runtime/ops/recurrent.h"

ArmcValue *armc_scan_reshaped(ArmcGrad *grad, ArmcNode *node, ArmcValue *x, int rank,
                              const int64_t *dims)
{
    int64_t *copy = ARMC_NEW_ARRAY(armc_grad_graph(grad)->arena, int64_t, ARMC_MAX_RANK);
    memcpy(copy, dims, (size_t)rank * sizeof *copy);
    ArmcAttr attr = {.given = true, .count = rank, .ints = copy};
    return ARMC_GRAD(grad, node, "reshape", &attr, x);
}

/* Input i of the node as a matrix with a column for each gate. */
static ArmcValue *as_matrix(ArmcGrad *grad, ArmcNode *node, int i)
{
    int64_t columns = armc_shape_features(node->in[i]->shape);
    return armc_scan_reshaped(grad, node, node->in[i], 2,
                              (int64_t[]){armc_shape_size(node->in[i]->shape) / columns, columns});
}

ArmcValue *armc_scan_part(ArmcGrad *grad, ArmcNode *node, ArmcValue *x, const int64_t rows[2],
                          const int64_t columns[2])
{
    int64_t *bounds = ARMC_NEW_ARRAY(armc_grad_graph(grad)->arena, int64_t, 4);
    bounds[0] = rows[0];
    bounds[1] = columns[0];
    bounds[2] = rows[1];
    bounds[3] = columns[1];
    ArmcAttr attr[ARMC_MAX_ATTRS] = {{.given = true, .count = 2, .ints = bounds},
                                     {.given = true, .count = 2, .ints = bounds + 2}};
    return ARMC_GRAD(grad, node, "slice", attr, x);
}

static ArmcValue *joined(ArmcGrad *grad, ArmcNode *node, int axis, ArmcValue *a, ArmcValue *b)
{
    ArmcAttr attr = {.given = true, .i = axis, .r = axis};
    return ARMC_GRAD(grad, node, "concat", &attr, a, b);
}

/* Where the last gate's product with the states is a sum of its own (GRU), the sums are one block
 * of columns more than the gates: that of features has none there, that of states none in the last
 * gate's own. */
static ArmcValue *with_gap(ArmcGrad *grad, ArmcNode *node, const ArmcScan *scan, ArmcValue *weight,
                           bool of_states)
{
    int64_t h = scan->units, rows = armc_shape_sites(weight->shape), last = scan->kind->gates - 1;
    if (scan->kind->kept == scan->kind->gates)
        return weight;
    ArmcGraph *graph = armc_grad_graph(grad);
    ArmcValue *zeros =
        armc_graph_constant(graph, armc_shape_make(2, (int64_t[]){rows, h}),
                            ARMC_NEW_ARRAY(graph->arena, double, rows *h), node->origin);
    if (!of_states)
        return joined(grad, node, 1, weight, zeros);
    const int64_t all[] = {0, rows}, first[] = {0, last * h}, own[] = {last * h, (last + 1) * h};
    return joined(grad, node, 1,
                  joined(grad, node, 1, armc_scan_part(grad, node, weight, all, first), zeros),
                  armc_scan_part(grad, node, weight, all, own));
}

/* The weights of all products, (sums, features + states); without the features where nobody wants
 * a gradient of them. */
static ArmcValue *turned(ArmcGrad *grad, ArmcNode *node, const ArmcScan *scan)
{
    ArmcAttr axes[ARMC_MAX_ATTRS] = {{0}, {.i = 1, .r = 1}};
    ArmcValue *weight =
        with_gap(grad, node, scan, as_matrix(grad, node, armc_scan_offset(node) - 1), true);
    if (scan->features && armc_grad_wants(grad, node->in[0]))
        weight = joined(grad, node, 0, with_gap(grad, node, scan, node->in[1], false), weight);
    return ARMC_GRAD(grad, node, "transpose", axes, weight);
}

/* Adds so many rows of dw, from `first` on, to the gradient of input i. */
static void add_rows(ArmcGrad *grad, ArmcNode *node, const ArmcScan *scan, ArmcValue *dw, int i,
                     int64_t first)
{
    ArmcShape shape = node->in[i]->shape;
    int64_t h = scan->units, gates = scan->kind->gates;
    int64_t rows[] = {first, first + armc_shape_size(shape) / armc_shape_features(shape)};
    bool own = scan->kind->kept > gates && (i != 1 || !scan->features);
    if (!armc_grad_wants(grad, node->in[i]))
        return;
    ArmcValue *part =
        armc_scan_part(grad, node, dw, rows, (int64_t[]){0, (own ? gates - 1 : gates) * h});
    if (own)
        part =
            joined(grad, node, 1, part,
                   armc_scan_part(grad, node, dw, rows, (int64_t[]){gates * h, (gates + 1) * h}));
    armc_grad_add(grad, node->in[i], armc_scan_reshaped(grad, node, part, shape.rank, shape.dims));
}

/* The gradients of the first input and of each example's start, which lie in one row. */
static void add_parts(ArmcGrad *grad, ArmcNode *node, ArmcValue *d)
{
    ArmcValue *to[] = {node->in[0], node->in[armc_scan_offset(node) + 1]};
    int64_t begin = 0;
    for (int i = 0; i < 2; i++) {
        ArmcShape shape = to[i]->shape;
        int64_t end = begin + armc_shape_size(shape);
        if (armc_grad_wants(grad, to[i])) {
            ArmcValue *part =
                armc_scan_part(grad, node, d, (int64_t[]){0, 1}, (int64_t[]){begin, end});
            armc_grad_add(grad, to[i],
                          armc_scan_reshaped(grad, node, part, shape.rank, shape.dims));
        }
        begin = end;
    }
}

/* That of a start that all examples share: from row `first` of dw on. */
static void add_shared_start(ArmcGrad *grad, ArmcNode *node, const ArmcScan *scan, ArmcValue *dw,
                             int64_t first)
{
    ArmcValue *start = node->in[armc_scan_offset(node) + 1];
    if (armc_grad_wants(grad, start))
        armc_grad_add(grad, start,
                      armc_scan_part(grad, node, dw, (int64_t[]){first, first + scan->across},
                                     (int64_t[]){0, scan->start_width}));
}

void armc_scan_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy, const ArmcCellKind *kind,
                   const char *const back[2])
{
    ArmcScan scan = armc_scan_of_node(node, kind);
    ArmcValue *state = node->out[node->op->state ? 1 : 0];
    int offset = armc_scan_offset(node), count = 5;
    ArmcValue *in[ARMC_MAX_INPUTS] = {dy, node->out[0], state, node->out[node->out_count - 1],
                                      turned(grad, node, &scan)};
    if (scan.features)
        in[count++] = node->in[0];
    if (scan.start)
        in[count++] = node->in[offset + 1];
    ArmcValue *d = armc_grad_call(grad, node, back[scan.features > 0], count, in, node->attr);
    ArmcValue *dw = d->node->out[2];
    d->node->order = node->order;
    if (scan.start && scan.start->batched)
        add_parts(grad, node, d);
    else
        armc_grad_add(grad, node->in[0], d);
    if (scan.start && !scan.start->batched)
        add_shared_start(grad, node, &scan, dw, 1 + scan.features + scan.states);
    add_rows(grad, node, &scan, dw, offset, 0);
    if (scan.features)
        add_rows(grad, node, &scan, dw, 1, 1);
    add_rows(grad, node, &scan, dw, offset - 1, 1 + scan.features);
}
