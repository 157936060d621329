#include "runtime/graph/ensemble.h"

#include <string.h>

#include "runtime/graph/build.h"

ArmcValue *armc_ensemble_param(ArmcGraph *graph, const ArmcParam *param)
{
    ArmcValue *leaf = armc_graph_param(graph, param);
    ArmcParam *own = graph->params[graph->param_count - 1];
    ArmcValue *in[2] = {leaf, leaf};
    own->value = armc_graph_append(graph, armc_op_get("masked"), 2, in, NULL, param->origin);
    return own->value;
}

/* --- members that don't fit together --- */

static void misfit(const ArmcGraph *first, const ArmcParam *a, int member, const ArmcParam *b)
{
    char shape[96], other[96];
    ArmcDiag *diag;
    if (!a || !b || strcmp(a->path, b->path) != 0)
        diag = armc_diag_add(first->diags, ARMC_E_ensemble, b ? b->origin : a->origin,
                             "members share their parameters, and `%s` is one of member %d only",
                             b ? b->path : a->path, b ? member : 0);
    else
        diag = armc_diag_add(first->diags, ARMC_E_ensemble, b->origin,
                             "members share their parameters, and `%s` is %s in member 0 and %s in "
                             "member %d",
                             b->path, armc_shape_text(a->shape, shape),
                             armc_shape_text(b->shape, other), member);
    armc_diag_help(diag, "`member` may decide about orders and masks, not about which parameters "
                         "there are");
}

static const ArmcParam *param_at(const ArmcGraph *graph, size_t i)
{
    return i < graph->param_count ? graph->params[i] : NULL;
}

static bool has_same_params(const ArmcGraph *first, const ArmcGraph *member)
{
    for (size_t i = 0; i < first->param_count || i < member->param_count; i++) {
        const ArmcParam *a = param_at(first, i), *b = param_at(member, i);
        if (a && b && strcmp(a->path, b->path) == 0 && armc_shape_equal(a->shape, b->shape))
            continue;
        misfit(first, a, member->member, b);
        return false;
    }
    return true;
}

/* --- one set of parameters --- */

/* Live where it is for one of the members; NULL: everywhere. */
static const uint8_t *joined_mask(ArmcGraph *const *members, int count, size_t p)
{
    int64_t size = members[0]->params[p]->size;
    uint8_t *mask = ARMC_NEW_ARRAY(members[0]->arena, uint8_t, size);
    for (int m = 0; m < count; m++) {
        const uint8_t *own = members[m]->params[p]->mask;
        if (!own)
            return NULL;
        for (int64_t i = 0; i < size; i++)
            mask[i] |= own[i];
    }
    return mask;
}

static void share(ArmcGraph *const *members, int count, size_t p)
{
    ArmcParam *param = members[0]->params[p];
    param->mask = joined_mask(members, count, p);
    param->live = param->size;
    for (int64_t i = 0; param->mask && i < param->size; i++)
        param->live -= !param->mask[i];
    for (int m = 1; m < count; m++) {
        ArmcGraph *graph = members[m];
        for (size_t n = 0; n < graph->node_count; n++)
            if (graph->nodes[n]->leaf == graph->params[p])
                graph->nodes[n]->leaf = param;
        graph->params[p] = param;
    }
}

bool armc_ensemble_join(ArmcGraph **members, int count)
{
    ArmcGraph *first = members[0];
    for (int m = 1; m < count; m++)
        if (!has_same_params(first, members[m]))
            return false;
    for (size_t p = 0; p < first->param_count; p++)
        share(members, count, p);
    for (int m = 1; m < count && !first->leak; m++)
        first->leak = members[m]->leak;
    first->members = members;
    first->member_count = count;
    return true;
}
