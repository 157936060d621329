/* Models: their variable, their likelihood, and the graph that they become when bound to data. */
#include <inttypes.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"
#include "runtime/graph/ensemble.h"
#include "runtime/graph/prove.h"

/* A graph made for a shape, a number of levels and one of classes. */
typedef struct ArmcBound {
    ArmcShape shape;
    int levels, classes; /* classes: of the data; 0: it has no labels */
    ArmcGraph *graph;    /* NULL: it could not be made; that was reported */
    size_t finished;     /* nodes when it was finished: the top level may go on after that */
    ArmcBuild *build;
    struct ArmcBound *next;
} ArmcBound;

const char *armc_model_name(const ArmcModelRef *model)
{
    return model->name;
}

ArmcThing *armc_model_make(ArmcFrame *frame, const ArmcClosure *callee, ArmcCallSite *site)
{
    ArmcElaborator *e = frame->e;
    ArmcModelRef *model = ARMC_NEW(e->arena, ArmcModelRef);
    *model = (ArmcModelRef){.module = e->module,
                            .name = callee->name,
                            .tree = callee->tree,
                            .file = callee->scope,
                            .origin = site->origin};
    model->args = ARMC_NEW_ARRAY(e->arena, ArmcThing *, site->count + 1);
    bool poisoned = false;
    for (int i = 0; i < site->count; i++) {
        if (!site->actuals[i].thing && !site->actuals[i].tree)
            continue;
        model->args[i] =
            armc_argument_thing(frame, &site->formals[i], &site->actuals[i], site->origin);
        poisoned |= armc_thing_is_none(model->args[i]);
        if (model->args[i]->kind == ARMC_THING_VALUE) {
            armc_diag_add(e->diags, ARMC_E_bad_kind, site->origin,
                          "`%s` of the model `%s` takes a constant, this is %s",
                          site->formals[i].name, callee->name,
                          armc_thing_describe(e, model->args[i]));
            poisoned = true;
        }
    }
    if (poisoned)
        return armc_thing_none(e);
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_MODEL, site->origin);
    thing->model = model;
    return thing;
}

/* --- the variable --- */

/* A table of D columns is D x 1, a picture of one channel H x W x 1: features come last. */
static ArmcShape full_shape(ArmcShape shape, bool written)
{
    if (shape.rank == 1 || (written && shape.rank == 2))
        shape.dims[shape.rank++] = 1;
    return shape;
}

static const ArmcSpec input_specs[] = {
    {.name = "name", .kind = ARMC_SPEC_ANY, .doc = "the variable's name"},
    {.name = "size",
     .kind = ARMC_SPEC_INTS,
     .preset = "",
     .low = 1,
     .high = 1e15,
     .doc = "28x28x1, 28x28 (one channel) or a number of columns; without it the data says"},
    {.name = "levels",
     .kind = ARMC_SPEC_INT,
     .preset = "",
     .low = 2,
     .high = 65536,
     .doc = "entries are 0..levels-1"},
    {.name = "order",
     .kind = ARMC_SPEC_ANY,
     .preset = "raster",
     .symbols = ARMC_ORDER_KINDS,
     .doc = "the order of the variables: a word, a permutation, or the path of one (.npy)"},
    {.name = "seed",
     .kind = ARMC_SPEC_INT,
     .preset = "0",
     .low = 0,
     .high = 1e15,
     .doc = "of order=random; member k of an ensemble has seed + k"},
    {.name = "step",
     .kind = ARMC_SPEC_INT,
     .preset = "2",
     .low = 1,
     .high = 1e6,
     .doc = "of order=coarse: every so many-th pixel of every so many-th row comes first"},
    {.name = "members",
     .kind = ARMC_SPEC_INT,
     .preset = "1",
     .low = 1,
     .high = 1000,
     .doc = "an ensemble of so many, with the same parameters: p is the mean of the members' p"},
    {.kind = ARMC_SPEC_END},
};
enum { NAME, SIZE, LEVELS, ORDER, SEED, STEP, MEMBERS, SPECS };

