/* Making graphs: leaves, calls with inference, lookup of rows. */
#include "runtime/graph/graph.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/base/text.h"
#include "runtime/graph/build.h"
#include "runtime/graph/sig.h"

const ArmcOp *armc_op_find(const char *name)
{
    for (const ArmcOp *const *op = armc_ops; *op; op++)
        if (!((*op)->flags & ARMC_OP_INTERNAL) && armc_same_text((*op)->name, name))
            return *op;
    return NULL;
}

const ArmcOp *armc_op_get(const char *name)
{
    for (const ArmcOp *const *op = armc_ops; *op; op++)
        if (armc_same_text((*op)->name, name))
            return *op;
    armc_assert_failed(name, __FILE__, __LINE__);
}

const ArmcDist *armc_dist_find(const char *name)
{
    for (const ArmcDist *const *dist = armc_dists; *dist; dist++)
        if (armc_same_text((*dist)->name, name))
            return *dist;
    return NULL;
}

ArmcGraph *armc_graph_new(ArmcArena *arena, ArmcDiags *diags)
{
    ArmcGraph *graph = ARMC_NEW(arena, ArmcGraph);
    graph->arena = arena;
    graph->diags = diags;
    graph->members = ARMC_NEW_ARRAY(arena, ArmcGraph *, 1);
    graph->members[0] = graph;
    graph->member_count = 1;
    return graph;
}

ArmcNode *armc_node_new(ArmcGraph *graph, const ArmcOp *op, int in_count, ArmcValue *const *in,
                        const ArmcAttr *attr, const ArmcOrigin *origin)
{
    ARMC_ASSERT(in_count <= ARMC_MAX_INPUTS);
    ArmcNode *node = ARMC_NEW(graph->arena, ArmcNode);
    node->op = op;
    node->in_count = in_count;
    node->origin = origin;
    for (int i = 0; i < in_count; i++)
        node->in[i] = in[i];
    for (int i = 0; attr && op->attrs && op->attrs[i].kind != ARMC_SPEC_END; i++)
        node->attr[i] = attr[i];
    node->out_count = 1 + (op->state != NULL) + (op->kept != NULL);
    for (int i = 0; i < node->out_count; i++) {
        node->out[i] = ARMC_NEW(graph->arena, ArmcValue);
        *node->out[i] = (ArmcValue){.node = node, .index = i, .id = -1};
    }
    return node;
}

void armc_graph_push(ArmcGraph *graph, ArmcNode *node)
{
    node->id = (int)graph->node_count;
    for (int i = 0; i < node->out_count; i++)
        node->out[i]->id = graph->value_count++;
    ARMC_PUSH(graph->arena, graph->nodes, graph->node_count, graph->node_capacity, node);
}

ArmcDiag *armc_infer_error(ArmcInfer *infer, const char *format, ...)
{
    char message[768];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const ArmcNode *node = infer->node;
    ArmcDiag *diag =
        armc_diag_add(infer->graph->diags, ARMC_E_shape_mismatch, node->origin, "%s", message);
    for (int i = 0; i < node->in_count; i++) {
        char text[96];
        armc_diag_note_origin(diag, node->in[i]->node->origin,
                              "a value of shape %s comes from here",
                              armc_shape_text(node->in[i]->shape, text));
    }
    return diag;
}

static bool sums_batch(const ArmcOp *op)
{
    return op->rows_out == 'S' || op->rows_out == 'W' || (op->flags & ARMC_OP_SUMS_BATCH);
}

/* Matrices and tables are the same for every example. */
static bool weights_are_fixed(const ArmcSig *sig, ArmcInfer *infer)
{
    const ArmcNode *node = infer->node;
    for (int i = 0; node->op->rows_in && i < node->in_count; i++)
        if (node->op->rows_in[i] != 'r' && node->in[i]->batched) {
            armc_infer_error(infer,
                             "`%s` of `%s` must be a parameter or a constant; this value differs "
                             "from example to example",
                             sig->in_names[i], node->op->name);
            return false;
        }
    return true;
}

/* Does every entry come from the same site of an input, or from nowhere? */
static bool stays_in_site(const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    int64_t width = armc_shape_features(out->shape), first = armc_shape_size(node->in[0]->shape);
    for (int64_t o = 0; o < armc_shape_size(out->shape); o++) {
        bool second = node->map[o] >= first;
        int64_t from = second ? node->map[o] - first : node->map[o];
        if (from >= 0 && from / armc_shape_features(node->in[second]->shape) != o / width)
            return false;
    }
    return true;
}

