/* Ready times: of each entry (site, group) the largest rank of a variable that it depends on, -1
 * for none. Computed forward through what each op reads directly; a model is autoregressive iff the
 * parameters of variable i are ready before rank i. */
#include "runtime/graph/prove.h"

#include <inttypes.h>
#include <string.h>

typedef struct Prover {
    const ArmcGraph *graph;
    int64_t **ready;      /* by value id: [site * groups + group]; NULL: depends on nothing */
    const ArmcNode *node; /* while entries of a node are computed */
    const ArmcValue *out;
    int64_t latest; /* of what was read so far */
    int64_t latest_of[ARMC_MAX_INPUTS];
    int from_input; /* where that came from: an input, or -1 for the node itself */
    int64_t from_site;
    int from_group;
} Prover;

static int64_t ready_at(const Prover *p, const ArmcValue *value, int64_t site, int group)
{
    const int64_t *ready = p->ready[value->id];
    return ready ? ready[site * value->groups.count + group] : -1;
}

static void note_read(void *context, int input, int64_t site, int group)
{
    Prover *p = context;
    const ArmcValue *value = input < 0 ? p->out : p->node->in[input];
    int64_t ready = ready_at(p, value, site, group);
    if (input >= 0 && ready > p->latest_of[input])
        p->latest_of[input] = ready;
    if (ready <= p->latest)
        return;
    p->latest = ready;
    p->from_input = input;
    p->from_site = site;
    p->from_group = group;
}

static int64_t first_feature(const ArmcValue *value, int group)
{
    int64_t f = 0;
    while (value->groups.of && value->groups.of[f] != group)
        f++;
    return f;
}

/* What a row reads when the op doesn't say more: its site (the only one where the input has one),
 * all groups or, elementwise, its own. */
static void read_same_site(Prover *p, int64_t site, int group)
{
    int64_t feature = p->node->op->flags & ARMC_OP_ELEMENTWISE ? first_feature(p->out, group) : -1;
    for (int i = 0; i < p->node->in_count; i++) {
        const ArmcValue *in = p->node->in[i];
        if (!p->ready[in->id])
            continue;
        int64_t at = armc_shape_sites(in->shape) == 1 ? 0 : site;
        int64_t f = armc_shape_features(in->shape) == 1 ? 0 : feature;
        for (int g = 0; g < in->groups.count; g++)
            if (feature < 0 || g == (in->groups.of ? in->groups.of[f] : 0))
                note_read(p, i, at, g);
    }
}

/* Finds the latest of the entries that one entry of p->node reads. */
static int64_t visit(Prover *p, int64_t site, int group)
{
    p->latest = -1;
    for (int i = 0; i < p->node->in_count; i++)
        p->latest_of[i] = -1;
    p->from_input = p->from_group = 0;
    p->from_site = -1;
    if (p->node->op->reads)
        p->node->op->reads(p->node, site, group, note_read, p);
    else
        read_same_site(p, site, group);
    return p->latest;
}

static int64_t rank_of(const ArmcInput *input, int64_t entry)
{
    return input->rank ? input->rank[entry] : entry;
}

static void start_input(Prover *p, const ArmcNode *node)
{
    const ArmcInput *input = node->leaf;
    const ArmcValue *value = node->out[0];
    if (input->given || strcmp(node->op->name, "input") != 0)
        return;
    int64_t size = armc_shape_size(value->shape);
    int64_t *ready = ARMC_NEW_ARRAY(p->graph->arena, int64_t, size);
    for (int64_t entry = 0; entry < size; entry++)
        ready[entry] = rank_of(input, entry); /* each channel is a group */
    p->ready[value->id] = ready;
}

static bool depends(const Prover *p, const ArmcNode *node)
{
    for (int i = 0; i < node->in_count; i++)
        if (p->ready[node->in[i]->id])
            return true;
    return false;
}

