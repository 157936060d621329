/* Making things, and telling them in words. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"

ArmcThing *armc_thing_new(ArmcElaborator *e, ArmcThingKind kind, const ArmcOrigin *origin)
{
    ArmcThing *thing = ARMC_NEW(e->arena, ArmcThing);
    thing->kind = kind;
    thing->origin = origin;
    return thing;
}

ArmcThing *armc_thing_none(ArmcElaborator *e)
{
    return armc_thing_new(e, ARMC_THING_NONE, NULL);
}

ArmcThing *armc_thing_number(ArmcElaborator *e, double number, bool is_integer,
                             const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_NUMBER, origin);
    thing->number = number;
    thing->is_integer = is_integer;
    return thing;
}

ArmcThing *armc_thing_int(ArmcElaborator *e, int64_t number, const ArmcOrigin *origin)
{
    return armc_thing_number(e, (double)number, true, origin);
}

ArmcThing *armc_thing_bool(ArmcElaborator *e, bool truth, const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_BOOL, origin);
    thing->number = truth;
    return thing;
}

ArmcThing *armc_thing_string(ArmcElaborator *e, const char *text, const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_STRING, origin);
    thing->text = text;
    return thing;
}

/* A symbol remembers the words that it is one of, so that a comparison with another word can be
 * checked. */
ArmcThing *armc_thing_symbol(ArmcElaborator *e, const char *text, const char *const *words,
                             size_t count, const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_SYMBOL, origin);
    thing->text = text;
    thing->items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, count + 1);
    thing->count = count;
    for (size_t i = 0; i < count; i++)
        thing->items[i] = armc_thing_string(e, words[i], origin);
    return thing;
}

ArmcThing *armc_thing_list(ArmcElaborator *e, ArmcThing **items, size_t count,
                           const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_LIST, origin);
    thing->items = items;
    thing->count = count;
    return thing;
}

ArmcThing *armc_thing_array(ArmcElaborator *e, ArmcShape shape, const double *data,
                            const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_ARRAY, origin);
    thing->shape = shape;
    thing->array = data;
    return thing;
}

ArmcThing *armc_thing_bits(ArmcElaborator *e, ArmcShape shape, const uint8_t *bits,
                           const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_ARRAY, origin);
    thing->shape = shape;
    thing->bits = bits;
    return thing;
}

ArmcThing *armc_thing_value(ArmcElaborator *e, ArmcValue *value, const ArmcOrigin *origin)
{
    if (!value)
        return armc_thing_none(e);
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_VALUE, origin);
    thing->value = value;
    thing->shape = value->shape;
    return thing;
}

ArmcThing *armc_thing_callee(ArmcElaborator *e, const ArmcClosure *callee, const ArmcOrigin *origin)
{
    ArmcThing *thing = armc_thing_new(e, ARMC_THING_BLOCK, origin);
    thing->block = ARMC_NEW(e->arena, ArmcClosure);
    *thing->block = *callee;
    return thing;
}

bool armc_thing_is_none(const ArmcThing *thing)
{
    return thing->kind == ARMC_THING_NONE;
}

bool armc_thing_is_callable(const ArmcThing *thing)
{
    return thing->kind == ARMC_THING_BLOCK;
}

const char *armc_thing_kind_name(ArmcThingKind kind)
{
    static const char *const names[] = {
        [ARMC_THING_NONE] = "nothing",       [ARMC_THING_NUMBER] = "a number",
        [ARMC_THING_BOOL] = "true or false", [ARMC_THING_STRING] = "a string",
        [ARMC_THING_SYMBOL] = "a word",      [ARMC_THING_LIST] = "a list",
        [ARMC_THING_ARRAY] = "an array",     [ARMC_THING_VALUE] = "a value",
        [ARMC_THING_BLOCK] = "a block",      [ARMC_THING_MODEL] = "a model",
        [ARMC_THING_DATA] = "a data set",
    };
    return names[kind];
}

const char *armc_callee_kind_name(ArmcCalleeKind kind)
{
    static const char *const names[] = {
        [ARMC_CALLEE_BLOCK] = "a block",       [ARMC_CALLEE_CLOSURE] = "a block of statements",
        [ARMC_CALLEE_MODEL] = "a model",       [ARMC_CALLEE_OP] = "an op",
        [ARMC_CALLEE_BUILTIN] = "a function",  [ARMC_CALLEE_COMMAND] = "a command",
        [ARMC_CALLEE_DIST] = "a distribution",
    };
    return names[kind];
}

static const char *describe_callee(ArmcElaborator *e, const ArmcClosure *callee)
{
    if (callee->kind == ARMC_CALLEE_CLOSURE)
        return armc_callee_kind_name(callee->kind);
    const char *kind = strchr(armc_callee_kind_name(callee->kind), ' ') + 1;
    return armc_arena_printf(e->arena, "the %s `%s`", kind, callee->name);
}

