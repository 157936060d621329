/* A model is autoregressive iff the parameters of variable i are ready before its rank. */
#include "runtime/graph/prove.h"

#include "runtime/graph/leak.h"

/* The first parameter of a likelihood that is ready too late; false where there is none. */
static bool find_leak(const ArmcGraph *graph, const ArmcReady *ready,
                      const ArmcLikelihood *likelihood, ArmcLeak *leak)
{
    const ArmcInput *input = graph->inputs[0];
    const ArmcValue *params = likelihood->params;
    for (int64_t k = 0; k < likelihood->count; k++)
        for (int g = 0; g < params->groups.count; g++)
            if (armc_ready_at(ready, params, k, g) >=
                armc_input_rank(input, likelihood->entries ? likelihood->entries[k] : k)) {
                *leak = (ArmcLeak){likelihood, k, g};
                return true;
            }
    return false;
}

static bool tell(ArmcGraph *graph, const ArmcReady *ready, const ArmcLeak *leak,
                 const ArmcOrigin *model)
{
    ArmcDiags *diags = graph->may_leak ? armc_diags_new(graph->arena) : graph->diags;
    ArmcDiag *diag = armc_leak_tell(graph, ready, leak, diags, model);
    if (graph->member > 0)
        armc_diag_note(diag, (ArmcSpan){0}, "so it is in member %d, not in those before it",
                       graph->member);
    if (!graph->may_leak)
        return false;
    armc_diag_warn(diag);
    graph->leak = diags;
    return true;
}

bool armc_prove(ArmcGraph *graph, const ArmcOrigin *model)
{
    ArmcReady ready = armc_ready_times(graph);
    ArmcLeak leak;
    graph->leak = NULL;
    for (size_t i = 0; i < graph->likelihood_count; i++)
        if (find_leak(graph, &ready, graph->likelihoods[i], &leak))
            return tell(graph, &ready, &leak, model);
    return true;
}
