#include "runtime/learn/checkpoint_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/learn/session.h"

const char *armc_checkpoint_dtype(void)
{
    return ARMC_REAL_IS_DOUBLE ? "F64" : "F32";
}

const char *armc_checkpoint_slot_name(ArmcArena *arena, const ArmcOptimizer *optimizer, int slot,
                                      const char *path)
{
    return armc_arena_printf(arena, "%s.%s/%s", optimizer->name, optimizer->slots[slot], path);
}

const char *armc_checkpoint_raw_name(ArmcArena *arena, const char *path)
{
    return armc_arena_printf(arena, "raw/%s", path);
}

void armc_checkpoint_state(ArmcTrainState *state, ArmcStateTensor tensors[ARMC_STATE_TENSORS])
{
    tensors[0] = (ArmcStateTensor){"train/step", "U64", &state->step};
    tensors[1] = (ArmcStateTensor){"train/epoch", "U64", &state->epoch};
    tensors[2] = (ArmcStateTensor){"train/position", "U64", &state->position};
    tensors[3] = (ArmcStateTensor){"train/skipped", "U64", &state->skipped};
    tensors[4] = (ArmcStateTensor){"train/skipped_before", "U64", &state->skipped_before};
    tensors[5] = (ArmcStateTensor){"train/stale", "U64", &state->stale};
    tensors[6] = (ArmcStateTensor){"train/loss_sum", "F64", &state->loss_sum};
    tensors[7] = (ArmcStateTensor){"train/best", "F64", &state->best};
    tensors[8] = (ArmcStateTensor){"train/norm_mean", "F64", &state->norm_mean};
}

static void add(ArmcKeys *keys, const char *key, const char *text, bool must_fit)
{
    ARMC_PUSH(keys->arena, keys->items, keys->count, keys->capacity,
              ((ArmcKey){key, text, must_fit, NULL}));
}

static void add_count(ArmcKeys *keys, const char *key, int64_t count)
{
    add(keys, key, armc_arena_printf(keys->arena, "%" PRId64, count), true);
}

/* As few digits as read back to the same number. */
static const char *number_text(ArmcArena *arena, double number)
{
    const char *text = armc_arena_printf(arena, "%.15g", number);
    return strtod(text, NULL) == number ? text : armc_arena_printf(arena, "%.17g", number);
}

static void add_number(ArmcKeys *keys, const char *key, double number)
{
    add(keys, key, number_text(keys->arena, number), true);
}

/* A constant as an override on the command line would say it. */
static const char *constant_text(ArmcArena *arena, const ArmcThing *thing)
{
    switch (thing->kind) {
    case ARMC_THING_NUMBER:
        return number_text(arena, thing->number);
    case ARMC_THING_BOOL:
        return thing->number != 0 ? "true" : "false";
    case ARMC_THING_LIST: {
        const char *text = "[";
        for (size_t i = 0; i < thing->count; i++)
            text = armc_arena_printf(arena, "%s%s%s", text, i > 0 ? "," : "",
                                     constant_text(arena, thing->items[i]));
        return armc_arena_printf(arena, "%s]", text);
    }
    default:
        return thing->text != NULL ? thing->text : "";
    }
}

static void add_options(ArmcKeys *keys, const ArmcModule *module)
{
    const ArmcTree *const *options;
    const ArmcThing *const *values;
    size_t count = armc_module_options(module, &options, &values);
    for (size_t i = 0; i < count; i++)
        add(keys, armc_arena_printf(keys->arena, "option.%s", options[i]->name),
            constant_text(keys->arena, values[i]), false);
}

static void add_texts(ArmcKeys *keys, const ArmcSession *session)
{
    add(keys, "script.name", session->script.name, false);
    add(keys, "script", session->script.text, false);
    for (size_t i = 0; i < session->import_count; i++)
        add(keys, armc_arena_printf(keys->arena, "import.%s", session->imports[i].name),
            session->imports[i].text, false);
}

static void add_data(ArmcKeys *keys, const ArmcTraining *t)
{
    char shape[96];
    add(keys, "data", t->data->report, true);
    add(keys, "data.shape", armc_arena_strdup(keys->arena, armc_shape_text(t->net->shape, shape)),
        true);
    add_count(keys, "data.levels", t->net->levels);
    if (t->net->classes > 0) /* files of older trainings don't have the key */
        add_count(keys, "data.classes", t->net->classes);
    add_count(keys, "data.train", t->data->count[ARMC_TRAIN]);
    add(keys, "data.fingerprint",
        armc_arena_printf(keys->arena, "%016" PRIx64, t->data->fingerprint), true);
}

static void add_optimizer(ArmcKeys *keys, const ArmcTraining *t)
{
    const ArmcHyper *hyper = &t->options.hyper;
    add(keys, "train.seed", armc_arena_printf(keys->arena, "%" PRIu64, t->session->options.seed),
        true);
    add(keys, "train.exact", t->session->options.exact ? "true" : "false", true);
    add(keys, "train.optimizer", t->options.optimizer->name, true);
    add_number(keys, "train.lr", hyper->lr);
    add_number(keys, "train.momentum", hyper->momentum);
    add_number(keys, "train.beta1", hyper->beta1);
    add_number(keys, "train.beta2", hyper->beta2);
    add_number(keys, "train.rho", hyper->rho);
    add_number(keys, "train.epsilon", hyper->epsilon);
    add_number(keys, "train.decay", hyper->decay);
}

static void add_course(ArmcKeys *keys, const ArmcTrainOptions *options)
{
    add(keys, "train.schedule", options->schedule->name, true);
    add_count(keys, "train.epochs", options->epochs);
    add_count(keys, "train.batch", options->batch);
    add_count(keys, "train.accumulate", options->accumulate);
    add_count(keys, "train.warmup", options->warmup);
    add_count(keys, "train.every", options->every);
    add_number(keys, "train.factor", options->factor);
    add_number(keys, "train.clip", options->clip);
    add_number(keys, "train.skip", options->skip);
    add_number(keys, "train.ema", options->ema);
    add(keys, "train.patience", armc_arena_printf(keys->arena, "%" PRId64, options->patience),
        false); /* a training that was stopped may go on with more of it */
}

ArmcKeys armc_checkpoint_keys(ArmcArena *arena, const ArmcTraining *t)
{
    ArmcKeys keys = {.arena = arena};
    add(&keys, "format", "armc checkpoint 1", false);
    add(&keys, "model", t->net->name, false);
    add_texts(&keys, t->session);
    add_options(&keys, t->session->module);
    add_data(&keys, t);
    add_optimizer(&keys, t);
    add_course(&keys, &t->options);
    add_count(&keys, "train.members", t->programs.count);
    keys.items[keys.count - 1].preset = "1"; /* of checkpoints from before there were ensembles */
    return keys;
}
