/* Who gets what: a call's arguments are distributed over what the callee takes. One set of rules
 * for ops, blocks, models, builtins and commands. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"
#include "runtime/graph/sig.h"

/* --- what a callee takes --- */

static int spec_count(const ArmcSpec *specs)
{
    int count = 0;
    while (specs && specs[count].kind != ARMC_SPEC_END)
        count++;
    return count;
}

static const ArmcSpec *specs_of(const ArmcClosure *callee)
{
    if (callee->kind == ARMC_CALLEE_OP)
        return callee->op->attrs;
    if (callee->kind == ARMC_CALLEE_BUILTIN)
        return callee->builtin->args;
    return callee->kind == ARMC_CALLEE_COMMAND ? callee->command->args : NULL;
}

static void add_formal(ArmcCallSite *site, ArmcFormal formal)
{
    site->formals[site->count++] = formal;
}

static void add_inputs(ArmcElaborator *e, ArmcCallSite *site, const ArmcOp *op)
{
    ArmcSig sig;
    armc_sig_parse(op->sig, &sig);
    for (int i = 0; i < sig.in_count; i++)
        add_formal(site, (ArmcFormal){.name = armc_arena_strdup(e->arena, sig.in_names[i]),
                                      .required = i < sig.must});
}

static void add_parameters(ArmcCallSite *site, const ArmcTree *params)
{
    for (int i = 0; i < params->kid_count; i++) {
        const ArmcTree *kid = params->kids[i];
        add_formal(site,
                   (ArmcFormal){.name = kid->name, .required = !kid->kids[1], .parameter = kid});
    }
}

static int formal_room(const ArmcClosure *callee)
{
    int room = spec_count(specs_of(callee)) + ARMC_MAX_INPUTS + 1;
    if (callee->kind == ARMC_CALLEE_BLOCK || callee->kind == ARMC_CALLEE_MODEL)
        room += callee->tree->kids[0]->kid_count;
    return room;
}

static void add_formals(ArmcElaborator *e, ArmcCallSite *site)
{
    const ArmcClosure *callee = site->callee;
    if (callee->kind == ARMC_CALLEE_BLOCK || callee->kind == ARMC_CALLEE_MODEL)
        add_parameters(site, callee->tree->kids[0]);
    else if (callee->kind == ARMC_CALLEE_CLOSURE)
        add_formal(site, (ArmcFormal){.name = "it", .required = true});
    else if (callee->kind == ARMC_CALLEE_OP)
        add_inputs(e, site, callee->op);
    const ArmcSpec *specs = specs_of(callee);
    for (int i = 0; i < spec_count(specs); i++)
        add_formal(site, (ArmcFormal){specs[i].name, !specs[i].preset, &specs[i], NULL});
}

ArmcCallSite *armc_site_new(ArmcFrame *frame, const ArmcClosure *callee, const ArmcTree *call,
                            const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    ArmcCallSite *site = ARMC_NEW(e->arena, ArmcCallSite);
    site->callee = callee;
    site->call = call;
    site->origin = origin;
    site->formals = ARMC_NEW_ARRAY(e->arena, ArmcFormal, formal_room(callee));
    add_formals(e, site);
    site->actuals = ARMC_NEW_ARRAY(e->arena, ArmcActual, site->count + 1);
    return site;
}

/* --- signatures in words --- */

/* An expression as it was written. */
static const char *written(ArmcElaborator *e, const ArmcTree *tree)
{
    ArmcSpan span = tree->span;
    return armc_arena_strndup(e->arena, span.source->text + span.begin, span.end - span.begin);
}

static const char *parameter_text(ArmcElaborator *e, const ArmcTree *parameter)
{
    const char *text = parameter->name;
    const ArmcTree *enums = parameter->kids[0], *preset = parameter->kids[1];
    for (int i = 0; enums && i < enums->kid_count; i++)
        text = armc_arena_printf(e->arena, "%s%s%s", text, i ? " | " : ": ", enums->kids[i]->name);
    return preset ? armc_arena_printf(e->arena, "%s = %s", text, written(e, preset)) : text;
}

static const char *spec_text(ArmcElaborator *e, const ArmcSpec *spec)
{
    const char *text = spec->name;
    if (spec->kind == ARMC_SPEC_SYMBOL)
        text = armc_arena_printf(e->arena, "%s: %s", text, spec->symbols);
    if (!spec->preset)
        return text;
    if (!*spec->preset)
        return armc_arena_printf(e->arena, "[%s]", text);
    return armc_arena_printf(e->arena, "%s = %s", text, spec->preset);
}

