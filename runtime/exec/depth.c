/* Depth first: a batch in micro-batches, each through the whole body before the next. */
#include <string.h>

#include "runtime/exec/internal.h"

enum {
    MOST_LANES = 8,
    LEAST_ENTRIES = 1 << 16, /* below this an example's activations stay in cache as it is */
    EACH_ENTRIES = 1 << 19,  /* what a micro-batch is to hold, where examples are smaller */
    EACH_SCAN = 16,          /* the most examples that share a read of a scan's weights */
    SUMS_SHARE = 8,          /* a micro-batch is to hold so many times what is summed */
    MERGE_ENTRIES = 16384,
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* --- phases --- */

static Phase phase_of_node(const uint8_t *phases, const ArmcNode *node)
{
    if (armc_rows_batched(node))
        return PHASE_BODY;
    for (int i = 0; i < node->in_count; i++)
        if (phases[node->in[i]->node->id] != PHASE_BEFORE)
            return PHASE_AFTER;
    return PHASE_BEFORE;
}

/* Is a node of the body given what is known only when the batch is over? */
static bool waits_for_batch(const uint8_t *phases, const ArmcNode *node)
{
    for (int i = 0; i < node->in_count && phases[node->id] == PHASE_BODY; i++)
        if (!node->in[i]->batched && phases[node->in[i]->node->id] != PHASE_BEFORE)
            return true;
    return false;
}

/* The phase of every node, by id; NULL where a batch can't be taken apart. */
static const uint8_t *find_phases(const ArmcProgram *program)
{
    const ArmcGraph *graph = program->graph;
    uint8_t *phases = ARMC_NEW_ARRAY(program->arena, uint8_t, graph->node_count);
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        phases[i] = (uint8_t)phase_of_node(phases, node);
        if (waits_for_batch(phases, node) || (node->op->flags & ARMC_OP_COUPLES_BATCH))
            return NULL;
    }
    return phases;
}

/* --- what goes how --- */

static bool has_scan(const ArmcProgram *program)
{
    for (size_t i = 0; i < program->graph->node_count; i++)
        if (program->graph->nodes[i]->op->order)
            return true;
    return false;
}

/* Scans that do all sites in one step can't share it between threads: how many examples a task of
 * theirs takes; 0: there are none. */
static int64_t whole_scan(const ArmcProgram *program)
{
    int64_t batch = program->options.batch, most = 0;
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        if (!node->op->order || node->op->rows)
            continue;
        int64_t tasks = node->op->tasks(&(ArmcCall){.node = node, .batch = batch});
        most = larger(most, (batch + tasks - 1) / tasks);
    }
    return most;
}

/* How many examples go together. Taking a few at a time costs a pass over the sums for each few,
 * and gives every thread memory of its own: so it is for activations that are large, beside the
 * weights too. */
static int64_t choose_each(const ArmcProgram *program)
{
    int64_t batch = program->options.batch, sums = 0;
    if (program->options.each > 0)
        return smaller(program->options.each, batch);
    int64_t scan = whole_scan(program);
    for (size_t p = 0; p < program->model->param_count; p++)
        sums += program->model->params[p]->size;
    int64_t kept =
        program->kind == ARMC_PROGRAM_TRAIN ? program->arena_size - sums : program->arena_size;
    int64_t example = larger(kept / batch, 1);
    if (scan) /* with many sites across there is enough to share within an example */
        return smaller(larger(scan, smaller(EACH_ENTRIES / example, EACH_SCAN)), batch);
    if (example < LEAST_ENTRIES || example < sums)
        return batch;
    int64_t share = larger(batch / MOST_LANES, 1);
    int64_t each = (larger(EACH_ENTRIES, SUMS_SHARE * sums) + example / 2) / example;
    each = has_scan(program) ? EACH_SCAN : larger(each, 1);
    return smaller(each, share);
}

