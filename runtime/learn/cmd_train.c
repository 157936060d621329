#include <string.h>

#include "runtime/learn/session.h"
#include "runtime/learn/train_args.h"

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
    done = done && armc_training_finish(training);
    armc_scratch_end(session);
    return done;
}

/* Makes the first training of the script ready to be measured; later ones are checked only, as is
 * what follows them. */
static bool measure(ArmcSession *session, ArmcNet *net, const ArmcDataset *data,
                    const ArmcTrainOptions *options, const ArmcOrigin *origin)
{
    if (session->training != NULL)
        return armc_training_check(session, net, options, origin);
    session->training = armc_training_new(session, session->run, net, data, options, origin);
    if (session->training != NULL)
        net->plan = session->training->programs.plan;
    return session->training != NULL;
}

static bool is_whole(ArmcSession *session, const ArmcThing *data, const ArmcOrigin *origin)
{
    if (data->split <= ARMC_TRAIN)
        return true;
    ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_value, origin,
                                   "training takes a whole data set, and this is its %s split",
                                   armc_split_name((ArmcSplit)data->split));
    armc_diag_help(
        diag,
        "name the data set alone: it trains on the training split and evaluates on the others");
    return false;
}

static bool run(ArmcSession *session, const ArmcAttr *a, const ArmcOrigin *origin,
                ArmcThing *result)
{
    (void)result;
    const ArmcThing *thing = a[ARMC_TRAIN_DATA].thing;
    const ArmcDataset *data = thing->data;
    ArmcTrainOptions options = armc_train_args_read(a);
    if (!is_whole(session, thing, origin) || !armc_train_args_check(session, a, &options, origin))
        return false;
    ArmcNet *net = armc_net_bind(session, a[ARMC_TRAIN_MODEL].thing, data, origin);
    options.to = net != NULL ? take_path(session, net, options.to, origin) : NULL;
    if (options.to == NULL)
        return false;
    if (session->mode == ARMC_MODE_CHECK)
        return armc_training_check(session, net, &options, origin);
    if (session->mode == ARMC_MODE_BENCH)
        return measure(session, net, data, &options, origin);
    return train(session, net, data, &options, origin);
}

ARMC_COMMAND(train) = {
    .name = "train",
    .doc = "trains a model: `train net digits adam lr=1e-3 epochs=10`; writes a checkpoint and "
           "metrics",
    .args = armc_train_args,
    .run = run,
};
