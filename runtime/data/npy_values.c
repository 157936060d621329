/* The numbers of NPY files, whatever their type and order, as bytes or doubles. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/data/npy.h"

/* --- one number --------------------------------------------------------------------------- */

static uint64_t bits_at(const ArmcNpy *npy, const uint8_t *b)
{
    uint64_t bits = 0;
    for (int i = 0; i < npy->size; i++)
        bits = bits << 8 | b[npy->big_endian ? i : npy->size - 1 - i];
    return bits;
}

static int64_t signed_at(const ArmcNpy *npy, const uint8_t *b)
{
    const uint64_t bits = bits_at(npy, b), sign = UINT64_C(1) << (8 * npy->size - 1);
    return bits & sign ? -(int64_t)(sign - 1 - (bits & (sign - 1))) - 1 : (int64_t)bits;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023);
    double x = exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);
    if (exponent == 31)
        x = fraction > 0 ? (double)NAN : (double)INFINITY;
    return bits & 0x8000 ? -x : x;
}

static double float_at(const ArmcNpy *npy, const uint8_t *b)
{
    const uint64_t bits = bits_at(npy, b);
    const uint32_t low = (uint32_t)bits;
    float single;
    double x;
    if (npy->size == 2)
        return half(bits);
    memcpy(&single, &low, sizeof single);
    memcpy(&x, &bits, sizeof x);
    return npy->size == 4 ? (double)single : x;
}

static double double_at(const ArmcNpy *npy, const uint8_t *b)
{
    switch (npy->kind) {
    case 'f':
        return float_at(npy, b);
    case 'i':
        return (double)signed_at(npy, b);
    case 'b':
        return *b != 0;
    default:
        return (double)bits_at(npy, b);
    }
}

/* --- all of them -------------------------------------------------------------------------- */

/* Goes through an array with the last axis fastest, however it stands in the file. */
typedef struct Walk {
    int rank;
    int64_t at[ARMC_NPY_MAX_RANK], dims[ARMC_NPY_MAX_RANK];
    int64_t stride[ARMC_NPY_MAX_RANK]; /* in bytes */
    const uint8_t *data;
    int64_t offset; /* of the number at which it stands */
} Walk;

static const uint8_t *place(const Walk *walk)
{
    return walk->data + walk->offset;
}

static Walk begin(const ArmcNpy *npy)
{
    Walk walk = {.rank = npy->rank, .data = npy->data};
    int64_t stride = npy->size;
    for (int k = 0; k < npy->rank && npy->count > 0; k++) {
        int axis = npy->fortran ? k : npy->rank - 1 - k;
        walk.dims[axis] = npy->dims[axis];
        walk.stride[axis] = stride;
        stride *= npy->dims[axis];
    }
    return walk;
}

static void next(Walk *walk)
{
    for (int axis = walk->rank - 1; axis >= 0; axis--) {
        walk->offset += walk->stride[axis];
        if (++walk->at[axis] < walk->dims[axis])
            return;
        walk->offset -= walk->stride[axis] * walk->dims[axis];
        walk->at[axis] = 0;
    }
}

void armc_npy_doubles(const ArmcNpy *npy, double *out)
{
    Walk walk = begin(npy);
    for (int64_t i = 0; i < npy->count; i++, next(&walk))
        out[i] = double_at(npy, place(&walk));
}

/* --- as bytes ----------------------------------------------------------------------------- */

/* The index of the number at which the walk stands, as in "3, 0". */
static const char *index_text(ArmcArena *arena, const Walk *walk)
{
    const char *text = "";
    for (int i = 0; i < walk->rank; i++)
        text = armc_arena_printf(arena, "%s%s%" PRId64, text, i == 0 ? "" : ", ", walk->at[i]);
    return text;
}

static bool refuse_value(const ArmcDataCall *call, const ArmcNpy *npy, const Walk *walk)
{
    const char *index = index_text(call->arena, walk);
    const char *text = npy->kind == 'i'
                           ? armc_arena_printf(call->arena, "%" PRId64, signed_at(npy, place(walk)))
                           : armc_arena_printf(call->arena, "%" PRIu64, bits_at(npy, place(walk)));
    return armc_data_complain(call, ARMC_E_bad_file,
                              "`%s` holds %s at [%s]; the values of a data set are whole numbers "
                              "in 0..%d",
                              npy->name, text, index, npy->kind == 'b' ? 1 : 255);
}

/* The largest number, or -1 after a diagnostic. `out` NULL: the numbers are only looked at. */
static int check_numbers(const ArmcDataCall *call, const ArmcNpy *npy, uint8_t *out)
{
    const uint64_t limit = npy->kind == 'b' ? 1 : 255;
    int largest = 0;
    Walk walk = begin(npy);
    for (int64_t i = 0; i < npy->count; i++, next(&walk)) {
        uint64_t value =
            npy->kind == 'i' ? (uint64_t)signed_at(npy, place(&walk)) : bits_at(npy, place(&walk));
        if (value > limit) {
            refuse_value(call, npy, &walk);
            return -1;
        }
        largest = (int)value > largest ? (int)value : largest;
        if (out != NULL)
            out[i] = (uint8_t)value;
    }
    return largest;
}

static void refuse_floats(const ArmcDataCall *call, const ArmcNpy *npy)
{
    ArmcDiag *diag =
        armc_diag_add(call->diags, ARMC_E_bad_file, call->origin,
                      "`%s` holds floating-point numbers (type %s); the values of a data set are "
                      "whole numbers in 0..255",
                      npy->name, npy->type);
    armc_diag_help(diag, "in NumPy, `x.astype(\"uint8\")` makes whole numbers of them");
}

const uint8_t *armc_npy_bytes(const ArmcDataCall *call, const ArmcNpy *npy, int *levels)
{
    if (npy->kind == 'f') {
        refuse_floats(call, npy);
        return NULL;
    }
    const bool in_place = npy->size == 1 && npy->kind != 'i' && (!npy->fortran || npy->rank <= 1);
    *levels = ARMC_DATA_MAX_LEVELS;
    if (in_place && npy->kind == 'u')
        return npy->data;
    uint8_t *copy = in_place ? NULL : ARMC_NEW_ARRAY(call->arena, uint8_t, npy->count);
    int largest = check_numbers(call, npy, copy);
    if (largest < 0)
        return NULL;
    if (npy->size > 1 || npy->kind == 'i')
        *levels = largest < 1 ? 2 : largest + 1;
    if (npy->kind == 'b')
        *levels = 2;
    return in_place ? npy->data : copy;
}