/* `order` becomes the place of that argument. */
static bool read_input(ArmcFrame *frame, const ArmcTree *tree, ArmcAttr attrs[SPECS],
                       const ArmcOrigin **order)
{
    static const ArmcBuiltin row = {.name = "input", .args = input_specs};
    ArmcElaborator *e = frame->e;
    ArmcClosure callee = {.kind = ARMC_CALLEE_BUILTIN, .name = "input", .builtin = &row};
    ArmcTree *call = ARMC_NEW(e->arena, ArmcTree);
    *call = *tree;
    call->kind = ARMC_TREE_CALL;
    ArmcCallSite *site = armc_site_new(frame, armc_thing_callee(e, &callee, NULL)->block, call,
                                       armc_origin(frame, tree->span));
    bool fine = armc_site_fill(frame, site, NULL, 0);
    for (int i = SIZE; fine && i < SPECS; i++)
        fine &= armc_argument_attr(frame, site, i, &attrs[i]);
    const ArmcTree *written = site->actuals[ORDER].tree;
    *order = written ? armc_origin(frame, written->span) : site->origin;
    return fine;
}

static bool misplaced_input(ArmcFrame *frame, const ArmcTree *tree)
{
    const char *why = NULL;
    if (frame->body == ARMC_BODY_BLOCK || frame->body == ARMC_BODY_CLOSURE)
        why = "`input` stands in a model's body or at the top level, not in a block";
    else if (frame->body == ARMC_BODY_FILE && !frame->scope->file->is_main)
        why = "an imported file only defines names: `input` can't stand here";
    else if (frame->build && frame->build->variable)
        why = "a model has one variable, this is a second `input`";
    if (why)
        armc_diag_add(frame->e->diags, ARMC_E_input_place, armc_origin(frame, tree->span), "%s",
                      why);
    return why != NULL;
}

/* What `input` says against what the data has. */
static bool agree_shape(ArmcFrame *frame, const ArmcAttr *attr, ArmcShape *shape,
                        const ArmcOrigin *origin)
{
    if (!attr->given)
        return true;
    ArmcShape written = {0};
    if (attr->count >= 1 && attr->count <= 3)
        written = full_shape(armc_shape_make(attr->count, attr->ints), true);
    if (written.rank == 0 || armc_shape_size(written) < 1) {
        armc_diag_add(frame->e->diags, ARMC_E_bad_shape, origin,
                      "an input has 1 to 3 dimensions and less than 2^53 entries");
        return false;
    }
    if (shape->rank && !armc_shape_equal(*shape, written)) {
        char a[96], b[96];
        armc_diag_add(frame->e->diags, ARMC_E_shape_mismatch, origin,
                      "the input is declared as %s, the data is %s", armc_shape_text(written, a),
                      armc_shape_text(*shape, b));
        return false;
    }
    *shape = written;
    return true;
}

static bool agree_levels(ArmcFrame *frame, const ArmcAttr *attr, int *levels,
                         const ArmcOrigin *origin)
{
    if (!attr->given)
        return true;
    if (*levels && *levels != attr->i) {
        armc_diag_add(frame->e->diags, ARMC_E_shape_mismatch, origin,
                      "the input is declared with %" PRId64 " levels, the data has %d", attr->i,
                      *levels);
        return false;
    }
    *levels = (int)attr->i;
    return true;
}

/* The top level is a model as soon as it has an `input`. */
static void open_top_level(ArmcFrame *frame)
{
    ArmcElaborator *e = frame->e;
    ArmcModelRef *model = ARMC_NEW(e->arena, ArmcModelRef);
    *model = (ArmcModelRef){
        .module = e->module, .name = "model", .bound = ARMC_NEW(e->arena, ArmcBound)};
    model->bound->build = ARMC_NEW(e->arena, ArmcBuild);
    model->bound->build->graph = armc_graph_new(e->arena, e->diags);
    frame->build = model->bound->build;
    frame->path = armc_path_new(e->arena, "", false);
    frame->stage_depth = 0;
    e->module->model = model;
}

static void bind_constants(ArmcFrame *frame, const ArmcBuild *build)
{
    static const char *const image[] = {"height", "width", "channels"};
    ArmcElaborator *e = frame->e;
    ArmcShape shape = build->shape;
    const ArmcOrigin *origin = build->input->node->origin;
    for (int i = 0; shape.rank == 3 && i < 3; i++)
        armc_scope_bind(e, frame->scope, image[i], armc_thing_int(e, shape.dims[i], origin));
    if (shape.rank < 3)
        armc_scope_bind(e, frame->scope, "channels",
                        armc_thing_int(e, shape.dims[shape.rank - 1], origin));
    armc_scope_bind(e, frame->scope, "levels", armc_thing_int(e, build->levels, origin));
    armc_scope_bind(e, frame->scope, "dims", armc_thing_int(e, armc_shape_size(shape), origin));
    armc_scope_bind(e, frame->scope, "member", armc_thing_int(e, build->member, origin));
}

