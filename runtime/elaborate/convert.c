/* Arguments as their callee wants them: attributes by their specs, things for parameters, values
 * for inputs. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"

/* --- words --- */

/* Splits "sgd|adam" into words. */
static const char **split(ArmcElaborator *e, const char *symbols, size_t *count)
{
    const char **words = ARMC_NEW_ARRAY(e->arena, const char *, strlen(symbols) + 1);
    *count = 0;
    while (*symbols) {
        size_t length = strcspn(symbols, "|");
        words[(*count)++] = armc_arena_strndup(e->arena, symbols, length);
        symbols += length + (symbols[length] == '|');
    }
    return words;
}

static int find_word(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

static const char *list_words(ArmcElaborator *e, const char *const *words, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = armc_arena_printf(e->arena, "%s%s`%s`", text,
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 words[i]);
    return text;
}

/* What was found instead is a bare word, or something else with its description. */
static void bad_symbol(ArmcElaborator *e, const char *what, const char *word,
                       const char *description, const char *const *words, size_t count,
                       const ArmcOrigin *origin)
{
    const char *found = word ? armc_arena_printf(e->arena, "`%s`", word) : description;
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_bad_symbol, origin, "`%s` takes %s, this is %s",
                                   what, list_words(e, words, count), found);
    const char *near = word ? armc_suggest(word, words, count) : NULL;
    if (near)
        armc_diag_label(diag, "did you mean `%s`?", near);
}

/* --- constants of a parameter --- */

const char *armc_parameter_default(const ArmcTree *parameter)
{
    const ArmcTree *preset = parameter->kids[1];
    return preset && preset->kind == ARMC_TREE_NAME ? preset->name : NULL;
}

static const char **enum_words(ArmcElaborator *e, const ArmcTree *enums, size_t *count)
{
    const char **words = ARMC_NEW_ARRAY(e->arena, const char *, enums->kid_count + 1);
    *count = (size_t)enums->kid_count;
    for (int i = 0; i < enums->kid_count; i++)
        words[i] = enums->kids[i]->name;
    return words;
}

/* A word of the list, or a name bound to a symbol of the list. */
static ArmcThing *symbol_argument(ArmcFrame *frame, const ArmcFormal *formal,
                                  const ArmcActual *actual, const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    size_t count;
    const char **words = enum_words(e, formal->parameter->kids[0], &count);
    const ArmcTree *tree = actual->tree;
    bool is_word = tree && tree->kind == ARMC_TREE_NAME;
    if (is_word && find_word(tree->name, words, count) >= 0)
        return armc_thing_symbol(e, tree->name, words, count, origin);
    ArmcThing *bound = is_word ? armc_scope_find(e, frame->scope, tree->name, false) : NULL;
    ArmcThing *thing = actual->thing;
    if (tree && (!is_word || (bound && !armc_thing_is_callable(bound))))
        thing = armc_eval(frame, tree);
    if (thing && armc_thing_is_none(thing))
        return thing;
    bool has_text = thing && (thing->kind == ARMC_THING_SYMBOL || thing->kind == ARMC_THING_STRING);
    if (has_text && find_word(thing->text, words, count) >= 0)
        return armc_thing_symbol(e, thing->text, words, count, origin);
    bad_symbol(e, formal->name, thing ? NULL : tree->name,
               thing ? armc_thing_describe(e, thing) : NULL, words, count, origin);
    return armc_thing_none(e);
}

/* The kind that the default asks for; NONE: any. */
static ArmcThingKind kind_of_default(const ArmcTree *preset)
{
    if (!preset)
        return ARMC_THING_NONE;
    if (preset->kind == ARMC_TREE_NAME &&
        (strcmp(preset->name, "true") == 0 || strcmp(preset->name, "false") == 0))
        return ARMC_THING_BOOL;
    if (preset->kind == ARMC_TREE_NUMBER)
        return ARMC_THING_NUMBER;
    return preset->kind == ARMC_TREE_STRING ? ARMC_THING_STRING : ARMC_THING_NONE;
}

