/* A model is autoregressive iff the parameters of variable i are ready before its rank. */
#include "runtime/graph/prove.h"

#include "runtime/graph/leak.h"

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
        if (armc_ready_find_leak(&ready, graph->inputs[0], graph->likelihoods[i],
                                 graph->likelihoods[i]->params, &leak))
            return tell(graph, &ready, &leak, model);
    return true;
}
