/* Where a leak comes from. From the parameter that is ready too late, the way is walked back along
 * what made it late, to the variable. On the way suspects are noted.
 *
 * An entry is late where its ready time is not below a limit. The limit is the target's rank; but
 * for a value with a site for each site of the variable, it is the rank of the variable at the
 * entry's own site: so a value that was shifted is in time wherever it is looked at. */
#include "runtime/graph/leak.h"

#include <string.h>

#include "runtime/graph/field.h"

enum { SHOWN_STEPS = 12, MOST_STEPS = 100000 };

/* What may have let the variable through, the later ones only where there is none of those before.
 */
typedef struct Suspects {
    const ArmcNode *turn;  /* made an entry late that was in time */
    const ArmcNode *mask;  /* its mask lets something late through, beside what is in time */
    const ArmcNode *joint; /* joins something late to something in time */
    const ArmcNode *mixer; /* mixes entries, or moves them to other sites */
    const ArmcNode
        *first; /* the first on the way from the variable that does more than arithmetic */
    const ArmcNode *reader;
    bool is_joint_open; /* the joint reads features of one value: who put them side by side? */
} Suspects;

typedef struct Walk {
    const ArmcGraph *graph;
    const ArmcReady *ready;
    int64_t rank, channel; /* of the variable whose distribution it is */

    /* the entry that is visited, and what it reads */
    const ArmcNode *node;
    int64_t site;
    int group;
    int64_t limit;
    int reads;
    int64_t latest, latest_of[ARMC_MAX_INPUTS], earliest_of[ARMC_MAX_INPUTS];
    int from_input; /* the latest of them: an input, or -1 for the node itself */
    int64_t from_site;
    int from_group;

    /* since the last late entry that has a site of the variable */
    const ArmcNode *aligned, *between;
    Suspects suspects;
    const ArmcNode **steps;
    size_t step_count, step_capacity;
} Walk;

/* The first entry of the variable at this site of a value; -1 where sites don't correspond. */
static int64_t entry_at(const Walk *w, const ArmcValue *value, int64_t site, int64_t *channels)
{
    ArmcShape of = w->graph->inputs[0]->shape, shape = value->shape;
    int64_t sites = armc_shape_sites(of);
    bool is_picture = shape.rank == 3 && of.rank == 3 && shape.dims[0] == of.dims[0] &&
                      shape.dims[1] == of.dims[1];
    *channels = armc_shape_features(of);
    if (is_picture || (shape.rank == 2 && shape.dims[0] == sites))
        return site * *channels;
    *channels = 1;
    return shape.rank == 2 && shape.dims[0] == armc_shape_size(of) ? site : -1;
}

static bool is_aligned(const Walk *w, const ArmcValue *value)
{
    int64_t channels;
    return entry_at(w, value, 0, &channels) >= 0;
}

static int64_t limit_at(const Walk *w, const ArmcValue *value, int64_t site)
{
    int64_t channels, entry = entry_at(w, value, site, &channels);
    if (entry < 0)
        return w->rank;
    return armc_input_rank(w->graph->inputs[0], entry + (channels > 1 ? w->channel : 0));
}

/* Later than all variables of its own site? */
static bool is_late_for_all(const Walk *w, const ArmcValue *value, int64_t site, int group)
{
    int64_t channels, entry = entry_at(w, value, site, &channels);
    int64_t ready = armc_ready_at(w->ready, value, site, group);
    for (int64_t c = 0; entry >= 0 && c < channels; c++)
        if (ready < armc_input_rank(w->graph->inputs[0], entry + c))
            return false;
    return true;
}

/* --- a step back --- */

static void note_read(void *context, int input, int64_t site, int group)
{
    Walk *w = context;
    const ArmcValue *value = input < 0 ? w->node->out[0] : w->node->in[input];
    int64_t ready = armc_ready_at(w->ready, value, site, group);
    if (w->ready->of[value->id])
        w->reads++;
    if (input >= 0 && ready > w->latest_of[input])
        w->latest_of[input] = ready;
    if (input >= 0 && ready < w->earliest_of[input])
        w->earliest_of[input] = ready;
    if (ready <= w->latest)
        return;
    w->latest = ready;
    w->from_input = input;
    w->from_site = site;
    w->from_group = group;
}

static void visit(Walk *w, const ArmcValue *value, int64_t site, int group)
{
    w->node = value->node;
    w->site = site;
    w->group = group;
    w->limit = limit_at(w, value, site);
    w->reads = 0;
    w->latest = w->from_site = -1;
    w->from_input = w->from_group = 0;
    for (int i = 0; i < w->node->in_count; i++) {
        w->latest_of[i] = -2; /* not read */
        w->earliest_of[i] = INT64_MAX;
    }
    armc_reads(w->node, site, group, note_read, w);
}

