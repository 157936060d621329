#include "runtime/exec/compute.h"

#include <string.h>

static ArmcReal *input_data(const ArmcComputation *computation, const ArmcNode *node)
{
    for (size_t i = 0; i < computation->model->input_count; i++)
        if (computation->model->inputs[i] == node->leaf)
            return computation->inputs[i];
    ARMC_ASSERT(false);
    return NULL;
}

static ArmcReal *leaf_data(ArmcArena *arena, const ArmcComputation *computation,
                           const ArmcNode *node)
{
    if (strcmp(node->op->name, "input") == 0)
        return input_data(computation, node);
    if (strcmp(node->op->name, "parameter") == 0)
        return ((const ArmcParam *)node->leaf)->data;
    int64_t size = armc_shape_size(node->out[0]->shape);
    ArmcReal *copy = ARMC_NEW_ARRAY(arena, ArmcReal, size);
    memcpy(copy, node->leaf, (size_t)size * sizeof *copy);
    return copy;
}

static void run_node(ArmcArena *arena, const ArmcComputation *computation, const ArmcNode *node,
                     ArmcReal **of)
{
    ArmcStepInfo info = {0};
    ArmcCall call = {.node = node,
                     .k = computation->kernels,
                     .info = &info,
                     .batch = computation->batch,
                     .exact = computation->exact};
    for (int i = 0; i < node->in_count; i++)
        call.in[i] = of[node->in[i]->id];
    for (int k = 0; k < node->out_count; k++) {
        int64_t size = armc_shape_size(node->out[k]->shape);
        call.out[k] = of[node->out[k]->id] =
            ARMC_NEW_ARRAY(arena, ArmcReal, size * (node->out[k]->batched ? call.batch : 1));
    }
    if (node->op->advance)
        call.out[1] =
            ARMC_NEW_ARRAY(arena, ArmcReal, call.batch * armc_shape_features(node->out[0]->shape));
    armc_apply(&call);
}

ArmcReal **armc_compute(ArmcArena *arena, const ArmcComputation *computation)
{
    const ArmcGraph *graph = computation->graph;
    ArmcReal **of = ARMC_NEW_ARRAY(arena, ArmcReal *, graph->value_count);
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        const ArmcValue *out = node->out[0];
        if (node->op->flags & ARMC_OP_LEAF) {
            of[out->id] = leaf_data(arena, computation, node);
            continue;
        }
        run_node(arena, computation, node, of);
    }
    return of;
}