static ArmcThing *check_kind(ArmcFrame *frame, const ArmcFormal *formal, ArmcThing *thing,
                             const ArmcOrigin *origin)
{
    ArmcThingKind kind = kind_of_default(formal->parameter->kids[1]);
    if (kind == ARMC_THING_NONE || thing->kind == kind || armc_thing_is_none(thing))
        return thing;
    ArmcDiag *diag = armc_diag_add(
        frame->e->diags, ARMC_E_bad_kind, origin, "`%s` takes %s, this is %s", formal->name,
        armc_thing_kind_name(kind), armc_thing_describe(frame->e, thing));
    armc_diag_note(diag, formal->parameter->span, "its default says so");
    return armc_thing_none(frame->e);
}

ArmcThing *armc_argument_thing(ArmcFrame *frame, const ArmcFormal *formal, const ArmcActual *actual,
                               const ArmcOrigin *origin)
{
    const ArmcOrigin *here = actual->tree ? armc_origin(frame, actual->tree->span) : origin;
    if (formal->parameter->kids[0])
        return symbol_argument(frame, formal, actual, here);
    ArmcThing *thing = actual->thing ? actual->thing : armc_eval(frame, actual->tree);
    return check_kind(frame, formal, thing, here);
}

/* --- attributes --- */

typedef struct Target {
    ArmcFrame *frame;
    const ArmcCallSite *site;
    const ArmcSpec *spec;
    const ArmcOrigin *origin;
    ArmcAttr *attr;
} Target;

static bool wrong_kind(const Target *t, const char *wanted, const ArmcThing *found)
{
    ArmcElaborator *e = t->frame->e;
    if (armc_thing_is_none(found))
        return false;
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_bad_kind, t->origin, "`%s` of `%s` takes %s, this is %s",
                      t->spec->name, t->site->callee->name, wanted, armc_thing_describe(e, found));
    armc_diag_help(diag, "%s", armc_callee_signature(e, t->site->callee));
    return false;
}

static bool in_range(const Target *t, double x)
{
    const ArmcSpec *spec = t->spec;
    if (!(spec->low < spec->high) || (x >= spec->low && x <= spec->high))
        return true;
    const char *range =
        isfinite(spec->high)
            ? armc_arena_printf(t->frame->e->arena, "from %.10g to %.10g", spec->low, spec->high)
            : armc_arena_printf(t->frame->e->arena, "of at least %.10g", spec->low);
    armc_diag_add(t->frame->e->diags, ARMC_E_bad_value, t->origin,
                  "`%s` of `%s` takes a number %s, this is %.10g", spec->name,
                  t->site->callee->name, range, x);
    return false;
}

static bool set_number(const Target *t, const ArmcThing *thing)
{
    if (thing->kind != ARMC_THING_NUMBER)
        return wrong_kind(t, t->spec->kind == ARMC_SPEC_INT ? "a whole number" : "a number", thing);
    bool whole = thing->number >= floor(thing->number) && thing->number <= floor(thing->number);
    if (t->spec->kind == ARMC_SPEC_INT && (!whole || fabs(thing->number) > 0x1p53))
        return wrong_kind(t, "a whole number", thing);
    t->attr->r = thing->number;
    t->attr->i = fabs(thing->number) <= 0x1p53 ? (int64_t)thing->number : 0;
    return in_range(t, thing->number);
}

static bool set_bool(const Target *t, const ArmcThing *thing)
{
    if (thing->kind != ARMC_THING_BOOL)
        return wrong_kind(t, "true or false", thing);
    t->attr->i = thing->number > 0;
    return true;
}

static bool set_text(const Target *t, const ArmcThing *thing)
{
    if (thing->kind != ARMC_THING_STRING)
        return wrong_kind(t, "a string", thing);
    t->attr->text = thing->text;
    return true;
}

static bool set_word(const Target *t, const char *word)
{
    size_t count;
    const char **words = split(t->frame->e, t->spec->symbols, &count);
    int index = find_word(word, words, count);
    if (index < 0) {
        bad_symbol(t->frame->e, t->spec->name, word, NULL, words, count, t->origin);
        return false;
    }
    t->attr->i = index;
    t->attr->text = words[index];
    return true;
}

/* An empty string where the argument may be left out means that it is left out: options can pass it
 * on. */