/* Unbatched results of the body: they are summed over it. */
static void find_sums(ArmcProgram *program)
{
    Depth *depth = program->depth;
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        for (int k = 0; k < node->out_count && program->phase_of[i] == PHASE_BODY; k++) {
            if (node->out[k]->batched || program->places[node->out[k]->id].size == 0)
                continue;
            DepthSum sum = {node->out[k], depth->lane_size, armc_shape_size(node->out[k]->shape)};
            depth->lane_size += (sum.size + 15) / 16 * 16;
            ARMC_PUSH(program->arena, depth->sums, depth->sum_count, depth->sum_capacity, sum);
        }
    }
}

static ArmcProgram *new_body(const ArmcProgram *program)
{
    ArmcProgram *body = ARMC_NEW(program->arena, ArmcProgram);
    *body = (ArmcProgram){
        .arena = program->arena,
        .model = program->model,
        .graph = program->graph,
        .kind = program->kind,
        .options = program->options,
        .outputs = program->outputs,
        .nll_count = program->nll_count,
        .phase_of = program->phase_of,
        .whole = program,
    };
    body->options.batch = program->depth->each;
    armc_exec_partition(body, PHASE_BODY);
    armc_exec_layout(body);
    return body;
}

void armc_exec_deepen(ArmcProgram *program)
{
    int64_t each = choose_each(program), batch = program->options.batch;
    if (each == batch || !(program->phase_of = find_phases(program)))
        return;
    program->depth = ARMC_NEW(program->arena, Depth);
    *program->depth =
        (Depth){.each = each, .most_lanes = smaller(MOST_LANES, (batch + each - 1) / each)};
    find_sums(program);
    program->steps = NULL;
    program->step_count = program->step_capacity = 0;
    program->arena_size = program->scratch_size = 0;
    armc_exec_partition(program, PHASE_BEFORE);
    program->depth->before = program->step_count;
    armc_exec_partition(program, PHASE_AFTER);
    armc_exec_layout(program);
    program->depth->body = new_body(program);
}

/* --- memory --- */

static void prepare_sums(ArmcProgram *program)
{
    Depth *depth = program->depth;
    depth->lanes =
        ARMC_NEW_ARRAY(program->arena, ArmcReal, depth->most_lanes * depth->lane_size + 16);
    for (size_t i = 0; i < depth->sum_count; i++)
        program->places[depth->sums[i].value->id].data = depth->lanes + depth->sums[i].offset;
}

static int64_t params_size(const ArmcProgram *program, size_t likelihood)
{
    return armc_shape_size(program->outputs.values[likelihood]->shape);
}

static void prepare_params(ArmcProgram *program)
{
    Depth *depth = program->depth;
    depth->params = ARMC_NEW_ARRAY(program->arena, ArmcReal *, program->nll_count);
    for (size_t i = 0; program->kind == ARMC_PROGRAM_PARAMS && i < program->nll_count; i++)
        depth->params[i] = ARMC_NEW_ARRAY(program->arena, ArmcReal,
                                          params_size(program, i) * program->options.batch);
}

/* What was computed before the batch is as fixed for a body as a parameter. */
static void bind_before(ArmcProgram *body)
{
    for (size_t i = 0; i < body->graph->node_count; i++) {
        const ArmcNode *node = body->graph->nodes[i];
        bool is_made = !(node->op->flags & ARMC_OP_LEAF) && !armc_exec_is_view(node);
        for (int k = 0; is_made && body->phase_of[i] == PHASE_BEFORE && k < node->out_count; k++)
            body->places[node->out[k]->id].data = armc_exec_data(body->whole, node->out[k]);
    }
}

void armc_exec_prepare_depth(ArmcProgram *program)
{
    Depth *depth = program->depth;
    int threads = armc_exec_threads(program);
    prepare_sums(program);
    prepare_params(program);
    depth->workers = ARMC_NEW_ARRAY(program->arena, ArmcProgram *, threads);
    for (int t = 0; t < threads; t++) {
        depth->workers[t] = t == 0 ? depth->body : new_body(program);
        armc_exec_prepare(depth->workers[t], NULL);
        bind_before(depth->workers[t]);
        armc_exec_bind(depth->workers[t]);
    }
}

/* --- running --- */

typedef struct Batch {
    ArmcProgram *program;
    const ArmcStepInfo *info;
    int64_t n, parts; /* examples, micro-batches */
    int64_t lanes;
} Batch;