/* The order that input i hands on: to entries that stay where they are, else to sites. */
static const ArmcOrder *carried_from(ArmcInfer *infer, int i)
{
    const ArmcNode *node = infer->node;
    const ArmcValue *in = node->in[i], *out = node->out[0];
    int64_t sites = armc_shape_sites(out->shape);
    const ArmcOrder *order;
    if (!in->order || (node->op->flags & ARMC_OP_VIEW))
        return in->order;
    if (armc_shape_sites(in->shape) != sites ||
        ((node->op->flags & ARMC_OP_MOVEMENT) && !stays_in_site(node)))
        return NULL;
    if ((node->op->flags & ARMC_OP_ELEMENTWISE) &&
        armc_shape_size(in->shape) == armc_shape_size(out->shape))
        return in->order;
    return armc_order_fit(infer->graph->arena, in->order, sites, &order) ? order : NULL;
}

/* The result has the order of the first input that hands one on. */
static void carry_order(ArmcInfer *infer)
{
    ArmcValue *out = infer->node->out[0];
    for (int i = 0; !out->order && i < infer->node->in_count; i++)
        out->order = carried_from(infer, i);
}

bool armc_infer_order(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    const ArmcValue *in = node->in[0];
    if (armc_order_fit(infer->graph->arena, in->order, armc_shape_sites(in->shape), &node->order))
        return true;
    ArmcDiag *diag = armc_diag_add(
        infer->graph->diags, ARMC_E_bad_order, node->origin,
        "`%s` goes from site to site, the order of the variables from feature to feature",
        node->op->name);
    armc_diag_help(diag, "`flatten` makes a site of each");
    return false;
}

/* Sets everything about the node's outputs that follows from its inputs. */
bool armc_node_infer(ArmcInfer *infer)
{
    ArmcNode *node = infer->node;
    ArmcValue *out = node->out[0];
    ArmcSig sig;
    armc_sig_parse(node->op->sig, &sig);
    if (!armc_sig_infer(&sig, infer) || !weights_are_fixed(&sig, infer))
        return false;
    for (int i = 0; i < node->in_count; i++)
        out->batched |= node->in[i]->batched && !sums_batch(node->op);
    if ((node->op->flags & ARMC_OP_KEEPS_LEVELS) && node->in_count)
        out->levels = node->in[0]->levels;
    if (node->op->shape && !node->op->shape(infer))
        return false;
    if (node->map)
        node->runs = armc_map_runs(infer->graph->arena, node->map, armc_shape_size(out->shape),
                                   armc_shape_size(node->in[0]->shape));
    if (armc_shape_size(out->shape) < 0) {
        char text[96];
        armc_diag_add(infer->graph->diags, ARMC_E_too_large, node->origin,
                      "a value of shape %s is too large", armc_shape_text(out->shape, text));
        return false;
    }
    carry_order(infer);
    out->groups = (ArmcGroups){.count = 1, .features = armc_shape_features(out->shape)};
    if (node->op->groups)
        node->op->groups(infer);
    if (node->op->mask && !out->batched)
        node->op->mask(infer);
    return true;
}

/* Is every dimension but the last either that of `shape` or, all of them, 1? Then rows can be
 * addressed in place. */
static bool addressable(ArmcShape in, ArmcShape shape)
{
    bool all_equal = true, all_one = true;
    for (int i = 2; i <= shape.rank; i++) {
        int64_t dim = i <= in.rank ? in.dims[in.rank - i] : 1;
        all_one &= dim == 1;
        all_equal &= dim == shape.dims[shape.rank - i];
    }
    return all_equal || all_one;
}

static ArmcValue *expand_to(ArmcGraph *graph, ArmcValue *value, ArmcShape shape,
                            const ArmcOrigin *origin)
{
    int64_t *dims = ARMC_NEW_ARRAY(graph->arena, int64_t, shape.rank + 1);
    for (int i = 0; i < shape.rank; i++)
        dims[i] = shape.dims[i];
    ArmcAttr attr = {.given = true, .count = shape.rank, .ints = dims};
    return armc_graph_append(graph, armc_op_get("expand"), 1, &value, &attr, origin);
}

/* Elementwise ops read rows in place; inputs that broadcast otherwise are expanded first. False
 * after an error: one would be too large. */
static bool expand_inputs(ArmcGraph *graph, int in_count, ArmcValue **in, const ArmcOrigin *origin)
{
    ArmcShape shape = in[0]->shape;
    for (int i = 1; i < in_count; i++)
        if (!armc_shape_broadcast(shape, in[i]->shape, &shape))
            return true; /* the signature will report it */
    for (int i = 0; i < in_count; i++) {
        if (!addressable(in[i]->shape, shape))
            in[i] = expand_to(graph, in[i], shape, origin);
        if (!in[i])
            return false;
    }
    return true;
}

