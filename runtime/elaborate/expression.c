/* Expressions: names, literals, arithmetic, pipelines. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

const ArmcOrigin *armc_origin(const ArmcFrame *frame, ArmcSpan span)
{
    ArmcOrigin *origin = ARMC_NEW(frame->e->arena, ArmcOrigin);
    *origin = (ArmcOrigin){span, frame->caller};
    return origin;
}

/* --- names --- */

static ArmcThing *no_current(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcDiag *diag = armc_diag_add(frame->e->diags, ARMC_E_no_current_value,
                                   armc_origin(frame, tree->span), "there is no current value yet");
    armc_diag_help(diag, frame->body == ARMC_BODY_BLOCK
                             ? "name it as the block's first parameter: block b(it) { … }"
                             : "begin with a value: the `input`, or an expression");
    return armc_thing_none(frame->e);
}

static ArmcThing *unknown_name(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    bool hidden = armc_scope_hides(frame->scope, tree->name);
    ArmcDiag *diag = armc_diag_add(
        e->diags, ARMC_E_unknown_name, armc_origin(frame, tree->span),
        hidden ? "`%s` can't be seen from inside a block" : "nothing is called `%s`", tree->name);
    const char *near = armc_scope_nearest(e, frame->scope, tree->name, false);
    if (hidden)
        armc_diag_help(diag, "a block sees only its arguments: hand `%s` over as one", tree->name);
    else if (near)
        armc_diag_help(diag, "did you mean `%s`?", near);
    else if (strcmp(tree->name, "label") == 0 && frame->build)
        armc_diag_help(diag, "`given label` behind the `input` is what brings it in");
    return armc_thing_none(e);
}

ArmcThing *armc_eval_name(ArmcFrame *frame, const ArmcTree *tree)
{
    if (strcmp(tree->name, "it") == 0)
        return frame->it ? frame->it : no_current(frame, tree);
    ArmcThing *thing = armc_scope_find(frame->e, frame->scope, tree->name, false);
    return thing ? thing : unknown_name(frame, tree);
}

/* --- arithmetic --- */

static const char *op_of(const char *sign)
{
    static const char *const pairs[][2] = {
        {"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"/", "div"}, {"^", "power"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(sign, pairs[i][0]) == 0)
            return pairs[i][1];
    return NULL;
}

static ArmcThing *value_binary(ArmcFrame *frame, const ArmcTree *tree, ArmcThing *a, ArmcThing *b,
                               const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    const char *op = op_of(tree->name);
    if (armc_thing_is_none(a) || armc_thing_is_none(b))
        return armc_thing_none(e);
    if (op)
        return armc_call_op(frame, op, (ArmcThing *[]){a, b}, 2, origin);
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`%s` works on constants, not on %s and %s",
                  tree->name, armc_thing_describe(e, a), armc_thing_describe(e, b));
    return armc_thing_none(e);
}

/* A word compared with a symbol must be one that the symbol could be. */
static ArmcThing *compared_word(ArmcFrame *frame, const ArmcThing *symbol, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    const char **words = ARMC_NEW_ARRAY(e->arena, const char *, symbol->count + 1);
    for (size_t i = 0; i < symbol->count; i++) {
        words[i] = symbol->items[i]->text;
        if (strcmp(words[i], tree->name) == 0)
            return armc_thing_symbol(e, words[i], words, 0, symbol->origin);
    }
    if (armc_scope_find(e, frame->scope, tree->name, false))
        return armc_eval_name(frame, tree);
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_bad_symbol, armc_origin(frame, tree->span),
                                   "`%s` is no word that can stand here", tree->name);
    const char *near = armc_suggest(tree->name, words, symbol->count);
    if (near)
        armc_diag_help(diag, "did you mean `%s`?", near);
    return armc_thing_none(e);
}

static bool is_equality(const ArmcTree *tree)
{
    return strcmp(tree->name, "==") == 0 || strcmp(tree->name, "!=") == 0;
}

static ArmcThing *eval_comparison(ArmcFrame *frame, const ArmcTree *tree, const ArmcOrigin *origin)
{
    ArmcThing *a = armc_eval(frame, tree->kids[0]);
    bool is_word = a->kind == ARMC_THING_SYMBOL && tree->kids[1]->kind == ARMC_TREE_NAME;
    ArmcThing *b =
        is_word ? compared_word(frame, a, tree->kids[1]) : armc_eval(frame, tree->kids[1]);
    return armc_constant_binary(frame->e, tree->name, a, b, origin);
}

