#include <string.h>

#include "runtime/learn/session.h"
#include "runtime/learn/train.h"

enum {
    MODEL,
    DATA,
    OPTIMIZER,
    LR,
    EPOCHS,
    BATCH,
    SCHEDULE,
    MOMENTUM,
    BETA1,
    BETA2,
    EPSILON,
    DECAY,
    TO
};

static const ArmcSpec args[] = {
    {.name = "model", .kind = ARMC_SPEC_MODEL, .doc = "the model to train"},
    {.name = "data",
     .kind = ARMC_SPEC_DATA,
     .doc = "the data set; validation and test splits are evaluated each epoch"},
    {.name = "optimizer",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "adam",
     .symbols = "sgd|adam",
     .doc = "how gradients become updates"},
    {.name = "lr",
     .kind = ARMC_SPEC_REAL,
     .preset = "1e-3",
     .low = 0,
     .high = 1e6,
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
     .doc = "examples in a step; the last one of an epoch may be shorter"},
    {.name = "schedule",
     .kind = ARMC_SPEC_SYMBOL,
     .preset = "cosine",
     .symbols = "constant|cosine",
     .doc = "the rate over all steps: constant, or down to zero along half a cosine"},
    {.name = "momentum",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1,
     .doc = "of sgd"},
    {.name = "beta1",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.9",
     .low = 0,
     .high = 0.999999,
     .doc = "of adam: decay of the running mean of gradients"},
    {.name = "beta2",
     .kind = ARMC_SPEC_REAL,
     .preset = "0.999",
     .low = 0,
     .high = 0.999999999,
     .doc = "of adam: decay of the running mean of their squares"},
    {.name = "epsilon",
     .kind = ARMC_SPEC_REAL,
     .preset = "1e-8",
     .low = 1e-30,
     .high = 1,
     .doc = "of adam: keeps the division finite"},
    {.name = "decay",
     .kind = ARMC_SPEC_REAL,
     .preset = "0",
     .low = 0,
     .high = 1e6,
     .doc = "weight decay: decay times the weight is added to its gradient, where the parameter "
            "takes part"},
    {.name = "to",
     .kind = ARMC_SPEC_STRING,
     .preset = "",
     .doc = "the checkpoint; NAME.safetensors if not given. NAME.csv beside it gets the metrics, "
            "NAME.best.safetensors the best by validation"},
    {.kind = ARMC_SPEC_END},
};

static bool is_written(const ArmcSession *session, const char *path)
{
    for (size_t i = 0; i < session->written_count; i++)
        if (strcmp(session->written[i], path) == 0)
            return true;
    return false;
}

/* NAME.safetensors; a second training of the same model gets NAME-2.safetensors. */
static const char *default_path(ArmcSession *session, const ArmcNet *net)
{
    const char *path = armc_arena_printf(session->run, "%s.safetensors", net->name);
    for (int i = 2; is_written(session, path); i++)
        path = armc_arena_printf(session->run, "%s-%d.safetensors", net->name, i);
    return path;
}

/* The checkpoint's path, after checking that all files of this training can be written. NULL after
 * a diagnostic. */
static const char *take_path(ArmcSession *session, const ArmcNet *net, const char *to,
                             const ArmcOrigin *origin)
{
    const char *path = to[0] != '\0' ? to : default_path(session, net);
    if (!armc_path_has_ending(path, ".safetensors")) {
        ArmcDiag *diag =
            armc_diag_add(session->diags, ARMC_E_bad_output, origin,
                          "a checkpoint can't be named `%s`: its name ends in .safetensors", path);
        armc_diag_help(diag, "to=\"%s\"",
                       armc_path_with_ending(session->run, path, ".safetensors"));
        return NULL;
    }
    if (is_written(session, path)) {
        armc_diag_add(session->diags, ARMC_E_written_twice, origin,
                      "`%s` is already written by an earlier `train`", path);
        return NULL;
    }
    static const char *const endings[] = {".safetensors", ".best.safetensors", ".csv"};
    for (int i = 0; i < 3; i++)
        if (!armc_check_writable(session, origin,
                                 armc_path_with_ending(session->run, path, endings[i])))
            return NULL;
    ARMC_PUSH(session->run, session->written, session->written_count, session->written_capacity,
              path);
    return path;
}

static ArmcTrainOptions options_of(const ArmcAttr *a, const char *to)
{
    return (ArmcTrainOptions){
        .optimizer = armc_optimizer_find(a[OPTIMIZER].text),
        .schedule = armc_schedule_find(a[SCHEDULE].text),
        .hyper = {a[LR].r, a[MOMENTUM].r, a[BETA1].r, a[BETA2].r, a[EPSILON].r, a[DECAY].r},
        .epochs = a[EPOCHS].i,
        .batch = a[BATCH].i,
        .to = to,
    };
}

static bool train(ArmcSession *session, ArmcNet *net, const ArmcDataset *data,
                  const ArmcTrainOptions *options, const ArmcOrigin *origin)
{
    ArmcArena *arena = armc_scratch_begin(session);
    ArmcTraining *training = armc_training_new(session, arena, net, data, options, origin);
    bool done = training != NULL;
    if (done && armc_training_is_done(training))
        armc_say_note(session, "%s: trained already, %s is taken as it is\n", net->name,
                      options->to);
    else if (done)
        done = armc_training_run(training);
    armc_scratch_end(session);
    return done;
}

/* Makes the first training of the script ready to be measured. */
static bool measure(ArmcSession *session, ArmcNet *net, const ArmcDataset *data,
                    const ArmcTrainOptions *options, const ArmcOrigin *origin)
{
    if (session->training == NULL)
        session->training = armc_training_new(session, session->run, net, data, options, origin);
    return session->training != NULL;
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    const ArmcThing *thing = a[DATA].thing;
    const ArmcDataset *data = thing->data;
    if (thing->split > ARMC_TRAIN) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                                       "training takes a whole data set, and this is its %s split",
                                       armc_split_name((ArmcSplit)thing->split));
        armc_diag_help(
            diag,
            "name the data set alone: it trains on the training split and evaluates on the others");
        return false;
    }
    ArmcNet *net = armc_net_bind(session, a[MODEL].thing, data, origin);
    const char *to =
        net != NULL ? take_path(session, net, a[TO].text != NULL ? a[TO].text : "", origin) : NULL;
    if (to == NULL)
        return false;
    ArmcTrainOptions options = options_of(a, to);
    if (session->mode == ARMC_MODE_CHECK)
        return armc_training_check(session, net, data, &options, origin);
    if (session->mode == ARMC_MODE_BENCH)
        return measure(session, net, data, &options, origin);
    return train(session, net, data, &options, origin);
}

ARMC_COMMAND(train) = {
    .name = "train",
    .doc = "trains a model: `train net digits adam lr=1e-3 epochs=10`; writes a checkpoint and "
           "metrics",
    .args = args,
    .run = run,
};
