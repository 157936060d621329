#include "runtime/learn/train.h"

#include <math.h>
#include <unistd.h>

#include "runtime/base/rng.h"
#include "runtime/learn/checkpoint.h"
#include "runtime/learn/session.h"

static uint64_t steps_an_epoch(const ArmcTraining *t)
{
    uint64_t examples = (uint64_t)(t->options.batch * t->options.accumulate);
    return ((uint64_t)t->data->count[ARMC_TRAIN] + examples - 1) / examples;
}

/* Beside the weights and one gradient: the optimiser's slots, the gradient's sums, the mean. */
static int64_t optimizer_bytes(const ArmcGraph *graph, const ArmcTrainOptions *options)
{
    int arrays =
        armc_optimizer_slots(options->optimizer) + (options->accumulate > 1) + (options->ema > 0);
    return armc_blocks_entries(graph) * arrays * (int64_t)sizeof(ArmcReal);
}

bool armc_training_check(ArmcSession *session, ArmcNet *net, const ArmcTrainOptions *options,
                         const ArmcOrigin *origin)
{
    net->batch = options->batch;
    net->optimizer = options->optimizer->name;
    net->optimizer_bytes = optimizer_bytes(net->graph, options);
    ArmcPrograms programs;
    if (!armc_net_compile(session, session->run, net, ARMC_PROGRAM_TRAIN, options->batch, false,
                          net->optimizer_bytes, origin, &programs))
        return false;
    net->program = programs.items[0];
    net->plan = programs.plan;
    return true;
}

/* --- making ready --- */

static bool has_evaluation(const ArmcDataset *data)
{
    return data->count[ARMC_VALID] > 0 || data->count[ARMC_TEST] > 0;
}

static bool compile(ArmcTraining *t)
{
    int64_t extra = optimizer_bytes(t->net->graph, &t->options);
    if (!armc_net_compile(t->session, t->arena, t->net, ARMC_PROGRAM_TRAIN, t->options.batch, false,
                          extra, t->origin, &t->programs))
        return false;
    t->program = t->programs.items[0];
    return !has_evaluation(t->data) ||
           armc_net_compile(t->session, t->arena, t->net, ARMC_PROGRAM_EVAL, t->options.batch,
                            false, 0, t->origin, &t->eval);
}

static const ArmcReal *const *gradients_of(ArmcTraining *t, const ArmcProgram *program)
{
    size_t count = t->net->graph->param_count;
    const ArmcReal **each = ARMC_NEW_ARRAY(t->arena, const ArmcReal *, count);
    for (size_t i = 0; i < count; i++)
        each[i] = armc_program_gradient(program, i);
    return each;
}

static void prepare(ArmcTraining *t)
{
    ArmcPool *pool = armc_session_pool(t->session);
    const ArmcGraph *graph = t->net->graph;
    armc_programs_prepare(&t->programs, pool);
    armc_programs_prepare(&t->eval, pool);
    t->gradients = ARMC_NEW_ARRAY(t->arena, const ArmcReal *const *, t->programs.count);
    for (int m = 0; m < t->programs.count; m++)
        t->gradients[m] = gradients_of(t, t->programs.items[m]);
    const ArmcBlocks *blocks = armc_blocks_new(t->arena, graph, t->session->kernels, pool);
    t->gradient = armc_gradient_new(t->arena, blocks, t->gradients[0], t->options.accumulate > 1);
    t->optim = armc_optim_new(t->arena, blocks, t->options.optimizer, &t->options.hyper);
    if (t->options.ema > 0)
        t->average = armc_average_new(t->arena, blocks, t->options.ema);
    t->order = ARMC_NEW_ARRAY(t->arena, int64_t, t->data->count[ARMC_TRAIN]);
}

void armc_training_shuffle(ArmcTraining *t)
{
    armc_rng_permutation(t->session->options.seed, ARMC_RNG_SHUFFLE, t->state.epoch,
                         t->data->count[ARMC_TRAIN], t->order);
}

ArmcTraining *armc_training_new(ArmcSession *session, ArmcArena *arena, ArmcNet *net,
                                const ArmcDataset *data, const ArmcTrainOptions *options,
                                const ArmcOrigin *origin)
{
    ArmcTraining *t = ARMC_NEW(arena, ArmcTraining);
    *t = (ArmcTraining){.session = session,
                        .net = net,
                        .data = data,
                        .origin = origin,
                        .options = *options,
                        .arena = arena};
    t->course = (ArmcCourse){.steps = steps_an_epoch(t) * (uint64_t)options->epochs,
                             .warmup = (uint64_t)options->warmup,
                             .period = (double)steps_an_epoch(t) * (double)options->every,
                             .factor = options->factor};
    t->state.best = (double)INFINITY;
    if (!compile(t))
        return NULL;
    armc_net_need_weights(session, net);
    prepare(t);
    t->metrics = armc_metrics_new(session->run, net->variables, NULL, "");
    net->metrics = t->metrics;
    if (session->options.resume && access(options->to, F_OK) == 0 && !armc_checkpoint_resume(t))
        return NULL;
    armc_training_shuffle(t);
    return t;
}

bool armc_training_is_done(const ArmcTraining *t)
{
    return t->state.epoch == (uint64_t)t->options.epochs ||
           (t->options.patience > 0 && t->state.stale >= (uint64_t)t->options.patience);
}

/* Evaluation and samples see the mean of the weights where one is kept. */
void armc_training_swap(ArmcTraining *t)
{
    if (t->average != NULL)
        armc_average_swap(t->average);
}

bool armc_training_keeps_best(const ArmcTraining *t)
{
    return t->options.keep_best && t->state.stale > 0 && isfinite(t->state.best);
}

const char *armc_training_best_path(const ArmcTraining *t)
{
    return armc_path_with_ending(t->arena, t->options.to, ".best.safetensors");
}

/* A checkpoint has the mean of the weights, where one is kept, under their own names. */
bool armc_training_finish(ArmcTraining *t)
{
    if (armc_training_keeps_best(t))
        return armc_checkpoint_take_weights(t, armc_training_best_path(t));
    armc_training_swap(t);
    return true;
}