static bool is_logic(const ArmcTree *tree)
{
    return strcmp(tree->name, "and") == 0 || strcmp(tree->name, "or") == 0;
}

/* `and` and `or` look at their right side only when the left one doesn't decide; on arrays they
 * work entry by entry. */
static ArmcThing *eval_logic(ArmcFrame *frame, const ArmcTree *tree, const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    bool is_and = strcmp(tree->name, "and") == 0;
    ArmcThing *a = armc_eval(frame, tree->kids[0]);
    if (a->kind == ARMC_THING_BOOL && (a->number > 0) != is_and)
        return a;
    ArmcThing *b = armc_eval(frame, tree->kids[1]);
    if (a->kind == ARMC_THING_ARRAY && b->kind == ARMC_THING_ARRAY)
        return armc_array_binary(e, tree->name, a, b, origin);
    if (armc_thing_is_none(a) || armc_thing_is_none(b))
        return armc_thing_none(e);
    if (a->kind == ARMC_THING_BOOL && b->kind == ARMC_THING_BOOL)
        return b;
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`%s` joins true and false, not %s and %s",
                  tree->name, armc_thing_describe(e, a), armc_thing_describe(e, b));
    return armc_thing_none(e);
}

static ArmcThing *eval_binary(ArmcFrame *frame, const ArmcTree *tree)
{
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    if (is_logic(tree))
        return eval_logic(frame, tree, origin);
    if (is_equality(tree))
        return eval_comparison(frame, tree, origin);
    ArmcThing *a = armc_eval(frame, tree->kids[0]), *b = armc_eval(frame, tree->kids[1]);
    if (a->kind == ARMC_THING_VALUE || b->kind == ARMC_THING_VALUE)
        return value_binary(frame, tree, a, b, origin);
    return armc_constant_binary(frame->e, tree->name, a, b, origin);
}

static ArmcThing *eval_unary(ArmcFrame *frame, const ArmcTree *tree)
{
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    ArmcThing *a = armc_eval(frame, tree->kids[0]);
    if (a->kind == ARMC_THING_VALUE && strcmp(tree->name, "-") == 0)
        return armc_call_op(frame, "neg", &a, 1, origin);
    return armc_constant_unary(frame->e, tree->name, a, origin);
}

/* --- parts of data sets --- */

static ArmcThing *eval_field(ArmcFrame *frame, const ArmcTree *tree)
{
    static const char *const splits[] = {"train", "valid", "test"};
    ArmcElaborator *e = frame->e;
    ArmcThing *base = armc_eval(frame, tree->kids[0]);
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    if (armc_thing_is_none(base))
        return base;
    if (base->kind != ARMC_THING_DATA) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin,
                      "only a data set has parts (`.test`), this is %s",
                      armc_thing_describe(e, base));
        return armc_thing_none(e);
    }
    for (int i = 0; i < 3; i++)
        if (strcmp(tree->name, splits[i]) == 0) {
            ArmcThing *part = armc_thing_new(e, ARMC_THING_DATA, origin);
            part->data = base->data;
            part->split = i;
            return part;
        }
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_unknown_name, origin,
                                   "a data set has no part `%s`", tree->name);
    armc_diag_help(diag, "its parts are `train`, `valid` and `test`");
    return armc_thing_none(e);
}

/* --- literals --- */

static ArmcThing *eval_items(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, tree->kid_count + 1);
    bool poisoned = false;
    for (int i = 0; i < tree->kid_count; i++) {
        items[i] = armc_eval(frame, tree->kids[i]);
        poisoned |= armc_thing_is_none(items[i]);
    }
    if (poisoned)
        return armc_thing_none(e);
    return armc_thing_list(e, items, (size_t)tree->kid_count, armc_origin(frame, tree->span));
}

static ArmcThing *eval_closure(ArmcFrame *frame, const ArmcTree *tree)
{
    int depth = frame->stage_depth < 0 ? -1 : frame->stage_depth + 1;
    ArmcClosure closure = {.kind = ARMC_CALLEE_CLOSURE,
                           .name = "{ }",
                           .tree = tree,
                           .scope = frame->scope,
                           .stage_depth = depth};
    return armc_thing_callee(frame->e, &closure, armc_origin(frame, tree->span));
}

/* --- stages and pipelines --- */

/* Does a stage of this callee work on `it` without being told so? */
static bool takes_it(const ArmcClosure *callee)
{
    if (callee->kind == ARMC_CALLEE_BUILTIN)
        return armc_op_find(callee->name) != NULL;
    return callee->kind == ARMC_CALLEE_BLOCK || callee->kind == ARMC_CALLEE_CLOSURE ||
           callee->kind == ARMC_CALLEE_OP;
}