ArmcStepInfo armc_exec_feed_body(ArmcProgram *body, const ArmcStepInfo *info, int64_t first,
                                 int64_t n)
{
    for (size_t i = 0; i < body->model->input_count; i++) {
        int64_t size = armc_shape_size(body->model->inputs[i]->shape);
        memcpy(body->inputs[i], body->whole->inputs[i] + first * size,
               (size_t)(n * size) * sizeof(ArmcReal));
    }
    ArmcStepInfo own = *info;
    own.example = info->example ? info->example + first : NULL;
    return own;
}

static void take_results(ArmcProgram *program, const ArmcProgram *body, int64_t first, int64_t n)
{
    if (program->kind != ARMC_PROGRAM_PARAMS) {
        armc_exec_gather_nll(program, body, first, n);
        return;
    }
    for (size_t i = 0; i < program->nll_count; i++) {
        int64_t size = params_size(program, i);
        memcpy(program->depth->params[i] + first * size,
               armc_exec_data(body, program->outputs.values[i]),
               (size_t)(n * size) * sizeof(ArmcReal));
    }
}

static void run_part(const Batch *batch, ArmcProgram *body, int64_t part)
{
    int64_t each = batch->program->depth->each, first = part * each;
    int64_t n = smaller(each, batch->n - first);
    const ArmcStepInfo info = armc_exec_feed_body(body, batch->info, first, n);
    armc_exec_run_steps(body, 0, body->step_count, &info, n);
    take_results(batch->program, body, first, n);
}

static void add_to_lane(const Depth *depth, const ArmcProgram *body, int64_t lane, bool is_first)
{
    for (size_t i = 0; i < depth->sum_count; i++) {
        const DepthSum *sum = &depth->sums[i];
        ArmcReal *to = depth->lanes + lane * depth->lane_size + sum->offset;
        const ArmcReal *from = armc_exec_data(body, sum->value);
        if (is_first)
            memcpy(to, from, (size_t)sum->size * sizeof *to);
        else
            body->options.kernels->add(sum->size, to, from, to);
    }
}

/* A lane has neighbouring micro-batches. */
static void run_lane(void *context, int64_t lane, int worker)
{
    const Batch *batch = context;
    const Depth *depth = batch->program->depth;
    ArmcProgram *body = depth->workers[worker];
    int64_t begin = lane * batch->parts / batch->lanes,
            end = (lane + 1) * batch->parts / batch->lanes;
    for (int64_t part = begin; part < end; part++) {
        run_part(batch, body, part);
        add_to_lane(depth, body, lane, part == begin);
    }
}

/* Adds a stretch of all lanes into the first, as a binary tree. */
static void merge_lanes(void *context, int64_t task, int worker)
{
    const Batch *batch = context;
    const Depth *depth = batch->program->depth;
    (void)worker;
    int64_t begin = task * MERGE_ENTRIES, n = smaller(MERGE_ENTRIES, depth->lane_size - begin);
    for (int64_t gap = 1; gap < batch->lanes; gap *= 2)
        for (int64_t lane = 0; lane + gap < batch->lanes; lane += 2 * gap) {
            ArmcReal *to = depth->lanes + lane * depth->lane_size + begin;
            batch->program->options.kernels->add(n, to, to + gap * depth->lane_size, to);
        }
}

void armc_exec_run_deep(ArmcProgram *program, const ArmcStepInfo *info, int64_t n)
{
    const Depth *depth = program->depth;
    Batch batch = {
        .program = program, .info = info, .n = n, .parts = (n + depth->each - 1) / depth->each};
    batch.lanes = depth->sum_count ? smaller(MOST_LANES, batch.parts) : batch.parts;
    armc_exec_run_steps(program, 0, depth->before, info, n);
    armc_exec_tasks(program, batch.lanes, run_lane, &batch);
    if (batch.lanes > 1 && depth->sum_count)
        armc_exec_tasks(program, (depth->lane_size + MERGE_ENTRIES - 1) / MERGE_ENTRIES,
                        merge_lanes, &batch);
    armc_exec_run_steps(program, depth->before, program->step_count, info, n);
}
