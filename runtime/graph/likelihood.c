/* `x ~ distribution`, and what holds once the last statement of a model is read. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/base/rng.h"
#include "runtime/graph/build.h"
#include "runtime/graph/sig.h"

static const ArmcInput *variable_of(const ArmcGraph *graph)
{
    return graph->input_count ? graph->inputs[0] : NULL;
}

static bool check_support(ArmcGraph *graph, const ArmcDist *dist, const ArmcInput *variable,
                          const ArmcOrigin *origin)
{
    if (dist->supports(variable->levels))
        return true;
    ArmcDiag *diag = armc_diag_add(graph->diags, ARMC_E_likelihood_support, origin,
                                   "`%s` is for variables with %s, `%s` has %d levels", dist->name,
                                   dist->support, variable->name, variable->levels);
    armc_diag_help(diag, "`categorical` takes any number of levels; `binarize=` and `levels=` of "
                         "`dataset` change the data's");
    return false;
}

static bool check_width(ArmcGraph *graph, const ArmcDist *dist, const ArmcInput *variable,
                        int64_t count, const ArmcValue *params, const ArmcOrigin *origin)
{
    int64_t width = dist->width(variable->levels), found = armc_shape_size(params->shape);
    if (found == count * width)
        return true;
    char text[96];
    ArmcDiag *diag = armc_diag_add(
        graph->diags, ARMC_E_likelihood_width, origin,
        "`%s` needs %" PRId64 " parameters (%" PRId64 " variables x %" PRId64
        "), the value before it has %" PRId64 " (shape %s)",
        dist->name, count * width, count, width, found, armc_shape_text(params->shape, text));
    armc_diag_note_origin(diag, params->node->origin, "that value comes from here");
    if (count && found % count == 0)
        armc_diag_help(diag,
                       "a last layer with %" PRId64 " features at each of the %" PRId64
                       " variables has the right size",
                       width, count);
    return false;
}

static bool check_disjoint(ArmcGraph *graph, const int64_t *entries, int64_t count,
                           const ArmcOrigin *origin)
{
    int64_t size = armc_shape_size(variable_of(graph)->shape);
    bool *covered = ARMC_NEW_ARRAY(graph->arena, bool, size);
    for (size_t i = 0; i < graph->likelihood_count; i++)
        for (int64_t k = 0; k < graph->likelihoods[i]->count; k++)
            covered[armc_likelihood_entry(graph->likelihoods[i], k)] = true;
    for (int64_t k = 0; k < count; k++)
        if (covered[entries ? entries[k] : k]) {
            armc_diag_add(graph->diags, ARMC_E_likelihood_twice, origin,
                          "variable %" PRId64 " of `%s` already has a distribution",
                          entries ? entries[k] : k, variable_of(graph)->name);
            return false;
        }
    return true;
}

static ArmcValue *reshape(ArmcGraph *graph, ArmcValue *value, int64_t rows, int64_t columns,
                          const ArmcOrigin *origin)
{
    int64_t *dims = ARMC_NEW_ARRAY(graph->arena, int64_t, 2);
    dims[0] = rows;
    dims[1] = columns;
    ArmcAttr attr = {.given = true, .count = 2, .ints = dims};
    return armc_graph_append(graph, armc_op_get("reshape"), 1, &value, &attr, origin);
}

bool armc_graph_likelihood(ArmcGraph *graph, const ArmcDist *dist, const int64_t *entries,
                           int64_t count, ArmcValue *params, const ArmcOrigin *origin)
{
    const ArmcInput *variable = variable_of(graph);
    if (!params)
        return false;
    if (!entries)
        count = armc_shape_size(variable->shape);
    if (!check_support(graph, dist, variable, origin) ||
        !check_width(graph, dist, variable, count, params, origin) ||
        !check_disjoint(graph, entries, count, origin))
        return false;
    ArmcLikelihood *likelihood = ARMC_NEW(graph->arena, ArmcLikelihood);
    *likelihood =
        (ArmcLikelihood){.dist = dist, .entries = entries, .count = count, .origin = origin};
    likelihood->params = reshape(graph, params, count, dist->width(variable->levels), origin);
    ArmcValue *target = variable->value;
    if (entries) {
        ArmcAttr attr = {.given = true, .count = (int)count, .ints = entries};
        target = armc_graph_append(graph, armc_op_get("pick"), 1, &target, &attr, origin);
    }
    likelihood->target = reshape(graph, target, count, 1, origin);
    ARMC_PUSH(graph->arena, graph->likelihoods, graph->likelihood_count, graph->likelihood_capacity,
              likelihood);
    return true;
}

static bool covers_variable(ArmcGraph *graph, const ArmcOrigin *model)
{
    int64_t covered = 0, size = armc_shape_size(variable_of(graph)->shape);
    for (size_t i = 0; i < graph->likelihood_count; i++)
        covered += graph->likelihoods[i]->count;
    if (covered == size)
        return true;
    ArmcDiag *diag;
    if (!covered)
        diag = armc_diag_add(graph->diags, ARMC_E_likelihood_missing, model,
                             "this model says nothing about `%s`: there is no `%s ~ …`",
                             variable_of(graph)->name, variable_of(graph)->name);
    else
        diag =
            armc_diag_add(graph->diags, ARMC_E_likelihood_missing, model,
                          "%" PRId64 " of the %" PRId64 " variables of `%s` have no distribution",
                          size - covered, size, variable_of(graph)->name);
    armc_diag_help(diag, "end the model with `%s ~ categorical` (or another distribution)",
                   variable_of(graph)->name);
    return false;
}

/* Fans from the signature of the op that uses a parameter: dimensions that the result has too are
 * fan-out, those that are summed over fan-in. Sites stand in neither. */
