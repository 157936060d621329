#include "runtime/exec/sampler.h"

#include <string.h>

#include "runtime/exec/cells.h"
#include "runtime/exec/internal.h"

/* How large a chunk is: a row of weights is read, and a cell looked up, once for all its samples,
 * while their rows, of which few are at work at a time, should stay near. */
enum { LEAST_CHUNK = 8, CACHE_BYTES = 1 << 21 };

/* --- compiling --- */

/* The graph that makes the distributions' parameters, simplified as programs are. */
static ArmcGraph *params_graph(ArmcArena *arena, ArmcGraph *model, const ArmcKernels *kernels,
                               ArmcOutputs *params)
{
    *params = (ArmcOutputs){ARMC_NEW_ARRAY(arena, ArmcValue *, model->likelihood_count),
                            model->likelihood_count};
    for (size_t l = 0; l < model->likelihood_count; l++)
        params->values[l] = model->likelihoods[l]->params;
    ArmcGraph *graph = armc_simplify(arena, model, params, false, kernels);
    return armc_simplify(arena, graph, params, false, kernels);
}

ArmcSampler *armc_sampler_new(ArmcArena *arena, ArmcGraph *model, const ArmcKernels *kernels)
{
    ArmcSampler *sampler = ARMC_NEW(arena, ArmcSampler);
    ArmcOutputs params;
    ArmcGraph *graph = params_graph(arena, model, kernels, &params);
    ArmcTimetable *table = armc_timetable_new(arena, graph, &params, model);
    if (!table)
        return NULL;
    *sampler = (ArmcSampler){.arena = arena, .model = model, .k = kernels, .table = table};
    sampler->plan = (ArmcSamplerPlan){.multiply_adds = table->multiply_adds,
                                      .rows = table->rows,
                                      .slots = table->slots,
                                      .bytes = table->entries * (int64_t)sizeof(ArmcReal)};
    for (size_t i = 0; i < graph->node_count; i++)
        sampler->plan.forward_multiply_adds +=
            graph->nodes[i]->out[0]->batched ? armc_node_cost(graph->nodes[i]) : 0;
    sampler->places = armc_likelihood_places(arena, model);
    return sampler;
}

ArmcSamplerPlan armc_sampler_plan(const ArmcSampler *sampler)
{
    return sampler->plan;
}

/* --- what is the same for all samples --- */

static ArmcReal *apply_once(const ArmcSampler *sampler, const ArmcNode *node)
{
    const ArmcStepInfo info = {0};
    ArmcShape shape = node->out[0]->shape;
    ArmcCall call = {.node = node, .k = sampler->k, .info = &info, .batch = 1, .exact = true};
    for (int i = 0; i < node->in_count; i++)
        call.in[i] = sampler->fixed[node->in[i]->id];
    for (int k = 0; k < node->out_count; k++)
        call.out[k] =
            ARMC_NEW_ARRAY(sampler->arena, ArmcReal, armc_shape_size(node->out[k]->shape));
    if (node->op->advance)
        call.out[1] = ARMC_NEW_ARRAY(sampler->arena, ArmcReal, armc_shape_features(shape));
    armc_apply(&call);
    return call.out[0];
}

static const ArmcReal *fixed_value(const ArmcSampler *sampler, const ArmcNode *node)
{
    if (strcmp(node->op->name, "parameter") == 0)
        return ((const ArmcParam *)node->leaf)->data;
    return node->op->flags & ARMC_OP_LEAF ? node->leaf : apply_once(sampler, node);
}

static void frame_input(const ArmcSampler *sampler, ArmcFrame *frame, const ArmcNode *node, int i)
{
    const ArmcValue *in = node->in[i];
    char kind = node->op->rows_in[i];
    int64_t features = armc_shape_features(in->shape);
    frame->in_width[i] = features;
    if (kind == 'r')
        frame->site_step[i] = armc_shape_sites(in->shape) == 1 ? 0 : features;
    else if (kind == 's')
        frame->site_step[i] = armc_shape_size(in->shape) / frame->rows.sites;
    frame->in_apart[i] = in->batched ? sampler->rows[in->id].steps.feature : 1;
    frame->turned = frame->turned || (features > 1 && frame->in_apart[i] > 1);
    if (in->batched)
        frame->rows.in_step[i] = sampler->rows[in->id].steps.sample;
    else
        frame->fixed[i] = sampler->fixed[in->id];
}

