#include "runtime/learn/train_args.h"

#include <string.h>

#include "runtime/learn/session.h"

enum {
    OPTIMIZER = ARMC_TRAIN_DATA + 1,
    LR,
    EPOCHS,
    BATCH,
    SCHEDULE,
    MOMENTUM,
    BETA1,
    BETA2,
    RHO,
    EPSILON,
    DECAY,
    WARMUP,
    EVERY,
    FACTOR,
    CLIP,
    SKIP,
    ACCUMULATE,
    EMA,
    PATIENCE,
    KEEP,
    TO
};

const ArmcSpec armc_train_args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "the model to train"},
    {.name = "data",
     .kind = ARMC_SPEC_DATA,
     .doc = "the data set; validation and test splits are evaluated each epoch"},
    {.name = "optimizer",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "adam",
     .symbols = "sgd|nesterov|adam|adamw|rmsprop",
     .doc = "how gradients become updates"},
    {.name = "lr",
     .kind = ARMC_SPEC_REAL,
     .preset = "1e-3",
     .low = 0,
     .high = 1e12,
     .doc = "the learning rate, at its highest"},
    {.name = "epochs",
     .kind = ARMC_SPEC_INT,
     .preset = "10",
     .low = 1,
     .high = 1e6,
     .doc = "passes over the training split"},
    {.name = "batch",
     .kind = ARMC_SPEC_INT,
     .preset = "100",
     .low = 1,
     .high = 1e9,
     .doc = "examples in a minibatch; the last one of an epoch may be shorter"},
    {.name = "schedule",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "cosine",
     .symbols = "constant|cosine|step|exponential",
     .doc = "the rate after the warm-up: constant, down to zero along half a cosine, or falling by "
            "`factor` every `every` epochs, in steps or evenly"},
    {.name = "momentum",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1,
     .doc = "of sgd and nesterov"},
    {.name = "beta1",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.9",
     .low = 0,
     .high = 0.999999,
     .doc = "of adam and adamw: decay of the running mean of gradients"},
    {.name = "beta2",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.999",
     .low = 0,
     .high = 0.999999999,
     .doc = "of adam and adamw: decay of the running mean of their squares"},
    {.name = "rho",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.9",
     .low = 0,
     .high = 0.999999999,
     .doc = "of rmsprop: decay of the running mean of squared gradients"},
    {.name = "epsilon",
     .kind = ARMC_SPEC_REAL,
     .preset = "1e-8",
     .low = 1e-30,
     .high = 1,
     .doc = "of adam, adamw and rmsprop: keeps the division finite"},
    {.name = "decay",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1e6,
     .doc = "weight decay of the parameters that take part: decay times the weight is added to its "
            "gradient; by adamw, lr decay times the weight is subtracted from it"},
    {.name = "warmup",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 1e12,
     .doc = "steps in which the rate rises to lr, before the schedule begins"},
    {.name = "every",
     .kind = ARMC_SPEC_INT,
     .preset = "10",
     .low = 1,
     .high = 1e6,
     .doc = "of the schedules step and exponential: epochs until the rate has fallen by `factor`"},
    {.name = "factor",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.1",
     .low = 1e-6,
     .high = 1,
     .doc = "of the schedules step and exponential"},
    {.name = "clip",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1e30,
     .doc = "a gradient whose norm, over all parameters, is larger is scaled down to it; 0: none"},
    {.name = "skip",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1e30,
     .doc =
         "a step is left out when the gradient's norm is so many times its running mean; 0: none"},
    {.name = "accumulate",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .low = 1,
     .high = 1e6,
     .doc = "minibatches in a step: it goes by the mean over all their examples"},
    {.name = "ema",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 0.999999,
     .doc = "decay of a running mean of the weights, with which the model is evaluated and "
            "sampled; 0: none"},
    {.name = "patience",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 1e6,
     .doc = "the training ends after so many epochs without a better validation likelihood; 0: "
            "never early"},
    {.name = "keep",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "best",
     .symbols = "best|last",
     .doc = "the epoch whose weights later statements use: the best by validation, where there is "
            "a validation split, or the last one"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .preset = "",
     .doc = "the checkpoint; NAME.safetensors if not given. NAME.csv beside it gets the metrics, "
            "NAME.best.safetensors the best by validation"},
    {.kind = ARMC_SPEC_END},
};

