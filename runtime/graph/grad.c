/* Reverse mode, graph to graph: each row's vjp appends nodes. */
#include <string.h>

#include "runtime/graph/build.h"

struct ArmcGrad {
    ArmcGraph *graph;
    ArmcValue **d; /* by value id of the forward part */
    bool *wants;
    const ArmcOrigin *origin;
};

ArmcGraph *armc_grad_graph(ArmcGrad *grad)
{
    return grad->graph;
}

bool armc_grad_wants(const ArmcGrad *grad, const ArmcValue *value)
{
    return grad->wants[value->id];
}

ArmcValue *armc_grad_call(ArmcGrad *grad, const ArmcNode *from, const char *op, int in_count,
                          ArmcValue *const *in, const ArmcAttr *attr)
{
    size_t before = armc_diags_count(grad->graph->diags);
    ArmcValue *value = armc_graph_append(grad->graph, armc_op_get(op), in_count, in, attr,
                                         from ? from->origin : NULL);
    ARMC_ASSERT(value && armc_diags_count(grad->graph->diags) == before);
    value->order = NULL;
    return value;
}

static ArmcValue *call1(ArmcGrad *grad, const ArmcValue *from, const char *op, ArmcValue *x)
{
    return armc_grad_call(grad, from->node, op, 1, &x, NULL);
}

/* Sums d over whatever `value` was broadcast over, until it has the shape of value. */
static ArmcValue *sum_to(ArmcGrad *grad, const ArmcValue *value, ArmcValue *d)
{
    int64_t sites = armc_shape_sites(value->shape), features = armc_shape_features(value->shape);
    if (armc_shape_features(d->shape) != features)
        d = call1(grad, value, "sum_features", d);
    if (armc_shape_sites(d->shape) != sites && (value->batched || !d->batched))
        d = call1(grad, value, "sum_sites", d);
    else if (armc_shape_sites(d->shape) != sites)
        d = call1(grad, value, "sum_rows", d);
    if (d->batched && !value->batched)
        d = call1(grad, value, "sum_batch", d);
    if (!armc_shape_equal(d->shape, value->shape)) {
        int64_t *dims = ARMC_NEW_ARRAY(grad->graph->arena, int64_t, ARMC_MAX_RANK);
        memcpy(dims, value->shape.dims, sizeof value->shape.dims);
        ArmcAttr attr = {.given = true, .count = value->shape.rank, .ints = dims};
        d = armc_grad_call(grad, value->node, "reshape", 1, &d, &attr);
    }
    return d;
}

void armc_grad_add(ArmcGrad *grad, ArmcValue *value, ArmcValue *d)
{
    if (!grad->wants[value->id])
        return;
    d = sum_to(grad, value, d);
    ArmcValue **sum = &grad->d[value->id];
    if (!*sum)
        *sum = d;
    else
        *sum = armc_grad_call(grad, value->node, "add", 2, (ArmcValue *[]){*sum, d}, NULL);
}

/* A gradient is wanted by what depends on one of `at`, through ops that have one. */
static void mark_wanted(ArmcGrad *grad, size_t node_count, size_t at_count, ArmcValue *const *at)
{
    for (size_t i = 0; i < at_count; i++)
        grad->wants[at[i]->id] = true;
    for (size_t i = 0; i < node_count; i++) {
        const ArmcNode *node = grad->graph->nodes[i];
        bool any = false;
        for (int k = 0; k < node->in_count; k++)
            any |= grad->wants[node->in[k]->id];
        for (int k = 0; k < node->out_count; k++)
            grad->wants[node->out[k]->id] |= any && node->op->vjp;
    }
}

void armc_differentiate(ArmcGraph *graph, size_t count, ArmcValue *const *y, ArmcValue *const *dy,
                        size_t at_count, ArmcValue *const *at, ArmcValue **gradient)
{
    size_t node_count = graph->node_count;
    ArmcGrad grad = {.graph = graph,
                     .d = ARMC_NEW_ARRAY(graph->arena, ArmcValue *, graph->value_count),
                     .wants = ARMC_NEW_ARRAY(graph->arena, bool, graph->value_count)};
    mark_wanted(&grad, node_count, at_count, at);
    for (size_t i = 0; i < count; i++)
        if (grad.wants[y[i]->id])
            grad.d[y[i]->id] = dy[i]; /* may be narrower than y: it broadcasts */
    for (size_t i = node_count; i-- > 0;) {
        ArmcNode *node = graph->nodes[i];
        ArmcValue *d = grad.d[node->out[0]->id];
        if (d && node->op->vjp)
            node->op->vjp(&grad, node, d);
    }
    for (size_t i = 0; i < at_count; i++)
        gradient[i] = grad.d[at[i]->id];
}
