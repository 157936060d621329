/* A training from where it stands to its end. */
#include <inttypes.h>
#include <math.h>

#include "runtime/learn/checkpoint.h"
#include "runtime/learn/evaluate.h"
#include "runtime/learn/report.h"
#include "runtime/learn/session.h"
#include "runtime/learn/train.h"

enum {
    MOST_TRAIN_ROWS = 20000, /* of the CSV: a long run keeps every k-th minibatch */
    SAVE_SECONDS = 600,
};

static double seconds(const ArmcTraining *t)
{
    return t->seconds_before + armc_now() - t->started;
}

static ArmcStand stand(const ArmcTraining *t)
{
    return (ArmcStand){t->state.epoch + 1, (uint64_t)t->options.epochs, t->state.step,
                       t->state.skipped - t->state.skipped_before, seconds(t)};
}

static void add_metric(ArmcTraining *t, ArmcSplit split, double nats)
{
    armc_metrics_add(t->metrics,
                     (ArmcMetric){t->state.step, t->state.epoch + 1, split, nats, seconds(t)});
}

static void tell_step(ArmcTraining *t, double nats)
{
    uint64_t every = t->course.steps / MOST_TRAIN_ROWS + 1;
    if (t->state.step % every == 0)
        add_metric(t, ARMC_TRAIN, nats);
    if (t->session->options.stop_after > 0)
        armc_report_step(t->session, t->net, t->state.step, t->course.steps, nats);
    double done = (double)(t->state.step - t->first_step),
           left = (double)(t->course.steps - t->state.step);
    armc_say_progress(t->session, (double)t->state.step / (double)t->course.steps,
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

static bool evaluate(ArmcTraining *t, ArmcScore scores[ARMC_SPLITS])
{
    for (ArmcSplit split = ARMC_VALID; split < ARMC_SPLITS; split++) {
        scores[split] = (ArmcScore){.known = t->data->count[split] > 0};
        if (scores[split].known &&
            !armc_evaluate(t->session, t->net, &t->eval, t->data, split, t->options.batch,
                           t->origin, NULL, &scores[split].nats))
            return false;
    }
    return true;
}

/* An epoch is closed when its results are known; until then a checkpoint stands at its end, not
 * behind it. */
static bool score(ArmcTraining *t, ArmcScore scores[ARMC_SPLITS])
{
    scores[ARMC_TRAIN] = (ArmcScore){true, t->state.loss_sum / (double)t->data->count[ARMC_TRAIN]};
    armc_training_swap(t);
    bool known = evaluate(t, scores);
    armc_training_swap(t);
    for (ArmcSplit split = ARMC_VALID; known && split < ARMC_SPLITS; split++)
        if (scores[split].known)
            add_metric(t, split, scores[split].nats);
    if (known)
        armc_metrics_set_train(t->metrics, t->state.epoch + 1, scores[ARMC_TRAIN].nats);
    return known;
}

static void begin_next_epoch(ArmcTraining *t)
{
    t->state.epoch++;
    t->state.position = 0;
    t->state.loss_sum = 0;
    t->state.skipped_before = t->state.skipped;
    armc_training_shuffle(t);
}

/* Is this epoch the best one so far? */
static bool take_validation(ArmcTraining *t, ArmcScore validation)
{
    bool best = validation.known && validation.nats < t->state.best;
    if (best)
        t->state.best = validation.nats;
    t->state.stale = best ? 0 : t->state.stale + 1;
    return best;
}

static void tell_kept(const ArmcTraining *t, uint64_t epoch)
{
    armc_say_note(t->session,
                  "%s: epoch %" PRIu64 " was the best by validation, %.4f nats: what follows uses "
                  "its weights, which are in %s\n",
                  t->net->name, epoch, t->state.best, armc_training_best_path(t));
}

/* What was trained, with the likelihood of the weights that are kept: `scores` and `at` are those
 * of the last epoch. */
static void tell_end(ArmcTraining *t, const ArmcScore scores[ARMC_SPLITS], ArmcStand at)
{
    ArmcSplit split = armc_report_split(scores);
    double nats = scores[split].nats;
    if (t->state.epoch < (uint64_t)t->options.epochs)
        armc_say_note(t->session,
                      "%s: no better validation in the last %" PRIu64 " of %" PRIu64
                      " epochs: stopped\n",
                      t->net->name, t->state.stale, t->state.epoch);
    if (t->state.skipped > 0)
        armc_say_note(t->session,
                      "%s: %" PRIu64 " of %" PRIu64
                      " steps were skipped for the norm of their gradient\n",
                      t->net->name, t->state.skipped, t->state.step);
    if (armc_training_keeps_best(t)) {
        const ArmcMetric *row =
            armc_metrics_find(t->metrics, t->state.epoch - t->state.stale, split);
        nats = row->nats;
        at.epoch = row->epoch;
        at.step = row->step;
        tell_kept(t, row->epoch);
    }
    at.skipped = t->state.skipped;
    armc_report_score(t->session, t->net, "trained", split, nats, at);
}

static bool close_epoch(ArmcTraining *t)
{
    ArmcScore scores[ARMC_SPLITS];
    if (!score(t, scores))
        return false;
    ArmcStand at = stand(t);
    armc_report_epoch(t->session, t->net, scores, at);
    bool best = take_validation(t, scores[ARMC_VALID]);
    begin_next_epoch(t);
    if (armc_training_is_done(t))
        tell_end(t, scores, at);
    /* The best first: when the process dies in between, the epoch is done again and both are
     * written. */
    if (best && !save(t, armc_training_best_path(t)))
        return false;
    return save(t, t->options.to);
}

/* By a signal, or by the number of steps that this process was asked for. */
static bool is_stopped(ArmcTraining *t)
{
    ArmcSession *session = t->session;
    int64_t most = session->options.stop_after;
    if (most > 0 && t->state.step - t->first_step >= (uint64_t)most)
        session->stopped = session->interrupted = true;
    return armc_session_is_interrupted(session);
}

static bool steps_of_epoch(ArmcTraining *t)
{
    while (t->state.position < (uint64_t)t->data->count[ARMC_TRAIN]) {
        double nats;
        if (!armc_training_step(t, &nats))
            return false;
        tell_step(t, nats);
        if (is_stopped(t))
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
    t->metrics->head = armc_arena_printf(
        t->session->run, "%s%s", armc_session_describe_run(t->session, t->net->report),
        armc_if_unproved(t->net, "# unproved: the model is not autoregressive\n"));
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