/* --- suspicion --- */

/* Movement that loses and repeats nothing: it changes places only. */
static bool is_permutation(const ArmcNode *node)
{
    if (!(node->op->flags & ARMC_OP_MOVEMENT) || node->in_count != 1)
        return false;
    int64_t size = armc_shape_size(node->out[0]->shape);
    bool whole = size == armc_shape_size(node->in[0]->shape);
    for (int64_t i = 0; whole && node->map && i < size; i++)
        whole = node->map[i] >= 0;
    return whole;
}

static bool is_plain(const ArmcNode *node)
{
    return (node->op->flags & (ARMC_OP_VIEW | ARMC_OP_ELEMENTWISE)) != 0;
}

/* Is there something in time at this site of a value? */
static bool has_early(const Walk *w, const ArmcValue *value, int64_t site)
{
    if (!w->ready->of[value->id])
        return false;
    for (int g = 0; g < value->groups.count; g++)
        if (armc_ready_at(w->ready, value, site, g) < limit_at(w, value, site))
            return true;
    return false;
}

/* Puts the late value beside another one that is in time: as an operand, or as features. */
static bool joins_values(const Walk *w)
{
    const ArmcNode *node = w->node;
    int64_t sites = armc_shape_sites(node->out[0]->shape);
    for (int i = 0; i < node->in_count; i++) {
        const ArmcValue *in = node->in[i];
        if (i == w->from_input || !w->ready->of[in->id])
            continue;
        if (w->latest_of[i] != -2
                ? w->latest_of[i] < w->limit
                : armc_shape_sites(in->shape) == sites && has_early(w, in, w->site))
            return true;
    }
    return false;
}

/* Reads features of a site of which some are late and others in time. */
static bool joins_features(const Walk *w)
{
    int i = w->from_input;
    return i >= 0 && !is_plain(w->node) && w->earliest_of[i] < w->limit &&
           armc_shape_sites(w->node->in[i]->shape) == armc_shape_sites(w->node->out[0]->shape);
}

static void suspect_joint(Walk *w)
{
    Suspects *s = &w->suspects;
    const ArmcNode *node = w->node;
    bool joins = joins_values(w);
    if (joins_features(w) && node->group_reads) {
        if (is_late_for_all(w, node->out[0], w->site, w->group))
            s->mask = node;
        else if (!s->joint)
            s->joint = node;
    } else if (!s->joint && (joins || joins_features(w))) {
        s->joint = node;
        s->is_joint_open = !joins;
        return;
    } else if (s->is_joint_open && joins && (node->op->flags & ARMC_OP_MOVEMENT)) {
        s->joint = node;
    }
    s->is_joint_open &= is_plain(node);
}

static void suspect_mixer(Walk *w)
{
    const ArmcNode *node = w->node;
    if (is_plain(node))
        return;
    w->suspects.first = node;
    bool moves = !is_permutation(node) && w->from_input >= 0 &&
                 (w->from_site != w->site || armc_shape_sites(node->in[w->from_input]->shape) !=
                                                 armc_shape_sites(node->out[0]->shape));
    if (w->reads <= 1 && !moves)
        return;
    w->between = w->between ? w->between : node;
    w->suspects.mixer = w->suspects.mixer ? w->suspects.mixer : node;
}

/* The way has reached an entry that is in time: what came behind it has made it late. */
static void suspect_turn(Walk *w)
{
    const ArmcNode *node = w->aligned;
    w->suspects.turn = w->between && (node->op->flags & ARMC_OP_VIEW) ? w->between : node;
}

/* Takes note of the entry that is visited. */
static void suspect(Walk *w)
{
    Suspects *s = &w->suspects;
    s->reader = w->node;
    if (s->turn)
        return;
    if (is_aligned(w, w->node->out[0])) {
        if (armc_ready_at(w->ready, w->node->out[0], w->site, w->group) < w->limit && w->aligned) {
            suspect_turn(w);
            return;
        }
        w->aligned = w->node;
        w->between = NULL;
    }
    suspect_joint(w);
    suspect_mixer(w);
}

static const ArmcNode *culprit_of(const Suspects *s)
{
    const ArmcNode *const order[] = {s->turn, s->mask, s->joint, s->mixer, s->first, s->reader};
    size_t i = 0;
    while (i + 1 < sizeof order / sizeof *order && !order[i])
        i++;
    return order[i];
}

