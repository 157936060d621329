#include "runtime/exec/sampler.h"

#include <string.h>

#include "runtime/exec/internal.h"

/* How large a chunk is: a row of weights is read, and a cell looked up, once for all its samples,
 * while their rows, of which few are at work at a time, should stay near. */
enum { LEAST_CHUNK = 8, CACHE_BYTES = 1 << 21 };

/* A node at work on a chunk: filled in for each cell, as much as differs. */
typedef struct Frame {
    ArmcRows rows;
    int64_t out_width;
    /* By input: what is the same for all samples, or NULL; how far its sites lie apart, 0: it has
     * one; features. */
    const ArmcReal *fixed[ARMC_MAX_INPUTS];
    int64_t site_step[ARMC_MAX_INPUTS], in_width[ARMC_MAX_INPUTS];
} Frame;

struct ArmcSampler {
    ArmcArena *arena;
    const ArmcGraph *model;
    const ArmcKernels *k;
    ArmcTimetable *table;
    ArmcSamplerPlan plan;
    const ArmcPlaceOf *places; /* of each variable's distribution */
    const ArmcReal **fixed;    /* by value id: what is the same for all samples */
    ArmcPool *pool;
    int64_t n, chunk, chunks; /* samples at work, in a chunk at most, chunks at most */
    ArmcReal **memory;        /* of each chunk */
    Frame **frames;           /* of each chunk, by id of the value that is made */
};

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

static void frame_input(const ArmcSampler *sampler, Frame *frame, const ArmcNode *node, int i)
{
    const ArmcValue *in = node->in[i];
    char kind = node->op->rows_in[i];
    int64_t features = armc_shape_features(in->shape);
    frame->in_width[i] = features;
    if (kind == 'r')
        frame->site_step[i] = armc_shape_sites(in->shape) == 1 ? 0 : features;
    else if (kind == 's')
        frame->site_step[i] = armc_shape_size(in->shape) / frame->rows.sites;
    if (in->batched)
        frame->rows.in_step[i] = sampler->table->places[in->id].pitch;
    else
        frame->fixed[i] = sampler->fixed[in->id];
}

static Frame *make_frames(const ArmcSampler *sampler)
{
    static const ArmcStepInfo info = {0};
    const ArmcGraph *graph = sampler->table->graph;
    Frame *frames = ARMC_NEW_ARRAY(sampler->arena, Frame, graph->value_count);
    for (size_t n = 0; n < graph->node_count; n++) {
        const ArmcNode *node = graph->nodes[n];
        const ArmcValue *out = node->out[0];
        Frame *frame = &frames[out->id];
        if (!out->batched || !node->op->rows)
            continue;
        int64_t pitch = sampler->table->places[out->id].pitch;
        frame->rows = (ArmcRows){.node = node,
                                 .k = sampler->k,
                                 .info = &info,
                                 .sites = armc_rows_sites(node),
                                 .out_step = pitch,
                                 .state_step = pitch};
        frame->out_width = armc_shape_features(out->shape);
        for (int i = 0; i < node->in_count; i++)
            frame_input(sampler, frame, node, i);
    }
    return frames;
}

void armc_sampler_prepare(ArmcSampler *sampler, ArmcPool *pool, int64_t samples)
{
    const ArmcGraph *graph = sampler->table->graph;
    sampler->pool = pool;
    sampler->fixed = ARMC_NEW_ARRAY(sampler->arena, const ArmcReal *, graph->value_count);
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i]->out[0]->batched)
            sampler->fixed[graph->nodes[i]->out[0]->id] = fixed_value(sampler, graph->nodes[i]);
    int64_t most = CACHE_BYTES / (sampler->plan.bytes + 1), threads = armc_pool_threads(pool);
    most = most < LEAST_CHUNK ? LEAST_CHUNK : most > ARMC_MOST_CHUNK ? ARMC_MOST_CHUNK : most;
    int64_t even = (samples + threads - 1) / threads; /* every thread has something to do */
    sampler->chunk = even < most ? even : most;
    sampler->chunks = (samples + sampler->chunk - 1) / sampler->chunk;
    sampler->memory = ARMC_NEW_ARRAY(sampler->arena, ArmcReal *, sampler->chunks);
    sampler->frames = ARMC_NEW_ARRAY(sampler->arena, Frame *, sampler->chunks);
    for (int64_t c = 0; c < sampler->chunks; c++) {
        sampler->memory[c] =
            ARMC_NEW_ARRAY(sampler->arena, ArmcReal, sampler->table->entries * sampler->chunk + 16);
        sampler->frames[c] = make_frames(sampler);
    }
}

/* --- cells --- */

/* A chunk at work. */
typedef struct Chunk {
    const ArmcSampler *sampler;
    ArmcReal *memory;
    Frame *frames;
    int64_t first, n;     /* samples */
    const ArmcNode *node; /* whose cell is computed */
} Chunk;

