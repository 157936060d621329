/* Runs a program: its steps one after the other, each a phase of tasks. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/exec/internal.h"

typedef struct NodeRun {
    ArmcCall call;
    ArmcReal *const *scratch; /* by worker */
    bool whole;               /* no forward of its own: one task does it all */
} NodeRun;

static void run_node_task(void *context, int64_t task, int worker)
{
    const NodeRun *run = context;
    ArmcCall call = run->call;
    call.scratch = call.node->op->scratch ? run->scratch[worker] : NULL;
    if (run->whole)
        armc_apply(&call);
    else
        call.node->op->forward(&call, task);
}

static void run_node(ArmcProgram *program, const Step *step, const ArmcStepInfo *info, int64_t n)
{
    const ArmcNode *node = step->members[0].node;
    NodeRun run = {.call = {.node = node,
                            .k = program->options.kernels,
                            .info = info,
                            .batch = n,
                            .exact = program->options.exact,
                            .alone = program->pool == NULL},
                   .scratch = program->scratch,
                   .whole = !node->op->forward};
    for (int i = 0; i < node->in_count; i++)
        run.call.in[i] = armc_exec_data(program, node->in[i]);
    for (int i = 0; i < node->out_count; i++)
        if (program->places[node->out[i]->id].size > 0)
            run.call.out[i] = program->memory + program->places[node->out[i]->id].offset;
    if (node->op->advance)
        run.call.out[1] = program->scratch[0];
    run.call.scratch = node->op->scratch ? program->scratch[0] : NULL;
    int64_t tasks = run.whole || !node->op->tasks ? 1 : node->op->tasks(&run.call);
    armc_exec_tasks(program, tasks, run_node_task, &run);
}

static void run_step(ArmcProgram *program, const Step *step, const ArmcStepInfo *info, int64_t n)
{
    if (step->kind == STEP_NODE)
        run_node(program, step, info, n);
    else
        armc_exec_run_region(program, step, info, n);
}

static void run_timed_step(ArmcProgram *program, size_t s, const ArmcStepInfo *info, int64_t n)
{
    double started = armc_exec_now();
    run_step(program, &program->steps[s], info, n);
    if (program->profile->mode == ARMC_PROFILE_STEPS)
        program->profile->steps[s] += armc_exec_now() - started;
}

int armc_exec_threads(const ArmcProgram *program)
{
    return program->pool ? armc_pool_threads(program->pool) : 1;
}

void armc_exec_tasks(const ArmcProgram *program, int64_t count, ArmcTask task, void *context)
{
    if (program->pool)
        armc_pool_run(program->pool, count, task, context);
    for (int64_t i = 0; !program->pool && i < count; i++)
        task(context, i, 0);
}

void armc_exec_run_steps(ArmcProgram *program, size_t begin, size_t end, const ArmcStepInfo *info,
                         int64_t n)
{
    for (size_t s = begin; s < end; s++)
        if (program->profile)
            run_timed_step(program, s, info, n);
        else
            run_step(program, &program->steps[s], info, n);
}

/* Puts the parts' nll back into the variable's own order. */
void armc_exec_gather_nll(ArmcProgram *program, const ArmcProgram *from, int64_t first, int64_t n)
{
    int64_t variables = armc_shape_size(program->model->inputs[0]->shape);
    ArmcReal *to = program->nll + first * variables;
    for (size_t i = 0; i < program->nll_count; i++) {
        const ArmcLikelihood *likelihood = program->model->likelihoods[i];
        const ArmcReal *nll = armc_exec_data(from, program->outputs.values[i]);
        for (int64_t b = 0; b < n; b++)
            for (int64_t k = 0; k < likelihood->count; k++)
                to[b * variables + armc_likelihood_entry(likelihood, k)] =
                    nll[b * likelihood->count + k];
    }
}

void armc_program_run(ArmcProgram *program, const ArmcStepInfo *info, int64_t n)
{
    ARMC_ASSERT(n >= 1 && n <= program->options.batch);
    program->seed = ARMC_R(1.0 / (double)n);
    if (program->depth) {
        armc_exec_run_deep(program, info, n);
        return;
    }
    armc_exec_run_steps(program, 0, program->step_count, info, n);
    if (program->nll && program->kind != ARMC_PROGRAM_PARAMS)
        armc_exec_gather_nll(program, program, 0, n);
}

/* --- finding the first value that is not finite --- */

static bool all_finite(const ArmcReal *data, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(data[i]))
            return false;
    return true;
}

static bool step_is_finite(const ArmcProgram *program, const Step *step, int64_t n)
{
    const ArmcValue *out = step->members[0].node->out[0];
    const Place *place = &program->places[out->id];
    if (place->store != STORE_ARENA && place->store != STORE_SUM)
        return true;
    return all_finite(program->memory + place->offset,
                      armc_shape_size(out->shape) * (out->batched ? n : 1));
}

