#include "runtime/exec/field_gradient.h"

#include <math.h>
#include <string.h>

#include "runtime/base/rng.h"
#include "runtime/exec/compute.h"
#include "runtime/exec/internal.h"
#include "runtime/graph/field.h"

/* Live weights into a unit have a variance of one together. */
static double deviation_of(const ArmcParam *param)
{
    double live = param->size ? (double)param->live / (double)param->size : 1;
    return 1 / sqrt(fmax(1, (double)param->fan_in * live));
}

/* A parameter like this one, with random numbers of its own. */
static const ArmcParam *random_param(ArmcArena *arena, const ArmcParam *param,
                                     const ArmcFieldDraw *draw)
{
    ArmcParam *copy = ARMC_NEW(arena, ArmcParam);
    uint64_t key = armc_rng_hash(param->path) + draw->number;
    double deviation = deviation_of(param);
    *copy = *param;
    copy->data = ARMC_NEW_ARRAY(arena, ArmcReal, param->size);
    for (int64_t i = 0; i < param->size; i++)
        if (!param->mask || param->mask[i])
            copy->data[i] = (ArmcReal)(deviation * armc_rng_normal(draw->seed, ARMC_RNG_FIELD, key,
                                                                   (uint64_t)i));
    return copy;
}

/* The graph is a copy: its nodes are changed, the model's are not. */
static void randomise(ArmcArena *arena, ArmcGraph *graph, const ArmcFieldDraw *draw)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i]->op->name, "parameter") == 0)
            graph->nodes[i]->leaf = random_param(arena, graph->nodes[i]->leaf, draw);
}

static ArmcReal random_entry(const ArmcInput *input, const ArmcFieldDraw *draw, uint64_t key,
                             int64_t entry)
{
    if (!input->levels)
        return (ArmcReal)armc_rng_normal(draw->seed, ARMC_RNG_FIELD, key, (uint64_t)entry);
    double u = armc_rng_uniform(draw->seed, ARMC_RNG_FIELD, key, (uint64_t)entry);
    return (ArmcReal)floor(u * input->levels);
}

static ArmcReal **random_inputs(ArmcArena *arena, const ArmcGraph *model, const ArmcFieldDraw *draw)
{
    ArmcReal **inputs = ARMC_NEW_ARRAY(arena, ArmcReal *, model->input_count);
    for (size_t i = 0; i < model->input_count; i++) {
        const ArmcInput *input = model->inputs[i];
        uint64_t key = armc_rng_hash(input->name) - draw->number;
        int64_t size = armc_shape_size(input->shape);
        inputs[i] = ARMC_NEW_ARRAY(arena, ArmcReal, size);
        for (int64_t e = 0; e < size; e++)
            inputs[i][e] = random_entry(input, draw, key, e);
    }
    return inputs;
}

/* d -log p(variable) / d input; NULL where none flows. */
static ArmcValue *append_gradient(ArmcGraph *graph, const ArmcGraph *model, int64_t variable)
{
    ArmcPlaceOf at = armc_likelihood_places(graph->arena, model)[variable];
    const ArmcLikelihood *likelihood = model->likelihoods[at.likelihood];
    ArmcValue *in[2] = {likelihood->params, likelihood->target}, *gradient;
    ArmcValue *nll = armc_graph_append(graph, likelihood->dist->nll, 2, in, NULL, NULL);
    double *one = ARMC_NEW_ARRAY(graph->arena, double, likelihood->count);
    one[at.k] = 1;
    ArmcValue *dy = armc_graph_constant(graph, nll->shape, one, NULL);
    armc_differentiate(graph, 1, &nll, &dy, 1, (ArmcValue *[]){model->inputs[0]->value}, &gradient);
    return gradient;
}

void armc_field_gradient(ArmcArena *arena, const ArmcGraph *model, const ArmcFieldDraw *draw,
                         double *sum)
{
    ArmcGraph *graph = armc_exec_fork_graph(arena, model);
    ArmcValue *gradient = append_gradient(graph, model, draw->variable);
    ArmcOutputs outputs = {.values = &gradient, .count = 1};
    if (!gradient)
        return;
    graph = armc_simplify(arena, graph, &outputs, false, draw->kernels);
    randomise(arena, graph, draw);
    ArmcComputation computation = {.graph = graph,
                                   .model = model,
                                   .inputs = random_inputs(arena, model, draw),
                                   .batch = 1,
                                   .kernels = draw->kernels,
                                   .exact = true};
    const ArmcReal *d = armc_compute(arena, &computation)[gradient->id];
    for (int64_t e = 0; e < armc_shape_size(model->inputs[0]->shape); e++)
        sum[e] += fabs((double)d[e]);
}
