/* NumPy pickles an array as a call that makes an empty one and a state that fills it,
 *   _reconstruct(ndarray, (0,), b'b') and (1, shape, dtype, False, bytes),
 * from protocol 5 on as _frombuffer(bytes, dtype, shape, 'C'); its type as
 *   dtype('u1', False, True) and (3, '|', None, None, None, -1, -1, 0);
 * and Python 3 pickles bytes for protocol 2 as encode('…', 'latin1'). */
#include "runtime/data/pickle_objects.h"

#include <inttypes.h>
#include <string.h>

enum { SPLITS = 2, SHOWN = 40 };

static const char *const keys[SPLITS] = {"train", "test"};

typedef enum Name { RECONSTRUCT, FROM_BUFFER, NDARRAY, DTYPE, ENCODE } Name;

static const struct {
    const char *module, *name;
    Name meaning;
} names[] = {
    {"numpy.core.multiarray", "_reconstruct", RECONSTRUCT}, /* NumPy 1 */
    {"numpy._core.multiarray", "_reconstruct", RECONSTRUCT},
    {"numpy.core.numeric", "_frombuffer", FROM_BUFFER},
    {"numpy._core.numeric", "_frombuffer", FROM_BUFFER},
    {"numpy", "ndarray", NDARRAY},
    {"numpy", "dtype", DTYPE},
    {"_codecs", "encode", ENCODE},
};

/* --- messages ----------------------------------------------------------------------------- */

bool armc_pickle_complain(const ArmcPickle *p, size_t at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = armc_arena_vprintf(p->call->arena, format, args);
    va_end(args);
    ArmcDiag *diag = armc_diag_add(p->call->diags, ARMC_E_bad_file, p->call->origin,
                                   "byte %zu of `%s`: %s", at, p->path, message);
    armc_diag_help(diag,
                   "a pickle is read that holds {'train': x, 'test': y}, two uint8 arrays of "
                   "NumPy, and nothing else; numpy.savez(file, train=x, test=y) writes an NPZ "
                   "file, which is read too");
    return false;
}

const char *armc_pickle_quote(const ArmcPickle *p, const uint8_t *text, size_t length)
{
    char shown[SHOWN + 1];
    size_t n = length < SHOWN ? length : SHOWN;
    for (size_t i = 0; i < n; i++)
        shown[i] = text[i] > ' ' && text[i] < 0x7f && text[i] != '`' ? (char)text[i] : '?';
    shown[n] = '\0';
    return armc_arena_printf(p->call->arena, "%s%s", shown, length > SHOWN ? "..." : "");
}

const char *armc_pickle_kind_text(ArmcPickleKind kind)
{
    static const char *const texts[] = {
        [ARMC_PICKLE_MARK] = "a mark",     [ARMC_PICKLE_NONE] = "None",
        [ARMC_PICKLE_TRUTH] = "a bool",    [ARMC_PICKLE_NUMBER] = "a number",
        [ARMC_PICKLE_TEXT] = "text",       [ARMC_PICKLE_BYTES] = "bytes",
        [ARMC_PICKLE_STRING] = "a string", [ARMC_PICKLE_TUPLE] = "a tuple",
        [ARMC_PICKLE_DICT] = "a dict",     [ARMC_PICKLE_NAME] = "a name",
        [ARMC_PICKLE_DTYPE] = "a dtype",   [ARMC_PICKLE_ARRAY] = "an array",
    };
    return texts[kind];
}

ArmcPickled *armc_pickle_new(const ArmcPickle *p, ArmcPickleKind kind)
{
    ArmcPickled *made = ARMC_NEW(p->call->arena, ArmcPickled);
    made->kind = kind;
    made->at = p->at;
    if (kind == ARMC_PICKLE_DICT)
        made->items = ARMC_NEW_ARRAY(p->call->arena, ArmcPickled *, SPLITS);
    return made;
}

/* --- what an object is -------------------------------------------------------------------- */

static bool is_text(const ArmcPickled *object)
{
    return object->kind == ARMC_PICKLE_TEXT || object->kind == ARMC_PICKLE_STRING;
}

static bool has_text(const ArmcPickled *object, const char *text)
{
    return is_text(object) && object->length == strlen(text) &&
           memcmp(object->bytes, text, object->length) == 0;
}

static bool is_name(const ArmcPickled *object, Name name)
{
    return object->kind == ARMC_PICKLE_NAME && object->number == (int64_t)name;
}

/* Whether an object is what a letter stands for. */
static bool is_like(const ArmcPickled *object, char letter)
{
    switch (letter) {
    case 'T':
        return is_text(object);
    case 'B':
        return object->kind == ARMC_PICKLE_BYTES || object->kind == ARMC_PICKLE_STRING;
    case 'i': /* Python 2 writes a bool as a number now and then */
        return object->kind == ARMC_PICKLE_NUMBER || object->kind == ARMC_PICKLE_TRUTH;
    case 'N':
        return object->kind == ARMC_PICKLE_NONE;
    case 't':
        return object->kind == ARMC_PICKLE_TUPLE;
    case 'd':
        return object->kind == ARMC_PICKLE_DTYPE;
    default:
        return object->kind == ARMC_PICKLE_NAME;
    }
}

