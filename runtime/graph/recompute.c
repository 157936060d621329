/* What is cheap is computed twice rather than kept: results of the forward part that are made from
 * what is kept anyway are made again where gradients want them. Memory gets smaller, and time too:
 * what was kept would come from far away. */
#include "runtime/graph/build.h"

typedef struct Recompute {
    ArmcGraph *graph;         /* the new one */
    ArmcValue **of;           /* old value id -> new value */
    ArmcValue **again;        /* old value id -> the value that gradients read instead; NULL */
    const bool *backward;     /* by id of the old nodes */
    bool *wanted, *elsewhere; /* by old value id: by gradients; by a view or as an output */
} Recompute;

static void find_uses(Recompute *r, const ArmcGraph *graph, const ArmcOutputs *outputs)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        for (int k = 0; k < node->in_count; k++) {
            r->wanted[node->in[k]->id] |= r->backward[i];
            r->elsewhere[node->in[k]->id] |= (node->op->flags & ARMC_OP_VIEW) != 0;
        }
    }
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->values[i])
            r->elsewhere[outputs->values[i]->id] = true;
}

/* Can a result of the forward part be made again from what is there then? */
static bool is_made_again(const Recompute *r, const ArmcValue *value)
{
    const ArmcNode *node = value->node;
    bool can = (node->op->flags & ARMC_OP_CHEAP) && !r->backward[node->id] && value->batched &&
               node->out_count == 1 && !r->elsewhere[value->id];
    for (int k = 0; can && k < node->in_count; k++)
        can = r->wanted[node->in[k]->id] || (node->in[k]->node->op->flags & ARMC_OP_LEAF);
    return can;
}

/* What a node of the backward part waits for besides: the last of its inputs that is a gradient. */
static const ArmcNode *waits_for(const Recompute *r, const ArmcNode *node)
{
    const ArmcNode *last = NULL;
    for (int k = 0; k < node->in_count; k++) {
        const ArmcNode *from = node->in[k]->node;
        if (r->backward[from->id] && (!last || from->id > last->id))
            last = from;
    }
    return last;
}

static ArmcNode *copy_of(const Recompute *r, const ArmcNode *node)
{
    return armc_node_copy(r->graph, node, r->of);
}

/* The value that a node of the backward part reads for one of its inputs. */
static ArmcValue *input_of(Recompute *r, const ArmcNode *reader, const ArmcValue *value)
{
    const ArmcNode *last = waits_for(r, reader);
    if (!is_made_again(r, value) || !last)
        return r->of[value->id];
    if (!r->again[value->id]) {
        ArmcNode *copy = copy_of(r, value->node);
        copy->after = r->of[last->out[0]->id]->node;
        armc_graph_push(r->graph, copy);
        r->again[value->id] = copy->out[0];
    }
    return r->again[value->id];
}

static void copy_node(Recompute *r, const ArmcNode *node)
{
    ArmcNode *copy = copy_of(r, node);
    for (int k = 0; r->backward[node->id] && k < node->in_count; k++)
        copy->in[k] = input_of(r, node, node->in[k]);
    armc_graph_push(r->graph, copy);
    for (int k = 0; k < node->out_count; k++)
        r->of[node->out[k]->id] = copy->out[k];
}

ArmcGraph *armc_recompute(ArmcArena *arena, const ArmcGraph *graph, ArmcOutputs *outputs,
                          const bool *backward)
{
    Recompute r = {.graph = armc_graph_new(arena, graph->diags),
                   .of = ARMC_NEW_ARRAY(arena, ArmcValue *, graph->value_count),
                   .again = ARMC_NEW_ARRAY(arena, ArmcValue *, graph->value_count),
                   .backward = backward,
                   .wanted = ARMC_NEW_ARRAY(arena, bool, graph->value_count),
                   .elsewhere = ARMC_NEW_ARRAY(arena, bool, graph->value_count)};
    find_uses(&r, graph, outputs);
    for (size_t i = 0; i < graph->node_count; i++)
        copy_node(&r, graph->nodes[i]);
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->values[i])
            outputs->values[i] = r.of[outputs->values[i]->id];
    armc_graph_verify(r.graph);
    return r.graph;
}
