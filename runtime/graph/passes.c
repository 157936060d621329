/* Simplification: one walk that copies what is needed, folding constants, merging equal nodes,
 * dropping identities. */
#include <string.h>

#include "runtime/graph/build.h"

typedef struct Simplify {
    ArmcGraph *graph; /* the new one */
    ArmcValue **of;   /* old value id -> new value */
    int *readers;     /* of each old value, by id */
    bool training;
    const ArmcKernels *kernels;
    ArmcNode **buckets; /* nodes of the new graph by hash, open addressing */
    size_t bucket_count;
} Simplify;

/* Nodes on which the outputs depend, by id. */
static bool *mark_needed(ArmcArena *arena, const ArmcGraph *graph, const ArmcOutputs *outputs)
{
    bool *needed = ARMC_NEW_ARRAY(arena, bool, graph->node_count);
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->values[i])
            needed[outputs->values[i]->node->id] = true;
    for (size_t i = graph->node_count; i-- > 0;)
        for (int k = 0; needed[i] && k < graph->nodes[i]->in_count; k++)
            needed[graph->nodes[i]->in[k]->node->id] = true;
    return needed;
}

/* How many needed nodes and outputs read each value. */
static int *count_readers(ArmcArena *arena, const ArmcGraph *graph, const ArmcOutputs *outputs,
                          const bool *needed)
{
    int *readers = ARMC_NEW_ARRAY(arena, int, graph->value_count);
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->values[i])
            readers[outputs->values[i]->id]++;
    for (size_t i = 0; i < graph->node_count; i++)
        for (int k = 0; needed[i] && k < graph->nodes[i]->in_count; k++)
            readers[graph->nodes[i]->in[k]->id]++;
    return readers;
}

static int attr_count(const ArmcOp *op)
{
    int count = 0;
    while (op->attrs && op->attrs[count].kind != ARMC_SPEC_END)
        count++;
    return count;
}

static bool attr_equal(const ArmcAttr *a, const ArmcAttr *b)
{
    bool same_text = a->text == b->text || (a->text && b->text && strcmp(a->text, b->text) == 0);
    return a->i == b->i && memcmp(&a->r, &b->r, sizeof a->r) == 0 && same_text &&
           a->count == b->count &&
           (a->count == 0 || memcmp(a->ints, b->ints, (size_t)a->count * sizeof *a->ints) == 0);
}

/* A movement op's map follows from its attributes and its order. Its gradient's doesn't: there is
 * an entry for each of dy's. */
static bool same_map(const ArmcNode *a, const ArmcNode *b)
{
    if (a->map == b->map || (a->op->flags & ARMC_OP_MOVEMENT))
        return true;
    size_t entries = (size_t)armc_shape_size(a->in[0]->shape);
    return a->map && b->map && memcmp(a->map, b->map, entries * sizeof *a->map) == 0;
}

static bool node_equal(const ArmcNode *a, const ArmcNode *b)
{
    if (a->op != b->op || a->in_count != b->in_count || a->leaf != b->leaf || a->plan != b->plan)
        return false;
    for (int i = 0; i < a->in_count; i++)
        if (a->in[i] != b->in[i])
            return false;
    for (int i = 0; i < attr_count(a->op); i++)
        if (!attr_equal(&a->attr[i], &b->attr[i]))
            return false;
    return armc_order_same(a->order, b->order) && same_map(a, b);
}

static size_t node_hash(const ArmcNode *node)
{
    uint64_t hash = (uint64_t)(uintptr_t)node->op * 31 + (uint64_t)(uintptr_t)node->leaf;
    for (int i = 0; i < node->in_count; i++)
        hash = hash * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)node->in[i]->id;
    return (size_t)(hash ^ hash >> 29);
}

/* A node of the new graph that computes the same, or NULL; then the node is entered. */
static ArmcNode *find_equal(Simplify *s, ArmcNode *node)
{
    size_t slot = node_hash(node) % s->bucket_count;
    for (; s->buckets[slot]; slot = (slot + 1) % s->bucket_count)
        if (node_equal(s->buckets[slot], node))
            return s->buckets[slot];
    s->buckets[slot] = node;
    return NULL;
}

ArmcNode *armc_node_copy(const ArmcGraph *graph, const ArmcNode *node, ArmcValue *const *of)
{
    ArmcNode *copy = ARMC_NEW(graph->arena, ArmcNode);
    *copy = *node;
    for (int i = 0; i < node->in_count; i++)
        copy->in[i] = of[node->in[i]->id];
    for (int i = 0; i < node->out_count; i++) {
        copy->out[i] = ARMC_NEW(graph->arena, ArmcValue);
        *copy->out[i] = *node->out[i];
        copy->out[i]->node = copy;
        copy->out[i]->readers = 0;
    }
    if (node->after)
        copy->after = of[node->after->out[0]->id]->node;
    return copy;
}