const char *armc_thing_describe(ArmcElaborator *e, const ArmcThing *thing)
{
    char shape[96];
    switch (thing->kind) {
    case ARMC_THING_NUMBER:
        return armc_arena_printf(e->arena, "the number %.10g", thing->number);
    case ARMC_THING_BOOL:
        return thing->number > 0 ? "true" : "false";
    case ARMC_THING_STRING:
        return armc_arena_printf(e->arena, "the string \"%.60s\"", thing->text);
    case ARMC_THING_SYMBOL:
        return armc_arena_printf(e->arena, "the word `%s`", thing->text);
    case ARMC_THING_LIST:
        return armc_arena_printf(e->arena, "a list of %zu", thing->count);
    case ARMC_THING_ARRAY:
        return armc_arena_printf(e->arena, "an array of shape %s",
                                 armc_shape_text(thing->shape, shape));
    case ARMC_THING_VALUE:
        return armc_arena_printf(e->arena, "a value of shape %s",
                                 armc_shape_text(thing->value->shape, shape));
    case ARMC_THING_BLOCK:
        return describe_callee(e, thing->block);
    case ARMC_THING_MODEL:
        return armc_arena_printf(e->arena, "the model `%s`", armc_model_name(thing->model));
    default:
        return armc_thing_kind_name(thing->kind);
    }
}

static const char *list_source(ArmcElaborator *e, const ArmcThing *list)
{
    const char *text = "[";
    for (size_t i = 0; i < list->count; i++) {
        const char *item = armc_thing_source(e, list->items[i]);
        if (!item)
            return NULL;
        text = armc_arena_printf(e->arena, "%s%s%s", text, i ? ", " : "", item);
    }
    return armc_arena_printf(e->arena, "%s]", text);
}

/* A string literal: quotes and backslashes escaped, line breaks and tabs as \n and \t. */
static const char *string_source(ArmcElaborator *e, const char *text)
{
    char *out = ARMC_NEW_ARRAY(e->arena, char, 2 * strlen(text) + 3), *at = out;
    *at++ = '"';
    for (; *text; text++) {
        const char *escaped = strchr("\"\"\\\\\nn\tt", *text);
        if (!escaped) {
            *at++ = *text;
            continue;
        }
        *at++ = '\\';
        *at++ = *text == '\n' ? 'n' : *text == '\t' ? 't' : *text;
    }
    *at++ = '"';
    return out;
}

const char *armc_thing_source(ArmcElaborator *e, const ArmcThing *thing)
{
    switch (thing->kind) {
    case ARMC_THING_NUMBER:
        if (thing->is_integer)
            return armc_arena_printf(e->arena, "%.0f", thing->number);
        return armc_arena_printf(e->arena, "%.17g", thing->number);
    case ARMC_THING_BOOL:
        return thing->number > 0 ? "true" : "false";
    case ARMC_THING_STRING:
        return string_source(e, thing->text);
    case ARMC_THING_SYMBOL:
        return thing->text;
    case ARMC_THING_LIST:
        return list_source(e, thing);
    default:
        return NULL;
    }
}

/* Rows of numbers: all items of the same shape, put one after the other. */
static ArmcThing *stack(ArmcElaborator *e, ArmcThing *list)
{
    ArmcThing *first = list->count ? armc_thing_to_array(e, list->items[0]) : NULL;
    if (!first || first->shape.rank >= ARMC_MAX_RANK)
        return NULL;
    ArmcShape inner = first->shape, shape = {.rank = inner.rank + 1};
    int64_t size = armc_shape_size(inner);
    shape.dims[0] = (int64_t)list->count;
    for (int i = 0; i < inner.rank; i++)
        shape.dims[i + 1] = inner.dims[i];
    double *data = armc_array_room(e, shape, list->origin);
    for (size_t i = 0; data && i < list->count; i++) {
        ArmcThing *row = armc_thing_to_array(e, list->items[i]);
        if (!row || !armc_shape_equal(row->shape, inner))
            return NULL;
        memcpy(data + (int64_t)i * size, armc_array_numbers(e, row), (size_t)size * sizeof *data);
    }
    return data ? armc_thing_array(e, shape, data, list->origin) : NULL;
}

ArmcThing *armc_thing_to_array(ArmcElaborator *e, ArmcThing *thing)
{
    if (thing->kind == ARMC_THING_ARRAY)
        return thing;
    if (thing->kind == ARMC_THING_LIST)
        return stack(e, thing);
    if (thing->kind != ARMC_THING_NUMBER && thing->kind != ARMC_THING_BOOL)
        return NULL;
    double *number = ARMC_NEW(e->arena, double);
    *number = thing->number;
    return armc_thing_array(e, (ArmcShape){0}, number, thing->origin);
}

static bool is_whole(double x)
{
    return floor(x) >= x && fabs(x) <= 0x1p53;
}

bool armc_thing_to_ints(ArmcElaborator *e, ArmcThing *thing, const char *what, int64_t low,
                        int *count, const int64_t **ints, const ArmcOrigin *origin)
{
    if (armc_thing_is_none(thing))
        return false;
    ArmcThing *array = armc_thing_to_array(e, thing);
    if (!array || array->shape.rank > 1) {
        armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "%s takes whole numbers, this is %s", what,
                      armc_thing_describe(e, thing));
        return false;
    }
    int64_t size = armc_shape_size(array->shape);
    const double *numbers = armc_array_numbers(e, array);
    int64_t *out = ARMC_NEW_ARRAY(e->arena, int64_t, size + 1);
    for (int64_t i = 0; i < size; i++) {
        if (!is_whole(numbers[i]) || numbers[i] < (double)low) {
            armc_diag_add(e->diags, ARMC_E_bad_value, origin,
                          "%s takes whole numbers of at least %" PRId64 ", this is %.10g", what,
                          low, numbers[i]);
            return false;
        }
        out[i] = (int64_t)numbers[i];
    }
    *count = (int)size;
    *ints = out;
    return true;
}