/* A stage at the head of a pipe works on `it`; behind a `|` on what was piped; `f(a)` on what
 * stands in its brackets. */
static ArmcThing *apply_stage(ArmcFrame *frame, const ArmcTree *tree, ArmcThing *piped,
                              const char *as)
{
    const ArmcThing *callee = armc_resolve_callee(frame, tree);
    if (!callee)
        return armc_thing_none(frame->e);
    bool is_stage = tree->kind == ARMC_TREE_NAME || tree->is_stage;
    ArmcThing *first = piped;
    if (!piped && is_stage && takes_it(callee->block)) {
        if (!frame->it)
            return no_current(frame, tree);
        first = frame->it;
    }
    return armc_call(frame, callee->block, tree, first, as);
}

/* In the table of stages there is a row for each stage written in the model's own text. */
static ArmcThing *eval_stage(ArmcFrame *frame, const ArmcTree *tree, ArmcThing *piped)
{
    const char *as = tree->kind == ARMC_TREE_AS ? tree->name : NULL;
    const ArmcTree *call = as ? tree->kids[0] : tree;
    if (as && frame->path && armc_path_is_used(frame->path, as)) {
        armc_diag_add(frame->e->diags, ARMC_E_redefined, armc_origin(frame, tree->span),
                      "there is a `%s` here already", as);
        return armc_thing_none(frame->e);
    }
    size_t row = armc_stage_begin(frame, call);
    ArmcThing *made = apply_stage(frame, call, piped, as);
    armc_stage_end(frame, row, made);
    return made;
}

/* A lone name that can only be a stage. Constants and values are taken as they are. */
static bool is_stage_name(ArmcFrame *frame, const ArmcTree *tree)
{
    if (tree->kind != ARMC_TREE_NAME || strcmp(tree->name, "it") == 0)
        return false;
    const ArmcThing *thing = armc_scope_find(frame->e, frame->scope, tree->name, false);
    return thing && armc_thing_is_callable(thing);
}

static ArmcThing *eval_head(ArmcFrame *frame, const ArmcTree *tree)
{
    bool is_stage =
        tree->kind == ARMC_TREE_AS || tree->kind == ARMC_TREE_CALL || is_stage_name(frame, tree);
    return is_stage ? eval_stage(frame, tree, NULL) : armc_eval(frame, tree);
}

static ArmcThing *eval_pipe(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcThing *value = eval_head(frame, tree->kids[0]);
    for (int i = 1; i < tree->kid_count && !frame->e->stopped; i++) {
        if (armc_thing_is_none(value))
            return value;
        value = eval_stage(frame, tree->kids[i], value);
    }
    return value;
}

ArmcThing *armc_eval_pipe(ArmcFrame *frame, const ArmcTree *tree)
{
    if (tree->kind == ARMC_TREE_PIPE)
        return eval_pipe(frame, tree);
    return eval_head(frame, tree);
}

static ArmcThing *eval(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    switch (tree->kind) {
    case ARMC_TREE_NAME:
        return armc_eval_name(frame, tree);
    case ARMC_TREE_NUMBER:
        return armc_thing_number(e, tree->number, tree->is_integer, armc_origin(frame, tree->span));
    case ARMC_TREE_STRING:
        return armc_thing_string(e, tree->name, armc_origin(frame, tree->span));
    case ARMC_TREE_SIZE:
    case ARMC_TREE_LIST:
        return eval_items(frame, tree);
    case ARMC_TREE_INDEX:
        return armc_eval_index(frame, tree);
    case ARMC_TREE_FIELD:
        return eval_field(frame, tree);
    case ARMC_TREE_UNARY:
        return eval_unary(frame, tree);
    case ARMC_TREE_BINARY:
        return eval_binary(frame, tree);
    case ARMC_TREE_CLOSURE:
        return eval_closure(frame, tree);
    default:
        return armc_eval_pipe(frame, tree);
    }
}

ArmcThing *armc_eval(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    if (e->stopped)
        return armc_thing_none(e);
    if (e->nesting >= ARMC_EVAL_DEPTH) {
        armc_diag_add(e->diags, ARMC_E_too_deep, armc_origin(frame, tree->span),
                      "blocks and expressions are nested too deeply");
        e->stopped = true;
        return armc_thing_none(e);
    }
    e->nesting++;
    ArmcThing *thing = eval(frame, tree);
    e->nesting--;
    return thing;
}