static bool set_symbol(const Target *t, const ArmcThing *thing)
{
    if (thing->kind != ARMC_THING_SYMBOL && thing->kind != ARMC_THING_STRING)
        return wrong_kind(t, "a word", thing);
    bool may_lack = t->spec->preset && !*t->spec->preset;
    if (!*thing->text && may_lack) {
        t->attr->given = false;
        return true;
    }
    return set_word(t, thing->text);
}

static bool set_ints(const Target *t, ArmcThing *thing)
{
    if (t->spec->symbols && (thing->kind == ARMC_THING_SYMBOL || thing->kind == ARMC_THING_STRING))
        return set_word(t, thing->text);
    bool may_lack = t->spec->preset && strcmp(t->spec->preset, "[]") == 0;
    if (may_lack && thing->kind == ARMC_THING_LIST && thing->count == 0)
        return true;
    const char *what =
        armc_arena_printf(t->frame->e->arena, "`%s` of `%s`", t->spec->name, t->site->callee->name);
    int64_t low = t->spec->low < t->spec->high ? (int64_t)t->spec->low : -((int64_t)1 << 53);
    return armc_thing_to_ints(t->frame->e, thing, what, low, &t->attr->count, &t->attr->ints,
                              t->origin);
}

/* The bare name of a model is the model with its defaults: the same one each time, so that what
 * `train` learns, `sample` knows. NULL after a diagnostic. */
static ArmcThing *plain_model(const Target *t, ArmcClosure *callee)
{
    if (!callee->plain) {
        ArmcCallSite *site = armc_site_new(t->frame, callee, NULL, t->origin);
        if (!armc_site_fill(t->frame, site, NULL, 0))
            return NULL;
        callee->plain = armc_model_make(t->frame, callee, site);
    }
    return callee->plain;
}

static bool set_model(const Target *t, ArmcThing *thing)
{
    if (armc_thing_is_callable(thing) && thing->block->kind == ARMC_CALLEE_MODEL)
        thing = plain_model(t, thing->block);
    if (!thing)
        return false;
    t->attr->thing = thing;
    return thing->kind == ARMC_THING_MODEL || wrong_kind(t, "a model", thing);
}

static bool set_from_thing(const Target *t, ArmcThing *thing)
{
    switch (t->spec->kind) {
    case ARMC_SPEC_INT:
    case ARMC_SPEC_REAL:
        return set_number(t, thing);
    case ARMC_SPEC_BOOL:
        return set_bool(t, thing);
    case ARMC_SPEC_SYMBOL:
        return set_symbol(t, thing);
    case ARMC_SPEC_STRING:
        return set_text(t, thing);
    case ARMC_SPEC_INTS:
        return set_ints(t, thing);
    case ARMC_SPEC_MODEL:
        return set_model(t, thing);
    case ARMC_SPEC_DATA:
        t->attr->thing = thing;
        return thing->kind == ARMC_THING_DATA || wrong_kind(t, "a data set", thing);
    default:
        t->attr->thing = thing;
        return !armc_thing_is_none(thing);
    }
}

/* Is the argument a bare word of the spec's list? An ANY may have such words beside everything
 * else. */
static bool is_word_of(ArmcElaborator *e, const ArmcSpec *spec, const ArmcTree *tree)
{
    if (!spec->symbols || !tree || tree->kind != ARMC_TREE_NAME)
        return false;
    size_t count;
    const char **words = split(e, spec->symbols, &count);
    return find_word(tree->name, words, count) >= 0;
}

/* A bare word that stands for nothing, or for something that is no constant, was meant as one of
 * the list. Where the argument may be anything, only the former. */
static bool is_stray_word(ArmcFrame *frame, const ArmcSpec *spec, const ArmcTree *tree)
{
    if (!spec->symbols || !tree || tree->kind != ARMC_TREE_NAME)
        return false;
    const ArmcThing *bound = armc_scope_find(frame->e, frame->scope, tree->name, false);
    return !bound || (spec->kind == ARMC_SPEC_SYMBOL && armc_thing_is_callable(bound));
}

/* A bare word that stands for nothing, where a string is wanted, was meant as one. */
static bool is_unquoted(ArmcFrame *frame, const ArmcSpec *spec, const ArmcTree *tree)
{
    return spec->kind == ARMC_SPEC_STRING && tree && tree->kind == ARMC_TREE_NAME &&
           strcmp(tree->name, "it") != 0 &&
           !armc_scope_find(frame->e, frame->scope, tree->name, false);
}