/* Zero times any of these is zero. */
static bool are_finite(const ArmcKernels *k, const ArmcReal *x, int64_t n)
{
    static const ArmcReal zeros[256];
    bool finite = true;
    for (int64_t i = 0, part; i < n && finite; i += part) {
        part = n - i < 256 ? n - i : 256;
        ArmcReal sum = k->dot(part, x + i, zeros);
        finite = sum >= 0 && sum <= 0;
    }
    return finite;
}

/* May what a source makes of zeros be left out? */
static bool keeps_zero(const ArmcSampler *sampler, const ArmcNode *node)
{
    bool keeps = true;
    for (int i = 1; i < node->in_count; i++)
        keeps = keeps && are_finite(sampler->k, sampler->fixed[node->in[i]->id],
                                    armc_shape_size(node->in[i]->shape));
    return keeps;
}

static void mark_sources(ArmcSampler *sampler)
{
    const ArmcGraph *graph = sampler->table->graph;
    sampler->lists = ARMC_NEW_ARRAY(sampler->arena, bool, graph->value_count);
    for (size_t n = 0; n < graph->node_count; n++) {
        const ArmcValue *out = graph->nodes[n]->out[0];
        sampler->lists[out->id] =
            sampler->table->places[out->id].feeds && keeps_zero(sampler, graph->nodes[n]);
    }
}

/* Nodes come in topological order: a scan's frame before those of its followers, that of what feeds
 * it before both. */
static void frame_changes(const ArmcSampler *sampler, ArmcFrame *frames, const ArmcNode *node)
{
    const ArmcRowPlace *place = &sampler->table->places[node->out[0]->id];
    ArmcFrame *frame = &frames[node->out[0]->id];
    if (place->scan && place->scan != node->out[0]) {
        frame->changes = frames[place->scan->id].changes;
        return;
    }
    if (place->scan || place->feeds)
        frame->changes = ARMC_NEW(sampler->arena, ArmcChanges);
    if (place->scan && sampler->table->places[node->in[0]->id].feeds == node->out[0])
        frame->source = frames[node->in[0]->id].changes;
}

static ArmcFrame *make_frames(const ArmcSampler *sampler)
{
    static const ArmcStepInfo info = {0};
    const ArmcGraph *graph = sampler->table->graph;
    ArmcFrame *frames = ARMC_NEW_ARRAY(sampler->arena, ArmcFrame, graph->value_count);
    for (size_t n = 0; n < graph->node_count; n++) {
        const ArmcNode *node = graph->nodes[n];
        const ArmcValue *out = node->out[0];
        ArmcFrame *frame = &frames[out->id];
        if (!out->batched || !node->op->rows || node->op->at)
            continue;
        const ArmcSteps *steps = &sampler->rows[out->id].steps;
        frame->rows = (ArmcRows){.node = node,
                                 .k = sampler->k,
                                 .info = &info,
                                 .sites = armc_rows_sites(node),
                                 .out_step = steps->sample,
                                 .state_step = steps->sample};
        frame->out_width = armc_shape_features(out->shape);
        frame->out_apart = steps->feature;
        frame->turned = frame->out_width > 1 && steps->feature > 1;
        for (int i = 0; i < node->in_count; i++)
            frame_input(sampler, frame, node, i);
        if (frame->turned)
            frame->rows.in_apart = frame->in_apart[0], frame->rows.out_apart = frame->out_apart;
        frame_changes(sampler, frames, node);
    }
    return frames;
}

/* How many samples make a chunk, and how many of them there are. */
static void cut_chunks(ArmcSampler *sampler, int64_t samples)
{
    int64_t most = CACHE_BYTES / (sampler->plan.bytes + 1);
    int64_t threads = armc_pool_threads(sampler->pool);
    most = most < LEAST_CHUNK ? LEAST_CHUNK : most > ARMC_MOST_CHUNK ? ARMC_MOST_CHUNK : most;
    int64_t even = (samples + threads - 1) / threads; /* every thread has something to do */
    sampler->chunk = even < most ? even : most;
    sampler->chunks = (samples + sampler->chunk - 1) / sampler->chunk;
}

