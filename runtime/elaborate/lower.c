/* Statements. */
#include <inttypes.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"

enum { REPEAT_LIMIT = 100000 };

/* --- definitions --- */

ArmcSpan armc_header_span(const ArmcTree *definition)
{
    ArmcSpan span = definition->span;
    span.end = definition->kids[0]->span.end;
    return span;
}

static void redefined(ArmcFrame *frame, const ArmcTree *tree, const ArmcThing *before)
{
    ArmcDiag *diag =
        armc_diag_add(frame->e->diags, ARMC_E_redefined, armc_origin(frame, armc_header_span(tree)),
                      "`%s` is defined twice", tree->name);
    if (before->kind == ARMC_THING_BLOCK && before->block->tree)
        armc_diag_note(diag, armc_header_span(before->block->tree), "the first one is here");
}

static void check_parameters(ArmcFrame *frame, const ArmcTree *params)
{
    for (int i = 0; i < params->kid_count; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(params->kids[i]->name, params->kids[k]->name) == 0)
                armc_diag_add(frame->e->diags, ARMC_E_redefined,
                              armc_origin(frame, params->kids[i]->span),
                              "the parameter `%s` is named twice", params->kids[i]->name);
}

static ArmcScope *file_scope(ArmcScope *scope)
{
    while (!scope->file)
        scope = scope->parent;
    return scope;
}

void armc_define(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcName *before = armc_scope_own(frame->scope, tree->name);
    if (before && before->run == e->module->run) {
        if (before->thing->kind != ARMC_THING_BLOCK || before->thing->block->tree != tree)
            redefined(frame, tree, before->thing);
        return;
    }
    check_parameters(frame, tree->kids[0]);
    ArmcClosure callee = {
        .kind = tree->kind == ARMC_TREE_MODEL ? ARMC_CALLEE_MODEL : ARMC_CALLEE_BLOCK,
        .name = tree->name,
        .tree = tree,
        .scope = file_scope(frame->scope),
    };
    armc_scope_bind(e, frame->scope, tree->name,
                    armc_thing_callee(e, &callee, armc_origin(frame, armc_header_span(tree))));
}

void armc_define_all(ArmcFrame *frame, const ArmcTree *body)
{
    for (int i = 0; i < body->kid_count; i++)
        if (body->kids[i]->kind == ARMC_TREE_BLOCK || body->kids[i]->kind == ARMC_TREE_MODEL)
            armc_define(frame, body->kids[i]);
}

/* --- assignments --- */

static void bind(ArmcFrame *frame, const ArmcTree *name, ArmcThing *thing)
{
    ArmcName *own = armc_scope_own(frame->scope, name->name);
    if (strcmp(name->name, "it") == 0) {
        frame->it = thing;
        return;
    }
    if (own && own->is_option) {
        ArmcDiag *diag =
            armc_diag_add(frame->e->diags, ARMC_E_redefined, armc_origin(frame, name->span),
                          "`%s` is an option, it can't be assigned to", name->name);
        armc_diag_help(diag, "the command line sets it: %s=…; take another name here", name->name);
        return;
    }
    if (thing->kind == ARMC_THING_MODEL && strcmp(thing->model->name, name->name) != 0)
        thing->model->name = name->name;
    armc_scope_bind(frame->e, frame->scope, name->name, thing);
}

static void bind_none(ArmcFrame *frame, const ArmcTree *tree)
{
    for (int i = 0; i + 1 < tree->kid_count; i++)
        bind(frame, tree->kids[i], armc_thing_none(frame->e));
}

/* `v, h = …`: a name for each of the results. */
static void bind_several(ArmcFrame *frame, const ArmcTree *tree, ArmcThing *things)
{
    ArmcElaborator *e = frame->e;
    size_t names = (size_t)tree->kid_count - 1;
    if (things->kind == ARMC_THING_LIST && things->count == names) {
        for (size_t i = 0; i < names; i++)
            bind(frame, tree->kids[i], things->items[i]);
        return;
    }
    bind_none(frame, tree);
    if (armc_thing_is_none(things))
        return;
    armc_diag_add(
        e->diags, ARMC_E_bad_arity, armc_origin(frame, tree->span), "%zu names for %s", names,
        things->kind == ARMC_THING_LIST ? armc_arena_printf(e->arena, "%zu results", things->count)
                                        : armc_thing_describe(e, things));
}