ArmcValue *armc_graph_append(ArmcGraph *graph, const ArmcOp *op, int in_count, ArmcValue *const *in,
                             const ArmcAttr *attr, const ArmcOrigin *origin)
{
    ArmcValue *inputs[ARMC_MAX_INPUTS] = {0};
    for (int i = 0; i < in_count; i++)
        inputs[i] = in[i];
    if ((op->flags & ARMC_OP_ELEMENTWISE) && in_count > 1 &&
        !expand_inputs(graph, in_count, inputs, origin))
        return NULL;
    ArmcNode *node = armc_node_new(graph, op, in_count, inputs, attr, origin);
    ArmcInfer infer = {graph, node};
    if (!armc_node_infer(&infer))
        return NULL;
    armc_graph_push(graph, node);
    return node->out[0];
}

ArmcValue *armc_graph_call(ArmcGraph *graph, const ArmcOp *op, int in_count, ArmcValue *const *in,
                           const ArmcAttr *attr, const ArmcOrigin *origin)
{
    for (int i = 0; i < in_count; i++)
        if (!in[i])
            return NULL;
    ArmcSig sig;
    armc_sig_parse(op->sig, &sig);
    if (in_count < sig.must || in_count > sig.in_count) {
        ArmcDiag *diag =
            armc_diag_add(graph->diags, ARMC_E_bad_arity, origin, "`%s` takes %d value%s, found %d",
                          op->name, sig.must, sig.must == 1 ? "" : "s", in_count);
        armc_diag_help(diag, "%s: %s", op->name, op->sig);
        return NULL;
    }
    return armc_graph_append(graph, op, in_count, in, attr, origin);
}

static ArmcValue *append_leaf(ArmcGraph *graph, const char *op, const void *leaf, ArmcShape shape,
                              const ArmcOrigin *origin)
{
    ArmcNode *node = armc_node_new(graph, armc_op_get(op), 0, NULL, NULL, origin);
    node->leaf = leaf;
    node->out[0]->shape = shape;
    node->out[0]->groups = (ArmcGroups){.count = 1, .features = armc_shape_features(shape)};
    armc_graph_push(graph, node);
    return node->out[0];
}

/* Each feature a group of its own: the channels of an input. */
ArmcGroups armc_groups_each(ArmcArena *arena, int64_t features)
{
    if (features == 1)
        return (ArmcGroups){.count = 1, .features = 1};
    int32_t *of = ARMC_NEW_ARRAY(arena, int32_t, features);
    int64_t *first = ARMC_NEW_ARRAY(arena, int64_t, features);
    for (int64_t f = 0; f < features; f++) {
        of[f] = (int32_t)f;
        first[f] = f;
    }
    return (ArmcGroups){(int)features, features, of, first};
}

ArmcValue *armc_graph_input(ArmcGraph *graph, const ArmcInput *input)
{
    ArmcInput *copy = ARMC_NEW(graph->arena, ArmcInput);
    *copy = *input;
    copy->value = append_leaf(graph, "input", copy, input->shape, input->origin);
    copy->value->batched = true;
    copy->value->levels = input->levels;
    copy->value->groups = armc_groups_each(graph->arena, armc_shape_features(input->shape));
    copy->value->order = input->order;
    armc_order_fit(graph->arena, input->order, armc_shape_size(input->shape), &copy->entry_order);
    ARMC_PUSH(graph->arena, graph->inputs, graph->input_count, graph->input_capacity, copy);
    return copy->value;
}

ArmcValue *armc_graph_param(ArmcGraph *graph, const ArmcParam *param)
{
    ArmcParam *copy = ARMC_NEW(graph->arena, ArmcParam);
    *copy = *param;
    copy->size = armc_shape_size(param->shape);
    copy->live = copy->size;
    for (int64_t i = 0; param->mask && i < copy->size; i++)
        copy->live -= !param->mask[i];
    copy->live_at_once = copy->live;
    copy->value = append_leaf(graph, "parameter", copy, param->shape, param->origin);
    copy->value->mask = param->mask;
    ARMC_PUSH(graph->arena, graph->params, graph->param_count, graph->param_capacity, copy);
    return copy->value;
}

ArmcValue *armc_graph_constant(ArmcGraph *graph, ArmcShape shape, const double *data,
                               const ArmcOrigin *origin)
{
    int64_t size = armc_shape_size(shape);
    ArmcReal *copy = ARMC_NEW_ARRAY(graph->arena, ArmcReal, size);
    uint8_t *mask = ARMC_NEW_ARRAY(graph->arena, uint8_t, size);
    for (int64_t i = 0; i < size; i++) {
        copy[i] = (ArmcReal)data[i];
        mask[i] = copy[i] < 0 || copy[i] > 0 || copy[i] != copy[i];
    }
    ArmcValue *value = append_leaf(graph, "constant", copy, shape, origin);
    value->mask = mask;
    return value;
}
