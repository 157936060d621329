#include "tests/unit/lab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/rng.h"

void lab_open(Lab *lab, int64_t batch)
{
    *lab = (Lab){.batch = batch};
    lab->arena = armc_arena_new(&lab->fault);
    lab->diags = armc_diags_new(lab->arena);
    lab->graph = armc_graph_new(lab->arena, lab->diags);
    lab->kernels = armc_kernels_choose(NULL);
    assert_non_null(lab->kernels);
}

void lab_close(Lab *lab)
{
    armc_arena_free(lab->arena);
}

const char *lab_messages(Lab *lab)
{
    ArmcBuf text;
    armc_buf_init(&text, &lab->fault);
    armc_diags_render(lab->diags, &text, 0);
    const char *copy = armc_arena_strdup(lab->arena, text.data ? text.data : "");
    armc_buf_clear(&text);
    return copy;
}

/* --- numbers in texts --- */

/* Reads "2x3x1" or "[2,3,1]" into list; returns how many. */
static int read_ints(const char *text, int64_t *list, int most)
{
    int count = 0;
    for (const char *at = text; *at;) {
        if (strchr("x,[] ", *at)) {
            at++;
            continue;
        }
        char *end;
        assert_true(count < most);
        list[count++] = strtoll(at, &end, 10);
        assert_true(end > at);
        at = end;
    }
    return count;
}

ArmcShape lab_shape(const char *text)
{
    int64_t dims[ARMC_MAX_RANK];
    int rank = read_ints(text, dims, ARMC_MAX_RANK);
    return armc_shape_make(rank, dims);
}

ArmcAttr lab_ints(Lab *lab, const char *text)
{
    enum { MOST = 64 };
    int64_t *list = ARMC_NEW_ARRAY(lab->arena, int64_t, MOST);
    int count = read_ints(text, list, MOST);
    return (ArmcAttr){.given = true, .count = count, .ints = list};
}

ArmcAttr lab_int(int64_t i)
{
    return (ArmcAttr){.given = true, .i = i, .r = (double)i};
}

ArmcAttr lab_real(double r)
{
    return (ArmcAttr){.given = true, .r = r};
}

double lab_random(uint64_t stream, uint64_t index)
{
    double u = armc_rng_uniform(stream, ARMC_RNG_TEST, 0, index) * 2 - 1;
    return u < 0 ? u - 0.1 : u + 0.1;
}

int lab_level(uint64_t stream, uint64_t index, int levels)
{
    return (int)(armc_rng_uniform(stream, ARMC_RNG_TEST, 1, index) * levels);
}

/* --- building --- */

static const ArmcOrigin *origin_of(Lab *lab, const char *name)
{
    ArmcSource *source =
        armc_source_new(lab->arena, "lab.arm", armc_arena_strdup(lab->arena, name), strlen(name));
    ArmcOrigin *origin = ARMC_NEW(lab->arena, ArmcOrigin);
    origin->span = (ArmcSpan){source, 0, source->length};
    return origin;
}

ArmcValue *lab_input(Lab *lab, const char *name, const char *shape, int levels)
{
    return lab_ordered_input(lab, name, shape, levels, NULL);
}

ArmcValue *lab_ordered_input(Lab *lab, const char *name, const char *shape, int levels,
                             const ArmcOrder *order)
{
    ArmcInput input = {.name = name,
                       .shape = lab_shape(shape),
                       .levels = levels,
                       .given = lab->graph->input_count > 0,
                       .order = order,
                       .origin = origin_of(lab, name)};
    size_t index = lab->graph->input_count;
    assert_true(index < LAB_INPUTS);
    lab->input_of[index] =
        ARMC_NEW_ARRAY(lab->arena, ArmcReal, armc_shape_size(input.shape) * lab->batch);
    return armc_graph_input(lab->graph, &input);
}

static const uint8_t *mask_of(Lab *lab, const char *mask)
{
    uint8_t *bytes = ARMC_NEW_ARRAY(lab->arena, uint8_t, strlen(mask) + 1);
    for (size_t i = 0; mask[i]; i++)
        bytes[i] = mask[i] != '0';
    return bytes;
}

ArmcValue *lab_param(Lab *lab, const char *name, const char *shape, const char *mask)
{
    ArmcParam param = {.path = name,
                       .shape = lab_shape(shape),
                       .init = ARMC_INIT_NORMAL,
                       .scale = 1,
                       .mask = mask ? mask_of(lab, mask) : NULL,
                       .origin = origin_of(lab, name)};
    ArmcValue *value = armc_graph_param(lab->graph, &param);
    ArmcParam *own = lab->graph->params[lab->graph->param_count - 1];
    if (mask)
        assert_int_equal(strlen(mask), own->size);
    own->data = ARMC_NEW_ARRAY(lab->arena, ArmcReal, own->size);
    for (int64_t i = 0; i < own->size; i++)
        if (!own->mask || own->mask[i])
            own->data[i] =
                (ArmcReal)armc_rng_normal(1, ARMC_RNG_TEST, armc_rng_hash(name), (uint64_t)i);
    return value;
}

