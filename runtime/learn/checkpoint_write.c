#include "runtime/learn/checkpoint.h"
#include "runtime/learn/checkpoint_keys.h"
#include "runtime/learn/session.h"

/* A file under construction. */
typedef struct Maker {
    ArmcArena *arena;
    ArmcSafetensors file;
    size_t capacity;
} Maker;

static size_t bytes_of(const char *dtype)
{
    return dtype[0] == 'U' && dtype[1] == '8' ? 1
           : dtype[1] == '3'                  ? 4
                                              : 8; /* U8, F32, F64 and U64 */
}

static void add_tensor(Maker *maker, const char *name, const char *dtype, ArmcShape shape,
                       const void *data)
{
    ArmcTensorEntry entry = {.name = name, .dtype = dtype, .rank = shape.rank, .data = data};
    for (int i = 0; i < shape.rank; i++)
        entry.dims[i] = shape.dims[i];
    entry.bytes = (size_t)armc_shape_size(shape) * bytes_of(dtype);
    ARMC_PUSH(maker->arena, maker->file.tensors, maker->file.count, maker->capacity, entry);
}

static ArmcShape vector(size_t length)
{
    return (ArmcShape){.rank = 1, .dims = {(int64_t)length}};
}

static void add_params(Maker *maker, const ArmcGraph *graph)
{
    for (size_t i = 0; i < graph->param_count; i++)
        add_tensor(maker, graph->params[i]->path, armc_checkpoint_dtype(), graph->params[i]->shape,
                   graph->params[i]->data);
}

/* The weights that evaluation and samples use, under their paths: the mean, where one is kept. */
static void add_weights(Maker *maker, const ArmcTraining *t)
{
    const ArmcGraph *graph = t->net->graph;
    if (t->average == NULL) {
        add_params(maker, graph);
        return;
    }
    for (size_t i = 0; i < graph->param_count; i++)
        add_tensor(maker, graph->params[i]->path, armc_checkpoint_dtype(), graph->params[i]->shape,
                   armc_average_get(t->average, i));
    for (size_t i = 0; i < graph->param_count; i++)
        add_tensor(maker, armc_checkpoint_raw_name(maker->arena, graph->params[i]->path),
                   armc_checkpoint_dtype(), graph->params[i]->shape, graph->params[i]->data);
}

static void add_slots(Maker *maker, const ArmcTraining *t)
{
    const ArmcGraph *graph = t->net->graph;
    const ArmcOptimizer *optimizer = t->options.optimizer;
    for (int s = 0; s < armc_optimizer_slots(optimizer); s++)
        for (size_t i = 0; i < graph->param_count; i++) {
            const ArmcParam *param = graph->params[i];
            const char *name = armc_checkpoint_slot_name(maker->arena, optimizer, s, param->path);
            add_tensor(maker, name, armc_checkpoint_dtype(), param->shape,
                       armc_optim_slot(t->optim, i, s));
        }
}

static void add_state(Maker *maker, const ArmcTraining *t)
{
    ArmcTrainState *state = ARMC_NEW(maker->arena, ArmcTrainState);
    *state = t->state;
    ArmcStateTensor tensors[ARMC_STATE_TENSORS];
    armc_checkpoint_state(state, tensors);
    for (int i = 0; i < ARMC_STATE_TENSORS; i++)
        add_tensor(maker, tensors[i].name, tensors[i].dtype, vector(1), tensors[i].at);
}

/* Everything but the seconds, which differ from run to run. */
static void add_metrics(Maker *maker, const ArmcMetrics *metrics)
{
    size_t n = metrics->count;
    if (n == 0)
        return;
    uint64_t *step = ARMC_NEW_ARRAY(maker->arena, uint64_t, n),
             *epoch = ARMC_NEW_ARRAY(maker->arena, uint64_t, n);
    uint8_t *split = ARMC_NEW_ARRAY(maker->arena, uint8_t, n);
    double *nats = ARMC_NEW_ARRAY(maker->arena, double, n);
    for (size_t i = 0; i < n; i++) {
        const ArmcMetric *row = &metrics->rows[i];
        step[i] = row->step;
        epoch[i] = row->epoch;
        split[i] = (uint8_t)row->split;
        nats[i] = row->nats;
    }
    add_tensor(maker, "metrics/step", "U64", vector(n), step);
    add_tensor(maker, "metrics/epoch", "U64", vector(n), epoch);
    add_tensor(maker, "metrics/nats", "F64", vector(n), nats);
    add_tensor(maker, "metrics/split", "U8", vector(n), split);
    if (metrics->epochs > 0)
        add_tensor(maker, "metrics/train", "F64", vector(metrics->epochs), metrics->train);
}

static void add_keys(Maker *maker, const ArmcTraining *t)
{
    ArmcKeys keys = armc_checkpoint_keys(maker->arena, t);
    ArmcSafetensors *file = &maker->file;
    file->keys = ARMC_NEW_ARRAY(maker->arena, const char *, keys.count);
    file->values = ARMC_NEW_ARRAY(maker->arena, const char *, keys.count);
    file->metadata_count = keys.count;
    for (size_t i = 0; i < keys.count; i++) {
        file->keys[i] = keys.items[i].key;
        file->values[i] = keys.items[i].text;
    }
}

void armc_checkpoint_write(const ArmcTraining *t, const char *path)
{
    Maker maker = {.arena = armc_scratch_begin(t->session)};
    add_weights(&maker, t);
    add_slots(&maker, t);
    add_state(&maker, t);
    add_metrics(&maker, t->metrics);
    add_keys(&maker, t);
    armc_safetensors_write(maker.arena, path, &maker.file);
    armc_scratch_end(t->session);
}

static void add_batch(Maker *maker, const ArmcTraining *t)
{
    int64_t count = t->data->count[ARMC_TRAIN];
    int64_t n = count < t->options.batch ? count : t->options.batch;
    ArmcReal *batch = ARMC_NEW_ARRAY(maker->arena, ArmcReal, n * t->net->variables);
    armc_dataset_get(t->data, ARMC_TRAIN, t->order, n, t->state.epoch, batch);
    add_tensor(maker, "batch", armc_checkpoint_dtype(), (ArmcShape){2, {n, t->net->variables}},
               batch);
}

void armc_checkpoint_export(const ArmcTraining *t, const char *path)
{
    Maker maker = {.arena = armc_scratch_begin(t->session)};
    add_params(&maker, t->net->graph);
    add_batch(&maker, t);
    armc_safetensors_write(maker.arena, path, &maker.file);
    armc_scratch_end(t->session);
}