static void run_assign(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcThing *thing = armc_eval_pipe(frame, tree->kids[tree->kid_count - 1]);
    if (tree->kid_count > 2)
        bind_several(frame, tree, thing);
    else
        bind(frame, tree->kids[0], thing);
}

static void run_shared(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *closure = armc_eval(frame, tree->kids[0]);
    if (closure->kind != ARMC_THING_BLOCK)
        return;
    closure->block->name = tree->name;
    if (frame->path)
        closure->block->path =
            armc_path_new(e->arena, armc_path_name(e->arena, frame->path, tree->name), true);
    armc_scope_bind(e, frame->scope, tree->name, closure);
}

static void run_return(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    if (frame->body == ARMC_BODY_FILE || frame->body == ARMC_BODY_MODEL) {
        ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_misplaced, armc_origin(frame, tree->span),
                                       "`return` stands outside of a block");
        armc_diag_help(diag, "a model ends with its last statement; what it says is in `~`");
        frame->result = armc_thing_none(e);
        return;
    }
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, tree->kid_count + 1);
    for (int i = 0; i < tree->kid_count; i++)
        items[i] = armc_eval_pipe(frame, tree->kids[i]);
    frame->result = tree->kid_count == 1 ? items[0]
                                         : armc_thing_list(e, items, (size_t)tree->kid_count,
                                                           armc_origin(frame, tree->span));
}

/* --- repeat and if: part of the body around them --- */

static bool repeat_count(ArmcFrame *frame, const ArmcTree *tree, int64_t *count)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *thing = armc_eval(frame, tree->kids[0]);
    const ArmcOrigin *origin = armc_origin(frame, tree->kids[0]->span);
    if (armc_thing_is_none(thing))
        return false;
    if (thing->kind != ARMC_THING_NUMBER || !thing->is_integer) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                      "`repeat` takes a whole number, this is %s", armc_thing_describe(e, thing));
        return false;
    }
    if (thing->number < 0 || thing->number > REPEAT_LIMIT) {
        armc_diag_add(e->diags, ARMC_E_bad_value, origin,
                      "`repeat` takes a number from 0 to %d, this is %.0f", REPEAT_LIMIT,
                      thing->number);
        return false;
    }
    *count = (int64_t)thing->number;
    return true;
}

/* Each round has a path of its own, "repeat.0", "repeat.1", …: the number that `as` names. After a
 * round with a mistake there is no other: it would be told again. */
static void run_repeat(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    int64_t count;
    if (!repeat_count(frame, tree, &count)) {
        frame->it = armc_thing_none(e);
        return;
    }
    ArmcPath *around = frame->path, *rounds = armc_path_enter(e->arena, around, "repeat");
    size_t errors = armc_diags_count(e->diags);
    frame->stage_depth += frame->stage_depth >= 0;
    for (int64_t i = 0;
         i < count && !frame->result && !e->stopped && armc_diags_count(e->diags) == errors; i++) {
        if (tree->name)
            armc_scope_bind(e, frame->scope, tree->name,
                            armc_thing_int(e, i, armc_origin(frame, tree->span)));
        frame->path = armc_path_enter(e->arena, rounds, armc_arena_printf(e->arena, "%" PRId64, i));
        armc_run_body(frame, tree->kids[1]);
    }
    frame->stage_depth -= frame->stage_depth > 0;
    frame->path = around;
    if (armc_diags_count(e->diags) > errors)
        frame->it = armc_thing_none(e);
}

static void run_if(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *condition = armc_eval(frame, tree->kids[0]);
    if (condition->kind != ARMC_THING_BOOL) {
        frame->it = armc_thing_none(e);
        if (!armc_thing_is_none(condition))
            armc_diag_add(e->diags, ARMC_E_bad_kind, armc_origin(frame, tree->kids[0]->span),
                          "`if` takes true or false, this is %s",
                          armc_thing_describe(e, condition));
        return;
    }
    const ArmcTree *branch = condition->number > 0 ? tree->kids[1]
                             : tree->kid_count > 2 ? tree->kids[2]
                                                   : NULL;
    if (branch && branch->kind == ARMC_TREE_IF)
        run_if(frame, branch);
    else if (branch)
        armc_run_body(frame, branch);
}

