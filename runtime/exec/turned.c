#include "runtime/exec/turned.h"

static bool is_row(const ArmcValue *value)
{
    return armc_shape_sites(value->shape) == 1;
}

static int64_t features_of(const ArmcValue *value)
{
    return armc_shape_features(value->shape);
}

/* A value's rows lie as those of the row that holds them. */
static ArmcRowPlace *place_of(const ArmcTimetable *table, const ArmcValue *value)
{
    ArmcRowPlace *place = &table->places[value->id];
    return place->home ? &table->places[place->home->id] : place;
}

/* Is it of account how the features of a row lie? */
static bool is_turned(const ArmcTimetable *table, const ArmcValue *value)
{
    return value->batched && features_of(value) > 1 && place_of(table, value)->turns;
}

static bool can_begin(const ArmcNode *node, const ArmcInput *variable)
{
    const ArmcValue *out = node->out[0];
    bool given = (node->op->flags & ARMC_OP_LEAF) && node->leaf != variable;
    return out->batched && is_row(out) && features_of(out) > 1 && !given && !node->op->state &&
           !node->op->advance;
}

/* Can the node be computed with its inputs and its result as they lie? */
static bool fits(const ArmcTimetable *table, const ArmcNode *node)
{
    const ArmcOp *op = node->op;
    const ArmcValue *out = node->out[0];
    bool any = is_turned(table, out);
    for (int i = 0; i < node->in_count; i++)
        any = any || is_turned(table, node->in[i]);
    if (!any || (op->flags & (ARMC_OP_LEAF | ARMC_OP_MOVEMENT)))
        return true;
    if (!is_row(out))
        return false;
    if (op->pieces)
        return is_turned(table, node->in[0]) || !is_turned(table, out);
    return (op->flags & ARMC_OP_ELEMENTWISE) && op->rows && !op->part;
}

/* False where nothing was turned. */
static bool turn_back(const ArmcTimetable *table, const ArmcValue *value)
{
    bool turned = is_turned(table, value);
    if (turned)
        place_of(table, value)->turns = false;
    return turned;
}

/* Everything that a node that doesn't fit reads and makes; false where nothing changed. */
static bool turn_back_misfits(const ArmcTimetable *table)
{
    bool changed = false;
    for (size_t n = 0; n < table->graph->node_count; n++) {
        const ArmcNode *node = table->graph->nodes[n];
        if (!node->out[0]->batched || fits(table, node))
            continue;
        changed = turn_back(table, node->out[0]) || changed;
        for (int i = 0; node->op->pieces == NULL && i < node->in_count; i++)
            changed = turn_back(table, node->in[i]) || changed;
    }
    return changed;
}

void armc_turned_find(const ArmcTimetable *table, const ArmcInput *variable)
{
    const ArmcGraph *graph = table->graph;
    for (size_t n = 0; n < graph->node_count; n++)
        table->places[graph->nodes[n]->out[0]->id].turns = can_begin(graph->nodes[n], variable);
    for (size_t l = 0; l < table->params.count; l++)
        turn_back(table, table->params.values[l]); /* a draw reads rows */
    while (turn_back_misfits(table))
        continue;
    for (size_t n = 0; n < graph->node_count; n++) {
        const ArmcValue *out = graph->nodes[n]->out[0];
        table->places[out->id].turns = place_of(table, out)->turns;
    }
}