static bool is_constant(const ArmcValue *value)
{
    return strcmp(value->node->op->name, "constant") == 0;
}

static bool folds(const ArmcNode *node)
{
    bool fold =
        node->in_count > 0 && node->out_count == 1 && !(node->op->flags & ARMC_OP_TRAIN_ONLY);
    for (int i = 0; i < node->in_count; i++)
        fold &= is_constant(node->in[i]);
    return fold && !node->out[0]->batched;
}

/* Computes a node of constants and turns it into a constant. */
static void fold(Simplify *s, ArmcNode *node)
{
    ArmcArena *arena = s->graph->arena;
    ArmcStepInfo info = {0};
    ArmcReal *result = ARMC_NEW_ARRAY(arena, ArmcReal, armc_shape_size(node->out[0]->shape));
    ArmcReal *state = ARMC_NEW_ARRAY(arena, ArmcReal, armc_shape_features(node->out[0]->shape));
    ArmcCall call = {.node = node,
                     .k = s->kernels,
                     .info = &info,
                     .batch = 1,
                     .exact = true,
                     .out = {result, state}};
    for (int i = 0; i < node->in_count; i++)
        call.in[i] = node->in[i]->node->leaf;
    armc_apply(&call);
    node->op = armc_op_get("constant");
    node->in_count = 0;
    node->map = NULL;
    node->order = NULL;
    node->leaf = result;
    memset(node->attr, 0, sizeof node->attr);
}

static bool is_identity(const ArmcNode *node, bool training)
{
    if ((node->op->flags & ARMC_OP_TRAIN_ONLY) && !training)
        return true;
    return (node->op->flags & ARMC_OP_VIEW) &&
           armc_shape_equal(node->in[0]->shape, node->out[0]->shape);
}

/* The new value for an old one. It may stand for several, or have been read by what is left out. */
static void stand_for(Simplify *s, const ArmcValue *old, ArmcValue *new)
{
    s->of[old->id] = new;
    new->readers += s->readers[old->id];
}

static void simplify_node(Simplify *s, const ArmcNode *node)
{
    if (is_identity(node, s->training)) {
        stand_for(s, node->out[0], s->of[node->in[0]->id]);
        s->of[node->out[0]->id]->readers--;
        return;
    }
    ArmcNode *copy = armc_node_copy(s->graph, node, s->of);
    if (folds(copy))
        fold(s, copy);
    ArmcValue *fused = copy->op->fuse ? copy->op->fuse(s->graph, copy) : NULL;
    if (fused) {
        stand_for(s, node->out[0], fused);
        return;
    }
    ArmcNode *same = find_equal(s, copy);
    if (!same)
        armc_graph_push(s->graph, copy);
    for (int i = 0; i < node->out_count; i++)
        stand_for(s, node->out[i], (same ? same : copy)->out[i]);
}

ArmcGraph *armc_simplify(ArmcArena *arena, const ArmcGraph *graph, ArmcOutputs *outputs,
                         bool training, const ArmcKernels *kernels)
{
    Simplify s = {.graph = armc_graph_new(arena, graph->diags),
                  .of = ARMC_NEW_ARRAY(arena, ArmcValue *, graph->value_count),
                  .training = training,
                  .kernels = kernels,
                  .bucket_count = graph->node_count * 2 + 1};
    s.buckets = ARMC_NEW_ARRAY(arena, ArmcNode *, s.bucket_count);
    bool *needed = mark_needed(arena, graph, outputs);
    s.readers = count_readers(arena, graph, outputs, needed);
    for (size_t i = 0; i < graph->node_count; i++)
        if (needed[i])
            simplify_node(&s, graph->nodes[i]);
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->values[i])
            outputs->values[i] = s.of[outputs->values[i]->id];
    armc_graph_verify(s.graph);
    return s.graph;
}

void armc_graph_verify(ArmcGraph *graph)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        ARMC_ASSERT(node->id == (int)i && node->op && node->out_count >= 1);
        for (int k = 0; k < node->in_count; k++) {
            ARMC_ASSERT(node->in[k]->node->id < node->id);
            ARMC_ASSERT(graph->nodes[node->in[k]->node->id]->out[node->in[k]->index] ==
                        node->in[k]);
        }
        for (int k = 0; k < node->out_count; k++)
            ARMC_ASSERT(armc_shape_size(node->out[k]->shape) > 0 && node->out[k]->node == node);
        ARMC_ASSERT((node->op->flags & ARMC_OP_LEAF) || node->op->rows || node->op->forward);
    }
}
