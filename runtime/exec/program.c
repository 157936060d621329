/* Compiles a graph into a program. */
#include "runtime/exec/program.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/exec/internal.h"

static void push_output(ArmcProgram *program, size_t *capacity, ArmcValue *value)
{
    ARMC_PUSH(program->arena, program->outputs.values, program->outputs.count, *capacity, value);
}

/* Appends -log p of every likelihood to the graph; parameters of the distributions instead for
 * PARAMS. */
static void append_outputs(ArmcProgram *program, ArmcGraph *graph)
{
    size_t capacity = 0;
    for (size_t i = 0; i < program->model->likelihood_count; i++) {
        const ArmcLikelihood *likelihood = program->model->likelihoods[i];
        ArmcValue *in[2] = {likelihood->params, likelihood->target};
        ArmcValue *value = likelihood->params;
        if (program->kind != ARMC_PROGRAM_PARAMS)
            value =
                armc_graph_append(graph, likelihood->dist->nll, 2, in, NULL, likelihood->origin);
        else if (!value->batched || (value->node->op->flags & ARMC_OP_LEAF) ||
                 armc_exec_is_view(value->node))
            value =
                armc_graph_append(graph, armc_op_get("spread"), 2, in, NULL, likelihood->origin);
        ARMC_ASSERT(value);
        push_output(program, &capacity, value);
    }
    program->nll_count = program->outputs.count;
}

ArmcGraph *armc_exec_fork_graph(ArmcArena *arena, const ArmcGraph *model)
{
    ArmcGraph *graph = armc_graph_new(arena, model->diags);
    graph->nodes = ARMC_NEW_ARRAY(arena, ArmcNode *, model->node_count + 1);
    memcpy(graph->nodes, model->nodes, model->node_count * sizeof *model->nodes);
    graph->node_count = model->node_count;
    graph->node_capacity = model->node_count + 1;
    graph->value_count = model->value_count;
    return graph;
}

static ArmcValue *append_seed(ArmcGraph *graph)
{
    ArmcNode *node = armc_node_new(graph, armc_op_get("seed"), 0, NULL, NULL, NULL);
    node->out[0]->shape = armc_shape_make(1, (int64_t[]){1});
    node->out[0]->groups = (ArmcGroups){.count = 1, .features = 1};
    armc_graph_push(graph, node);
    return node->out[0];
}

/* The value of a parameter in a graph that was copied from the model's; NULL if it is not used. */
static ArmcValue *find_leaf(const ArmcGraph *graph, const void *leaf)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->leaf == leaf)
            return graph->nodes[i]->out[0];
    return NULL;
}

/* A dead entry of a parameter gets no gradient: dead for this graph, where the parameter is an
 * ensemble's. Some gradients have the mask already. */
static ArmcValue *mask_gradient(ArmcGraph *graph, const ArmcParam *param, ArmcValue *leaf,
                                ArmcValue *gradient)
{
    if (!gradient || !leaf->mask || gradient->mask == leaf->mask)
        return gradient;
    return armc_graph_append(graph, armc_op_get("masked"), 2, (ArmcValue *[]){gradient, leaf}, NULL,
                             param->origin);
}

static void append_gradients(ArmcProgram *program)
{
    ArmcGraph *graph = program->graph;
    size_t count = program->model->param_count, used = 0, capacity = program->outputs.count;
    ArmcValue **at = ARMC_NEW_ARRAY(program->arena, ArmcValue *, count + 1);
    ArmcValue **of = ARMC_NEW_ARRAY(program->arena, ArmcValue *, count + 1);
    ArmcValue **gradient = ARMC_NEW_ARRAY(program->arena, ArmcValue *, count + 1);
    for (size_t p = 0; p < count; p++) {
        of[p] = find_leaf(graph, program->model->params[p]);
        if (of[p])
            at[used++] = of[p];
    }
    ArmcValue **dy = ARMC_NEW_ARRAY(program->arena, ArmcValue *, program->nll_count);
    ArmcValue *seed = append_seed(graph);
    for (size_t i = 0; i < program->nll_count; i++)
        dy[i] = seed;
    armc_differentiate(graph, program->nll_count, program->outputs.values, dy, used, at, gradient);
    for (size_t p = 0, u = 0; p < count; p++)
        push_output(program, &capacity,
                    of[p] ? mask_gradient(graph, program->model->params[p], of[p], gradient[u++])
                          : NULL);
}

static bool check_batch(const ArmcProgram *program)
{
    bool fine = true;
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        if (!(node->op->flags & ARMC_OP_COUPLES_BATCH))
            continue;
        ArmcDiag *diag = armc_diag_add(
            program->model->diags, ARMC_E_couples_batch, node->origin,
            "`%s` mixes the examples of a batch, so p(x) would depend on what else is in it",
            node->op->name);
        armc_diag_help(diag, "normalise over the features of each example instead");
        fine = false;
    }
    return fine;
}

