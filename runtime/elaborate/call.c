/* Calls: of ops, blocks, closures, models, builtins and commands. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

/* --- who is called --- */

static void unknown_callee(ArmcFrame *frame, const ArmcTree *call, const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_unknown_name, origin, "nothing is called `%s`", call->name);
    const char *near = armc_scope_nearest(e, frame->scope, call->name, true);
    if (near)
        armc_diag_help(diag, "did you mean `%s`?", near);
}

/* The name without the arguments behind it. */
static ArmcSpan name_span(const ArmcTree *call)
{
    ArmcSpan span = call->span;
    size_t end = span.begin + strlen(call->name);
    if (end < span.end)
        span.end = end;
    return span;
}

const ArmcThing *armc_resolve_callee(ArmcFrame *frame, const ArmcTree *call)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *found = armc_scope_find(e, frame->scope, call->name, true);
    if (found)
        return armc_thing_is_none(found) ? NULL : found;
    const ArmcOrigin *origin = armc_origin(frame, name_span(call));
    ArmcThing *other = armc_scope_find(e, frame->scope, call->name, false);
    if (!other)
        unknown_callee(frame, call, origin);
    else if (!armc_thing_is_none(other))
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`%s` is %s, it can't be called",
                      call->name, armc_thing_describe(e, other));
    return NULL;
}

/* --- ops and builtins --- */

static ArmcThing *call_op(ArmcFrame *frame, ArmcCallSite *site)
{
    ArmcElaborator *e = frame->e;
    ArmcValue *in[ARMC_MAX_INPUTS] = {0};
    ArmcAttr *attrs = ARMC_NEW_ARRAY(e->arena, ArmcAttr, ARMC_MAX_ATTRS);
    int in_count = 0, attr_count = 0;
    bool fine = true;
    for (int i = 0; i < site->count; i++) {
        const ArmcActual *actual = &site->actuals[i];
        if (site->formals[i].spec) {
            fine &= armc_argument_attr(frame, site, i, &attrs[attr_count++]);
            continue;
        }
        if (!actual->tree && !actual->thing)
            continue; /* it may be left out */
        const char *what =
            armc_arena_printf(e->arena, "`%s` of `%s`", site->formals[i].name, site->callee->name);
        const ArmcOrigin *origin =
            actual->tree ? armc_origin(frame, actual->tree->span) : site->origin;
        in[in_count] = armc_argument_value(
            frame, actual->tree ? armc_eval(frame, actual->tree) : actual->thing, what, origin);
        fine &= in[in_count++] != NULL;
    }
    if (!fine)
        return armc_thing_none(e);
    if (!frame->build) {
        armc_diag_add(e->diags, ARMC_E_no_input, site->origin,
                      "`%s` works on values, and there is no model here", site->callee->name);
        return armc_thing_none(e);
    }
    ArmcValue *made =
        armc_graph_call(frame->build->graph, site->callee->op, in_count, in, attrs, site->origin);
    return armc_thing_value(e, made, site->origin);
}

static ArmcThing *call_builtin(ArmcFrame *frame, ArmcCallSite *site)
{
    ArmcElaborator *e = frame->e;
    ArmcAttr *args = ARMC_NEW_ARRAY(e->arena, ArmcAttr, site->count + 1);
    bool fine = true;
    for (int i = 0; i < site->count; i++)
        fine &= armc_argument_attr(frame, site, i, &args[i]);
    ArmcThing *made = fine ? site->callee->builtin->call(e, args, site->origin) : NULL;
    return made ? made : armc_thing_none(e);
}

/* --- blocks and closures --- */

static ArmcThing *too_deep(ArmcElaborator *e, const ArmcCallSite *site)
{
    if (!e->stopped) {
        ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_too_deep, site->origin,
                                       "`%s` calls itself without an end (more than %d calls deep)",
                                       site->callee->name, ARMC_CALL_DEPTH);
        armc_diag_help(diag, "a block that calls itself needs an `if` that ends the recursion");
    }
    e->stopped = true;
    return armc_thing_none(e);
}

static void run_frame(ArmcFrame *inner, const ArmcTree *body)
{
    ArmcElaborator *e = inner->e;
    inner->outer = e->frame;
    e->frame = inner;
    e->depth++;
    armc_run_body(inner, body);
    e->depth--;
    e->frame = inner->outer;
}

/* What a body hands back: what `return` names, else its last value. */
static ArmcThing *outcome(const ArmcFrame *inner, const ArmcCallSite *site)
{
    if (inner->result)
        return inner->result;
    if (inner->it)
        return inner->it;
    if (!inner->e->stopped)
        armc_diag_add(inner->e->diags, ARMC_E_no_current_value, site->origin,
                      "`%s` makes nothing: its body has no value", site->callee->name);
    return armc_thing_none(inner->e);
}

/* Defaults are evaluated among the parameters before them. A parameter `it` is the body's first
 * current value. */