static void set_fans(ArmcParam *param, const ArmcNode *user, int input)
{
    ArmcSig sig;
    armc_sig_parse(user->op->sig, &sig);
    const ArmcSigShape *own = &sig.in[input];
    param->fan_in = param->fan_out = 1;
    for (int d = 0; d < own->count; d++) {
        bool kept = own->names[d] && memchr(sig.out.names, own->names[d], (size_t)sig.out.count);
        *(kept ? &param->fan_out : &param->fan_in) *=
            param->shape.dims[param->shape.rank - own->count + d];
    }
}

void armc_graph_set_fans(ArmcGraph *graph)
{
    for (size_t i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i]->in_count; k++)
            for (size_t p = 0; p < graph->param_count; p++)
                if (graph->params[p]->value == graph->nodes[i]->in[k] && !graph->params[p]->fan_in)
                    set_fans(graph->params[p], graph->nodes[i], k);
}

bool armc_graph_finish(ArmcGraph *graph, const ArmcOrigin *model)
{
    if (!variable_of(graph)) {
        ArmcDiag *diag =
            armc_diag_add(graph->diags, ARMC_E_no_input, model, "this model has no `input`");
        armc_diag_help(diag, "begin its body with `input image`");
        return false;
    }
    armc_graph_set_fans(graph);
    return covers_variable(graph, model);
}

/* Standard deviation (or half-width for uniform families) of the initial values; live fans. */
static double init_scale(const ArmcParam *param)
{
    double live = param->size ? (double)param->live_at_once / (double)param->size : 1;
    double in = fmax(1, (double)param->fan_in * live), out = fmax(1, (double)param->fan_out * live);
    switch (param->init) {
    case ARMC_INIT_LECUN:
        return param->scale * sqrt(1 / in);
    case ARMC_INIT_HE:
        return param->scale * sqrt(2 / in);
    case ARMC_INIT_GLOROT:
        return param->scale * sqrt(2 / (in + out));
    case ARMC_INIT_NORMAL:
    case ARMC_INIT_ZERO:
    case ARMC_INIT_ONE:
        break;
    }
    return param->scale;
}

static double initial_value(const ArmcParam *param, uint64_t seed, uint64_t path, int64_t i,
                            double scale)
{
    if (param->mask && !param->mask[i])
        return 0;
    if (param->init == ARMC_INIT_ZERO)
        return 0;
    if (param->init == ARMC_INIT_ONE)
        return param->scale;
    return scale * armc_rng_normal(seed, ARMC_RNG_INIT, path, (uint64_t)i);
}

static void init_param(ArmcGraph *graph, ArmcParam *param, uint64_t seed)
{
    uint64_t path = armc_rng_hash(param->path);
    double scale = init_scale(param);
    param->data = ARMC_NEW_ARRAY(graph->arena, ArmcReal, param->size);
    for (int64_t i = 0; i < param->size; i++)
        param->data[i] = (ArmcReal)initial_value(param, seed, path, i, scale);
}

void armc_params_init(ArmcGraph *graph, uint64_t seed)
{
    for (size_t p = 0; p < graph->param_count; p++)
        init_param(graph, graph->params[p], seed);
}

void armc_params_init_new(ArmcGraph *graph, uint64_t seed)
{
    for (size_t p = 0; p < graph->param_count; p++)
        if (!graph->params[p]->data)
            init_param(graph, graph->params[p], seed);
}

const ArmcPlaceOf *armc_likelihood_places(ArmcArena *arena, const ArmcGraph *graph)
{
    ArmcPlaceOf *places =
        ARMC_NEW_ARRAY(arena, ArmcPlaceOf, armc_shape_size(variable_of(graph)->shape));
    for (size_t l = 0; l < graph->likelihood_count; l++)
        for (int64_t k = 0; k < graph->likelihoods[l]->count; k++)
            places[armc_likelihood_entry(graph->likelihoods[l], k)] = (ArmcPlaceOf){l, k};
    return places;
}