/* --- the plan --- */

static int64_t bytes_of(int64_t entries)
{
    return entries * (int64_t)sizeof(ArmcReal);
}

static void plan_parameters(ArmcProgram *program)
{
    ArmcPlan *plan = &program->plan;
    for (size_t p = 0; p < program->model->param_count; p++) {
        const ArmcParam *param = program->model->params[p];
        plan->parameters += param->live;
        plan->parameter_bytes += bytes_of(param->size);
        if (bytes_of(param->size) > plan->largest_bytes) {
            plan->largest_bytes = bytes_of(param->size);
            plan->largest = param->origin;
        }
    }
    plan->gradient_bytes = program->kind == ARMC_PROGRAM_TRAIN ? plan->parameter_bytes : 0;
}

static void plan_memory(ArmcProgram *program)
{
    ArmcPlan *plan = &program->plan;
    const Depth *depth = program->depth;
    const bool *backward = armc_exec_backward(program, program->arena);
    plan_parameters(program);
    plan->each = depth ? depth->each : program->options.batch;
    plan->activation_bytes = bytes_of(program->arena_size) - plan->gradient_bytes;
    plan->scratch_bytes = bytes_of(program->scratch_size);
    if (depth) {
        plan->activation_bytes += bytes_of(depth->most_lanes * depth->lane_size);
        plan->scratch_bytes += bytes_of(depth->body->arena_size + depth->body->scratch_size);
    }
    plan->activation_bytes = plan->activation_bytes < 0 ? 0 : plan->activation_bytes;
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        const Place *place = &(depth ? depth->body : program)->places[node->out[0]->id];
        plan->multiply_adds += backward[i] ? 0 : armc_node_cost(node);
        plan->again_bytes += node->after ? bytes_of(armc_shape_size(node->out[0]->shape)) : 0;
        if (place->store == STORE_ARENA && node->origin &&
            bytes_of(place->size) > plan->largest_bytes) {
            plan->largest_bytes = bytes_of(place->size);
            plan->largest = node->origin;
        }
    }
}

static void lay_out(ArmcProgram *program)
{
    armc_exec_partition(program, PHASE_ALL);
    armc_exec_layout(program);
    armc_exec_deepen(program);
}

/* Where activations are large: as many examples at a time as before. */
static void recompute(ArmcProgram *program)
{
    const bool *backward = armc_exec_backward(program, program->arena);
    program->options.each = program->depth->each;
    program->graph = armc_recompute(program->arena, program->graph, &program->outputs, backward);
    program->depth = NULL;
    program->phase_of = NULL;
    program->steps = NULL;
    program->step_count = program->step_capacity = 0;
    program->arena_size = program->scratch_size = 0;
    lay_out(program);
}

ArmcProgram *armc_program_new(ArmcArena *arena, ArmcGraph *model, ArmcProgramKind kind,
                              const ArmcProgramOptions *options)
{
    ArmcProgram *program = ARMC_NEW(arena, ArmcProgram);
    *program = (ArmcProgram){.arena = arena, .model = model, .kind = kind, .options = *options};
    ARMC_ASSERT(options->batch >= 1 && options->kernels);
    bool training = kind == ARMC_PROGRAM_TRAIN;
    ArmcGraph *graph = armc_exec_fork_graph(arena, model);
    append_outputs(program, graph);
    program->graph = armc_simplify(arena, graph, &program->outputs, training, options->kernels);
    if (training) {
        if (!check_batch(program))
            return NULL;
        append_gradients(program);
        program->graph =
            armc_simplify(arena, program->graph, &program->outputs, training, options->kernels);
    }
    /* once more: what fusion left without use goes */
    program->graph =
        armc_simplify(arena, program->graph, &program->outputs, training, options->kernels);
    lay_out(program);
    if (training && program->depth)
        recompute(program);
    plan_memory(program);
    return program;
}

const ArmcPlan *armc_program_plan(const ArmcProgram *program)
{
    return &program->plan;
}

/* --- memory --- */

static void bind_leaf(ArmcProgram *program, const ArmcNode *node)
{
    Place *place = &program->places[node->out[0]->id];
    if (strcmp(node->op->name, "parameter") == 0)
        place->data = ((const ArmcParam *)node->leaf)->data;
    else if (strcmp(node->op->name, "constant") == 0)
        place->data = node->leaf;
    else if (strcmp(node->op->name, "seed") == 0)
        place->data = program->whole ? &program->whole->seed : &program->seed;
    for (size_t i = 0; i < program->model->input_count; i++)
        if (node->leaf == program->model->inputs[i])
            place->data = program->inputs[i];
    ARMC_ASSERT(place->data);
}

