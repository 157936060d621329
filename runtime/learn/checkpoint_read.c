#include <inttypes.h>
#include <string.h>

#include "runtime/learn/checkpoint.h"
#include "runtime/learn/checkpoint_keys.h"
#include "runtime/learn/session.h"

enum { MOST_NOTES = 8 };

/* One load: everything is compared first, and only then copied. */
typedef struct Loader {
    ArmcSession *session;
    ArmcArena *arena;
    const ArmcSafetensors *file;
    const char *path;
    const ArmcOrigin *origin;
    ArmcDiag *diag; /* the one error, with a note for each misfit; NULL: all fits so far */
    int misfits;
} Loader;

static void misfit(Loader *loader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void misfit(Loader *loader, const char *format, ...)
{
    if (++loader->misfits > MOST_NOTES)
        return;
    va_list args;
    va_start(args, format);
    const char *text = armc_arena_vprintf(loader->arena, format, args);
    va_end(args);
    if (loader->diag == NULL) {
        loader->diag = armc_diag_add(loader->session->diags, ARMC_E_checkpoint_mismatch,
                                     loader->origin, "checkpoint `%s` does not fit", loader->path);
        armc_diag_help(
            loader->diag,
            "nothing was loaded; without --resume the training begins anew, and `to` names "
            "another checkpoint");
    }
    armc_diag_note(loader->diag, (ArmcSpan){0}, "%s",
                   loader->misfits < MOST_NOTES ? text : "and more");
}

static ArmcShape shape_of(const ArmcTensorEntry *entry)
{
    return armc_shape_make(entry->rank > ARMC_MAX_RANK ? 0 : entry->rank, entry->dims);
}

/* The tensor, if it is there with that shape and type; else a misfit. */
static const void *want(Loader *loader, const char *name, const char *dtype, ArmcShape shape)
{
    char has[96], wants[96];
    const ArmcTensorEntry *entry = armc_safetensors_find(loader->file, name);
    if (entry == NULL) {
        misfit(loader, "`%s` is not in it", name);
        return NULL;
    }
    if (strcmp(entry->dtype, dtype) != 0)
        misfit(loader, "`%s` is of type %s there and %s here", name, entry->dtype, dtype);
    else if (!armc_shape_equal(shape_of(entry), shape))
        misfit(loader, "`%s` is %s there and %s here", name, armc_shape_text(shape_of(entry), has),
               armc_shape_text(shape, wants));
    return entry->data;
}

static void copy_or_want(Loader *loader, bool copy, const char *name, const ArmcParam *param,
                         ArmcReal *to)
{
    const void *data = want(loader, name, armc_checkpoint_dtype(), param->shape);
    if (copy)
        memcpy(to, data, (size_t)param->size * sizeof *to);
}

static void load_params(Loader *loader, const ArmcGraph *graph, bool copy)
{
    for (size_t i = 0; i < graph->param_count; i++)
        copy_or_want(loader, copy, graph->params[i]->path, graph->params[i],
                     graph->params[i]->data);
}

static void load_weights(Loader *loader, ArmcTraining *t, bool copy)
{
    const ArmcGraph *graph = t->net->graph;
    if (t->average == NULL) {
        load_params(loader, graph, copy);
        return;
    }
    for (size_t i = 0; i < graph->param_count; i++) {
        const ArmcParam *param = graph->params[i];
        copy_or_want(loader, copy, param->path, param, armc_average_get(t->average, i));
        copy_or_want(loader, copy, armc_checkpoint_raw_name(loader->arena, param->path), param,
                     param->data);
    }
}

static void load_slots(Loader *loader, ArmcTraining *t, bool copy)
{
    const ArmcGraph *graph = t->net->graph;
    for (int s = 0; s < armc_optimizer_slots(t->options.optimizer); s++)
        for (size_t i = 0; i < graph->param_count; i++) {
            const ArmcParam *param = graph->params[i];
            const char *name =
                armc_checkpoint_slot_name(loader->arena, t->options.optimizer, s, param->path);
            copy_or_want(loader, copy, name, param, armc_optim_slot(t->optim, i, s));
        }
}

static void load_state(Loader *loader, ArmcTrainState *state, bool copy)
{
    ArmcStateTensor tensors[ARMC_STATE_TENSORS];
    armc_checkpoint_state(state, tensors);
    for (int i = 0; i < ARMC_STATE_TENSORS; i++) {
        const void *data = want(loader, tensors[i].name, tensors[i].dtype, (ArmcShape){1, {1}});
        if (copy)
            memcpy(tensors[i].at, data, sizeof(uint64_t));
    }
}

/* Four columns of one length; in the file they need not be aligned. */
typedef struct Columns {
    const char *step, *epoch, *nats;
    const uint8_t *split;
} Columns;

static ArmcMetric row_of(const Columns *columns, int64_t i)
{
    ArmcMetric row = {.split = (ArmcSplit)columns->split[i], .seconds = -1};
    memcpy(&row.step, columns->step + i * 8, 8);
    memcpy(&row.epoch, columns->epoch + i * 8, 8);
    memcpy(&row.nats, columns->nats + i * 8, 8);
    return row;
}

static void load_metrics(Loader *loader, ArmcMetrics *metrics, bool copy)
{
    const ArmcTensorEntry *first = armc_safetensors_find(loader->file, "metrics/step");
    if (first == NULL)
        return;
    ArmcShape shape = shape_of(first);
    shape.rank = 1;
    Columns columns = {
        want(loader, "metrics/step", "U64", shape),
        want(loader, "metrics/epoch", "U64", shape),
        want(loader, "metrics/nats", "F64", shape),
        want(loader, "metrics/split", "U8", shape),
    };
    for (int64_t i = 0; i < shape.dims[0] && loader->diag == NULL; i++) {
        if (columns.split[i] >= ARMC_SPLITS)
            misfit(loader, "`metrics/split` holds %d", columns.split[i]);
        else if (copy)
            armc_metrics_add(metrics, row_of(&columns, i));
    }
}

/* Means of the training split by epoch. Checkpoints that were written before there was one have
 * none. */
static void load_train(Loader *loader, ArmcMetrics *metrics, bool copy)
{
    const ArmcTensorEntry *entry = armc_safetensors_find(loader->file, "metrics/train");
    if (entry == NULL)
        return;
    ArmcShape shape = shape_of(entry);
    shape.rank = 1;
    const char *nats = want(loader, "metrics/train", "F64", shape);
    for (int64_t i = 0; i < shape.dims[0] && copy && loader->diag == NULL; i++) {
        double mean;
        memcpy(&mean, nats + i * 8, 8);
        armc_metrics_set_train(metrics, (uint64_t)i + 1, mean);
    }
}

static const char *value_of(const ArmcSafetensors *file, const char *key)
{
    return armc_safetensors_metadata(file, key);
}

static void compare_keys(Loader *loader, const ArmcTraining *t)
{
    ArmcKeys keys = armc_checkpoint_keys(loader->arena, t);
    for (size_t i = 0; i < keys.count; i++) {
        const ArmcKey *key = &keys.items[i];
        const char *has = value_of(loader->file, key->key);
        has = has != NULL ? has : key->preset;
        if (key->must_fit && (has == NULL || strcmp(has, key->text) != 0))
            misfit(loader, "%s is %s there and %s here", key->key, has != NULL ? has : "not given",
                   key->text);
    }
}

/* A stand that no training of this length comes to is not loaded. */
static void check_state(Loader *loader, const ArmcTraining *t)
{
    if (loader->diag != NULL)
        return;
    ArmcTrainState state;
    load_state(loader, &state, true);
    uint64_t examples = (uint64_t)t->data->count[ARMC_TRAIN];
    if (state.epoch > (uint64_t)t->options.epochs || state.position > examples ||
        state.step > t->course.steps || state.skipped > state.step ||
        state.skipped_before > state.skipped)
        misfit(loader, "it stands at epoch %" PRIu64 ", example %" PRIu64 ", step %" PRIu64,
               state.epoch, state.position, state.step);
}

bool armc_checkpoint_resume(ArmcTraining *t)
{
    Loader loader = {.session = t->session,
                     .arena = armc_scratch_begin(t->session),
                     .path = t->options.to,
                     .origin = t->origin};
    loader.file = armc_safetensors_read(loader.arena, t->session->diags, t->origin, t->options.to);
    if (loader.file != NULL) {
        compare_keys(&loader, t);
        for (int copy = 0; copy == 0 || (copy == 1 && loader.diag == NULL); copy++) {
            load_weights(&loader, t, copy);
            if (loader.diag ==
                NULL) /* what the optimizer keeps for a parameter fits if that does */
                load_slots(&loader, t, copy);
            load_state(&loader, &t->state, copy);
            load_metrics(&loader, t->metrics, copy);
            load_train(&loader, t->metrics, copy);
            check_state(&loader, t);
        }
    }
    bool loaded = loader.file != NULL && loader.diag == NULL;
    armc_scratch_end(t->session);
    return loaded;
}

bool armc_checkpoint_take_weights(ArmcTraining *t, const char *path)
{
    Loader loader = {.session = t->session,
                     .arena = armc_scratch_begin(t->session),
                     .path = path,
                     .origin = t->origin};
    loader.file = armc_safetensors_read(loader.arena, t->session->diags, t->origin, path);
    if (loader.file != NULL) {
        compare_keys(&loader, t);
        for (int copy = 0; copy < 2 && loader.diag == NULL; copy++)
            load_params(&loader, t->net->graph, copy);
    }
    bool loaded = loader.file != NULL && loader.diag == NULL;
    armc_scratch_end(t->session);
    return loaded;
}

bool armc_checkpoint_load(ArmcSession *session, ArmcNet *net, const ArmcSafetensors *file,
                          const char *path)
{
    Loader loader = {
        .session = session, .arena = armc_scratch_begin(session), .file = file, .path = path};
    ArmcMetrics *metrics = armc_metrics_new(session->run, net->variables, NULL, "");
    for (int copy = 0; copy < 2 && loader.diag == NULL; copy++) {
        load_params(&loader, net->graph, copy);
        load_metrics(&loader, metrics, copy);
        load_train(&loader, metrics, copy);
    }
    armc_scratch_end(session);
    net->metrics = metrics;
    net->has_weights = true;
    return loader.diag == NULL;
}

const char *armc_checkpoint_text(ArmcSession *session, const ArmcSafetensors *file,
                                 const char *path, const char *key)
{
    const char *text = value_of(file, key);
    if (text == NULL) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_bad_file, NULL,
                                       "`%s` is no checkpoint of armc", path);
        armc_diag_note(diag, (ArmcSpan){0}, "its metadata has no `%s`", key);
    }
    return text;
}