/* --- the way --- */

/* From an entry back to the variable. */
static void walk(Walk *w, const ArmcValue *value, int64_t site, int group)
{
    for (int n = 0; !(value->node->op->flags & ARMC_OP_LEAF) && n < MOST_STEPS; n++) {
        visit(w, value, site, group);
        suspect(w);
        if (!(w->node->op->flags & ARMC_OP_VIEW))
            ARMC_PUSH(w->graph->arena, w->steps, w->step_count, w->step_capacity, w->node);
        value = w->from_input < 0 ? value : w->node->in[w->from_input];
        site = w->from_site;
        group = w->from_group;
    }
}

/* The innermost place in a text; where the way does not lead through it, in the user's. */
static const ArmcOrigin *place_in(const ArmcOrigin *origin, const ArmcSource *text)
{
    for (const ArmcOrigin *o = origin; o; o = o->caller)
        if (o->span.source == text)
            return o;
    return armc_origin_user(origin);
}

static const char *step_text(ArmcArena *arena, const ArmcNode *node, const ArmcSource *text)
{
    int line, column;
    const ArmcOrigin *place = place_in(node->origin, text);
    if (!place || !place->span.source)
        return node->op->name;
    armc_source_locate(place->span.source, place->span.begin, &line, &column);
    return armc_arena_printf(arena, "%s (line %d)", node->op->name, line);
}

/* The steps one after the other, the same ones once; of a long way its ends. */
static const char *path_text(const Walk *w, const ArmcSource *text)
{
    ArmcArena *arena = w->graph->arena;
    const char **told = ARMC_NEW_ARRAY(arena, const char *, w->step_count + 1), *path = "";
    size_t count = 0;
    for (size_t i = 0; i < w->step_count; i++) {
        const char *step = step_text(arena, w->steps[i], text);
        if (count == 0 || strcmp(told[count - 1], step) != 0)
            told[count++] = step;
    }
    for (size_t i = 0; i < count; i++) {
        if (count > SHOWN_STEPS + 2 && i == SHOWN_STEPS / 2) { /* a line saves little */
            path = armc_arena_printf(arena, "%s <- … %zu more …", path, count - SHOWN_STEPS);
            i = count - SHOWN_STEPS / 2;
        }
        path = armc_arena_printf(arena, "%s <- %s", path, told[i]);
    }
    return path;
}

/* --- the message --- */

static const char *entry_name(ArmcArena *arena, const ArmcInput *input, int64_t entry)
{
    ArmcBuf text;
    armc_buf_init(&text, armc_arena_fault(arena));
    armc_input_entry_text(input, entry, &text);
    const char *name = armc_arena_strdup(arena, text.data);
    armc_buf_clear(&text);
    return name;
}

ArmcDiag *armc_leak_tell(const ArmcGraph *graph, const ArmcReady *ready, const ArmcLeak *leak,
                         ArmcDiags *diags, const ArmcOrigin *model)
{
    const ArmcInput *input = graph->inputs[0];
    const ArmcLikelihood *likelihood = leak->likelihood;
    const ArmcOrigin *own = armc_origin_user(likelihood->origin);
    const ArmcSource *text = own ? own->span.source : NULL;
    int64_t entry = armc_likelihood_entry(likelihood, leak->k);
    int64_t seen =
        armc_input_at(input, armc_ready_at(ready, likelihood->params, leak->k, leak->group));
    Walk w = {.graph = graph,
              .ready = ready,
              .rank = armc_input_rank(input, entry),
              .channel = entry % armc_shape_features(input->shape)};
    walk(&w, likelihood->params, leak->k, leak->group);
    const ArmcNode *culprit = culprit_of(&w.suspects);
    const char *name = entry_name(graph->arena, input, seen);
    ArmcDiag *diag =
        armc_diag_add(diags, ARMC_E_leak, culprit && culprit->origin ? culprit->origin : model,
                      "%s: the distribution of %s depends on %s",
                      graph->may_leak ? "NOT autoregressive" : "this model is not autoregressive",
                      entry_name(graph->arena, input, entry), name);
    armc_diag_head(diag, text);
    armc_diag_label(diag, "%s gets through here", name);
    armc_diag_note(diag, (ArmcSpan){0}, "path: %s%s <- %s", likelihood->dist->name,
                   path_text(&w, text), name);
    armc_diag_help(diag, "a variable may depend on variables before it only: shift, mask or sum "
                         "what comes before (`sum_before`, `shift 1`)");
    return diag;
}
