/* Constant arrays (masks): elementwise arithmetic with broadcasting, and parts by index. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

double *armc_array_room(ArmcElaborator *e, ArmcShape shape, const ArmcOrigin *origin)
{
    int64_t size = armc_shape_size(shape);
    if (size >= 0 && size <= ARMC_ARRAY_LIMIT)
        return ARMC_NEW_ARRAY(e->arena, double, size + 1);
    char text[96];
    armc_diag_add(e->diags, ARMC_E_bad_value, origin, "an array of shape %s is too large",
                  armc_shape_text(shape, text));
    return NULL;
}

/* Aligned at the last dimension; a dimension of 1 stretches. */
static bool broadcast(ArmcShape a, ArmcShape b, ArmcShape *out)
{
    out->rank = a.rank > b.rank ? a.rank : b.rank;
    for (int i = 1; i <= out->rank; i++) {
        int64_t x = i <= a.rank ? a.dims[a.rank - i] : 1, y = i <= b.rank ? b.dims[b.rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dims[out->rank - i] = x == 1 ? y : x;
    }
    return true;
}

int64_t armc_broadcast_offset(ArmcShape shape, ArmcShape out, int64_t at)
{
    int64_t offset = 0, step = 1;
    for (int i = 1; i <= shape.rank; i++) {
        int64_t index = at % out.dims[out.rank - i];
        at /= out.dims[out.rank - i];
        if (shape.dims[shape.rank - i] > 1)
            offset += index * step;
        step *= shape.dims[shape.rank - i];
    }
    return offset;
}

/* `and` and `or` on arrays take 0 and 1. */
static bool entry(ArmcElaborator *e, const char *op, double a, double b, double *out,
                  const ArmcOrigin *origin)
{
    bool x = a < 0 || a > 0, y = b < 0 || b > 0;
    if (strcmp(op, "and") == 0)
        *out = x && y;
    else if (strcmp(op, "or") == 0)
        *out = x || y;
    else
        return armc_number_binary(e, op, a, b, false, out, origin);
    return true;
}

typedef double (*Pair)(double a, double b);

static double less(double a, double b)
{
    return a < b;
}
static double less_equal(double a, double b)
{
    return a <= b;
}
static double greater(double a, double b)
{
    return a > b;
}
static double greater_equal(double a, double b)
{
    return a >= b;
}

/* Comparisons make masks, the large arrays, and can't fail: looked up once, not for each entry. */
static Pair find_pair(const char *op)
{
    static const struct {
        const char *op;
        Pair of;
    } pairs[] = {{"<", less}, {"<=", less_equal}, {">", greater}, {">=", greater_equal}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(pairs[i].op, op) == 0)
            return pairs[i].of;
    return NULL;
}

/* One row of the result, along the last dimension: operands stand still where they stretch. */
static bool row(ArmcElaborator *e, const char *op, const double *a, bool a_moves, const double *b,
                bool b_moves, int64_t width, double *out, const ArmcOrigin *origin)
{
    Pair pair = find_pair(op);
    for (int64_t i = 0; i < width; i++) {
        double x = a[a_moves ? i : 0], y = b[b_moves ? i : 0];
        if (pair)
            out[i] = pair(x, y);
        else if (!entry(e, op, x, y, &out[i], origin))
            return false;
    }
    return true;
}

static bool moves(const ArmcThing *array)
{
    return armc_shape_features(array->shape) > 1;
}

ArmcThing *armc_array_binary(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                             const ArmcOrigin *origin)
{
    ArmcShape shape = {0};
    if (!broadcast(a->shape, b->shape, &shape)) {
        char x[96], y[96];
        armc_diag_add(e->diags, ARMC_E_shape_mismatch, origin,
                      "`%s` can't combine arrays of shapes %s and %s", op,
                      armc_shape_text(a->shape, x), armc_shape_text(b->shape, y));
        return armc_thing_none(e);
    }
    double *data = armc_array_room(e, shape, origin);
    int64_t size = data ? armc_shape_size(shape) : 0, width = armc_shape_features(shape);
    for (int64_t at = 0; at < size; at += width) {
        const double *x = a->array + armc_broadcast_offset(a->shape, shape, at);
        const double *y = b->array + armc_broadcast_offset(b->shape, shape, at);
        if (!row(e, op, x, moves(a), y, moves(b), width, data + at, origin))
            return armc_thing_none(e);
    }
    return data ? armc_thing_array(e, shape, data, origin) : armc_thing_none(e);
}

static ArmcThing *array_or_number(ArmcElaborator *e, ArmcShape shape, const double *data,
                                  const ArmcOrigin *origin)
{
    if (shape.rank > 0)
        return armc_thing_array(e, shape, data, origin);
    bool whole = data[0] >= (double)(int64_t)data[0] && data[0] <= (double)(int64_t)data[0];
    return armc_thing_number(e, data[0], whole, origin);
}

/* Dimensions beyond `count` are taken whole; a dropped one (a single index) vanishes from the
 * shape. */
ArmcThing *armc_array_index(ArmcElaborator *e, ArmcThing *array, int count, const int64_t *begin,
                            const int64_t *end, const int64_t *step, const bool *drop,
                            const ArmcOrigin *origin)
{
    ArmcShape in = array->shape, full = in, out = {0};
    for (int i = 0; i < count; i++)
        full.dims[i] = (end[i] - begin[i] + step[i] - 1) / step[i];
    for (int i = 0; i < in.rank; i++)
        if (i >= count || !drop[i])
            out.dims[out.rank++] = full.dims[i];
    int64_t size = armc_shape_size(full);
    double *data = armc_array_room(e, full, origin);
    for (int64_t at = 0; data && at < size; at++) {
        int64_t rest = at, offset = 0, stride = 1;
        for (int i = in.rank - 1; i >= 0; i--) {
            int64_t index = rest % full.dims[i];
            rest /= full.dims[i];
            offset += (i < count ? begin[i] + index * step[i] : index) * stride;
            stride *= in.dims[i];
        }
        data[at] = array->array[offset];
    }
    return data ? array_or_number(e, out, data, origin) : armc_thing_none(e);
}