/* A parameter or an input may be the culprit itself. */
static const ArmcNode *blame_leaf(const ArmcProgram *program, int64_t n)
{
    for (size_t i = 0; i < program->graph->node_count; i++) {
        const ArmcNode *node = program->graph->nodes[i];
        int64_t size = armc_shape_size(node->out[0]->shape) * (node->out[0]->batched ? n : 1);
        if ((node->op->flags & ARMC_OP_LEAF) &&
            !all_finite(program->places[node->out[0]->id].data, size))
            return node;
    }
    return NULL;
}

/* Runs some steps; the node of the first one that goes wrong. */
static const ArmcNode *blame_steps(ArmcProgram *program, size_t begin, size_t end,
                                   const ArmcStepInfo *info, int64_t n)
{
    for (size_t s = begin; s < end; s++) {
        run_step(program, &program->steps[s], info, n);
        if (!step_is_finite(program, &program->steps[s], n))
            return program->steps[s].members[0].node;
    }
    return NULL;
}

static const ArmcNode *blame_deep(ArmcProgram *program, const ArmcStepInfo *info, int64_t n)
{
    const Depth *depth = program->depth;
    const ArmcNode *node = blame_steps(program, 0, depth->before, info, n);
    ArmcProgram *body = depth->workers[0];
    for (int64_t first = 0; !node && first < n; first += depth->each) {
        int64_t some = n - first < depth->each ? n - first : depth->each;
        const ArmcStepInfo own = armc_exec_feed_body(body, info, first, some);
        node = blame_steps(body, 0, body->step_count, &own, some);
    }
    if (node)
        return node;
    armc_exec_run_deep(program, info, n);
    return blame_steps(program, depth->before, program->step_count, info, n);
}

const ArmcNode *armc_program_blame(ArmcArena *scratch, const ArmcProgram *program,
                                   const ArmcStepInfo *info, int64_t n)
{
    ArmcProgramOptions options = program->options;
    options.unfused = true;
    ArmcGraph *model = ARMC_NEW(scratch, ArmcGraph);
    *model = *program->model;
    ArmcProgram *slow = armc_program_new(scratch, model, program->kind, &options);
    armc_program_prepare(slow, program->pool);
    for (size_t i = 0; i < model->input_count; i++)
        memcpy(slow->inputs[i], program->inputs[i],
               (size_t)(armc_shape_size(model->inputs[i]->shape) * n) * sizeof(ArmcReal));
    slow->seed = ARMC_R(1.0 / (double)n);
    const ArmcNode *leaf = blame_leaf(slow, n);
    if (leaf || !slow->depth)
        return leaf ? leaf : blame_steps(slow, 0, slow->step_count, info, n);
    return blame_deep(slow, info, n);
}

/* --- describing --- */

static void describe_step(const Step *step, size_t number, ArmcBuf *out)
{
    static const char *const kinds[] = {"whole", "rows", "sites"};
    armc_buf_printf(out, "%3zu %-5s", number, kinds[step->kind]);
    for (size_t m = 0; m < step->count; m++) {
        const Member *member = &step->members[m];
        if (!member->joined)
            armc_buf_printf(out, " %s%s%s", step->two_sweeps && member->up ? "^" : "",
                            member->node->op->name, member->sum ? "+add" : "");
    }
    if (step->kind != STEP_NODE)
        armc_buf_printf(out,
                        "  (%" PRId64 " sites, %" PRId64 " at a time, %" PRId64 " lanes, %" PRId64
                        " bytes of scratch)",
                        step->sites, step->block, step->lanes,
                        step->scratch * (int64_t)sizeof(ArmcReal));
    armc_buf_puts(out, "\n");
}

static void describe_steps(const ArmcProgram *program, size_t begin, size_t end, size_t *number,
                           ArmcBuf *out)
{
    for (size_t s = begin; s < end; s++)
        describe_step(&program->steps[s], ++*number, out);
}

void armc_program_describe(const ArmcProgram *program, ArmcBuf *out)
{
    const Depth *depth = program->depth;
    size_t number = 0, before = depth ? depth->before : 0;
    describe_steps(program, 0, before, &number, out);
    if (depth) {
        armc_buf_printf(out,
                        "    depth first, %" PRId64 " examples at a time, %" PRId64 " lanes:\n",
                        depth->each, depth->most_lanes);
        describe_steps(depth->body, 0, depth->body->step_count, &number, out);
        armc_buf_puts(out, "    then:\n");
    }
    describe_steps(program, before, program->step_count, &number, out);
}