static ArmcReal *row_of(const Chunk *chunk, const ArmcValue *value, int64_t site)
{
    const ArmcRowPlace *place = &chunk->sampler->table->places[value->id];
    int64_t offset = place->offset[site];
    return chunk->memory + (offset < 0 ? 0 : offset) * chunk->sampler->chunk;
}

/* The rows of a value at a site, one for each sample; a step of 0: the same one for all. */
static const ArmcReal *rows_at(const Chunk *chunk, const ArmcValue *value, int64_t site,
                               int64_t *step)
{
    if (value->batched) {
        *step = chunk->sampler->table->places[value->id].pitch;
        return row_of(chunk, value, site);
    }
    *step = 0;
    return chunk->sampler->fixed[value->id] + site * armc_shape_features(value->shape);
}

static const ArmcReal *input_row(const void *context, int input, int64_t site, int64_t *step)
{
    const Chunk *chunk = context;
    return rows_at(chunk, input < 0 ? chunk->node->out[0] : chunk->node->in[input], site, step);
}

/* Features of an op that works on each by itself: pointers go to the part's first. */
static void narrow(const ArmcPart *part, int in_count, ArmcRows *rows)
{
    for (int i = 0; i < in_count; i++)
        if (rows->in_width[i] == rows->out_width) {
            rows->in[i] += part->begin;
            rows->in_width[i] = part->end - part->begin;
        }
    rows->out += part->begin;
    rows->state += rows->state ? part->begin : 0;
    rows->next = rows->state;
    rows->out_width = part->end - part->begin;
}

static void begin_scan(const ArmcRows *rows)
{
    if (rows->node->op->begin)
        rows->node->op->begin(rows);
    for (int64_t r = 0; !rows->node->op->begin && r < rows->n; r++)
        memset(rows->state + r * rows->state_step, 0, (size_t)rows->out_width * sizeof(ArmcReal));
}

static ArmcRows *bind(const Chunk *chunk, const ArmcCell *cell, int64_t site)
{
    const ArmcNode *node = cell->node;
    Frame *frame = &chunk->frames[node->out[0]->id];
    ArmcRows *rows = &frame->rows;
    rows->n = chunk->n;
    rows->site = site;
    rows->first = chunk->first;
    rows->out = row_of(chunk, node->out[0], cell->site);
    rows->out_width = frame->out_width;
    for (int i = 0; i < node->in_count; i++) {
        int64_t step = frame->site_step[i];
        rows->in[i] = frame->fixed[i] ? frame->fixed[i] + site * step
                                      : row_of(chunk, node->in[i], step ? site : 0);
        rows->in_width[i] = frame->in_width[i];
    }
    if (node->op->advance) {
        int64_t state = chunk->sampler->table->places[node->out[0]->id].state;
        rows->state = rows->next = chunk->memory + state * chunk->sampler->chunk;
    }
    return rows;
}

static bool is_whole(const ArmcPart *part, int64_t width)
{
    return part->begin == 0 && part->end == width;
}

static void run_rows(const Chunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcRows *rows = bind(chunk, cell, cell->site);
    bool whole = is_whole(cell->part, rows->out_width);
    if (cell->part->live || (op->part && !whole)) {
        op->part(rows, cell->part);
        return;
    }
    if (!whole) {
        ARMC_ASSERT(op->flags & (ARMC_OP_ELEMENTWISE | ARMC_OP_BY_FEATURE));
        narrow(cell->part, cell->node->in_count, rows);
    }
    op->rows(rows);
}

/* A scan takes the site before into its state, then shows what it has. */
static void run_scan(const Chunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    ArmcRows *rows = bind(chunk, cell, cell->before < 0 ? cell->site : cell->before);
    narrow(cell->part, cell->node->in_count, rows);
    if (cell->before < 0)
        begin_scan(rows);
    else
        op->advance(rows);
    rows->site = cell->site;
    op->rows(rows);
}

static void copy_features(const Chunk *chunk, ArmcReal *to, int64_t to_step, const ArmcReal *from,
                          int64_t from_step, int64_t n)
{
    for (int64_t r = 0; n == 1 && r < chunk->n; r++)
        to[r * to_step] = from ? from[r * from_step] : 0;
    for (int64_t r = 0; n > 1 && r < chunk->n; r++)
        if (from)
            memcpy(to + r * to_step, from + r * from_step, (size_t)n * sizeof *to);
        else
            memset(to + r * to_step, 0, (size_t)n * sizeof *to);
}

