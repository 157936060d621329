/* Constant arrays (masks): elementwise arithmetic with broadcasting, and parts by index. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

static bool is_small(ArmcElaborator *e, ArmcShape shape, const ArmcOrigin *origin)
{
    int64_t size = armc_shape_size(shape);
    if (size >= 0 && size <= ARMC_ARRAY_LIMIT)
        return true;
    char text[96];
    armc_diag_add(e->diags, ARMC_E_bad_value, origin, "an array of shape %s is too large",
                  armc_shape_text(shape, text));
    return false;
}

double *armc_array_room(ArmcElaborator *e, ArmcShape shape, const ArmcOrigin *origin)
{
    return is_small(e, shape, origin) ? ARMC_NEW_ARRAY(e->arena, double, armc_shape_size(shape) + 1)
                                      : NULL;
}

uint8_t *armc_array_bits_room(ArmcElaborator *e, ArmcShape shape, const ArmcOrigin *origin)
{
    return is_small(e, shape, origin)
               ? ARMC_NEW_ARRAY(e->arena, uint8_t, armc_shape_size(shape) + 1)
               : NULL;
}

const double *armc_array_numbers(ArmcElaborator *e, ArmcThing *array)
{
    if (array->array)
        return array->array;
    int64_t size = armc_shape_size(array->shape);
    double *numbers = ARMC_NEW_ARRAY(e->arena, double, size + 1);
    for (int64_t i = 0; i < size; i++)
        numbers[i] = array->bits[i];
    array->array = numbers;
    return numbers;
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

/* --- what gives 0 or 1 --- */

/* A row along the last dimension; a step of 0 stands still. */
typedef void (*BitsRow)(int64_t n, const double *a, int64_t a_step, const double *b, int64_t b_step,
                        uint8_t *out);

#define BITS_ROW(name, expression)                                                                 \
    static void name(int64_t n, const double *a, int64_t a_step, const double *b, int64_t b_step,  \
                     uint8_t *out)                                                                 \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double x = a[i * a_step], y = b[i * b_step];                                           \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

/* `and` and `or` on arrays take 0 and 1. */
BITS_ROW(less, x < y)
BITS_ROW(less_equal, x <= y)
BITS_ROW(greater, x > y)
BITS_ROW(greater_equal, x >= y)
BITS_ROW(equal, x >= y && x <= y)
BITS_ROW(not_equal, !(x >= y && x <= y))
BITS_ROW(both, (x < 0 || x > 0) && (y < 0 || y > 0))
BITS_ROW(either, x<0 || x> 0 || y < 0 || y > 0)

static BitsRow find_bits_row(const char *op)
{
    static const struct {
        const char *op;
        BitsRow row;
    } rows[] = {{"<", less},   {"<=", less_equal}, {">", greater}, {">=", greater_equal},
                {"==", equal}, {"!=", not_equal},  {"and", both},  {"or", either}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op) == 0)
            return rows[i].row;
    return NULL;
}

/* --- two arrays --- */

/* An operand while rows of the result are made. */
typedef struct Source {
    const ArmcThing *array;
    int64_t width, step; /* of a row of it; 0: one entry for all of the result's row */
    double *buffer;      /* a row, where the array holds no numbers */
} Source;

static Source source_of(ArmcElaborator *e, const ArmcThing *array)
{
    Source source = {.array = array, .width = armc_shape_features(array->shape)};
    source.step = source.width > 1;
    if (!array->array)
        source.buffer = ARMC_NEW_ARRAY(e->arena, double, source.width);
    return source;
}

/* The operand's row for entry `at` of the result. */
static const double *row_at(const Source *source, ArmcShape out, int64_t at)
{
    int64_t offset = armc_broadcast_offset(source->array->shape, out, at);
    if (source->array->array)
        return source->array->array + offset;
    for (int64_t i = 0; i < source->width; i++)
        source->buffer[i] = source->array->bits[offset + i];
    return source->buffer;
}

static ArmcThing *bits_binary(ArmcElaborator *e, BitsRow row, const Source *a, const Source *b,
                              ArmcShape shape, const ArmcOrigin *origin)
{
    uint8_t *bits = armc_array_bits_room(e, shape, origin);
    int64_t size = bits ? armc_shape_size(shape) : 0, width = armc_shape_features(shape);
    for (int64_t at = 0; at < size; at += width)
        row(width, row_at(a, shape, at), a->step, row_at(b, shape, at), b->step, bits + at);
    return bits ? armc_thing_bits(e, shape, bits, origin) : armc_thing_none(e);
}

static ArmcThing *number_binary(ArmcElaborator *e, const char *op, const Source *a, const Source *b,
                                ArmcShape shape, const ArmcOrigin *origin)
{
    double *data = armc_array_room(e, shape, origin);
    int64_t size = data ? armc_shape_size(shape) : 0, width = armc_shape_features(shape);
    for (int64_t at = 0; at < size; at += width) {
        const double *x = row_at(a, shape, at), *y = row_at(b, shape, at);
        for (int64_t i = 0; i < width; i++)
            if (!armc_number_binary(e, op, x[i * a->step], y[i * b->step], false, &data[at + i],
                                    origin))
                return armc_thing_none(e);
    }
    return data ? armc_thing_array(e, shape, data, origin) : armc_thing_none(e);
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
    const Source x = source_of(e, a), y = source_of(e, b);
    BitsRow row = find_bits_row(op);
    return row ? bits_binary(e, row, &x, &y, shape, origin)
               : number_binary(e, op, &x, &y, shape, origin);
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
    const double *numbers = armc_array_numbers(e, array);
    double *data = armc_array_room(e, full, origin);
    for (int64_t at = 0; data && at < size; at++) {
        int64_t rest = at, offset = 0, stride = 1;
        for (int i = in.rank - 1; i >= 0; i--) {
            int64_t index = rest % full.dims[i];
            rest /= full.dims[i];
            offset += (i < count ? begin[i] + index * step[i] : index) * stride;
            stride *= in.dims[i];
        }
        data[at] = numbers[offset];
    }
    return data ? array_or_number(e, out, data, origin) : armc_thing_none(e);
}
