#include "runtime/graph/field.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/graph/ready.h"

typedef struct Sweep {
    const ArmcNode *node; /* whose reads are visited */
    uint8_t **seen;       /* by value id: [site * groups + group]; NULL: nothing of it so far */
    ArmcArena *arena;
} Sweep;

static int64_t entries_of(const ArmcValue *value)
{
    return armc_shape_sites(value->shape) * value->groups.count;
}

static void see(void *context, int input, int64_t site, int group)
{
    Sweep *s = context;
    const ArmcValue *value = input < 0 ? s->node->out[0] : s->node->in[input];
    if (!value->batched)
        return;
    if (!s->seen[value->id])
        s->seen[value->id] = ARMC_NEW_ARRAY(s->arena, uint8_t, entries_of(value));
    s->seen[value->id][site * value->groups.count + group] = 1;
}

/* What the seen entries of a node's result read. A scan reads its own earlier entries, so these
 * come after those that read them. */
static void sweep_node(Sweep *s, const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    const uint8_t *seen = s->seen[out->id];
    s->node = node;
    for (int64_t i = armc_shape_sites(out->shape); seen && i-- > 0;) {
        int64_t site = armc_site_in_order(node, i);
        for (int g = 0; g < out->groups.count; g++)
            if (seen[site * out->groups.count + g])
                armc_reads(node, site, g, see, s);
    }
}

/* The entries of the variable that one entry's distribution depends on; NULL: none. */
static uint8_t *seen_from(ArmcArena *arena, const ArmcGraph *graph, ArmcLikelihoodEntry at)
{
    Sweep s = {.arena = arena, .seen = ARMC_NEW_ARRAY(arena, uint8_t *, graph->value_count)};
    const ArmcValue *params = at.likelihood->params;
    if (!params->batched)
        return NULL;
    s.seen[params->id] = ARMC_NEW_ARRAY(arena, uint8_t, entries_of(params));
    memset(s.seen[params->id] + at.place * params->groups.count, 1, (size_t)params->groups.count);
    for (int i = params->node->id; i >= 0; i--)
        if (!(graph->nodes[i]->op->flags & ARMC_OP_LEAF))
            sweep_node(&s, graph->nodes[i]);
    return s.seen[graph->inputs[0]->value->id]; /* each channel is a group */
}

ArmcLikelihoodEntry armc_likelihood_of(const ArmcGraph *graph, int64_t variable)
{
    for (size_t l = 0; l < graph->likelihood_count; l++) {
        const ArmcLikelihood *likelihood = graph->likelihoods[l];
        for (int64_t k = 0; k < likelihood->count; k++)
            if ((likelihood->entries ? likelihood->entries[k] : k) == variable)
                return (ArmcLikelihoodEntry){likelihood, k};
    }
    ARMC_ASSERT(false); /* likelihoods cover the variable: armc_graph_finish */
    return (ArmcLikelihoodEntry){0};
}

static ArmcFieldMark mark_of(const ArmcField *field, int64_t entry)
{
    if (entry == field->variable)
        return ARMC_FIELD_SELF;
    if (armc_input_rank(field->input, entry) > armc_input_rank(field->input, field->variable))
        return field->sees[entry] ? ARMC_FIELD_LEAK : ARMC_FIELD_LATER;
    return field->sees[entry] ? ARMC_FIELD_SEEN : ARMC_FIELD_BLIND;
}

ArmcField armc_field_find(ArmcArena *arena, const ArmcGraph *graph, int64_t variable)
{
    const ArmcInput *input = graph->inputs[0];
    int64_t size = armc_shape_size(input->shape);
    ArmcField field = {.input = input, .variable = variable};
    field.sees = seen_from(arena, graph, armc_likelihood_of(graph, variable));
    if (!field.sees)
        field.sees = ARMC_NEW_ARRAY(arena, uint8_t, size);
    field.mark = ARMC_NEW_ARRAY(arena, uint8_t, size);
    for (int64_t e = 0; e < size; e++) {
        ArmcFieldMark mark = mark_of(&field, e);
        field.mark[e] = (uint8_t)mark;
        field.seen += mark == ARMC_FIELD_SEEN;
        field.blind += mark == ARMC_FIELD_BLIND;
        field.leaks += mark == ARMC_FIELD_LEAK || (mark == ARMC_FIELD_SELF && field.sees[e]);
    }
    field.legal = field.seen + field.blind;
    return field;
}

void armc_input_entry_text(const ArmcInput *input, int64_t entry, ArmcBuf *out)
{
    ArmcShape shape = input->shape;
    armc_buf_printf(out, "%s(", input->name);
    int64_t stride = armc_shape_size(shape);
    bool skip_last = shape.rank > 1 && shape.dims[shape.rank - 1] == 1;
    for (int d = 0; d < shape.rank - skip_last; d++) {
        stride /= shape.dims[d];
        armc_buf_printf(out, "%s%" PRId64, d ? "," : "", entry / stride % shape.dims[d]);
    }
    armc_buf_puts(out, ")");
}
