/* Maps NPY files and reads their headers; npy_values.c reads the numbers. */
#include "runtime/data/npy.h"

#include <inttypes.h>
#include <string.h>

enum { MAGIC = 6, PREAMBLE = 8 /* magic and version */ };

/* The text of a header while it is read. */
typedef struct Parser {
    const ArmcDataCall *call;
    const char *name;
    const char *at, *end;
    ArmcNpy *out;
    bool has_type, has_order, has_shape;
} Parser;

/* --- a Python dict ------------------------------------------------------------------------ */

static bool bad_header(const Parser *p, const char *what)
{
    return armc_data_complain(p->call, ARMC_E_bad_file,
                              "the header of `%s` is not as NumPy writes it: %s", p->name, what);
}

static void skip_blanks(Parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t'))
        p->at++;
}

/* Takes the character behind blanks, if it is this one. */
static bool take(Parser *p, char c)
{
    skip_blanks(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool take_word(Parser *p, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(p);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
        return false;
    p->at += n;
    return true;
}

/* A quoted string without escapes; NULL: there is none. */
static const char *take_string(Parser *p)
{
    const char quote = take(p, '\'') ? '\'' : take(p, '"') ? '"' : '\0';
    if (quote == '\0')
        return NULL;
    const char *close = memchr(p->at, quote, (size_t)(p->end - p->at));
    if (close == NULL)
        return NULL;
    const char *text = armc_arena_strndup(p->call->arena, p->at, (size_t)(close - p->at));
    p->at = close + 1;
    return text;
}

/* A whole number, with the L that Python 2 writes; -1: there is none, or it is too large. */
static int64_t take_number(Parser *p)
{
    int64_t n = 0;
    bool bad = false;
    skip_blanks(p);
    if (p->at == p->end || *p->at < '0' || *p->at > '9')
        return -1;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        bad =
            __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p->at - '0', &n) || bad;
    if (p->at < p->end && *p->at == 'L')
        p->at++;
    return bad ? -1 : n;
}

/* --- its entries -------------------------------------------------------------------------- */

static bool refuse_type(const Parser *p, const char *type)
{
    const char *holds = type;
    if (strchr("cFDG", type[1]) != NULL)
        holds = "complex numbers";
    else if (strchr("SUa", type[1]) != NULL)
        holds = "text";
    else if (strchr("mM", type[1]) != NULL)
        holds = "times";
    return armc_data_complain(
        p->call, ARMC_E_bad_file,
        "`%s` holds %s (type %s); only whole numbers, bool and floating-point "
        "numbers of 2, 4 or 8 bytes are read",
        p->name, holds, type);
}

static bool is_size_of(char kind, int size)
{
    switch (kind) {
    case 'b':
        return size == 1;
    case 'i':
    case 'u':
        return size == 1 || size == 2 || size == 4 || size == 8;
    case 'f':
        return size == 2 || size == 4 || size == 8;
    default:
        return false;
    }
}

/* "<i4": byte order, kind, bytes. */
static bool read_type(Parser *p)
{
    ArmcNpy *out = p->out;
    skip_blanks(p);
    if (p->at < p->end && *p->at == '[')
        return armc_data_complain(p->call, ARMC_E_bad_file,
                                  "`%s` holds records of several fields; only plain arrays of "
                                  "numbers are read",
                                  p->name);
    const char *type = take_string(p);
    if (type == NULL || strlen(type) < 2 || strchr("<>|", type[0]) == NULL)
        return bad_header(p, "'descr' is no type such as '|u1' or '<i4'");
    if (type[1] == 'O')
        return armc_data_complain(p->call, ARMC_E_bad_file,
                                  "`%s` holds pickled Python objects; only arrays of numbers are "
                                  "read",
                                  p->name);
    out->type = type;
    out->kind = type[1];
    out->size = strlen(type) == 3 ? type[2] - '0' : 0;
    out->big_endian = type[0] == '>';
    if (!is_size_of(out->kind, out->size) || (type[0] == '|' && out->size > 1))
        return refuse_type(p, type);
    p->has_type = true;
    return true;
}

static bool read_order(Parser *p)
{
    p->out->fortran = take_word(p, "True");
    if (!p->out->fortran && !take_word(p, "False"))
        return bad_header(p, "'fortran_order' is neither True nor False");
    p->has_order = true;
    return true;
}

static bool read_shape(Parser *p)
{
    ArmcNpy *out = p->out;
    if (!take(p, '('))
        return bad_header(p, "'shape' is no tuple");
    bool more = true;
    while (!take(p, ')')) {
        int64_t n = more ? take_number(p) : -1;
        if (n < 0)
            return bad_header(p, "'shape' is no tuple of sizes");
        if (out->rank == ARMC_NPY_MAX_RANK)
            return bad_header(p, "'shape' has more than 32 axes");
        out->dims[out->rank++] = n;
        more = take(p, ',');
    }
    p->has_shape = true;
    return true;
}

static bool read_entry(Parser *p)
{
    const char *key = take_string(p);
    if (key == NULL || !take(p, ':'))
        return bad_header(p, "it is no dict");
    if (strcmp(key, "descr") == 0 && !p->has_type)
        return read_type(p);
    if (strcmp(key, "fortran_order") == 0 && !p->has_order)
        return read_order(p);
    if (strcmp(key, "shape") == 0 && !p->has_shape)
        return read_shape(p);
    return bad_header(p, "it has a key too many");
}

static bool read_dict(Parser *p)
{
    if (!take(p, '{'))
        return bad_header(p, "it is no dict");
    bool more = true;
    while (!take(p, '}')) {
        if (!more)
            return bad_header(p, "a comma is missing");
        if (!read_entry(p))
            return false;
        more = take(p, ',');
    }
    skip_blanks(p);
    if (p->at != p->end)
        return bad_header(p, "something follows the dict");
    if (!p->has_type || !p->has_order || !p->has_shape)
        return bad_header(p, "one of the keys descr, fortran_order, shape is missing");
    return true;
}

/* --- the file ----------------------------------------------------------------------------- */

/* Where the header begins and ends; false where the file is none or ends before. */
static bool find_header(const ArmcDataCall *call, const char *name, const uint8_t *b, size_t length,
                        size_t *begin, size_t *end)
{
    if (length < PREAMBLE || memcmp(b, "\x93NUMPY", MAGIC) != 0)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` does not begin with the bytes 93 4e 55 4d 50 59 of an NPY "
                                  "file",
                                  name);
    if (b[6] < 1 || b[6] > 3 || b[7] != 0)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "`%s` is of NPY version %d.%d; 1.0, 2.0 and 3.0 are read", name,
                                  b[6], b[7]);
    const size_t width = b[6] == 1 ? 2 : 4;
    size_t n = 0;
    *begin = PREAMBLE + width;
    if (length >= *begin)
        for (size_t i = width; i > 0; i--)
            n = n << 8 | b[PREAMBLE + i - 1];
    *end = *begin + n;
    if (length < *end)
        return armc_data_complain(call, ARMC_E_bad_file, "`%s` ends at byte %zu, within its header",
                                  name, length);
    return true;
}

/* The product of the sizes fits, and the file ends where it should. */
static bool check_length(const ArmcDataCall *call, ArmcNpy *out, size_t header, size_t length)
{
    int64_t count = 1, total;
    bool overflows = false;
    for (int i = 0; i < out->rank; i++)
        overflows = __builtin_mul_overflow(count, out->dims[i], &count) || overflows;
    overflows = overflows || __builtin_mul_overflow(count, out->size, &total) ||
                __builtin_add_overflow(total, (int64_t)header, &total);
    if (overflows)
        return armc_data_complain(call, ARMC_E_bad_file,
                                  "the sizes in the header of `%s` are too large: %s", out->name,
                                  armc_npy_shape_text(call->arena, out));
    out->count = count;
    if (length == (size_t)total)
        return true;
    return armc_data_complain(call, ARMC_E_bad_file,
                              "`%s` %s byte %zu; by its header (%s of %s) it should end at byte "
                              "%" PRId64,
                              out->name, length < (size_t)total ? "ends at" : "goes on to", length,
                              armc_npy_shape_text(call->arena, out), out->type, total);
}

bool armc_npy_parse(const ArmcDataCall *call, const char *name, const uint8_t *bytes, size_t length,
                    ArmcNpy *out)
{
    size_t begin = 0, end = 0;
    *out = (ArmcNpy){.name = name};
    if (!find_header(call, name, bytes, length, &begin, &end))
        return false;
    const char *text = (const char *)bytes;
    Parser p = {.call = call, .name = name, .at = text + begin, .end = text + end, .out = out};
    if (!read_dict(&p))
        return false;
    out->data = bytes + end;
    return check_length(call, out, end, length);
}

bool armc_npy_open(const ArmcDataCall *call, const char *path, ArmcNpy *out)
{
    size_t length;
    const uint8_t *bytes = armc_data_map(call, path, &length);
    return bytes != NULL && armc_npy_parse(call, path, bytes, length, out);
}

const char *armc_npy_shape_text(ArmcArena *arena, const ArmcNpy *npy)
{
    const char *text = npy->rank == 0 ? "()" : "";
    for (int i = 0; i < npy->rank; i++)
        text = armc_arena_printf(arena, "%s%s%" PRId64, text, i == 0 ? "" : "x", npy->dims[i]);
    return text;
}
