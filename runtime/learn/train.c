#include "runtime/learn/train.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "runtime/base/rng.h"
#include "runtime/learn/checkpoint.h"
#include "runtime/learn/evaluate.h"
#include "runtime/learn/report.h"
#include "runtime/learn/session.h"

enum {
    MOST_TRAIN_ROWS = 20000, /* of the CSV: a long run keeps every k-th minibatch */
    SAVE_SECONDS = 600,
};

static uint64_t batches(const ArmcTraining *t)
{
    return ((uint64_t)t->data->count[ARMC_TRAIN] + (uint64_t)t->options.batch - 1) /
           (uint64_t)t->options.batch;
}

static double seconds(const ArmcTraining *t)
{
    return t->seconds_before + armc_now() - t->started;
}

static ArmcStand stand(const ArmcTraining *t)
{
    return (ArmcStand){t->state.epoch + 1, (uint64_t)t->options.epochs, t->state.step, seconds(t)};
}

static int64_t parameter_entries(const ArmcGraph *graph)
{
    int64_t entries = 0;
    for (size_t i = 0; i < graph->param_count; i++)
        entries += graph->params[i]->size;
    return entries;
}

static int64_t optimizer_bytes(const ArmcGraph *graph, const ArmcOptimizer *optimizer)
{
    return parameter_entries(graph) * armc_optimizer_slots(optimizer) * (int64_t)sizeof(ArmcReal);
}

bool armc_training_check(ArmcSession *session, ArmcNet *net, const ArmcDataset *data,
                         const ArmcTrainOptions *options, const ArmcOrigin *origin)
{
    (void)data;
    net->batch = options->batch;
    net->optimizer = options->optimizer->name;
    net->optimizer_bytes = optimizer_bytes(net->graph, options->optimizer);
    net->program = armc_net_compile(session, session->run, net, ARMC_PROGRAM_TRAIN, options->batch,
                                    false, net->optimizer_bytes, origin);
    if (net->program == NULL)
        return false;
    net->plan = armc_program_plan(net->program);
    return true;
}

/* --- making ready --- */

static bool has_evaluation(const ArmcDataset *data)
{
    return data->count[ARMC_VALID] > 0 || data->count[ARMC_TEST] > 0;
}

static bool compile(ArmcTraining *t)
{
    int64_t extra = optimizer_bytes(t->net->graph, t->options.optimizer);
    t->program = armc_net_compile(t->session, t->arena, t->net, ARMC_PROGRAM_TRAIN,
                                  t->options.batch, false, extra, t->origin);
    if (t->program == NULL || !has_evaluation(t->data))
        return t->program != NULL;
    t->eval = armc_net_compile(t->session, t->arena, t->net, ARMC_PROGRAM_EVAL, t->options.batch,
                               false, 0, t->origin);
    return t->eval != NULL;
}

static void prepare(ArmcTraining *t)
{
    ArmcPool *pool = armc_session_pool(t->session);
    const ArmcGraph *graph = t->net->graph;
    armc_program_prepare(t->program, pool);
    if (t->eval != NULL)
        armc_program_prepare(t->eval, pool);
    t->optim = armc_optim_new(t->arena, graph, t->options.optimizer, &t->options.hyper,
                              t->session->kernels, pool);
    t->gradient = ARMC_NEW_ARRAY(t->arena, const ArmcReal *, graph->param_count);
    for (size_t i = 0; i < graph->param_count; i++)
        t->gradient[i] = armc_program_gradient(t->program, i);
    t->order = ARMC_NEW_ARRAY(t->arena, int64_t, t->data->count[ARMC_TRAIN]);
}

static void shuffle(ArmcTraining *t)
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
    t->steps = batches(t) * (uint64_t)options->epochs;
    t->state.best = (double)INFINITY;
    if (!compile(t))
        return NULL;
    armc_net_need_weights(session, net);
    prepare(t);
    t->metrics = armc_metrics_new(session->run, net->variables, NULL, NULL);
    net->metrics = t->metrics;
    if (session->options.resume && access(options->to, F_OK) == 0 && !armc_checkpoint_resume(t))
        return NULL;
    shuffle(t);
    return t;
}

bool armc_training_is_done(const ArmcTraining *t)
{
    return t->state.epoch == (uint64_t)t->options.epochs;
}

/* --- a step --- */

static bool blame(ArmcTraining *t, const ArmcStepInfo *info, int64_t n, const char *what)
{
    armc_net_blame(t->session, t->net, t->program, info, n, what, t->origin);
    return false;
}

bool armc_training_step(ArmcTraining *t, double *nats)
{
    int64_t left = t->data->count[ARMC_TRAIN] - (int64_t)t->state.position;
    int64_t n = left < t->options.batch ? left : t->options.batch;
    const int64_t *index = t->order + t->state.position;
    ArmcStepInfo info = {t->session->options.seed, t->state.epoch, t->state.step, index, true};

    armc_dataset_get(t->data, ARMC_TRAIN, index, n, t->state.epoch,
                     armc_program_input(t->program, 0));
    armc_program_run(t->program, &info, n);
    double sum = armc_sum_nats(t->program, n, t->net->variables);
    if (!isfinite(sum))
        return blame(t, &info, n, "the loss");
    if (!isfinite(armc_optim_norm(t->optim, t->gradient)))
        return blame(t, &info, n, "the gradient");
    double rate = t->options.hyper.lr * t->options.schedule->share(t->state.step, t->steps);
    armc_optim_step(t->optim, t->gradient, rate, t->state.step + 1);

    t->state.step++;
    t->state.position += (uint64_t)n;
    t->state.loss_sum += sum;
    *nats = sum / (double)n;
    return true;
}