static void compute(Prover *p, const ArmcNode *node)
{
    const ArmcValue *out = p->out = node->out[0];
    int64_t sites = armc_shape_sites(out->shape);
    int64_t *ready = ARMC_NEW_ARRAY(p->graph->arena, int64_t, sites * out->groups.count);
    p->node = node;
    p->ready[out->id] = ready;
    for (int64_t i = 0; i < sites; i++) {
        int64_t site = node->op->order < 0 ? sites - 1 - i : i;
        for (int g = 0; g < out->groups.count; g++)
            ready[site * out->groups.count + g] = visit(p, site, g);
    }
}

/* --- telling where it leaks --- */

static void name_entry(const ArmcInput *input, int64_t entry, ArmcBuf *out)
{
    ArmcShape shape = input->shape;
    armc_buf_printf(out, "%s(", input->name);
    int64_t stride = armc_shape_size(shape);
    bool skip_last = shape.rank == 3 && shape.dims[2] == 1;
    for (int d = 0; d < shape.rank - skip_last; d++) {
        stride /= shape.dims[d];
        armc_buf_printf(out, "%s%" PRId64, d ? "," : "", entry / stride % shape.dims[d]);
    }
    armc_buf_puts(out, ")");
}

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
        if (i != p->from_input && p->ready[p->node->in[i]->id] && p->latest_of[i] < p->latest)
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
        p->out = value;
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
        value = p->from_input < 0 ? p->out : p->node->in[p->from_input];
        site = p->from_site;
        group = p->from_group;
    }
    return joint ? joint : mixer ? mixer : reader;
}

static void report(Prover *p, const ArmcLikelihood *likelihood, int64_t k, int group,
                   const ArmcOrigin *model)
{
    const ArmcInput *input = p->graph->inputs[0];
    int64_t entry = likelihood->entries ? likelihood->entries[k] : k;
    ArmcBuf path, target, seen;
    ArmcFault *fault = armc_arena_fault(p->graph->arena);
    armc_buf_init(&path, fault);
    armc_buf_init(&target, fault);
    armc_buf_init(&seen, fault);
    int64_t rank = ready_at(p, likelihood->params, k, group), from = rank;
    for (int64_t e = 0; input->rank && e < armc_shape_size(input->shape); e++)
        if (input->rank[e] == rank)
            from = e;
    name_entry(input, entry, &target);
    name_entry(input, from, &seen);
    const ArmcNode *culprit = trace(p, likelihood->params, k, group, &path);
    ArmcDiag *diag =
        armc_diag_add(p->graph->diags, ARMC_E_leak, culprit->origin ? culprit->origin : model,
                      "this model is not autoregressive: the distribution of %s depends on %s",
                      target.data, seen.data);
    armc_diag_label(diag, "%s gets through here", seen.data);
    armc_diag_note(diag, (ArmcSpan){0}, "path: %s%s <- %s", likelihood->dist->name, path.data,
                   seen.data);
    armc_diag_help(diag, "a variable may depend on variables before it only: shift, mask or sum "
                         "what comes before (`sum_before`, `shift 1`)");
    armc_buf_clear(&path);
    armc_buf_clear(&target);
    armc_buf_clear(&seen);
}

static bool check_likelihood(Prover *p, const ArmcLikelihood *likelihood, const ArmcOrigin *model)
{
    const ArmcInput *input = p->graph->inputs[0];
    for (int64_t k = 0; k < likelihood->count; k++)
        for (int g = 0; g < likelihood->params->groups.count; g++)
            if (ready_at(p, likelihood->params, k, g) >=
                rank_of(input, likelihood->entries ? likelihood->entries[k] : k)) {
                report(p, likelihood, k, g, model);
                return false;
            }
    return true;
}

bool armc_prove(ArmcGraph *graph, const ArmcOrigin *model)
{
    Prover p = {.graph = graph,
                .ready = ARMC_NEW_ARRAY(graph->arena, int64_t *, graph->value_count)};
    for (size_t i = 0; i < graph->node_count; i++) {
        const ArmcNode *node = graph->nodes[i];
        if (node->op->flags & ARMC_OP_LEAF)
            start_input(&p, node);
        else if (depends(&p, node))
            compute(&p, node);
    }
    for (size_t i = 0; i < graph->likelihood_count; i++)
        if (!check_likelihood(&p, graph->likelihoods[i], model))
            return false;
    return true;
}
