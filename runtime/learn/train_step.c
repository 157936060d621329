/* One step of a training. */
#include <math.h>

#include "runtime/learn/evaluate.h"
#include "runtime/learn/session.h"
#include "runtime/learn/train.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool blame(ArmcTraining *t, const ArmcStepInfo *info, int64_t n, const char *what)
{
    armc_net_blame(t->session, t->net, t->program, info, n, what, t->origin);
    return false;
}

static double lap_start(const ArmcTraining *t)
{
    return t->is_timed ? armc_now() : 0;
}

/* The seconds since `from` go to one part of the times; returns the clock. */
static double lap(const ArmcTraining *t, double from, double *part)
{
    if (!t->is_timed)
        return 0;
    double now = armc_now();
    *part += now - from;
    return now;
}

/* Loss and gradient of examples first..first+n-1 of the epoch's order. */
static double run_minibatch(ArmcTraining *t, ArmcStepInfo *info, int64_t first, int64_t n)
{
    double at = lap_start(t);
    info->example = t->order + first;
    armc_net_feed(t->net, t->program, t->data, ARMC_TRAIN, info->example, n, t->state.epoch);
    at = lap(t, at, &t->times.data);
    armc_program_run(t->program, info, n);
    at = lap(t, at, &t->times.program);
    double nats = armc_sum_nats(t->program, n, t->net->variables, NULL);
    lap(t, at, &t->times.loss);
    return nats;
}

/* The gradient of the mean over `count` examples, from minibatches; `sum` of their nats. False
 * after the diagnostic when one is not finite. */
static bool find_gradient(ArmcTraining *t, int64_t count, double *sum, double *norm)
{
    ArmcStepInfo info = {t->session->options.seed, t->state.epoch, t->state.step, NULL, true};
    int64_t n = 0;
    *sum = 0;
    for (int64_t done = 0; done < count; done += n) {
        n = least(count - done, t->options.batch);
        double part = run_minibatch(t, &info, (int64_t)t->state.position + done, n);
        if (!isfinite(part))
            return blame(t, &info, n, "the loss");
        double at = lap_start(t);
        armc_gradient_take(t->gradient, (double)n / (double)count, done == 0);
        lap(t, at, &t->times.gradient);
        *sum += part;
    }
    double at = lap_start(t);
    *norm = armc_gradient_norm(t->gradient);
    lap(t, at, &t->times.gradient);
    return isfinite(*norm) || blame(t, &info, n, "the gradient");
}

static void update(ArmcTraining *t, double norm)
{
    uint64_t number = t->state.step - t->state.skipped + 1; /* of the updates */
    double at = lap_start(t);
    armc_optim_step(t->optim,
                    &(ArmcOptimStep){
                        .gradient = armc_gradient_get(t->gradient),
                        .scale = armc_gradient_clip(norm, t->options.clip),
                        .rate = t->options.hyper.lr *
                                armc_schedule_share(t->options.schedule, &t->course, t->state.step),
                        .step = number,
                    });
    if (t->average != NULL)
        armc_average_take(t->average, number);
    lap(t, at, &t->times.update);
}

static bool is_huge(ArmcTraining *t, double norm)
{
    ArmcNormMean norms = {t->state.step, t->state.norm_mean};
    bool huge = armc_norm_is_huge(&norms, norm, t->options.skip);
    t->state.norm_mean = norms.mean;
    return huge;
}

static bool step_of_member(ArmcTraining *t, uint64_t member, double *nats)
{
    t->program = t->programs.items[member];
    armc_gradient_follow(t->gradient, t->gradients[member]);
    int64_t left = t->data->count[ARMC_TRAIN] - (int64_t)t->state.position;
    int64_t count = least(left, t->options.batch * t->options.accumulate);
    double sum, norm;
    if (!find_gradient(t, count, &sum, &norm))
        return false;
    if (is_huge(t, norm))
        t->state.skipped++;
    else
        update(t, norm);
    t->state.step++;
    t->state.position += (uint64_t)count;
    t->state.loss_sum += sum;
    *nats = sum / (double)count;
    return true;
}

bool armc_training_step(ArmcTraining *t, double *nats)
{
    return step_of_member(t, t->state.step % (uint64_t)t->programs.count, nats);
}

bool armc_training_again(ArmcTraining *t, double *nats)
{
    t->state.position = 0;
    return step_of_member(t, 0, nats);
}