/* --- bare stages and expressions --- */

/* What a lone CALL or NAME calls, if it is a command or a model: such a statement leaves `it`
 * alone. */
static const ArmcClosure *statement_callee(ArmcFrame *frame, const ArmcTree *tree)
{
    if (tree->kind != ARMC_TREE_CALL && tree->kind != ARMC_TREE_NAME)
        return NULL;
    const ArmcThing *thing =
        armc_scope_find(frame->e, frame->scope, tree->name, tree->kind == ARMC_TREE_CALL);
    bool is_one =
        thing && armc_thing_is_callable(thing) &&
        (thing->block->kind == ARMC_CALLEE_COMMAND || thing->block->kind == ARMC_CALLEE_MODEL);
    return is_one ? thing->block : NULL;
}

static void run_command(ArmcFrame *frame, const ArmcClosure *callee, const ArmcTree *tree)
{
    ArmcCallSite *site = armc_site_new(frame, callee, tree, armc_origin(frame, tree->span));
    if (!armc_site_fill(frame, site, NULL, 0))
        return;
    if (callee->kind == ARMC_CALLEE_MODEL)
        armc_model_make(frame, callee, site);
    else
        armc_run_command(frame, site, false);
}

static void run_pipe(ArmcFrame *frame, const ArmcTree *tree)
{
    const ArmcClosure *callee = statement_callee(frame, tree);
    if (callee)
        run_command(frame, callee, tree);
    else
        frame->it = armc_eval_pipe(frame, tree);
}

/* --- bodies --- */

static void run_statement(ArmcFrame *frame, const ArmcTree *tree)
{
    switch (tree->kind) {
    case ARMC_TREE_ASSIGN:
        run_assign(frame, tree);
        break;
    case ARMC_TREE_SHARED:
        run_shared(frame, tree);
        break;
    case ARMC_TREE_LIKELIHOOD:
        armc_run_likelihood(frame, tree);
        break;
    case ARMC_TREE_RETURN:
        run_return(frame, tree);
        break;
    case ARMC_TREE_IMPORT:
        armc_run_import(frame, tree);
        break;
    case ARMC_TREE_OPTION:
        armc_run_option(frame, tree);
        break;
    case ARMC_TREE_PARAM:
        armc_run_param(frame, tree);
        break;
    case ARMC_TREE_INPUT:
        armc_run_input(frame, tree);
        break;
    case ARMC_TREE_GIVEN:
        armc_run_given(frame, tree);
        break;
    case ARMC_TREE_UNPROVED:
        armc_run_unproved(frame, tree);
        break;
    case ARMC_TREE_REPEAT:
        run_repeat(frame, tree);
        break;
    case ARMC_TREE_IF:
        run_if(frame, tree);
        break;
    case ARMC_TREE_MODEL:
    case ARMC_TREE_BLOCK:
        armc_define(frame, tree);
        break;
    default:
        run_pipe(frame, tree);
    }
}

static void step(ArmcFrame *frame, const ArmcTree *statement)
{
    ArmcElaborator *e = frame->e;
    if (++e->steps > ARMC_STEP_LIMIT) {
        armc_diag_add(e->diags, ARMC_E_too_long, armc_origin(frame, statement->span),
                      "the script unfolds into more than %d statements", ARMC_STEP_LIMIT);
        e->stopped = true;
        return;
    }
    run_statement(frame, statement);
}

void armc_run_body(ArmcFrame *frame, const ArmcTree *body)
{
    ArmcElaborator *e = frame->e;
    if (e->nesting >= ARMC_EVAL_DEPTH)
        e->stopped = true;
    e->nesting++;
    for (int i = 0; i < body->kid_count && !frame->result && !e->stopped; i++)
        step(frame, body->kids[i]);
    e->nesting--;
}
