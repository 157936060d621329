#include "runtime/graph/ready.h"

#include <string.h>

typedef struct Visit {
    const ArmcReady *ready;
    const ArmcNode *node;
    int64_t latest;
} Visit;

static void note_reads(void *context, int input, int64_t site, int group, int end)
{
    Visit *v = context;
    const ArmcValue *value = input < 0 ? v->node->out[0] : v->node->in[input];
    const int64_t *ready = v->ready->of[value->id];
    int64_t latest = v->latest, row = site * value->groups.count;
    for (int g = group; ready && g < end; g++)
        latest = ready[row + g] > latest ? ready[row + g] : latest;
    v->latest = latest;
}

static int64_t *start_input(const ArmcGraph *graph, const ArmcNode *node)
{
    const ArmcInput *input = node->leaf;
    if (strcmp(node->op->name, "input") != 0 || input->given)
        return NULL;
    int64_t size = armc_shape_size(node->out[0]->shape);
    int64_t *ready = ARMC_NEW_ARRAY(graph->arena, int64_t, size);
    for (int64_t entry = 0; entry < size; entry++)
        ready[entry] = armc_input_rank(input, entry); /* each channel is a group */
    return ready;
}

static bool depends(const ArmcReady *ready, const ArmcNode *node)
{
    for (int i = 0; i < node->in_count; i++)
        if (ready->of[node->in[i]->id])
            return true;
    return false;
}

static void compute(const ArmcGraph *graph, ArmcReady *ready, const ArmcNode *node)
{
    const ArmcValue *out = node->out[0];
    int64_t sites = armc_shape_sites(out->shape);
    int64_t *of = ready->of[out->id] =
        ARMC_NEW_ARRAY(graph->arena, int64_t, sites * out->groups.count);
    for (int64_t i = 0; i < sites; i++) {
        int64_t site = armc_site_in_order(node, i);
        for (int g = 0; g < out->groups.count; g++) {
            Visit visit = {.ready = ready, .node = node, .latest = -1};
            armc_read_runs(node, site, g, note_reads, &visit);
            of[site * out->groups.count + g] = visit.latest;
        }
    }
}

ArmcReady armc_ready_times(const ArmcGraph *graph)
{
    ArmcReady ready = {ARMC_NEW_ARRAY(graph->arena, int64_t *, graph->value_count)};
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        if (node->op->flags & ARMC_OP_LEAF)
            ready.of[node->out[0]->id] = start_input(graph, node);
        else if (depends(&ready, node))
            compute(graph, &ready, node);
    }
    return ready;
}

bool armc_ready_find_leak(const ArmcReady *ready, const ArmcInput *variable,
                          const ArmcLikelihood *likelihood, const ArmcValue *params, ArmcLeak *leak)
{
    for (int64_t k = 0; k < likelihood->count; k++)
        for (int g = 0; g < params->groups.count; g++)
            if (armc_ready_at(ready, params, k, g) >=
                armc_input_rank(variable, armc_likelihood_entry(likelihood, k))) {
                *leak = (ArmcLeak){likelihood, k, g};
                return true;
            }
    return false;
}