/* The gradient of every parameter that nothing uses. */
static ArmcReal *unused_gradient(const ArmcProgram *program)
{
    int64_t size = 0;
    for (size_t p = 0; program->kind == ARMC_PROGRAM_TRAIN && p < program->model->param_count; p++)
        if (!program->outputs.values[program->nll_count + p] &&
            program->model->params[p]->size > size)
            size = program->model->params[p]->size;
    return ARMC_NEW_ARRAY(program->arena, ArmcReal, size + 1);
}

static void bind_leaves(ArmcProgram *program)
{
    for (size_t i = 0; i < program->graph->node_count; i++)
        if (program->graph->nodes[i]->op->flags & ARMC_OP_LEAF)
            bind_leaf(program, program->graph->nodes[i]);
}

static size_t most_members(const ArmcProgram *program)
{
    size_t most = 1;
    for (size_t s = 0; s < program->step_count; s++)
        if (program->steps[s].count > most)
            most = program->steps[s].count;
    return most;
}

/* Does the program gather nats in an array of its own? */
static bool gathers_nll(const ArmcProgram *program)
{
    bool in_parts = program->nll_count > 1 || program->model->likelihoods[0]->entries;
    return !program->whole && program->kind != ARMC_PROGRAM_PARAMS && (program->depth || in_parts);
}

void armc_exec_prepare(ArmcProgram *program, ArmcPool *pool)
{
    ArmcArena *arena = program->arena;
    program->pool = pool;
    int threads = armc_exec_threads(program);
    program->memory = ARMC_NEW_ARRAY(arena, ArmcReal, program->arena_size + 16);
    program->scratch = ARMC_NEW_ARRAY(arena, ArmcReal *, threads);
    program->live = ARMC_NEW_ARRAY(arena, Live *, threads);
    for (int t = 0; t < threads; t++)
        program->live[t] = ARMC_NEW_ARRAY(arena, Live, most_members(program));
    for (int t = 0; t < threads; t++)
        program->scratch[t] = ARMC_NEW_ARRAY(arena, ArmcReal, program->scratch_size + 16);
    program->inputs = ARMC_NEW_ARRAY(arena, ArmcReal *, program->model->input_count);
    for (size_t i = 0; i < program->model->input_count; i++)
        program->inputs[i] = ARMC_NEW_ARRAY(arena, ArmcReal,
                                            armc_shape_size(program->model->inputs[i]->shape) *
                                                program->options.batch);
    if (gathers_nll(program))
        program->nll = ARMC_NEW_ARRAY(arena, ArmcReal,
                                      armc_shape_size(program->model->inputs[0]->shape) *
                                          program->options.batch);
    program->zeros = unused_gradient(program);
    bind_leaves(program);
}

void armc_program_prepare(ArmcProgram *program, ArmcPool *pool)
{
    armc_exec_prepare(program, pool);
    if (program->depth)
        armc_exec_prepare_depth(program);
    armc_exec_bind(program);
}

ArmcReal *armc_program_input(ArmcProgram *program, size_t input)
{
    ARMC_ASSERT(input < program->model->input_count);
    return program->inputs[input];
}

void armc_program_copy_inputs(ArmcProgram *to, const ArmcProgram *from, int64_t n)
{
    ARMC_ASSERT(to->model->input_count == from->model->input_count);
    for (size_t i = 0; i < to->model->input_count; i++)
        memcpy(to->inputs[i], from->inputs[i],
               (size_t)(n * armc_shape_size(to->model->inputs[i]->shape)) * sizeof(ArmcReal));
}

const ArmcReal *armc_exec_data(const ArmcProgram *program, const ArmcValue *value)
{
    const Place *place = &program->places[armc_exec_base(value)->id];
    ARMC_ASSERT(place->store == STORE_ARENA || place->store == STORE_SUM || place->data);
    return place->store == STORE_FIXED ? place->data : program->memory + place->offset;
}

const ArmcReal *armc_program_nll(const ArmcProgram *program)
{
    ARMC_ASSERT(program->kind != ARMC_PROGRAM_PARAMS);
    return program->nll ? program->nll : armc_exec_data(program, program->outputs.values[0]);
}

const ArmcReal *armc_program_gradient(const ArmcProgram *program, size_t param)
{
    ARMC_ASSERT(program->kind == ARMC_PROGRAM_TRAIN && param < program->model->param_count);
    const ArmcValue *value = program->outputs.values[program->nll_count + param];
    return value ? armc_exec_data(program, value) : program->zeros;
}

const ArmcReal *armc_program_params(const ArmcProgram *program, size_t likelihood)
{
    ARMC_ASSERT(program->kind == ARMC_PROGRAM_PARAMS && likelihood < program->nll_count);
    return program->depth ? program->depth->params[likelihood]
                          : armc_exec_data(program, program->outputs.values[likelihood]);
}
