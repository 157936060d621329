/* Runs a program: its steps one after the other, each a phase of tasks. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/exec/internal.h"

typedef struct NodeRun {
    ArmcCall call;
    bool whole; /* no forward of its own: one task does it all */
} NodeRun;

static const ArmcReal *data_of(const ArmcProgram *program, const ArmcValue *value)
{
    const Place *place = &program->places[armc_exec_base(value)->id];
    return place->store == STORE_FIXED ? place->data : program->memory + place->offset;
}

static void run_node_task(void *context, int64_t task, int worker)
{
    const NodeRun *run = context;
    (void)worker;
    if (run->whole)
        armc_apply(&run->call);
    else
        run->call.node->op->forward(&run->call, task);
}

static void run_node(ArmcProgram *program, const Step *step, const ArmcStepInfo *info, int64_t n)
{
    const ArmcNode *node = step->members[0].node;
    NodeRun run = {.call = {.node = node,
                            .k = program->options.kernels,
                            .info = info,
                            .batch = n,
                            .exact = program->options.exact},
                   .whole = !node->op->forward};
    for (int i = 0; i < node->in_count; i++)
        run.call.in[i] = data_of(program, node->in[i]);
    for (int i = 0; i < node->out_count; i++)
        if (program->places[node->out[i]->id].size > 0)
            run.call.out[i] = program->memory + program->places[node->out[i]->id].offset;
    if (node->op->advance)
        run.call.out[1] = program->scratch[0];
    int64_t tasks = run.whole || !node->op->tasks ? 1 : node->op->tasks(&run.call);
    armc_pool_run(program->pool, tasks, run_node_task, &run);
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

/* Puts the parts' nll back into the variable's own order. */
static void gather_nll(ArmcProgram *program, int64_t n)
{
    int64_t variables = armc_shape_size(program->model->inputs[0]->shape);
    for (size_t i = 0; i < program->nll_count; i++) {
        const ArmcLikelihood *likelihood = program->model->likelihoods[i];
        const ArmcReal *nll = armc_exec_data(program, program->outputs.values[i]);
        for (int64_t b = 0; b < n; b++)
            for (int64_t k = 0; k < likelihood->count; k++)
                program->nll[b * variables + armc_likelihood_entry(likelihood, k)] =
                    nll[b * likelihood->count + k];
    }
}

void armc_program_run(ArmcProgram *program, const ArmcStepInfo *info, int64_t n)
{
    ARMC_ASSERT(n >= 1 && n <= program->options.batch);
    program->seed = ARMC_R(1.0 / (double)n);
    for (size_t s = 0; s < program->step_count; s++)
        if (program->profile)
            run_timed_step(program, s, info, n);
        else
            run_step(program, &program->steps[s], info, n);
    if (program->nll && program->kind != ARMC_PROGRAM_PARAMS)
        gather_nll(program, n);
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
    for (size_t s = 0; !leaf && s < slow->step_count; s++) {
        run_step(slow, &slow->steps[s], info, n);
        if (!step_is_finite(slow, &slow->steps[s], n))
            return slow->steps[s].members[0].node;
    }
    return leaf;
}

/* --- describing --- */

void armc_program_describe(const ArmcProgram *program, ArmcBuf *out)
{
    static const char *const kinds[] = {"whole", "rows", "sites"};
    for (size_t s = 0; s < program->step_count; s++) {
        const Step *step = &program->steps[s];
        armc_buf_printf(out, "%3zu %-5s", s + 1, kinds[step->kind]);
        for (size_t m = 0; m < step->count; m++)
            armc_buf_printf(out, " %s%s", step->two_sweeps && step->members[m].up ? "^" : "",
                            step->members[m].node->op->name);
        if (step->kind != STEP_NODE)
            armc_buf_printf(out,
                            "  (%" PRId64 " sites, %" PRId64 " at a time, %" PRId64
                            " lanes, %" PRId64 " bytes of scratch)",
                            step->sites, step->block, step->lanes,
                            step->scratch * (int64_t)sizeof(ArmcReal));
        armc_buf_puts(out, "\n");
    }
}