/* The top level's statements run once, as they are read. */
static bool lacks_body(ArmcFrame *frame, int64_t members, const ArmcOrigin *origin)
{
    if (members == 1 || frame->body == ARMC_BODY_MODEL)
        return false;
    ArmcDiag *diag = armc_diag_add(frame->e->diags, ARMC_E_ensemble, origin,
                                   "an ensemble is made of a model, and this is the top level");
    armc_diag_help(diag, "model NAME { input image members=%" PRId64 "; … }", members);
    return true;
}

static bool lacks_shape(ArmcFrame *frame, const ArmcBuild *build, const ArmcOrigin *origin)
{
    if (build->shape.rank && build->levels)
        return false;
    ArmcDiag *diag =
        armc_diag_add(frame->e->diags, ARMC_E_bad_shape, origin, "the input's %s not known here",
                      build->shape.rank ? "number of levels is" : "size is");
    armc_diag_help(diag, "at the top level both are written out: input image 28x28x1 levels=2");
    return true;
}

static bool make_input(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcAttr attrs[SPECS] = {0};
    ArmcBuild *build = frame->build;
    const ArmcOrigin *origin = armc_origin(frame, tree->span), *order;
    if (!read_input(frame, tree, attrs, &order) ||
        !agree_shape(frame, &attrs[SIZE], &build->shape, origin) ||
        !agree_levels(frame, &attrs[LEVELS], &build->levels, origin) ||
        lacks_shape(frame, build, origin) || lacks_body(frame, attrs[MEMBERS].i, origin))
        return false;
    ArmcInput input = {.name = tree->kids[0]->name,
                       .shape = build->shape,
                       .levels = build->levels,
                       .origin = origin};
    if (!armc_order_argument(frame, &attrs[ORDER], &attrs[SEED], &attrs[STEP], build->shape, order,
                             &input.order))
        return false;
    build->members = (int)attrs[MEMBERS].i;
    build->input = armc_graph_input(build->graph, &input);
    build->variable = input.name;
    bind_constants(frame, build);
    return true;
}

void armc_run_input(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    if (misplaced_input(frame, tree))
        return;
    if (!frame->build)
        open_top_level(frame);
    bool made = make_input(frame, tree);
    ArmcThing *thing =
        made ? armc_thing_value(e, frame->build->input, frame->build->input->node->origin)
             : armc_thing_none(e);
    frame->it = thing;
    armc_scope_bind(e, frame->scope, tree->kids[0]->name, thing);
    for (int i = 0; !made && i < 6; i++) {
        static const char *const constants[] = {"height", "width", "channels",
                                                "levels", "dims",  "member"};
        armc_scope_bind(e, frame->scope, constants[i], armc_thing_none(e));
    }
}

void armc_run_unproved(ArmcFrame *frame, const ArmcTree *tree)
{
    bool in_block = frame->body == ARMC_BODY_BLOCK || frame->body == ARMC_BODY_CLOSURE;
    if (frame->build && !in_block) {
        frame->build->graph->may_leak = true;
        return;
    }
    armc_diag_add(frame->e->diags, ARMC_E_unproved_place, armc_origin(frame, tree->span), "%s",
                  in_block
                      ? "`unproved` stands in a model's body or at the top level, not in a block"
                      : "`unproved` is said of a model, and no `input` came before");
}

/* --- the likelihood --- */

static bool find_dist(ArmcFrame *frame, const ArmcTree *tree, const ArmcDist **dist)
{
    ArmcElaborator *e = frame->e;
    const ArmcThing *thing = armc_scope_find(e, frame->scope, tree->name, true);
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    if (thing && thing->kind == ARMC_THING_BLOCK && thing->block->kind == ARMC_CALLEE_DIST) {
        *dist = thing->block->dist;
        if (tree->kind != ARMC_TREE_CALL || tree->kid_count == 0)
            return true;
        ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_bad_arity, origin,
                                       "`%s` takes no arguments", tree->name);
        armc_diag_help(diag, "its parameters are the current value, `it`");
        return false;
    }
    const char *words[64];
    size_t count = 0;
    for (; armc_dists[count] && count < 64; count++)
        words[count] = armc_dists[count]->name;
    const char *near = armc_suggest(tree->name, words, count), *all = "";
    for (size_t i = 0; i < count; i++)
        all = armc_arena_printf(e->arena, "%s%s`%s`", all, i ? ", " : "", words[i]);
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_unknown_name, origin,
                                   "there is no distribution `%s`", tree->name);
    if (near)
        armc_diag_help(diag, "did you mean `%s`?", near);
    else
        armc_diag_help(diag, "the distributions are %s", all);
    return false;
}

