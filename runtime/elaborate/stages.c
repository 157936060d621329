/* The table of stages: what each statement of a model makes, and what it costs. */
#include "runtime/elaborate/elaborator.h"

/* Brings the sums over the graph up to date. */
static void count_up(ArmcBuild *build)
{
    const ArmcGraph *graph = build->graph;
    for (; build->counted_params < graph->param_count; build->counted_params++)
        build->parameters += graph->params[build->counted_params]->live;
    for (; build->counted_nodes < graph->node_count; build->counted_nodes++)
        build->cost += armc_node_cost(graph->nodes[build->counted_nodes]);
}

/* While a stage runs its row holds, negated, what was there before; afterwards the difference, less
 * what rows within it took: a row tells only what is its own. */
size_t armc_stage_begin(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcBuild *build = frame->build;
    if (!build || frame->stage_depth < 0)
        return SIZE_MAX;
    count_up(build);
    ArmcStageRow row = {
        .tree = tree,
        .depth = frame->stage_depth,
        .parameters = build->inner_parameters - build->parameters,
        .multiply_adds = build->inner_cost - build->cost,
    };
    ARMC_PUSH(frame->e->arena, build->rows, build->row_count, build->row_capacity, row);
    build->open_rows++;
    return build->row_count - 1;
}

/* Rows of the top level are told when the outermost stage is done: with those within it. */
static void tell_rows(const ArmcFrame *frame, size_t first)
{
    const ArmcHost *host = frame->e->module->host;
    if (host->stage == NULL || frame->body != ARMC_BODY_FILE || frame->build->open_rows > 0)
        return;
    for (size_t i = first; i < frame->build->row_count; i++)
        host->stage(host->session, &frame->build->rows[i]);
}

void armc_stage_end(ArmcFrame *frame, size_t index, const ArmcThing *made)
{
    ArmcBuild *build = frame->build;
    if (index == SIZE_MAX)
        return;
    ArmcStageRow *row = &build->rows[index];
    count_up(build);
    row->parameters += build->parameters - build->inner_parameters;
    row->multiply_adds += build->cost - build->inner_cost;
    build->inner_parameters += row->parameters;
    build->inner_cost += row->multiply_adds;
    build->open_rows--;
    bool is_last = build->row_count == index + 1;
    if (made->kind == ARMC_THING_LIST && made->count > 0)
        made = made->items[0]; /* of several results the first is shown */
    if (made->kind != ARMC_THING_VALUE) {
        build->row_count -= is_last; /* a function of constants is no stage */
        return;
    }
    row->shape = made->value->shape;
    tell_rows(frame, index);
}

size_t armc_model_stages(const ArmcModelRef *model, const ArmcStageRow **rows)
{
    *rows = model->rows;
    return model->row_count;
}