/* Entries that come from neighbours in one row are copied in one go. */
static void run_movement(const Chunk *chunk, const ArmcCell *cell)
{
    const ArmcNode *node = cell->node;
    const ArmcValue *out = node->out[0];
    int64_t features = armc_shape_features(out->shape), row = cell->site * features, run;
    int64_t to_step = chunk->sampler->table->places[out->id].pitch;
    ArmcReal *to = row_of(chunk, out, cell->site);
    for (int64_t f = cell->part->begin; f < cell->part->end; f += run) {
        ArmcMoved moved = armc_moved_from(node, row + f);
        run = 1;
        while (f + run < cell->part->end && armc_moved_next(node, &moved, row + f, run))
            run++;
        int64_t step = 0;
        const ArmcReal *from =
            moved.input < 0 ? NULL : rows_at(chunk, node->in[moved.input], moved.site, &step);
        copy_features(chunk, to + f, to_step, from ? from + moved.feature : NULL, step, run);
    }
}

static void run_at(Chunk *chunk, const ArmcCell *cell)
{
    chunk->node = cell->node;
    ArmcAt at = {.node = cell->node,
                 .k = chunk->sampler->k,
                 .n = chunk->n,
                 .site = cell->site,
                 .part = cell->part,
                 .row = input_row,
                 .context = chunk,
                 .out = row_of(chunk, cell->node->out[0], cell->site),
                 .out_step = chunk->sampler->table->places[cell->node->out[0]->id].pitch,
                 .state_at = armc_exec_pitch(armc_shape_features(cell->node->out[0]->shape))};
    cell->node->op->at(&at);
}

static void run_cell(Chunk *chunk, const ArmcCell *cell)
{
    const ArmcOp *op = cell->node->op;
    if (op->flags & ARMC_OP_MOVEMENT)
        run_movement(chunk, cell);
    else if (op->advance)
        run_scan(chunk, cell);
    else if (op->rows)
        run_rows(chunk, cell);
    else
        run_at(chunk, cell);
}

/* The cells of one time, -1 for those that depend on no variable. */
static void run_time(Chunk *chunk, int64_t time)
{
    const ArmcTimetable *table = chunk->sampler->table;
    for (int64_t c = table->first[time + 1]; c < table->first[time + 2]; c++)
        run_cell(chunk, &table->cells[c]);
}

/* --- samples --- */

static Chunk chunk_of(const ArmcSampler *sampler, int64_t task)
{
    int64_t first = task * sampler->chunk, left = sampler->n - first;
    return (Chunk){.sampler = sampler,
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
static void put_input(const Chunk *chunk, const ArmcValue *value, const ArmcReal *numbers)
{
    int64_t features = armc_shape_features(value->shape), sites = armc_shape_sites(value->shape);
    int64_t pitch = chunk->sampler->table->places[value->id].pitch;
    for (int64_t site = 0; site < sites; site++)
        for (int64_t r = 0; r < chunk->n; r++)
            memcpy(row_of(chunk, value, site) + r * pitch,
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
    Chunk chunk = chunk_of(sampler, task);
    (void)worker;
    for (size_t n = 0; n < sampler->table->graph->node_count; n++)
        for (size_t i = 1; i < sampler->model->input_count; i++)
            if (sampler->table->graph->nodes[n]->leaf == sampler->model->inputs[i])
                put_input(&chunk, sampler->table->graph->nodes[n]->out[0], beginning->given[i - 1]);
    run_time(&chunk, -1);
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

static void draw_variable(const Chunk *chunk, const Stretch *stretch, int64_t variable,
                          const ArmcValue *input)
{
    const ArmcPlaceOf *draw = &chunk->sampler->places[variable];
    int64_t step, channels = input ? armc_shape_features(input->shape) : 1;
    const ArmcReal *params =
        rows_at(chunk, chunk->sampler->table->params.values[draw->likelihood], draw->k, &step);
    ArmcReal *to = input ? row_of(chunk, input, variable / channels) + variable % channels : NULL;
    int64_t to_step = input ? chunk->sampler->table->places[input->id].pitch : 0;
    int levels[ARMC_MOST_CHUNK];
    const ArmcLikelihood *likelihood = chunk->sampler->model->likelihoods[draw->likelihood];
    int64_t width = armc_shape_features(likelihood->params->shape);
    stretch->draw(stretch->context, chunk->first, variable, draw->likelihood,
                  &(ArmcParamRows){params, chunk->n, step, width}, levels);
    for (int64_t r = 0; to && r < chunk->n; r++)
        to[r * to_step] = (ArmcReal)levels[r];
}

static void draw_stretch(void *context, int64_t task, int worker)
{
    const Stretch *stretch = context;
    Chunk chunk = chunk_of(stretch->sampler, task);
    const ArmcValue *input = variable_in(stretch->sampler);
    (void)worker;
    for (int64_t t = stretch->from; t < stretch->to; t++) {
        draw_variable(&chunk, stretch, armc_input_at(stretch->sampler->model->inputs[0], t), input);
        run_time(&chunk, t);
    }
}

void armc_sampler_draw(ArmcSampler *sampler, int64_t from, int64_t to, ArmcDrawLevels draw,
                       void *context)
{
    Stretch stretch = {sampler, from, to, draw, context};
    armc_pool_run(sampler->pool, tasks_of(sampler), draw_stretch, &stretch);
}
