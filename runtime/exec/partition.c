/* Cuts a graph into steps: nodes that work on one site at a time are gathered into regions. */
#include "runtime/exec/internal.h"

typedef enum Class { CLASS_FREE, CLASS_NODE, CLASS_ROWS, CLASS_SITES } Class;

typedef struct Partition {
    ArmcProgram *program;
    const ArmcGraph *graph;
    Phase phase;
    bool *done; /* by node id */
    bool *in_region;
    bool *after_down; /* in the region under construction: depends on a sum in descending order */
    int64_t *looped;  /* numbers of sites that some node can only do site by site */
    size_t looped_count, looped_capacity;
} Partition;

bool armc_exec_is_view(const ArmcNode *node)
{
    return (node->op->flags & ARMC_OP_VIEW) != 0;
}

const ArmcValue *armc_exec_base(const ArmcValue *value)
{
    while (armc_exec_is_view(value->node))
        value = value->node->in[0];
    return value;
}

bool armc_exec_same_rows(const ArmcValue *a, const ArmcValue *b)
{
    return armc_shape_sites(a->shape) == armc_shape_sites(b->shape) &&
           armc_shape_features(a->shape) == armc_shape_features(b->shape);
}

/* A row input that consecutive (example, site) pairs can't step through evenly. */
static bool uneven(const ArmcValue *value, int64_t sites)
{
    int64_t own = armc_shape_sites(value->shape);
    return sites > 1 && (value->batched ? own != sites : own == sites);
}

static bool needs_site_loop(const ArmcNode *node)
{
    int64_t sites = armc_rows_sites(node);
    bool needs = node->op->order != 0 || (node->op->rows_out == 'S' && sites > 1);
    for (int i = 0; i < node->in_count; i++) {
        needs |= node->op->rows_in[i] == 's' && sites > 1;
        needs |= node->op->rows_in[i] == 'r' && uneven(node->in[i], sites);
    }
    return needs;
}

static bool works_by_rows(const ArmcNode *node)
{
    return node->op->rows && armc_rows_batched(node);
}

static bool is_looped(const Partition *p, int64_t sites)
{
    for (size_t i = 0; i < p->looped_count; i++)
        if (p->looped[i] == sites)
            return true;
    return false;
}

/* A product that whole arrays make as well: BLAS wants it large. */
static bool prefers_rows(const Partition *p, const ArmcNode *node)
{
    const ArmcProgramOptions *options = &p->program->options;
    return (node->op->flags & ARMC_OP_JOINS) && (options->exact || !options->kernels->conv_by_blas);
}

static Class class_of(const Partition *p, const ArmcNode *node)
{
    if ((node->op->flags & ARMC_OP_LEAF) || armc_exec_is_view(node) ||
        armc_exec_phase(p->program, node) != p->phase)
        return CLASS_FREE;
    if (!works_by_rows(node))
        return CLASS_NODE;
    if (needs_site_loop(node))
        return CLASS_SITES;
    if (!p->program->options.unfused && is_looped(p, armc_rows_sites(node)))
        return CLASS_SITES;
    return node->op->forward && !prefers_rows(p, node) ? CLASS_NODE : CLASS_ROWS;
}

static bool is_ready(const Partition *p, const ArmcNode *node)
{
    for (int i = 0; i < node->in_count; i++)
        if (!p->done[node->in[i]->node->id])
            return false;
    return !node->after || p->done[node->after->id];
}

static Step *new_step(Partition *p, StepKind kind, int64_t sites)
{
    ArmcProgram *program = p->program;
    Step step = {.kind = kind, .sites = sites};
    ARMC_PUSH(program->arena, program->steps, program->step_count, program->step_capacity, step);
    return &program->steps[program->step_count - 1];
}

static void add_member(Partition *p, Step *step, ArmcNode *node)
{
    ARMC_PUSH(p->program->arena, step->members, step->count, step->capacity,
              (Member){.node = node});
    p->in_region[node->id] = true;
    if (node->op->order) {
        step->has_scan = true;
        step->order = node->order;
    }
}

/* A region visits its sites in one order: that of its scans. */
static bool goes_along(const Step *step, const ArmcNode *node)
{
    return !node->op->order || !step->has_scan || armc_order_same(step->order, node->order);
}

/* Can the node run in the region: its inputs are done, or come from inside row by row, and no sweep
 * has to turn twice? */
