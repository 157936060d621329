/* A model is autoregressive iff the parameters of variable i are ready before its rank. */
#include "runtime/graph/prove.h"

#include <string.h>

#include "runtime/graph/field.h"
#include "runtime/graph/ready.h"

typedef struct Prover {
    ArmcGraph *graph;
    ArmcReady ready;
    const ArmcNode *node; /* whose entry is visited */
    int64_t latest;       /* of what it reads */
    int64_t latest_of[ARMC_MAX_INPUTS];
    int from_input; /* where that came from: an input, or -1 for the node itself */
    int64_t from_site;
    int from_group;
} Prover;

static void note_read(void *context, int input, int64_t site, int group)
{
    Prover *p = context;
    const ArmcValue *value = input < 0 ? p->node->out[0] : p->node->in[input];
    int64_t ready = armc_ready_at(&p->ready, value, site, group);
    if (input >= 0 && ready > p->latest_of[input])
        p->latest_of[input] = ready;
    if (ready <= p->latest)
        return;
    p->latest = ready;
    p->from_input = input;
    p->from_site = site;
    p->from_group = group;
}

/* Finds the latest of the entries that one entry of p->node reads. */
static void visit(Prover *p, int64_t site, int group)
{
    p->latest = -1;
    for (int i = 0; i < p->node->in_count; i++)
        p->latest_of[i] = -1;
    p->from_input = p->from_group = 0;
    p->from_site = -1;
    armc_reads(p->node, site, group, note_read, p);
}

/* --- telling where it leaks --- */

static void note_step(ArmcBuf *path, const ArmcNode *node)
{
    int line = 0, column = 0;
    const ArmcOrigin *origin = armc_origin_user(node->origin);
    if (origin && origin->span.source)
        armc_source_locate(origin->span.source, origin->span.begin, &line, &column);
    armc_buf_printf(path, " <- %s", node->op->name);
    if (line)
        armc_buf_printf(path, " (line %d)", line);
}

/* Does what was just visited join a value that comes in time with the one that comes too late? */
static bool joins_early_and_late(const Prover *p)
{
    for (int i = 0; i < p->node->in_count; i++)
        if (i != p->from_input && p->ready.of[p->node->in[i]->id] && p->latest_of[i] < p->latest)
            return true;
    return false;
}

/* Walks back from an entry along what made it late, to the variable. Movement that only changes the
 * shape is not told. The culprit is the last op, on the way from the variable, that joins the late
 * value to one in time; where none does, the first that mixes entries; else the one that reads the
 * variable. */
static const ArmcNode *trace(Prover *p, const ArmcValue *value, int64_t site, int group,
                             ArmcBuf *path)
{
    const ArmcNode *reader = value->node, *mixer = NULL, *joint = NULL, *told = NULL;
    for (int steps = 0; !(value->node->op->flags & ARMC_OP_LEAF) && steps < 100000; steps++) {
        p->node = value->node;
        visit(p, site, group);
        reader = value->node;
        if (!(reader->op->flags & (ARMC_OP_VIEW | ARMC_OP_ELEMENTWISE)))
            mixer = reader;
        if (!joint && joins_early_and_late(p))
            joint = reader;
        if (!(reader->op->flags & ARMC_OP_VIEW) && reader != told) {
            note_step(path, reader);
            told = reader;
        }
        value = p->from_input < 0 ? value : p->node->in[p->from_input];
        site = p->from_site;
        group = p->from_group;
    }
    return joint ? joint : mixer ? mixer : reader;
}

static void report(Prover *p, const ArmcLikelihood *likelihood, int64_t k, int group,
                   const ArmcOrigin *model)
{
    const ArmcInput *input = p->graph->inputs[0];
    ArmcDiags *diags =
        p->graph->may_leak ? armc_diags_new(p->graph->arena) : p->graph->diags;
    int64_t entry = likelihood->entries ? likelihood->entries[k] : k;
    ArmcBuf path, target, seen;
    ArmcFault *fault = armc_arena_fault(p->graph->arena);
    armc_buf_init(&path, fault);
    armc_buf_init(&target, fault);
    armc_buf_init(&seen, fault);
    int64_t rank = armc_ready_at(&p->ready, likelihood->params, k, group), from = rank;
    for (int64_t e = 0; input->rank && e < armc_shape_size(input->shape); e++)
        if (input->rank[e] == rank)
            from = e;
    armc_input_entry_text(input, entry, &target);
    armc_input_entry_text(input, from, &seen);
    const ArmcNode *culprit = trace(p, likelihood->params, k, group, &path);
    ArmcDiag *diag =
        armc_diag_add(diags, ARMC_E_leak, culprit->origin ? culprit->origin : model,
                      "%s: the distribution of %s depends on %s",
                      p->graph->may_leak ? "NOT autoregressive" : "this model is not autoregressive",
                      target.data, seen.data);
    armc_diag_label(diag, "%s gets through here", seen.data);
    armc_diag_note(diag, (ArmcSpan){0}, "path: %s%s <- %s", likelihood->dist->name, path.data,
                   seen.data);
    armc_diag_help(diag, "a variable may depend on variables before it only: shift, mask or sum "
                         "what comes before (`sum_before`, `shift 1`)");
    if (p->graph->may_leak) {
        armc_diag_warn(diag);
        p->graph->leak = diags;
    }
    armc_buf_clear(&path);
    armc_buf_clear(&target);
    armc_buf_clear(&seen);
}

static bool check_likelihood(Prover *p, const ArmcLikelihood *likelihood, const ArmcOrigin *model)
{
    const ArmcInput *input = p->graph->inputs[0];
    for (int64_t k = 0; k < likelihood->count; k++)
        for (int g = 0; g < likelihood->params->groups.count; g++)
            if (armc_ready_at(&p->ready, likelihood->params, k, g) >=
                armc_input_rank(input, likelihood->entries ? likelihood->entries[k] : k)) {
                report(p, likelihood, k, g, model);
                return false;
            }
    return true;
}

bool armc_prove(ArmcGraph *graph, const ArmcOrigin *model)
{
    Prover p = {.graph = graph, .ready = armc_ready_times(graph)};
    graph->leak = NULL;
    for (size_t i = 0; i < graph->likelihood_count; i++)
        if (!check_likelihood(&p, graph->likelihoods[i], model))
            return graph->may_leak;
    return true;
}