static bool unquoted(const Target *t, const char *word)
{
    ArmcElaborator *e = t->frame->e;
    const char *callee = t->site->callee->name;
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_unknown_name, t->origin,
                                   "`%s` of `%s` takes a string, and nothing is called `%s`",
                                   t->spec->name, callee, word);
    const char *near = armc_scope_nearest(e, t->frame->scope, word, false);
    if (near)
        armc_diag_help(diag, "did you mean `%s`?", near);
    armc_diag_help(diag, "a string stands in quotes: %s \"%s\"", callee, word);
    return false;
}

/* Presets are ours: "3", "0.5", "true", "word", "text", "[1,2]". */
static void set_preset(ArmcElaborator *e, const ArmcSpec *spec, ArmcAttr *attr)
{
    const char *preset = spec->preset;
    attr->text = preset;
    if (spec->kind == ARMC_SPEC_BOOL) {
        attr->i = strcmp(preset, "true") == 0;
    } else if (spec->kind == ARMC_SPEC_SYMBOL) {
        size_t count;
        const char **words = split(e, spec->symbols, &count);
        attr->i = find_word(preset, words, count);
    } else if (spec->kind == ARMC_SPEC_INTS) {
        int64_t *ints = ARMC_NEW_ARRAY(e->arena, int64_t, strlen(preset) + 1);
        char *end;
        for (const char *at = preset; *at; at = end + (end == at))
            if ((ints[attr->count] = strtoll(at, &end, 10), end != at))
                attr->count++;
        attr->ints = ints;
    } else {
        attr->r = strtod(preset, NULL);
        attr->i = fabs(attr->r) <= 0x1p53 ? (int64_t)attr->r : 0;
    }
}

bool armc_argument_attr(ArmcFrame *frame, const ArmcCallSite *site, int index, ArmcAttr *attr)
{
    ArmcElaborator *e = frame->e;
    const ArmcSpec *spec = site->formals[index].spec;
    const ArmcActual *actual = &site->actuals[index];
    *attr = (ArmcAttr){.given = actual->thing || actual->tree};
    if (!attr->given) {
        set_preset(e, spec, attr);
        return true;
    }
    const ArmcOrigin *origin = actual->tree ? armc_origin(frame, actual->tree->span) : site->origin;
    Target target = {frame, site, spec, origin, attr};
    if (is_word_of(e, spec, actual->tree)) {
        size_t count;
        const char **words = split(e, spec->symbols, &count);
        attr->thing = armc_thing_symbol(e, actual->tree->name, words, count, origin);
        return set_word(&target, actual->tree->name);
    }
    if (is_stray_word(frame, spec, actual->tree))
        return set_word(&target, actual->tree->name);
    if (is_unquoted(frame, spec, actual->tree))
        return unquoted(&target, actual->tree->name);
    return set_from_thing(&target, actual->thing ? actual->thing : armc_eval(frame, actual->tree));
}

/* --- inputs of ops --- */

static ArmcValue *lift(ArmcFrame *frame, ArmcThing *array, const ArmcOrigin *origin)
{
    ArmcShape shape = array->shape.rank ? array->shape : armc_shape_make(1, (int64_t[]){1});
    return armc_graph_constant(frame->build->graph, shape, armc_array_numbers(frame->e, array),
                               origin);
}

ArmcValue *armc_argument_value(ArmcFrame *frame, ArmcThing *thing, const char *what,
                               const ArmcOrigin *origin)
{
    if (armc_thing_is_none(thing))
        return NULL;
    if (thing->kind == ARMC_THING_VALUE)
        return thing->value;
    ArmcThing *array = frame->build ? armc_thing_to_array(frame->e, thing) : NULL;
    if (array)
        return lift(frame, array, origin);
    ArmcDiag *diag =
        armc_diag_add(frame->e->diags, ARMC_E_bad_kind, origin, "%s takes a value, this is %s",
                      what, armc_thing_describe(frame->e, thing));
    if (armc_thing_is_callable(thing))
        armc_diag_help(diag, "a stage is applied with `|`: it | %s", thing->block->name);
    else if (!frame->build)
        armc_diag_help(diag, "values exist in a model: after its `input`");
    return NULL;
}
