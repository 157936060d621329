/* Arithmetic on constants: what is known before the graph is built. */
#include <math.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"

static bool is(const char *op, const char *text)
{
    return strcmp(op, text) == 0;
}

static double floor_mod(double a, double b)
{
    double r = fmod(a, b);
    return (r < 0) != (b < 0) && (r < 0 || r > 0) ? r + b : r;
}

static bool is_comparison(const char *op)
{
    return strchr("<>!", *op) || is(op, "==");
}

static double compare(const char *op, double a, double b)
{
    if (is(op, "=="))
        return a >= b && a <= b;
    if (is(op, "!="))
        return !(a >= b && a <= b);
    if (is(op, "<"))
        return a < b;
    if (is(op, ">"))
        return a > b;
    return is(op, "<=") ? a <= b : a >= b;
}

static bool by_zero(ArmcElaborator *e, const char *op, const ArmcOrigin *origin)
{
    armc_diag_add(e->diags, ARMC_E_bad_value, origin, "`%s` by zero", op);
    return false;
}

static bool not_exact(ArmcElaborator *e, double a, double b, const ArmcOrigin *origin)
{
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_not_exact, origin,
                                   "%.0f / %.0f leaves a remainder of %.0f", a, b, floor_mod(a, b));
    armc_diag_help(diag, "`//` rounds down: %.0f // %.0f is %.0f", a, b, floor(a / b));
    return false;
}

/* Whole results stay exact up to 2^53; beyond, the next whole number can't be told apart. */
static bool checked(ArmcElaborator *e, double x, bool whole, double *out, const ArmcOrigin *origin)
{
    *out = x;
    if (isfinite(x) && (!whole || fabs(x) <= 0x1p53))
        return true;
    armc_diag_add(e->diags, ARMC_E_bad_value, origin, "the result is too large: %g", x);
    return false;
}

bool armc_number_binary(ArmcElaborator *e, const char *op, double a, double b, bool whole,
                        double *out, const ArmcOrigin *origin)
{
    bool divides = is(op, "/") || is(op, "//") || is(op, "%");
    bool b_is_zero = !(b < 0 || b > 0);
    if (is_comparison(op))
        *out = compare(op, a, b);
    else if (divides && b_is_zero)
        return by_zero(e, op, origin);
    else if (is(op, "/") && whole && fmod(a, b) * fmod(a, b) > 0)
        return not_exact(e, a, b, origin);
    else if (is(op, "+"))
        return checked(e, a + b, whole, out, origin);
    else if (is(op, "-"))
        return checked(e, a - b, whole, out, origin);
    else if (is(op, "*"))
        return checked(e, a * b, whole, out, origin);
    else if (is(op, "/"))
        return checked(e, a / b, whole, out, origin);
    else if (is(op, "//"))
        return checked(e, floor(a / b), whole, out, origin);
    else if (is(op, "%"))
        return checked(e, floor_mod(a, b), whole, out, origin);
    else
        return checked(e, pow(a, b), whole && b >= 0, out, origin);
    return true;
}

static ArmcThing *number_binary(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                                const ArmcOrigin *origin)
{
    bool whole = a->is_integer && b->is_integer;
    double result;
    if (!armc_number_binary(e, op, a->number, b->number, whole, &result, origin))
        return armc_thing_none(e);
    if (is_comparison(op))
        return armc_thing_bool(e, result > 0, origin);
    bool stays_whole = whole && !(is(op, "^") && b->number < 0);
    return armc_thing_number(e, result, stays_whole || is(op, "//"), origin);
}

static ArmcThing *misfit(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                         const ArmcOrigin *origin)
{
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`%s` does not work on %s and %s", op,
                  armc_thing_describe(e, a), armc_thing_describe(e, b));
    return armc_thing_none(e);
}

static bool has_text(const ArmcThing *thing)
{
    return thing->kind == ARMC_THING_STRING || thing->kind == ARMC_THING_SYMBOL;
}

static ArmcThing *text_binary(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                              const ArmcOrigin *origin)
{
    if (is(op, "==") || is(op, "!="))
        return armc_thing_bool(e, (strcmp(a->text, b->text) == 0) == is(op, "=="), origin);
    if (is(op, "+") && a->kind == ARMC_THING_STRING && b->kind == ARMC_THING_STRING)
        return armc_thing_string(e, armc_arena_printf(e->arena, "%s%s", a->text, b->text), origin);
    return misfit(e, op, a, b, origin);
}

static bool is_arrayish(const ArmcThing *thing)
{
    return thing->kind == ARMC_THING_ARRAY || thing->kind == ARMC_THING_LIST;
}

static ArmcThing *lists_join(ArmcElaborator *e, ArmcThing *a, ArmcThing *b,
                             const ArmcOrigin *origin)
{
    ArmcThing **items = ARMC_NEW_ARRAY(e->arena, ArmcThing *, a->count + b->count + 1);
    for (size_t i = 0; i < a->count + b->count; i++)
        items[i] = i < a->count ? a->items[i] : b->items[i - a->count];
    return armc_thing_list(e, items, a->count + b->count, origin);
}

ArmcThing *armc_constant_binary(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                                const ArmcOrigin *origin)
{
    if (armc_thing_is_none(a) || armc_thing_is_none(b))
        return armc_thing_none(e);
    if (a->kind == ARMC_THING_NUMBER && b->kind == ARMC_THING_NUMBER)
        return number_binary(e, op, a, b, origin);
    if (has_text(a) && has_text(b))
        return text_binary(e, op, a, b, origin);
    if (a->kind == ARMC_THING_BOOL && b->kind == ARMC_THING_BOOL && (is(op, "==") || is(op, "!=")))
        return armc_thing_bool(e, compare(op, a->number, b->number) > 0, origin);
    if (a->kind == ARMC_THING_LIST && b->kind == ARMC_THING_LIST && is(op, "+"))
        return lists_join(e, a, b, origin);
    if (is_arrayish(a) || is_arrayish(b)) {
        ArmcThing *x = armc_thing_to_array(e, a), *y = armc_thing_to_array(e, b);
        if (x && y)
            return armc_array_binary(e, op, x, y, origin);
    }
    return misfit(e, op, a, b, origin);
}

static ArmcThing *array_unary(ArmcElaborator *e, const char *op, ArmcThing *a,
                              const ArmcOrigin *origin)
{
    ArmcThing *zero = armc_thing_to_array(e, armc_thing_int(e, 0, origin));
    return is(op, "not") ? armc_array_binary(e, "==", a, zero, origin)
                         : armc_array_binary(e, "-", zero, a, origin);
}

ArmcThing *armc_constant_unary(ArmcElaborator *e, const char *op, ArmcThing *a,
                               const ArmcOrigin *origin)
{
    if (armc_thing_is_none(a))
        return a;
    if (is(op, "-") && a->kind == ARMC_THING_NUMBER)
        return armc_thing_number(e, a->number > 0 || a->number < 0 ? -a->number : 0, a->is_integer,
                                 origin);
    if (is(op, "not") && a->kind == ARMC_THING_BOOL)
        return armc_thing_bool(e, !(a->number > 0), origin);
    ArmcThing *array = is_arrayish(a) ? armc_thing_to_array(e, a) : NULL;
    if (array)
        return array_unary(e, op, array, origin);
    armc_diag_add(e->diags, ARMC_E_bad_kind, origin, "`%s` does not work on %s", op,
                  armc_thing_describe(e, a));
    return armc_thing_none(e);
}