/* Rows are turned where samples fill vectors. */
static bool turns_rows(const ArmcSampler *sampler)
{
    enum { LEAST_TURNED = 8 };
    bool any = false;
    for (int id = 0; id < sampler->table->graph->value_count; id++)
        any = any || sampler->table->places[id].turns;
    return any && sampler->chunk >= LEAST_TURNED;
}

/* A row that is never computed is nobody's: it may be anywhere. */
static void place_rows(const ArmcSampler *sampler, const ArmcValue *value, bool turn)
{
    const ArmcRowPlace *place = &sampler->table->places[value->id];
    ArmcRowsPlace *rows = &sampler->rows[value->id];
    bool turned = turn && place->turns;
    rows->steps = turned ? (ArmcSteps){1, sampler->room} : (ArmcSteps){place->pitch, 1};
    int64_t sites = armc_shape_sites(value->shape);
    int64_t within = place->home ? armc_shape_features(value->shape) * rows->steps.feature : 0;
    int64_t *at = ARMC_NEW_ARRAY(sampler->arena, int64_t, sites);
    for (int64_t site = 0; site < sites; site++)
        at[site] =
            (place->offset[site] < 0 ? 0 : place->offset[site]) * sampler->room + site * within;
    rows->at = at;
}

static void place_all(ArmcSampler *sampler)
{
    enum { LINE = 64 / sizeof(ArmcReal) };
    const ArmcGraph *graph = sampler->table->graph;
    bool turn = turns_rows(sampler);
    sampler->room = turn ? (sampler->chunk + LINE - 1) / LINE * LINE : sampler->chunk;
    sampler->rows = ARMC_NEW_ARRAY(sampler->arena, ArmcRowsPlace, graph->value_count);
    for (int id = 0; id < graph->value_count; id++)
        sampler->rows[id].steps.feature = 1;
    for (size_t n = 0; n < graph->node_count; n++)
        if (sampler->table->places[graph->nodes[n]->out[0]->id].offset)
            place_rows(sampler, graph->nodes[n]->out[0], turn);
}

/* Once values are there that are the same for all samples. */
static void prepare_ops(ArmcSampler *sampler)
{
    const ArmcGraph *graph = sampler->table->graph;
    sampler->prepared = ARMC_NEW_ARRAY(sampler->arena, const void *, graph->node_count);
    for (size_t n = 0; n < graph->node_count; n++) {
        const ArmcNode *node = graph->nodes[n];
        ArmcPrepare prepare = {.arena = sampler->arena, .node = node, .k = sampler->k};
        for (int i = 0; i < node->in_count; i++)
            prepare.in[i] = sampler->fixed[node->in[i]->id];
        if (node->op->prepare)
            sampler->prepared[n] = node->op->prepare(&prepare);
    }
}

void armc_sampler_prepare(ArmcSampler *sampler, ArmcPool *pool, int64_t samples)
{
    const ArmcGraph *graph = sampler->table->graph;
    sampler->pool = pool;
    sampler->fixed = ARMC_NEW_ARRAY(sampler->arena, const ArmcReal *, graph->value_count);
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i]->out[0]->batched)
            sampler->fixed[graph->nodes[i]->out[0]->id] = fixed_value(sampler, graph->nodes[i]);
    prepare_ops(sampler);
    mark_sources(sampler);
    cut_chunks(sampler, samples);
    place_all(sampler);
    sampler->memory = ARMC_NEW_ARRAY(sampler->arena, ArmcReal *, sampler->chunks);
    sampler->frames = ARMC_NEW_ARRAY(sampler->arena, ArmcFrame *, sampler->chunks);
    for (int64_t c = 0; c < sampler->chunks; c++) {
        sampler->memory[c] =
            ARMC_NEW_ARRAY(sampler->arena, ArmcReal, sampler->table->entries * sampler->room + 16);
        sampler->frames[c] = make_frames(sampler);
    }
}

/* --- samples --- */

static ArmcChunk chunk_of(const ArmcSampler *sampler, int64_t task)
{
    int64_t first = task * sampler->chunk, left = sampler->n - first;
    return (ArmcChunk){.sampler = sampler,
                       .memory = sampler->memory[task],
                       .frames = sampler->frames[task],
                       .first = first,
                       .n = left < sampler->chunk ? left : sampler->chunk};
}

static int64_t tasks_of(const ArmcSampler *sampler)
{
    return (sampler->n + sampler->chunk - 1) / sampler->chunk;
}

