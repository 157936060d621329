#include "runtime/graph/field.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/graph/reads.h"

/* The entries of the variable that its distribution depends on; NULL: none. */
static uint8_t *seen_from(ArmcArena *arena, const ArmcGraph *graph, ArmcPlaceOf at)
{
    uint8_t **seen = ARMC_NEW_ARRAY(arena, uint8_t *, graph->value_count);
    const ArmcValue *params = graph->likelihoods[at.likelihood]->params;
    if (!params->batched)
        return NULL;
    seen[params->id] = armc_marks_new(arena, params);
    memset(seen[params->id] + at.k * params->groups.count, 1, (size_t)params->groups.count);
    armc_reads_back(arena, graph, seen);
    return seen[graph->inputs[0]->value->id]; /* each channel is a group */
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
    field.sees = seen_from(arena, graph, armc_likelihood_places(arena, graph)[variable]);
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