bool armc_training_again(ArmcTraining *t, double *nats)
{
    t->state.position = 0;
    return armc_training_step(t, nats);
}

/* --- a run --- */

static void add_metric(ArmcTraining *t, ArmcSplit split, double nats)
{
    armc_metrics_add(t->metrics,
                     (ArmcMetric){t->state.step, t->state.epoch + 1, split, nats, seconds(t)});
}

static void tell_step(ArmcTraining *t, double nats)
{
    uint64_t every = t->steps / MOST_TRAIN_ROWS + 1;
    if (t->state.step % every == 0)
        add_metric(t, ARMC_TRAIN, nats);
    double done = (double)(t->state.step - t->first_step),
           left = (double)(t->steps - t->state.step);
    armc_say_progress(t->session, (double)t->state.step / (double)t->steps,
                      (armc_now() - t->started) * left / done,
                      "%s epoch %" PRIu64 "/%" PRId64 "  %.2f nats", t->net->name,
                      t->state.epoch + 1, t->options.epochs, nats);
}

static const ArmcParam *find_broken_param(const ArmcGraph *graph)
{
    for (size_t i = 0; i < graph->param_count; i++)
        for (int64_t e = 0; e < graph->params[i]->size; e++)
            if (!isfinite(graph->params[i]->data[e]))
                return graph->params[i];
    return NULL;
}

/* False after a diagnostic when the last update went out of range: then the last good checkpoint
 * stands. */
static bool save(ArmcTraining *t, const char *path)
{
    const ArmcParam *broken = find_broken_param(t->net->graph);
    if (broken != NULL) {
        armc_diag_add(t->session->diags, ARMC_E_not_finite, t->origin,
                      "parameter `%s` of `%s` is not finite after step %" PRIu64, broken->path,
                      t->net->name, t->state.step);
        return false;
    }
    armc_metrics_flush(t->metrics);
    armc_checkpoint_write(t, path);
    t->saved = armc_now();
    return true;
}

static bool is_time_to_save(const ArmcTraining *t)
{
    int64_t every = t->session->options.checkpoint_every;
    return (every > 0 && t->state.step % (uint64_t)every == 0) ||
           armc_now() - t->saved > SAVE_SECONDS;
}

/* An epoch is closed when its results are known; until then a checkpoint stands at its end, not
 * behind it. */
static bool score(ArmcTraining *t, ArmcScore scores[ARMC_SPLITS])
{
    scores[ARMC_TRAIN] = (ArmcScore){true, t->state.loss_sum / (double)t->data->count[ARMC_TRAIN]};
    for (ArmcSplit split = ARMC_VALID; split < ARMC_SPLITS; split++) {
        scores[split] = (ArmcScore){.known = t->data->count[split] > 0};
        if (scores[split].known && !armc_evaluate(t->session, t->net, t->eval, t->data, split,
                                                  t->options.batch, t->origin, &scores[split].nats))
            return false;
    }
    for (ArmcSplit split = ARMC_VALID; split < ARMC_SPLITS; split++)
        if (scores[split].known)
            add_metric(t, split, scores[split].nats);
    return true;
}

static void begin_next_epoch(ArmcTraining *t)
{
    t->state.epoch++;
    t->state.position = 0;
    t->state.loss_sum = 0;
    shuffle(t);
}

static bool close_epoch(ArmcTraining *t)
{
    ArmcScore scores[ARMC_SPLITS];
    if (!score(t, scores))
        return false;
    armc_report_epoch(t->session, t->net, scores, stand(t));
    if (t->state.epoch + 1 == (uint64_t)t->options.epochs) {
        ArmcSplit split = armc_report_split(scores);
        armc_report_score(t->session, t->net, "trained", split, scores[split].nats, stand(t));
    }
    bool best = scores[ARMC_VALID].known && scores[ARMC_VALID].nats < t->state.best;
    if (best)
        t->state.best = scores[ARMC_VALID].nats;
    begin_next_epoch(t);
    /* The best first: when the process dies in between, the epoch is done again and both are
     * written. */
    if (best && !save(t, armc_path_with_ending(t->arena, t->options.to, ".best.safetensors")))
        return false;
    return save(t, t->options.to);
}

static bool steps_of_epoch(ArmcTraining *t)
{
    while (t->state.position < (uint64_t)t->data->count[ARMC_TRAIN]) {
        double nats;
        if (!armc_training_step(t, &nats))
            return false;
        tell_step(t, nats);
        if (armc_session_is_interrupted(t->session))
            return false;
        if (is_time_to_save(t) && !save(t, t->options.to))
            return false;
    }
    return true;
}

static void begin_csv(ArmcTraining *t)
{
    ArmcArena *scratch = armc_scratch_begin(t->session);
    t->metrics->path = armc_path_with_ending(t->session->run, t->options.to, ".csv");
    t->metrics->head = armc_session_describe_run(t->session, t->net->report);
    if (t->state.step > 0)
        armc_metrics_take_seconds(scratch, t->metrics);
    armc_metrics_rewrite(scratch, t->metrics);
    armc_scratch_end(t->session);
    t->seconds_before = armc_metrics_seconds(t->metrics);
}

bool armc_training_run(ArmcTraining *t)
{
    begin_csv(t);
    t->first_step = t->state.step;
    t->started = t->saved = armc_now();
    while (!armc_training_is_done(t)) {
        if (steps_of_epoch(t) && close_epoch(t))
            continue;
        if (armc_session_is_interrupted(t->session) && armc_diags_count(t->session->diags) == 0)
            save(t, t->options.to);
        armc_metrics_flush(t->metrics);
        return false;
    }
    return true;
}