/* Whether a tuple has one item like each of the letters. */
static bool has_items(const ArmcPickled *tuple, const char *letters)
{
    if (tuple->kind != ARMC_PICKLE_TUPLE || tuple->count != strlen(letters))
        return false;
    for (size_t i = 0; i < tuple->count; i++)
        if (!is_like(tuple->items[i], letters[i]))
            return false;
    return true;
}

/* --- names and calls ---------------------------------------------------------------------- */

ArmcPickled *armc_pickle_name(const ArmcPickle *p, const ArmcPickled *module,
                              const ArmcPickled *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!has_text(module, names[i].module) || !has_text(name, names[i].name))
            continue;
        ArmcPickled *made = armc_pickle_new(p, ARMC_PICKLE_NAME);
        made->number = names[i].meaning;
        return made;
    }
    armc_pickle_complain(p, p->at,
                         "it asks for `%s.%s`, which no array of NumPy needs; nothing is run",
                         armc_pickle_quote(p, module->bytes, module->length),
                         armc_pickle_quote(p, name->bytes, name->length));
    return NULL;
}

static ArmcPickled *wrong_call(const ArmcPickle *p, const char *name)
{
    armc_pickle_complain(p, p->at, "%s is called otherwise than NumPy calls it", name);
    return NULL;
}

static ArmcPickled *make_dtype(const ArmcPickle *p, const ArmcPickled *arguments)
{
    if (!has_items(arguments, "Tii"))
        return wrong_call(p, "dtype");
    const ArmcPickled *type = arguments->items[0];
    if (has_text(type, "u1"))
        return armc_pickle_new(p, ARMC_PICKLE_DTYPE);
    armc_pickle_complain(p, p->at, "an array of type `%s`; uint8 is read, `u1`",
                         armc_pickle_quote(p, type->bytes, type->length));
    return NULL;
}

static ArmcPickled *make_bytes(const ArmcPickle *p, const ArmcPickled *arguments)
{
    if (!has_items(arguments, "TT") || !has_text(arguments->items[1], "latin1"))
        return wrong_call(p, "encode");
    ArmcPickled *made = armc_pickle_new(p, ARMC_PICKLE_BYTES);
    made->bytes = arguments->items[0]->bytes;
    made->length = arguments->items[0]->length;
    made->is_utf8 = true;
    return made;
}

static void fill(ArmcPickled *array, const ArmcPickled *shape, ArmcPickled *contents)
{
    array->items = shape->items;
    array->count = shape->count;
    array->contents = contents;
}

static ArmcPickled *make_array(const ArmcPickle *p, const ArmcPickled *arguments)
{
    if (!has_items(arguments, "BdtT") || !has_text(arguments->items[3], "C"))
        return wrong_call(p, "_frombuffer");
    ArmcPickled *made = armc_pickle_new(p, ARMC_PICKLE_ARRAY);
    fill(made, arguments->items[2], arguments->items[0]);
    return made;
}

ArmcPickled *armc_pickle_call(const ArmcPickle *p, const ArmcPickled *name,
                              const ArmcPickled *arguments)
{
    if (is_name(name, DTYPE))
        return make_dtype(p, arguments);
    if (is_name(name, ENCODE))
        return make_bytes(p, arguments);
    if (is_name(name, FROM_BUFFER))
        return make_array(p, arguments);
    if (!is_name(name, RECONSTRUCT)) {
        armc_pickle_complain(p, p->at, "%s can't be called", armc_pickle_kind_text(name->kind));
        return NULL;
    }
    if (!has_items(arguments, "ntB") || !is_name(arguments->items[0], NDARRAY))
        return wrong_call(p, "_reconstruct");
    return armc_pickle_new(p, ARMC_PICKLE_ARRAY);
}

/* --- states ------------------------------------------------------------------------------- */

static bool build_array(const ArmcPickle *p, ArmcPickled *array, const ArmcPickled *state)
{
    if (!has_items(state, "itdiB") || state->items[0]->number != 1)
        return armc_pickle_complain(p, p->at, "this is not how NumPy describes an array");
    if (state->items[3]->number != 0)
        return armc_pickle_complain(p, p->at,
                                    "an array in Fortran order; numpy.ascontiguousarray(x) is in C "
                                    "order, which is read");
    if (array->contents != NULL)
        return armc_pickle_complain(p, p->at, "the array of byte %zu is filled twice", array->at);
    fill(array, state->items[1], state->items[4]);
    return true;
}

bool armc_pickle_build(const ArmcPickle *p, ArmcPickled *object, const ArmcPickled *state)
{
    if (object->kind == ARMC_PICKLE_ARRAY)
        return build_array(p, object, state);
    if (object->kind != ARMC_PICKLE_DTYPE)
        return armc_pickle_complain(p, p->at, "%s has no state",
                                    armc_pickle_kind_text(object->kind));
    return (has_items(state, "iTNNNiii") && has_text(state->items[1], "|")) ||
           armc_pickle_complain(p, p->at, "this is not how NumPy describes the type uint8");
}