ArmcReal *lab_data(Lab *lab, const ArmcValue *leaf, int64_t *count)
{
    *count = armc_shape_size(leaf->shape) * (leaf->batched ? lab->batch : 1);
    for (size_t i = 0; i < lab->graph->input_count; i++)
        if (lab->graph->inputs[i]->value == leaf)
            return lab->input_of[i];
    for (size_t i = 0; i < lab->graph->param_count; i++)
        if (lab->graph->params[i]->value == leaf)
            return lab->graph->params[i]->data;
    fail_msg("not a leaf of this lab");
    return NULL;
}

void lab_fill(Lab *lab, const ArmcValue *leaf, uint64_t stream)
{
    int64_t count;
    ArmcReal *data = lab_data(lab, leaf, &count);
    for (int64_t i = 0; i < count; i++)
        data[i] = leaf->levels ? (ArmcReal)lab_level(stream, (uint64_t)i, leaf->levels)
                               : (ArmcReal)lab_random(stream, (uint64_t)i);
}

ArmcValue *lab_try(Lab *lab, const char *op, const ArmcAttr *attr, int in_count,
                   ArmcValue *const *in)
{
    return armc_graph_call(lab->graph, armc_op_get(op), in_count, in, attr, origin_of(lab, op));
}

ArmcValue *lab_call(Lab *lab, const char *op, const ArmcAttr *attr, int in_count,
                    ArmcValue *const *in)
{
    ArmcValue *value = lab_try(lab, op, attr, in_count, in);
    if (!value)
        fail_msg("%s was refused: %s", op, lab_messages(lab));
    return value;
}

/* --- running one node at a time --- */

/* The numbers of a leaf of a simplified graph; NULL for what is computed. */
static ArmcReal *leaf_data(Lab *lab, const ArmcNode *node)
{
    for (size_t i = 0; i < lab->graph->input_count; i++)
        if (lab->graph->inputs[i] == node->leaf)
            return lab->input_of[i];
    for (size_t i = 0; i < lab->graph->param_count; i++)
        if (lab->graph->params[i] == node->leaf)
            return lab->graph->params[i]->data;
    if (!(node->op->flags & ARMC_OP_LEAF))
        return NULL;
    int64_t size = armc_shape_size(node->out[0]->shape);
    ArmcReal *copy = ARMC_NEW_ARRAY(lab->arena, ArmcReal, size);
    memcpy(copy, node->leaf, (size_t)size * sizeof *copy);
    return copy;
}

int64_t lab_entries(const LabRun *run, const ArmcValue *value)
{
    return armc_shape_size(value->shape) * (value->batched ? run->batch : 1);
}

static LabRun prepare(Lab *lab, const ArmcGraph *graph)
{
    LabRun run = {.graph = graph,
                  .kernels = lab->kernels,
                  .batch = lab->batch,
                  .of = ARMC_NEW_ARRAY(lab->arena, ArmcReal *, graph->value_count)};
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        run.of[node->out[0]->id] = leaf_data(lab, node);
        for (int k = 0; k < node->out_count; k++)
            if (!run.of[node->out[k]->id])
                run.of[node->out[k]->id] =
                    ARMC_NEW_ARRAY(lab->arena, ArmcReal, lab_entries(&run, node->out[k]));
    }
    return run;
}

LabRun lab_prepare(Lab *lab, ArmcOutputs *outputs)
{
    return prepare(lab, armc_simplify(lab->arena, lab->graph, outputs, true, lab->kernels));
}

LabRun lab_prepare_plain(Lab *lab)
{
    return prepare(lab, lab->graph);
}

static void run_node(const LabRun *run, const ArmcNode *node, ArmcReal *state)
{
    ArmcStepInfo info = {.seed = 3, .epoch = 1, .training = true};
    ArmcCall call = {
        .node = node, .k = run->kernels, .info = &info, .batch = run->batch, .exact = true};
    for (int i = 0; i < node->in_count; i++)
        call.in[i] = run->of[node->in[i]->id];
    for (int k = 0; k < node->out_count; k++)
        call.out[k] = run->of[node->out[k]->id];
    if (node->op->advance)
        call.out[1] = state;
    armc_apply(&call);
}

void lab_run(const LabRun *run)
{
    for (size_t i = 0; i < run->graph->node_count; i++) {
        const ArmcNode *node = run->graph->nodes[i];
        if (node->op->flags & ARMC_OP_LEAF)
            continue;
        ArmcReal *state =
            calloc((size_t)(run->batch * armc_shape_features(node->out[0]->shape)), sizeof *state);
        assert_non_null(state);
        run_node(run, node, state);
        free(state);
    }
}

void lab_near(double found, double expected, double relative, double floor, const char *what,
              int64_t at)
{
    double size = fmax(fmax(fabs(found), fabs(expected)), floor);
    if (!(fabs(found - expected) <= relative * size))
        fail_msg("%s, entry %lld: found %.17g, expected %.17g", what, (long long)at, found,
                 expected);
}