static bool is_variable(ArmcFrame *frame, const ArmcTree *target)
{
    ArmcElaborator *e = frame->e;
    const ArmcTree *name = target->kind == ARMC_TREE_INDEX ? target->kids[0] : target;
    ArmcThing *thing = armc_eval(frame, name);
    if (armc_thing_is_none(thing))
        return false;
    if (thing->kind == ARMC_THING_VALUE && thing->value == frame->build->input)
        return true;
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_bad_kind, armc_origin(frame, name->span),
                                   "only the model's variable has a likelihood, this is %s",
                                   armc_thing_describe(e, thing));
    armc_diag_help(diag, "the variable is `%s`", frame->build->variable);
    return false;
}

/* The model under construction, where its variable is known; NULL after a diagnostic, or silently
 * after one about `input`. */
static ArmcBuild *model_here(ArmcFrame *frame, const ArmcTree *tree)
{
    if (frame->build && frame->build->variable)
        return frame->build;
    const ArmcName *name = armc_scope_own(frame->scope, "levels");
    if (!name || !armc_thing_is_none(name->thing)) {
        ArmcDiag *diag =
            armc_diag_add(frame->e->diags, ARMC_E_no_input, armc_origin(frame, tree->span),
                          "`~` needs a variable, and no `input` came before");
        armc_diag_help(diag, "a model begins with its variable: input image");
    }
    return NULL;
}

void armc_run_likelihood(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    const ArmcTree *target = tree->kids[0];
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    const ArmcDist *dist;
    ArmcBuild *build = model_here(frame, tree);
    if (!build || !find_dist(frame, tree->kids[1], &dist) || !is_variable(frame, target))
        return;
    const int64_t *entries = NULL;
    int64_t count = armc_shape_size(build->shape);
    if (target->kind == ARMC_TREE_INDEX &&
        !armc_index_entries(frame, target, build->shape, &entries, &count))
        return;
    if (!frame->it) {
        armc_diag_add(e->diags, ARMC_E_no_current_value, origin,
                      "`~` takes the current value as parameters, and there is none");
        return;
    }
    ArmcValue *params = armc_argument_value(frame, frame->it, "`~`", origin);
    if (params)
        armc_graph_likelihood(build->graph, dist, entries, count, params, origin);
}

/* --- binding --- */

static void bind_arguments(ArmcFrame *frame, ArmcModelRef *model)
{
    ArmcElaborator *e = frame->e;
    const ArmcTree *params = model->tree->kids[0];
    for (int i = 0; i < params->kid_count; i++) {
        const ArmcTree *kid = params->kids[i];
        ArmcFormal formal = {.name = kid->name, .parameter = kid};
        ArmcActual preset = {.tree = kid->kids[1]};
        ArmcThing *thing = model->args[i]
                               ? model->args[i]
                               : armc_argument_thing(frame, &formal, &preset, model->origin);
        armc_scope_bind(e, frame->scope, kid->name, thing);
    }
}

static ArmcFrame model_frame(ArmcModelRef *model, ArmcBuild *build)
{
    ArmcElaborator *e = &model->module->e;
    return (ArmcFrame){
        .e = e,
        .body = ARMC_BODY_MODEL,
        .scope = armc_scope_new(e, model->file, true),
        .caller = model->origin,
        .path = armc_path_new(e->arena, "", false),
        .build = build,
    };
}

/* What holds for every whole model: its likelihoods cover the variable, and it is autoregressive.
 */
static bool finish(ArmcGraph *graph, const ArmcOrigin *origin)
{
    return armc_graph_finish(graph, origin) && armc_prove(graph, origin);
}

static bool run_model(ArmcModelRef *model, ArmcBuild *build)
{
    ArmcElaborator *e = &model->module->e;
    size_t before = armc_diags_count(e->diags);
    ArmcFrame frame = model_frame(model, build);
    frame.outer = e->frame;
    e->frame = &frame;
    bind_arguments(&frame, model);
    armc_run_body(&frame, model->tree->kids[1]);
    e->frame = frame.outer;
    if (armc_diags_count(e->diags) > before)
        return false;
    if (!build->variable) {
        armc_diag_add(e->diags, ARMC_E_no_input, armc_origin(&frame, armc_header_span(model->tree)),
                      "the model `%s` has no `input`", model->tree->name);
        return false;
    }
    return finish(build->graph, armc_origin(&frame, armc_header_span(model->tree)));
}