ArmcTrainOptions armc_train_args_read(const ArmcAttr *a)
{
    return (ArmcTrainOptions){
        .optimizer = armc_optimizer_find(a[OPTIMIZER].text),
        .schedule = armc_schedule_find(a[SCHEDULE].text),
        .hyper = {.lr = a[LR].r,
                  .momentum = a[MOMENTUM].r,
                  .beta1 = a[BETA1].r,
                  .beta2 = a[BETA2].r,
                  .rho = a[RHO].r,
                  .epsilon = a[EPSILON].r,
                  .decay = a[DECAY].r},
        .epochs = a[EPOCHS].i,
        .batch = a[BATCH].i,
        .accumulate = a[ACCUMULATE].i,
        .warmup = a[WARMUP].i,
        .every = a[EVERY].i,
        .factor = a[FACTOR].r,
        .clip = a[CLIP].r,
        .skip = a[SKIP].r,
        .ema = a[EMA].r,
        .patience = a[PATIENCE].i,
        .keep_best = strcmp(a[KEEP].text, "best") == 0,
        .to = a[TO].text != NULL ? a[TO].text : "",
    };
}

/* Is `name` one of the words of `list`? */
static bool has_word(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* An argument that changes nothing was meant to change something. */
static bool is_used(ArmcSession *session, const ArmcAttr *a, int arg, const char *takes,
                    const char *user, const ArmcOrigin *origin)
{
    const char *name = armc_train_args[arg].name;
    if (!a[arg].given || has_word(takes, name))
        return true;
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                                   "`%s` makes no difference to %s", name, user);
    armc_diag_help(diag, "`%s` is %s", name, armc_train_args[arg].doc);
    return false;
}

static bool are_used(ArmcSession *session, const ArmcAttr *a, const ArmcTrainOptions *options,
                     const ArmcOrigin *origin)
{
    static const int of_optimizer[] = {MOMENTUM, BETA1, BETA2, RHO, EPSILON};
    static const int of_schedule[] = {EVERY, FACTOR};
    const ArmcOptimizer *optimizer = options->optimizer;
    const ArmcSchedule *schedule = options->schedule;
    bool good = true;
    for (size_t i = 0; i < sizeof of_optimizer / sizeof *of_optimizer; i++)
        good &= is_used(session, a, of_optimizer[i], optimizer->takes, optimizer->name, origin);
    for (size_t i = 0; i < sizeof of_schedule / sizeof *of_schedule; i++)
        good &= is_used(session, a, of_schedule[i], schedule->takes,
                        armc_arena_printf(session->run, "the schedule %s", schedule->name), origin);
    return good;
}

/* What goes by the validation split asks for one. */
static bool is_validated(ArmcSession *session, const ArmcAttr *a, const ArmcTrainOptions *options,
                         const ArmcOrigin *origin)
{
    const ArmcThing *thing = a[ARMC_TRAIN_DATA].thing;
    const ArmcDataset *data = thing->data;
    bool is_assumed = session->assumed_shape.rank > 0;
    bool is_asked_best = a[KEEP].given && options->keep_best;
    if ((options->patience == 0 && !is_asked_best) || is_assumed || data->count[ARMC_VALID] > 0)
        return true;
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_empty_data, origin,
                                   "`%s` goes by the validation split, and data set %s has none",
                                   options->patience > 0 ? "patience" : "keep=best", data->report);
    armc_diag_help(
        diag, "`dataset ... holdout=1000` keeps the last 1000 training examples for validation");
    return false;
}

bool armc_train_args_check(ArmcSession *session, const ArmcAttr *a, const ArmcTrainOptions *options,
                           const ArmcOrigin *origin)
{
    if (!are_used(session, a, options, origin))
        return false;
    if (options->skip > 0 && options->skip <= 1) {
        ArmcDiag *diag = armc_diag_add(
            session->diags, ARMC_E_bad_value, origin,
            "`skip` is %g: a norm of that many times the mean is an ordinary one", options->skip);
        armc_diag_help(diag, "skip=10 leaves out what is ten times as large as usual");
        return false;
    }
    return is_validated(session, a, options, origin);
}
