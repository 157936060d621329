/* Gives every value a place: fixed, in a region's scratch, or in the arena at an offset found by
 * liveness. */
#include "runtime/exec/internal.h"

#include <string.h>

/* The step that makes each node, by node id; -1 for leaves and views. */
static int *steps_of_nodes(ArmcProgram *program)
{
    int *step_of = ARMC_NEW_ARRAY(program->arena, int, program->graph->node_count);
    for (size_t i = 0; i < program->graph->node_count; i++)
        step_of[i] = -1;
    for (size_t s = 0; s < program->step_count; s++)
        for (size_t m = 0; m < program->steps[s].count; m++)
            step_of[program->steps[s].members[m].node->id] = (int)s;
    return step_of;
}

static bool is_sum(const ArmcNode *node, StepKind kind)
{
    return kind != STEP_NODE && node->op->rows_out != 'r';
}

/* First guesses: made in its own step, used nowhere. */
static void init_places(ArmcProgram *program, const int *step_of)
{
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        for (int k = 0; k < node->out_count; k++) {
            const ArmcValue *value = node->out[k];
            Place *place = &program->places[value->id];
            int64_t size = armc_shape_size(value->shape);
            *place = (Place){.store = STORE_FIXED,
                             .size = value->batched ? size * program->options.batch : size,
                             .first = step_of[i],
                             .last = step_of[i]};
            if (step_of[i] < 0)
                continue;
            StepKind kind = program->steps[step_of[i]].kind;
            place->store = is_sum(node, kind)  ? STORE_SUM
                           : kind == STEP_NODE ? STORE_ARENA
                                               : STORE_LOCAL;
        }
    }
}

/* What only a gradient reads takes no room where there is none. */
static void drop_unread(ArmcProgram *program)
{
    bool *read = ARMC_NEW_ARRAY(program->arena, bool, program->graph->value_count);
    for (size_t i = 0; i < program->graph->node_count; i++)
        for (int k = 0; k < program->graph->nodes[i]->in_count; k++)
            read[program->graph->nodes[i]->in[k]->id] = true;
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        const ArmcValue *kept = node->out[node->out_count - 1];
        if (node->op->kept && !read[kept->id])
            program->places[kept->id].size = 0;
    }
}

/* A use outside the region that makes a value, or as other rows than it was made, puts it into the
 * arena. */
static void note_use(ArmcProgram *program, const ArmcValue *value, int step)
{
    const ArmcValue *base = armc_exec_base(value);
    Place *place = &program->places[base->id];
    if (place->store == STORE_FIXED)
        return;
    if (step != place->first && place->store == STORE_LOCAL)
        place->store = STORE_ARENA;
    if (step > place->last)
        place->last = step;
}

/* The step of a program at which a node wants its inputs; -1: it wants none of them. */
static int step_of_use(const ArmcProgram *program, const int *step_of, const ArmcNode *node)
{
    bool in_body = program->depth && armc_exec_phase(program, node) == PHASE_BODY;
    return in_body ? (int)program->depth->before : step_of[node->id];
}

/* What is summed in a body is wanted when it is over. */
static void find_sums(ArmcProgram *program)
{
    const Depth *depth = program->whole ? program->whole->depth : NULL;
    for (size_t i = 0; depth && i < depth->sum_count; i++)
        note_use(program, depth->sums[i].value, (int)program->step_count);
}

static void find_uses(ArmcProgram *program, const int *step_of)
{
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        int step = step_of_use(program, step_of, node);
        for (int k = 0; step >= 0 && k < node->in_count; k++)
            note_use(program, node->in[k], step);
    }
    for (size_t i = 0; i < program->outputs.count; i++)
        if (program->outputs.values[i])
            note_use(program, program->outputs.values[i], (int)program->step_count);
    find_sums(program);
}

/* Something that takes room in the arena for a while. */
typedef struct Tenant {
    int64_t *offset;
    int64_t size;
    int first, last;
} Tenant;

typedef struct Tenants {
    Tenant *items;
    size_t count, capacity;
} Tenants;

static void move_in(ArmcProgram *program, Tenants *tenants, int64_t *offset, int64_t size,
                    int first, int last)
{
    size = (size + 15) / 16 * 16; /* 64 bytes of floats */
    ARMC_PUSH(program->arena, tenants->items, tenants->count, tenants->capacity,
              ((Tenant){offset, size, first, last}));
}

static void sort_by_size(Tenants *tenants)
{
    for (size_t i = 1; i < tenants->count; i++) {
        Tenant tenant = tenants->items[i];
        size_t k = i;
        for (; k > 0 && tenants->items[k - 1].size < tenant.size; k--)
            tenants->items[k] = tenants->items[k - 1];
        tenants->items[k] = tenant;
    }
}

/* The lowest offset at which no tenant of the same time lies: largest first. */
static int64_t settle(const Tenants *tenants, size_t index)
{
    const Tenant *tenant = &tenants->items[index];
    int64_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < index; i++) {
            const Tenant *other = &tenants->items[i];
            bool together = other->first <= tenant->last && tenant->first <= other->last;
            bool overlap =
                *other->offset < offset + tenant->size && offset < *other->offset + other->size;
            if (together && overlap) {
                offset = *other->offset + other->size;
                moved = true;
            }
        }
    }
    return offset;
}

static void place_in_arena(ArmcProgram *program)
{
    Tenants tenants = {0};
    for (int v = 0; v < program->graph->value_count; v++) {
        Place *place = &program->places[v];
        if (place->size > 0 && (place->store == STORE_ARENA || place->store == STORE_SUM))
            move_in(program, &tenants, &place->offset, place->size, place->first, place->last);
    }
    for (size_t s = 0; s < program->step_count; s++) {
        Step *step = &program->steps[s];
        if (step->lanes > 1) /* lane 0 is the result itself */
            move_in(program, &tenants, &step->lane_base, step->lane_size * (step->lanes - 1),
                    (int)s, (int)s);
    }
    sort_by_size(&tenants);
    for (size_t i = 0; i < tenants.count; i++) {
        *tenants.items[i].offset = settle(&tenants, i);
        int64_t end = *tenants.items[i].offset + tenants.items[i].size;
        if (end > program->arena_size)
            program->arena_size = end;
    }
}

/* A scan that runs alone keeps its state in the first worker's scratch. */
static int64_t scratch_of(const Step *step)
{
    const ArmcNode *node = step->members[0].node;
    bool alone = step->kind == STEP_NODE && node->op->advance;
    if (step->kind == STEP_NODE && node->op->scratch)
        return node->op->scratch(node);
    return alone ? armc_shape_features(node->out[0]->shape) : step->scratch;
}

void armc_exec_layout(ArmcProgram *program)
{
    program->places = ARMC_NEW_ARRAY(program->arena, Place, program->graph->value_count);
    const int *step_of = steps_of_nodes(program);
    init_places(program, step_of);
    find_uses(program, step_of);
    drop_unread(program);
    for (size_t s = 0; s < program->step_count; s++) {
        if (program->steps[s].kind != STEP_NODE)
            armc_exec_region(program, &program->steps[s]);
        if (scratch_of(&program->steps[s]) > program->scratch_size)
            program->scratch_size = scratch_of(&program->steps[s]);
    }
    place_in_arena(program);
}