static const char *formal_text(ArmcElaborator *e, const ArmcFormal *formal)
{
    if (formal->parameter)
        return parameter_text(e, formal->parameter);
    if (formal->spec)
        return spec_text(e, formal->spec);
    return formal->required ? formal->name : armc_arena_printf(e->arena, "[%s]", formal->name);
}

const char *armc_callee_signature(ArmcElaborator *e, const ArmcClosure *callee)
{
    ArmcCallSite site = {.callee = callee};
    site.formals = ARMC_NEW_ARRAY(e->arena, ArmcFormal, formal_room(callee));
    add_formals(e, &site);
    const char *text = armc_arena_printf(e->arena, "%s(", callee->name);
    for (int i = 0; i < site.count; i++)
        text = armc_arena_printf(e->arena, "%s%s%s", text, i ? ", " : "",
                                 formal_text(e, &site.formals[i]));
    return armc_arena_printf(e->arena, "%s)", text);
}

/* --- distribution --- */

static bool is_given(const ArmcActual *actual)
{
    return actual->thing || actual->tree;
}

static int find_formal(const ArmcCallSite *site, const char *name)
{
    for (int i = 0; i < site->count; i++)
        if (strcmp(site->formals[i].name, name) == 0)
            return i;
    return -1;
}

static void help_signature(ArmcElaborator *e, ArmcDiag *diag, const ArmcCallSite *site)
{
    armc_diag_help(diag, "%s", armc_callee_signature(e, site->callee));
}

static const char *nearest_formal(ArmcElaborator *e, const ArmcCallSite *site, const char *name)
{
    const char **words = ARMC_NEW_ARRAY(e->arena, const char *, site->count + 1);
    for (int i = 0; i < site->count; i++)
        words[i] = site->formals[i].name;
    return armc_suggest(name, words, (size_t)site->count);
}

static bool unknown_argument(ArmcFrame *frame, const ArmcCallSite *site, const ArmcTree *arg)
{
    ArmcElaborator *e = frame->e;
    const char *near = nearest_formal(e, site, arg->name);
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_unknown_argument, armc_origin(frame, arg->span),
                                   "`%s` has no argument `%s`", site->callee->name, arg->name);
    if (near)
        armc_diag_label(diag, "did you mean `%s`?", near);
    help_signature(e, diag, site);
    return false;
}

static bool twice(ArmcFrame *frame, const ArmcCallSite *site, ArmcSpan span, int index)
{
    ArmcDiag *diag =
        armc_diag_add(frame->e->diags, ARMC_E_duplicate_argument, armc_origin(frame, span),
                      "`%s` of `%s` is given twice", site->formals[index].name, site->callee->name);
    help_signature(frame->e, diag, site);
    return false;
}

static bool put_named(ArmcFrame *frame, ArmcCallSite *site, const ArmcTree *arg)
{
    int index = find_formal(site, arg->name);
    if (index < 0)
        return unknown_argument(frame, site, arg);
    if (is_given(&site->actuals[index]))
        return twice(frame, site, arg->span, index);
    site->actuals[index].tree = arg->kids[0];
    return true;
}

static bool too_many(ArmcFrame *frame, const ArmcCallSite *site, const ArmcOrigin *origin,
                     int found)
{
    ArmcDiag *diag = armc_diag_add(
        frame->e->diags, ARMC_E_bad_arity, origin, "`%s` takes %d argument%s by place, found %d",
        site->callee->name, site->count, site->count == 1 ? "" : "s", found);
    help_signature(frame->e, diag, site);
    return false;
}

/* The `{ body }` of a call goes to the parameter named `body`, else to the last one. */
static int closure_place(const ArmcCallSite *site)
{
    int index = find_formal(site, "body");
    return index >= 0 ? index : site->count - 1;
}

static const ArmcTree *closure_of(const ArmcTree *call)
{
    if (!call || call->kind != ARMC_TREE_CALL || call->kid_count == 0)
        return NULL;
    const ArmcTree *last = call->kids[call->kid_count - 1];
    return last->kind == ARMC_TREE_CLOSURE ? last : NULL;
}