static bool joins(Partition *p, const ArmcNode *node)
{
    bool after_down = false;
    if (node->after && !p->done[node->after->id] && !p->in_region[node->after->id])
        return false;
    for (int i = 0; i < node->in_count; i++) {
        const ArmcNode *from = node->in[i]->node;
        if (p->done[from->id])
            continue;
        if (!p->in_region[from->id] || (!armc_exec_is_view(node) && node->op->rows_in[i] != 'r'))
            return false;
        if (!armc_exec_is_view(from) && from->op->rows_out != 'r')
            return false;
        after_down |= p->after_down[from->id];
    }
    if (after_down && node->op->order > 0)
        return false;
    p->after_down[node->id] = after_down || node->op->order < 0;
    return true;
}

/* A view inside a region is no work, but rows must stay rows. */
static bool view_joins(Partition *p, const ArmcNode *node)
{
    return armc_exec_is_view(node) && p->in_region[node->in[0]->node->id] &&
           armc_exec_same_rows(node->in[0], node->out[0]) && joins(p, node);
}

/* Gathers every node of the same class and number of sites that can run now, inside one region. */
static void gather(Partition *p, Step *step, Class class, int first)
{
    for (size_t i = (size_t)first; i < p->graph->node_count; i++) {
        ArmcNode *node = p->graph->nodes[i];
        if (p->done[i] || p->in_region[i])
            continue;
        if (view_joins(p, node)) {
            p->in_region[i] = true;
            continue;
        }
        if (class_of(p, node) != class || armc_rows_sites(node) != step->sites ||
            !goes_along(step, node) || !joins(p, node))
            continue;
        add_member(p, step, node);
        if (p->program->options.unfused)
            break;
    }
    for (size_t i = 0; i < p->graph->node_count; i++) {
        p->done[i] |= p->in_region[i];
        p->in_region[i] = p->after_down[i] = false;
    }
}

/* Marks leaves, views of what is done and what another phase does; they cost nothing. */
static void settle(Partition *p)
{
    for (size_t i = 0; i < p->graph->node_count; i++) {
        const ArmcNode *node = p->graph->nodes[i];
        if (class_of(p, node) == CLASS_FREE && is_ready(p, node))
            p->done[i] = true;
    }
}

/* The next thing to do: a single node if one is ready (so that regions grow meanwhile), else the
 * first ready one of a region. */
static ArmcNode *choose(const Partition *p)
{
    ArmcNode *best = NULL;
    for (size_t i = 0; i < p->graph->node_count; i++) {
        ArmcNode *node = p->graph->nodes[i];
        if (p->done[i] || !is_ready(p, node))
            continue;
        if (class_of(p, node) == CLASS_NODE)
            return node;
        if (!best)
            best = node;
    }
    return best;
}

static void find_looped(Partition *p)
{
    for (size_t i = 0; i < p->graph->node_count; i++) {
        const ArmcNode *node = p->graph->nodes[i];
        if (!(node->op->flags & ARMC_OP_LEAF) && works_by_rows(node) && needs_site_loop(node) &&
            !is_looped(p, armc_rows_sites(node)))
            ARMC_PUSH(p->program->arena, p->looped, p->looped_count, p->looped_capacity,
                      armc_rows_sites(node));
    }
}

Phase armc_exec_phase(const ArmcProgram *program, const ArmcNode *node)
{
    return program->phase_of ? (Phase)program->phase_of[node->id] : PHASE_ALL;
}

void armc_exec_partition(ArmcProgram *program, Phase phase)
{
    size_t count = program->graph->node_count;
    Partition p = {.program = program,
                   .graph = program->graph,
                   .phase = phase,
                   .done = ARMC_NEW_ARRAY(program->arena, bool, count),
                   .in_region = ARMC_NEW_ARRAY(program->arena, bool, count),
                   .after_down = ARMC_NEW_ARRAY(program->arena, bool, count)};
    find_looped(&p);
    settle(&p);
    for (ArmcNode *node = choose(&p); node; node = choose(&p)) {
        Class class = class_of(&p, node);
        if (class == CLASS_NODE) {
            add_member(&p, new_step(&p, STEP_NODE, 1), node);
            p.in_region[node->id] = false;
            p.done[node->id] = true;
        } else {
            Step *step =
                new_step(&p, class == CLASS_SITES ? STEP_SITES : STEP_ROWS, armc_rows_sites(node));
            gather(&p, step, class, node->id);
        }
        settle(&p);
    }
}
