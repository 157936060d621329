/* Where the time of a program goes: by step, and inside regions by node. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <time.h>

#include "runtime/exec/internal.h"

double armc_exec_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static Profile *new_profile(const ArmcProgram *program)
{
    ArmcArena *arena = program->arena;
    int threads = armc_exec_threads(program);
    Profile *profile = ARMC_NEW(arena, Profile);
    profile->steps = ARMC_NEW_ARRAY(arena, double, program->step_count);
    profile->nodes = ARMC_NEW_ARRAY(arena, double *, threads);
    for (int t = 0; t < threads; t++)
        profile->nodes[t] = ARMC_NEW_ARRAY(arena, double, program->graph->node_count);
    return profile;
}

void armc_program_profile(ArmcProgram *program, ArmcProfileMode mode)
{
    if (program->profile == NULL)
        program->profile = new_profile(program);
    program->profile->mode = mode;
    for (int t = 0; program->depth && t < armc_exec_threads(program); t++)
        armc_program_profile(program->depth->workers[t], mode);
}

bool *armc_exec_backward(const ArmcProgram *program, ArmcArena *arena)
{
    const ArmcGraph *graph = program->graph;
    bool *backward = ARMC_NEW_ARRAY(arena, bool, graph->node_count);
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        backward[i] =
            strcmp(node->op->name, "seed") == 0 || (node->after && backward[node->after->id]);
        for (int k = 0; k < node->in_count; k++)
            backward[i] |= backward[node->in[k]->node->id];
    }
    return backward;
}

/* Is `node` a gradient of `forward`: by the same statement, matmul_dx of matmul? */
static bool is_gradient_of(const ArmcNode *node, const ArmcNode *forward)
{
    size_t length = strlen(forward->op->name);
    return node->origin == forward->origin &&
           strncmp(node->op->name, forward->op->name, length) == 0 && node->op->name[length] == '_';
}

/* Of a node that says no cost itself, that of what it is the gradient of. Forward such a name means
 * something else: conv2d_packed lays weights out. */
static int64_t cost_of(const ArmcProgram *program, const ArmcNode *node, bool backward)
{
    int64_t cost = armc_node_cost(node);
    for (size_t i = 0; backward && cost == 0 && i < program->model->node_count; i++)
        if (is_gradient_of(node, program->model->nodes[i]))
            cost = armc_node_cost(program->model->nodes[i]);
    return cost;
}

static double seconds_inside(const ArmcProgram *program, const ArmcNode *node)
{
    double seconds = 0;
    for (int t = 0; t < armc_exec_threads(program); t++)
        seconds += program->profile->nodes[t][node->id];
    return seconds;
}

/* The part of a step's time that is due to one of its nodes. */
static double share_of(const ArmcProgram *program, const Step *step, const ArmcNode *node)
{
    double all = 0;
    for (size_t m = 0; m < step->count; m++)
        all += seconds_inside(program, step->members[m].node);
    return all > 0 ? seconds_inside(program, node) / all : 1.0 / (double)step->count;
}

/* Rows under construction. */
typedef struct Table {
    const ArmcProgram *program;
    const bool *backward;
    ArmcProfileRow *rows;
    size_t count, steps;
} Table;

/* The rows of some steps, which `copies` programs ran at the same time. */
static void add_steps(Table *table, ArmcProgram *const *programs, int copies, size_t begin,
                      size_t end)
{
    for (size_t s = begin; s < end; s++, table->steps++) {
        const Step *step = &programs[0]->steps[s];
        for (size_t m = 0; m < step->count; m++) {
            const ArmcNode *node = step->members[m].node;
            double seconds = 0;
            for (int c = 0; c < copies; c++)
                seconds += programs[c]->profile->steps[s] *
                           share_of(programs[c], &programs[c]->steps[s], node) / copies;
            table->rows[table->count++] = (ArmcProfileRow){
                .node = node,
                .step = table->steps,
                .members = step->count,
                .backward = table->backward[node->id],
                .seconds = seconds,
                .multiply_adds = cost_of(table->program, node, table->backward[node->id]),
            };
        }
    }
}

const ArmcProfileRow *armc_program_profile_rows(ArmcProgram *program, ArmcArena *arena,
                                                size_t *count)
{
    ARMC_ASSERT(program->profile != NULL);
    const Depth *depth = program->depth;
    size_t before = depth ? depth->before : 0;
    Table table = {.program = program, .backward = armc_exec_backward(program, arena)};
    table.rows = ARMC_NEW_ARRAY(arena, ArmcProfileRow, program->graph->node_count);
    add_steps(&table, &program, 1, 0, before);
    if (depth)
        add_steps(&table, depth->workers, armc_exec_threads(program), 0, depth->body->step_count);
    add_steps(&table, &program, 1, before, program->step_count);
    *count = table.count;
    return table.rows;
}