static bool put_closure(ArmcFrame *frame, ArmcCallSite *site, const ArmcTree *closure, int reserved)
{
    bool takes_one = reserved >= 0 && site->formals[reserved].parameter;
    if (!takes_one) {
        ArmcDiag *diag =
            armc_diag_add(frame->e->diags, ARMC_E_bad_arity, armc_origin(frame, closure->span),
                          "`%s` takes no { body }", site->callee->name);
        help_signature(frame->e, diag, site);
        return false;
    }
    if (is_given(&site->actuals[reserved]))
        return twice(frame, site, closure->span, reserved);
    site->actuals[reserved].tree = closure;
    return true;
}

/* Does a command's MODEL go without saying? The top level's own statements are a model too. */
static bool skips(ArmcFrame *frame, const ArmcCallSite *site, int index, const ArmcTree *tree)
{
    const ArmcSpec *spec = site->formals[index].spec;
    if (!spec || spec->kind != ARMC_SPEC_MODEL || !frame->e->module->model)
        return false;
    if (tree->kind != ARMC_TREE_NAME)
        return true;
    const ArmcThing *thing = armc_scope_find(frame->e, frame->scope, tree->name, false);
    return thing && thing->kind != ARMC_THING_MODEL && thing->kind != ARMC_THING_NONE &&
           !(armc_thing_is_callable(thing) && thing->block->kind == ARMC_CALLEE_MODEL);
}

static bool put_positional(ArmcFrame *frame, ArmcCallSite *site, const ArmcTree *tree, int *place,
                           int reserved)
{
    if (*place < site->count && skips(frame, site, *place, tree))
        (*place)++;
    if (*place == reserved)
        (*place)++;
    if (*place >= site->count)
        return too_many(frame, site, armc_origin(frame, tree->span), *place + 1);
    if (is_given(&site->actuals[*place]))
        return twice(frame, site, tree->span, *place);
    site->actuals[(*place)++].tree = tree;
    return true;
}

static bool put_all(ArmcFrame *frame, ArmcCallSite *site, int place)
{
    const ArmcTree *closure = closure_of(site->call);
    int reserved = closure ? closure_place(site) : -1;
    bool fine = true;
    for (int i = 0; site->call->kind == ARMC_TREE_CALL && i < site->call->kid_count; i++) {
        const ArmcTree *kid = site->call->kids[i];
        if (kid == closure)
            fine &= put_closure(frame, site, kid, reserved);
        else if (kid->kind == ARMC_TREE_ARG)
            fine &= put_named(frame, site, kid);
        else
            fine = fine && put_positional(frame, site, kid, &place, reserved);
    }
    return fine;
}

/* "`n`" or "`n` and `body`" */
static const char *list_missing(ArmcElaborator *e, const ArmcCallSite *site)
{
    const char *text = NULL;
    for (int i = 0; i < site->count; i++)
        if (site->formals[i].required && !is_given(&site->actuals[i]))
            text = text ? armc_arena_printf(e->arena, "%s and `%s`", text, site->formals[i].name)
                        : armc_arena_printf(e->arena, "`%s`", site->formals[i].name);
    return text;
}

static bool is_top_model(ArmcFrame *frame, const ArmcFormal *formal)
{
    return formal->spec && formal->spec->kind == ARMC_SPEC_MODEL && frame->e->module->model;
}

/* A command's model that was not named is that of the top level. */
static void put_top_model(ArmcFrame *frame, ArmcCallSite *site)
{
    for (int i = 0; i < site->count; i++) {
        if (is_given(&site->actuals[i]) || !is_top_model(frame, &site->formals[i]))
            continue;
        site->actuals[i].thing = armc_thing_new(frame->e, ARMC_THING_MODEL, site->origin);
        site->actuals[i].thing->model = frame->e->module->model;
    }
}

bool armc_site_fill(ArmcFrame *frame, ArmcCallSite *site, ArmcThing *const *first, int first_count)
{
    if (first_count > site->count)
        return too_many(frame, site, site->origin, first_count);
    for (int i = 0; i < first_count; i++)
        site->actuals[i].thing = first[i];
    if (site->call && !put_all(frame, site, first_count))
        return false;
    put_top_model(frame, site);
    const char *missing = list_missing(frame->e, site);
    if (!missing)
        return true;
    ArmcDiag *diag = armc_diag_add(frame->e->diags, ARMC_E_missing_argument, site->origin,
                                   "`%s` needs %s", site->callee->name, missing);
    help_signature(frame->e, diag, site);
    return false;
}