static void bind_parameters(ArmcFrame *frame, ArmcFrame *inner, ArmcCallSite *site)
{
    for (int i = 0; i < site->count; i++) {
        const ArmcFormal *formal = &site->formals[i];
        bool given = site->actuals[i].thing || site->actuals[i].tree;
        ArmcActual preset = {.tree = formal->parameter->kids[1]};
        ArmcThing *thing = given
                               ? armc_argument_thing(frame, formal, &site->actuals[i], site->origin)
                               : armc_argument_thing(inner, formal, &preset, site->origin);
        armc_scope_bind(frame->e, inner->scope, formal->name, thing);
        if (strcmp(formal->name, "it") == 0)
            inner->it = thing;
    }
}

static ArmcFrame inner_frame(ArmcFrame *frame, ArmcBody body, ArmcScope *scope,
                             const ArmcOrigin *caller)
{
    return (ArmcFrame){.e = frame->e,
                       .body = body,
                       .scope = scope,
                       .caller = caller,
                       .build = frame->build,
                       .stage_depth = -1};
}

static ArmcThing *call_block(ArmcFrame *frame, ArmcCallSite *site, const char *as)
{
    ArmcElaborator *e = frame->e;
    const ArmcClosure *callee = site->callee;
    ArmcFrame inner =
        inner_frame(frame, ARMC_BODY_BLOCK, armc_scope_new(e, callee->scope, true), site->origin);
    inner.path = armc_path_enter(e->arena, frame->path, as ? as : callee->name);
    bind_parameters(frame, &inner, site);
    run_frame(&inner, callee->tree->kids[1]);
    return outcome(&inner, site);
}

static ArmcThing *call_closure(ArmcFrame *frame, ArmcCallSite *site, const char *as)
{
    ArmcElaborator *e = frame->e;
    const ArmcClosure *callee = site->callee;
    ArmcFrame inner = inner_frame(frame, ARMC_BODY_CLOSURE, armc_scope_new(e, callee->scope, false),
                                  site->origin);
    inner.path = frame->path;
    if (callee->path)
        inner.path = armc_path_new(e->arena, callee->path->prefix, true);
    else if (as)
        inner.path = armc_path_enter(e->arena, frame->path, as);
    inner.it =
        site->actuals[0].thing ? site->actuals[0].thing : armc_eval(frame, site->actuals[0].tree);
    inner.stage_depth = callee->stage_depth;
    run_frame(&inner, callee->tree->kids[0]);
    return outcome(&inner, site);
}

/* --- all of them --- */

static ArmcThing *not_callable(ArmcFrame *frame, const ArmcCallSite *site)
{
    ArmcDiag *diag = armc_diag_add(frame->e->diags, ARMC_E_bad_kind, site->origin,
                                   "`%s` is %s, it stands behind `~`", site->callee->name,
                                   armc_callee_kind_name(site->callee->kind));
    armc_diag_help(diag, "%s ~ %s",
                   frame->build && frame->build->variable ? frame->build->variable : "x",
                   site->callee->name);
    return armc_thing_none(frame->e);
}

static ArmcThing *call_site(ArmcFrame *frame, ArmcCallSite *site, const char *as)
{
    if (frame->e->depth >= ARMC_CALL_DEPTH)
        return too_deep(frame->e, site);
    switch (site->callee->kind) {
    case ARMC_CALLEE_OP:
        return call_op(frame, site);
    case ARMC_CALLEE_BUILTIN:
        return call_builtin(frame, site);
    case ARMC_CALLEE_BLOCK:
        return call_block(frame, site, as);
    case ARMC_CALLEE_CLOSURE:
        return call_closure(frame, site, as);
    case ARMC_CALLEE_MODEL:
        return armc_model_make(frame, site->callee, site);
    case ARMC_CALLEE_COMMAND:
        return armc_run_command(frame, site, true);
    default:
        return not_callable(frame, site);
    }
}

ArmcThing *armc_call(ArmcFrame *frame, const ArmcClosure *callee, const ArmcTree *call,
                     ArmcThing *first, const char *as)
{
    ArmcCallSite *site = armc_site_new(frame, callee, call, armc_origin(frame, call->span));
    if (callee->kind == ARMC_CALLEE_DIST)
        return not_callable(frame, site);
    if (first && armc_thing_is_none(first))
        return first;
    if (!armc_site_fill(frame, site, &first, first != NULL))
        return armc_thing_none(frame->e);
    return call_site(frame, site, as);
}

ArmcThing *armc_call_things(ArmcFrame *frame, const ArmcClosure *callee, ArmcThing *const *things,
                            int count, const ArmcOrigin *origin)
{
    ArmcCallSite *site = armc_site_new(frame, callee, NULL, origin);
    for (int i = 0; i < count; i++)
        if (armc_thing_is_none(things[i]))
            return things[i];
    if (!armc_site_fill(frame, site, things, count))
        return armc_thing_none(frame->e);
    return call_site(frame, site, NULL);
}

ArmcThing *armc_call_op(ArmcFrame *frame, const char *op, ArmcThing *const *things, int count,
                        const ArmcOrigin *origin)
{
    ArmcClosure callee = {.kind = ARMC_CALLEE_OP, .name = op, .op = armc_op_find(op)};
    ARMC_ASSERT(callee.op);
    return armc_call_things(frame, armc_thing_callee(frame->e, &callee, NULL)->block, things, count,
                            origin);
}