/* Puts numbers (n, size) where the rows of an input are. */
static void put_input(const ArmcChunk *chunk, const ArmcValue *value, const ArmcReal *numbers)
{
    int64_t features = armc_shape_features(value->shape), sites = armc_shape_sites(value->shape);
    int64_t pitch = chunk->sampler->rows[value->id].steps.sample;
    for (int64_t site = 0; site < sites; site++)
        for (int64_t r = 0; r < chunk->n; r++)
            memcpy(armc_cells_row(chunk, value, site) + r * pitch,
                   numbers + ((chunk->first + r) * sites + site) * features,
                   (size_t)features * sizeof *numbers);
}

typedef struct Beginning {
    const ArmcSampler *sampler;
    const ArmcReal *const *given;
} Beginning;

static void begin_chunk(void *context, int64_t task, int worker)
{
    const Beginning *beginning = context;
    const ArmcSampler *sampler = beginning->sampler;
    ArmcChunk chunk = chunk_of(sampler, task);
    (void)worker;
    for (size_t n = 0; n < sampler->table->graph->node_count; n++)
        for (size_t i = 1; i < sampler->model->input_count; i++)
            if (sampler->table->graph->nodes[n]->leaf == sampler->model->inputs[i])
                put_input(&chunk, sampler->table->graph->nodes[n]->out[0], beginning->given[i - 1]);
    armc_cells_run(&chunk, -1);
}

void armc_sampler_begin(ArmcSampler *sampler, int64_t n, const ArmcReal *const *given)
{
    Beginning beginning = {sampler, given};
    sampler->n = n;
    ARMC_ASSERT(n <= sampler->chunk * sampler->chunks);
    armc_pool_run(sampler->pool, tasks_of(sampler), begin_chunk, &beginning);
}

typedef struct Stretch {
    const ArmcSampler *sampler;
    int64_t from, to; /* ranks */
    ArmcDrawLevels draw;
    void *context;
} Stretch;

/* The variable in the graph; NULL where nothing reads it. */
static const ArmcValue *variable_in(const ArmcSampler *sampler)
{
    const ArmcGraph *graph = sampler->table->graph;
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->leaf == sampler->model->inputs[0])
            return graph->nodes[i]->out[0];
    return NULL;
}

static void draw_variable(const ArmcChunk *chunk, const Stretch *stretch, int64_t variable,
                          const ArmcValue *input)
{
    const ArmcPlaceOf *draw = &chunk->sampler->places[variable];
    int64_t step, channels = input ? armc_shape_features(input->shape) : 1;
    const ArmcReal *params = armc_cells_rows(
        chunk, chunk->sampler->table->params.values[draw->likelihood], draw->k, &step);
    ArmcSteps steps = input ? chunk->sampler->rows[input->id].steps : (ArmcSteps){0};
    ArmcReal *to = input ? armc_cells_row(chunk, input, variable / channels) +
                               variable % channels * steps.feature
                         : NULL;
    int levels[ARMC_MOST_CHUNK];
    const ArmcLikelihood *likelihood = chunk->sampler->model->likelihoods[draw->likelihood];
    int64_t width = armc_shape_features(likelihood->params->shape);
    stretch->draw(stretch->context, chunk->first, variable, draw->likelihood,
                  &(ArmcParamRows){params, chunk->n, step, width}, levels);
    for (int64_t r = 0; to && r < chunk->n; r++)
        to[r * steps.sample] = (ArmcReal)levels[r];
}

static void draw_stretch(void *context, int64_t task, int worker)
{
    const Stretch *stretch = context;
    ArmcChunk chunk = chunk_of(stretch->sampler, task);
    const ArmcValue *input = variable_in(stretch->sampler);
    (void)worker;
    for (int64_t t = stretch->from; t < stretch->to; t++) {
        draw_variable(&chunk, stretch, armc_input_at(stretch->sampler->model->inputs[0], t), input);
        armc_cells_run(&chunk, t);
    }
}

void armc_sampler_draw(ArmcSampler *sampler, int64_t from, int64_t to, ArmcDrawLevels draw,
                       void *context)
{
    Stretch stretch = {sampler, from, to, draw, context};
    armc_pool_run(sampler->pool, tasks_of(sampler), draw_stretch, &stretch);
}