/* --- the dict ----------------------------------------------------------------------------- */

bool armc_pickle_set(const ArmcPickle *p, ArmcPickled *dict, const ArmcPickled *key,
                     ArmcPickled *value)
{
    size_t i = 0;
    if (dict->kind != ARMC_PICKLE_DICT)
        return armc_pickle_complain(p, p->at, "%s has no items to set",
                                    armc_pickle_kind_text(dict->kind));
    while (i < SPLITS && !has_text(key, keys[i]))
        i++;
    if (i == SPLITS)
        return armc_pickle_complain(
            p, key->at, "the dict has a key %s%s, beside train and test",
            armc_pickle_kind_text(key->kind),
            !is_text(key) ? ""
                          : armc_arena_printf(p->call->arena, " `%s`",
                                              armc_pickle_quote(p, key->bytes, key->length)));
    if (value->kind != ARMC_PICKLE_ARRAY || value->contents == NULL)
        return armc_pickle_complain(p, value->at, "'%s' is %s, not an array of uint8", keys[i],
                                    value->kind == ARMC_PICKLE_ARRAY
                                        ? "an array without contents"
                                        : armc_pickle_kind_text(value->kind));
    if (dict->items[i] != NULL)
        return armc_pickle_complain(p, key->at, "the dict has two keys '%s'", keys[i]);
    dict->items[i] = value;
    return true;
}

/* --- arrays ------------------------------------------------------------------------------- */

static bool read_shape(const ArmcPickle *p, const ArmcPickled *array, ArmcNpy *out)
{
    if (array->count > ARMC_NPY_MAX_RANK)
        return armc_pickle_complain(p, array->at, "an array has %zu axes", array->count);
    out->rank = (int)array->count;
    out->count = 1;
    for (size_t i = 0; i < array->count; i++) {
        const ArmcPickled *size = array->items[i];
        if (size->kind != ARMC_PICKLE_NUMBER || size->number < 0)
            return armc_pickle_complain(p, size->at, "axis %zu of an array has no size", i + 1);
        out->dims[i] = size->number;
        if (__builtin_mul_overflow(out->count, size->number, &out->count))
            return armc_pickle_complain(p, array->at, "the sizes of an array are too large: %s",
                                        armc_npy_shape_text(p->call->arena, out));
    }
    return true;
}

/* Decodes UTF-8 of characters 0..255 to out (room); the number of bytes, or -1 where it is none or
 * there are more. */
static int64_t decode(const ArmcPickled *text, int64_t room, uint8_t *out)
{
    int64_t n = 0;
    for (size_t i = 0; i < text->length; i++, n++) {
        uint8_t c = text->bytes[i];
        if (n == room)
            return -1;
        if (c >= 0x80) { /* 110000xx 10xxxxxx */
            uint8_t second = i + 1 < text->length ? text->bytes[i + 1] : 0;
            if ((c & 0xfe) != 0xc2 || (second & 0xc0) != 0x80)
                return -1;
            c = (uint8_t)(c << 6 | (second & 0x3f));
            i++;
        }
        out[n] = c;
    }
    return n;
}

static bool take_contents(const ArmcPickle *p, const ArmcPickled *array, ArmcNpy *out)
{
    const ArmcPickled *contents = array->contents;
    int64_t length = (int64_t)contents->length;
    out->data = contents->bytes;
    if (contents->is_utf8 && out->count <= length) {
        uint8_t *bytes = ARMC_NEW_ARRAY(p->call->arena, uint8_t, out->count);
        length = decode(contents, out->count, bytes);
        out->data = bytes;
    }
    if (length == out->count)
        return true;
    return length < 0
               ? armc_pickle_complain(p, contents->at,
                                      "an array of %s holds other than %" PRId64 " bytes",
                                      armc_npy_shape_text(p->call->arena, out), out->count)
               : armc_pickle_complain(p, contents->at, "an array of %s holds %" PRId64 " bytes",
                                      armc_npy_shape_text(p->call->arena, out), length);
}

bool armc_pickle_arrays(const ArmcPickle *p, const ArmcPickled *dict, ArmcNpy *train, ArmcNpy *test)
{
    ArmcNpy *const out[SPLITS] = {train, test};
    for (size_t i = 0; i < SPLITS; i++) {
        const ArmcPickled *array = dict->items[i];
        if (array == NULL)
            return armc_pickle_complain(p, dict->at, "the dict has no '%s'", keys[i]);
        *out[i] = (ArmcNpy){
            .name = armc_arena_printf(p->call->arena, "%s/%s", p->path, keys[i]),
            .type = "|u1",
            .kind = 'u',
            .size = 1,
        };
        if (!read_shape(p, array, out[i]) || !take_contents(p, array, out[i]))
            return false;
    }
    return true;
}