/* Labels of few classes are fine for a graph of more; without a condition labels don't matter. */
static bool takes_classes(const ArmcGraph *graph, int classes)
{
    return graph->input_count < 2 || (classes > 0 && classes <= graph->inputs[1]->levels);
}

static bool agree_top_level_classes(const ArmcBuild *build, ArmcDiags *diags, int classes,
                                    const ArmcOrigin *origin)
{
    if (takes_classes(build->graph, classes))
        return true;
    if (classes == 0)
        armc_diag_add(diags, ARMC_E_given, origin, "the data has no labels, or not in every split");
    else
        armc_diag_add(diags, ARMC_E_shape_mismatch, origin,
                      "the label is declared with %d classes, the data has %d", build->classes,
                      classes);
    return false;
}

static ArmcGraph *bind_top_level(ArmcModelRef *model, ArmcShape shape, int levels, int classes,
                                 const ArmcOrigin *origin)
{
    ArmcElaborator *e = &model->module->e;
    ArmcBound *bound = model->bound;
    ArmcBuild *build = bound->build;
    char a[96], b[96];
    if (!build->variable)
        return NULL; /* reported at `input` */
    if (shape.rank > 0 && (!armc_shape_equal(build->shape, shape) || build->levels != levels)) {
        armc_diag_add(e->diags, ARMC_E_shape_mismatch, origin,
                      "the input is %s with %d levels, the data %s with %d",
                      armc_shape_text(build->shape, a), build->levels, armc_shape_text(shape, b),
                      levels);
        return NULL;
    }
    if (shape.rank > 0 && !agree_top_level_classes(build, e->diags, classes, origin))
        return NULL;
    if (bound->finished != build->graph->node_count &&
        !finish(build->graph, build->input->node->origin))
        return NULL;
    bound->finished = build->graph->node_count;
    model->rows = build->rows;
    model->row_count = build->row_count;
    return build->graph;
}

/* A model's body, for one member, with the shape, levels and classes that are asked for. NULL after
 * diagnostics. */
static ArmcBuild *build_member(ArmcModelRef *model, const ArmcBuild *asked, int member)
{
    ArmcElaborator *e = &model->module->e;
    ArmcBuild *build = ARMC_NEW(e->arena, ArmcBuild);
    *build = (ArmcBuild){.graph = armc_graph_new(e->arena, e->diags),
                         .shape = asked->shape,
                         .levels = asked->levels,
                         .classes = asked->classes,
                         .member = member};
    build->graph->member = member;
    return run_model(model, build) ? build : NULL;
}

/* Those behind the first one, which knows how many there are. */
static bool build_others(ArmcModelRef *model, const ArmcBuild *asked, const ArmcBuild *first)
{
    ArmcGraph **members = ARMC_NEW_ARRAY(first->graph->arena, ArmcGraph *, first->members);
    members[0] = first->graph;
    for (int m = 1; m < first->members; m++) {
        const ArmcBuild *build = build_member(model, asked, m);
        if (!build)
            return false;
        members[m] = build->graph;
    }
    return first->members == 1 || armc_ensemble_join(members, first->members);
}

void armc_model_reopen(ArmcModelRef *model)
{
    model->bound->finished = 0;
}

static bool serves(const ArmcBound *bound, ArmcShape shape, int levels, int classes)
{
    return armc_shape_equal(bound->shape, shape) && bound->levels == levels &&
           (bound->graph ? takes_classes(bound->graph, classes) : bound->classes == classes);
}

ArmcGraph *armc_model_bind(ArmcModelRef *model, ArmcShape shape, int levels, int classes,
                           const ArmcOrigin *origin)
{
    ArmcElaborator *e = &model->module->e;
    shape = full_shape(shape, false);
    if (!model->tree)
        return bind_top_level(model, shape, levels, classes, origin);
    for (ArmcBound *bound = model->bound; bound; bound = bound->next)
        if (serves(bound, shape, levels, classes))
            return bound->graph;
    const ArmcBuild asked = {.shape = shape, .levels = levels, .classes = classes};
    ArmcBuild *build = build_member(model, &asked, 0);
    ArmcBound *bound = ARMC_NEW(e->arena, ArmcBound);
    *bound = (ArmcBound){
        .shape = shape, .levels = levels, .classes = classes, .build = build, .next = model->bound};
    model->bound = bound;
    if (!build)
        return NULL;
    bound->graph = build_others(model, &asked, build) ? build->graph : NULL;
    model->rows = build->rows;
    model->row_count = build->row_count;
    return bound->graph;
}
