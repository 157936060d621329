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

static void advise(ArmcDiag *diag)
{
    armc_diag_help(diag, "`member` may decide about orders and masks, not about which parameters "
                         "there are");
}

static void other_params(const ArmcGraph *owner, const ArmcParam *param)
{
    advise(armc_diag_add(owner->diags, ARMC_E_ensemble, param->origin,
                         "members share their parameters, and only member %d has `%s`",
                         owner->member, param->path));
}

static void other_shape(const ArmcGraph *member, const ArmcParam *param, const ArmcParam *first)
{
    char has[96], had[96];
    advise(armc_diag_add(member->diags, ARMC_E_ensemble, param->origin,
                         "members share their parameters, and `%s` is %s in member 0 and %s in "
                         "member %d",
                         param->path, armc_shape_text(first->shape, had),
                         armc_shape_text(param->shape, has), member->member));
}

static size_t find_param(const ArmcGraph *graph, const char *path)
{
    size_t p = 0;
    while (p < graph->param_count && strcmp(graph->params[p]->path, path) != 0)
        p++;
    return p;
}

/* Puts a member's parameters in the order of the first member's. False after a diagnostic when they
 * are not the same ones. */
static bool match(const ArmcGraph *first, ArmcGraph *member)
{
    for (size_t p = 0; p < first->param_count; p++) {
        size_t found = find_param(member, first->params[p]->path);
        if (found == member->param_count) {
            other_params(first, first->params[p]);
            return false;
        }
        ArmcParam *param = member->params[found];
        if (!armc_shape_equal(param->shape, first->params[p]->shape)) {
            other_shape(member, param, first->params[p]);
            return false;
        }
        member->params[found] = member->params[p];
        member->params[p] = param;
    }
    if (member->param_count > first->param_count)
        other_params(member, member->params[first->param_count]);
    return member->param_count == first->param_count;
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
        if (!match(first, members[m]))
            return false;
    for (size_t p = 0; p < first->param_count; p++)
        share(members, count, p);
    for (int m = 1; m < count && !first->leak; m++)
        first->leak = members[m]->leak;
    first->members = members;
    first->member_count = count;
    return true;
}
