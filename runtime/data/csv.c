#include "runtime/data/csv.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/data/reader.h"

enum { LARGEST = ARMC_DATA_MAX_LEVELS - 1 };

const char *const armc_csv_endings[] = {".csv",    ".csv.gz", ".tsv",     ".tsv.gz", ".txt",
                                        ".txt.gz", ".data",   ".data.gz", NULL};

bool armc_csv_is_table(const char *path)
{
    for (size_t i = 0; armc_csv_endings[i] != NULL; i++)
        if (armc_data_has_ending(path, armc_csv_endings[i]))
            return armc_data_is_file(path);
    return false;
}

/* A field without the blanks around it. */
typedef struct Field {
    const uint8_t *begin, *end;
} Field;

typedef struct Reader {
    const ArmcDataCall *call;
    const char *path;
    const uint8_t *at, *end;
    char separator; /* ' ' for any number of blanks */
    int64_t line;   /* from 1 */
    int64_t rows, columns;
    uint8_t *values; /* with room for all that the file can hold */
    int64_t n;
    Field header; /* the line; empty where there is none */
} Reader;

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* --- lines and fields --------------------------------------------------------------------- */

static Field trim(Field f)
{
    while (f.begin < f.end && is_blank(*f.begin))
        f.begin++;
    while (f.begin < f.end && is_blank(f.end[-1]))
        f.end--;
    return f;
}

/* The next line that counts; false at the end of the file. */
static bool next_line(Reader *r, Field *line)
{
    while (r->at < r->end) {
        const uint8_t *close = memchr(r->at, '\n', (size_t)(r->end - r->at));
        *line = (Field){.begin = r->at, .end = close != NULL ? close : r->end};
        r->at = close != NULL ? close + 1 : r->end;
        r->line++;
        const Field text = trim(*line);
        if (text.begin < text.end && *text.begin != '#')
            return true;
    }
    return false;
}

/* Takes the first field off `rest`, which must not be empty; false behind the last one. */
static bool next_field(const Reader *r, Field *rest, Field *field)
{
    if (rest->begin == NULL)
        return false;
    if (r->separator == ' ')
        *rest = trim(*rest);
    const uint8_t *at = rest->begin;
    while (at < rest->end && *at != r->separator && !(r->separator == ' ' && is_blank(*at)))
        at++;
    *field = trim((Field){.begin = rest->begin, .end = at});
    rest->begin = at < rest->end ? at + 1 : NULL;
    return true;
}

static char find_separator(Field line)
{
    const Field text = trim(line);
    for (const char *c = ",;\t"; *c != '\0'; c++)
        if (memchr(text.begin, *c, (size_t)(text.end - text.begin)) != NULL)
            return *c;
    return ' ';
}

/* --- numbers ------------------------------------------------------------------------------ */

/* The number, more than LARGEST where it is larger than that, or -1 where it is none. */
static int number_of(Field f)
{
    int n = 0;
    if (f.begin == f.end)
        return -1;
    for (const uint8_t *c = f.begin; c < f.end; c++) {
        if (*c < '0' || *c > '9')
            return -1;
        n = n > LARGEST ? n : n * 10 + (*c - '0');
    }
    return n;
}

static bool is_header(const Reader *r, Field line)
{
    Field field;
    while (next_field(r, &line, &field)) {
        bool begins = field.begin < field.end;
        if (begins && (*field.begin == '-' || *field.begin == '+' || *field.begin == '.'))
            return false; /* a number, though none that is read */
        if (number_of(field) < 0 && !(begins && *field.begin >= '0' && *field.begin <= '9'))
            return true;
    }
    return false;
}

static bool refuse_field(const Reader *r, Field f, int64_t column)
{
    enum { SHOWN = 20 };
    int n = f.end - f.begin < SHOWN ? (int)(f.end - f.begin) : SHOWN;
    const char *text = armc_arena_strndup(r->call->arena, (const char *)f.begin, (size_t)n);
    return armc_data_complain(r->call, ARMC_E_bad_file,
                              "`%s`, line %" PRId64 ", column %" PRId64
                              ": \"%s\" is no whole number in 0..%d",
                              r->path, r->line, column, text, LARGEST);
}

/* A row's numbers; the first row says how many there are in each. */
static bool read_row(Reader *r, Field line)
{
    const int64_t first = r->n;
    Field field;
    while (next_field(r, &line, &field)) {
        int value = number_of(field);
        if (value < 0 || value > LARGEST)
            return refuse_field(r, field, r->n - first + 1);
        r->values[r->n++] = (uint8_t)value;
    }
    if (r->rows++ == 0)
        r->columns = r->n - first;
    if (r->n - first == r->columns)
        return true;
    return armc_data_complain(r->call, ARMC_E_bad_file,
                              "line %" PRId64 " of `%s` has %" PRId64
                              " numbers, but the first row %" PRId64,
                              r->line, r->path, r->n - first, r->columns);
}

/* --- the file ----------------------------------------------------------------------------- */

static void skip_byte_order_mark(Reader *r)
{
    if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
        r->at += 3;
}

static bool read_rows(Reader *r)
{
    Field line;
    if (!next_line(r, &line))
        return true;
    r->separator = find_separator(line);
    if (is_header(r, line))
        r->header = line;
    else if (!read_row(r, line))
        return false;
    while (next_line(r, &line))
        if (!read_row(r, line))
            return false;
    return true;
}

/* --- labels ------------------------------------------------------------------------------- */

/* Whether a column's name, maybe in quotes, is this one. */
static bool has_name(Field f, const char *name)
{
    if (f.end - f.begin >= 2 && *f.begin == '"' && f.end[-1] == '"')
        f = (Field){f.begin + 1, f.end - 1};
    size_t length = strlen(name);
    return (size_t)(f.end - f.begin) == length && memcmp(f.begin, name, length) == 0;
}

/* "12" is 11; -1: no number of a column. */
static int64_t column_number(const Reader *r, const char *text)
{
    int64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= r->columns; text++)
        number = number * 10 + (*text - '0');
    return *text == '\0' && number <= r->columns ? number - 1 : -1;
}

/* The column of that name or number, from 0; -1 after a diagnostic. */
static int64_t find_column(const Reader *r, const char *name)
{
    Field rest = r->header, field;
    for (int64_t i = 0; i < r->columns && next_field(r, &rest, &field); i++)
        if (has_name(field, name))
            return i;
    int64_t column = column_number(r, name);
    if (column >= 0)
        return column;
    ArmcDiag *diag = armc_diag_add(r->call->diags, ARMC_E_bad_value, r->call->origin,
                                   "`%s` has no column `%s`", r->path, name);
    armc_diag_help(diag,
                   "labels= takes a column's name in the header, its number from 1 to %" PRId64
                   ", or the name of an NPY or CSV file",
                   r->columns);
    return -1;
}

/* Takes a column out of the values. */
static uint8_t *take_column(Reader *r, int64_t column)
{
    uint8_t *labels = ARMC_NEW_ARRAY(r->call->arena, uint8_t, r->rows + 1), *to = r->values;
    for (int64_t i = 0; i < r->n; i++) {
        if (i % r->columns == column)
            labels[i / r->columns] = r->values[i];
        else
            *to++ = r->values[i];
    }
    r->columns--;
    r->n = to - r->values;
    return labels;
}

/* --- the table ---------------------------------------------------------------------------- */

static int levels_of(const Reader *r)
{
    int largest = 1;
    for (int64_t i = 0; i < r->n; i++)
        largest = r->values[i] > largest ? r->values[i] : largest;
    return largest + 1;
}

bool armc_csv_read_labelled(const ArmcDataCall *call, const char *path, const char *column,
                            ArmcDataPart *out)
{
    size_t length;
    const uint8_t *bytes = armc_data_map(call, path, &length), *labels = NULL;
    if (bytes == NULL)
        return false;
    Reader r = {.call = call, .path = path, .at = bytes, .end = bytes + length};
    skip_byte_order_mark(&r);
    r.values = ARMC_NEW_ARRAY(call->arena, uint8_t, length / 2 + 1); /* a digit and what ends it */
    if (!read_rows(&r))
        return false;
    if (column != NULL && r.rows > 0) {
        int64_t at = find_column(&r, column);
        if (at < 0)
            return false;
        labels = take_column(&r, at);
    }
    *out = (ArmcDataPart){
        .name = path,
        .rank = 1,
        .dims = {r.columns},
        .count = r.rows,
        .values = r.values,
        .labels = labels,
        .levels = levels_of(&r),
    };
    return true;
}

bool armc_csv_read(const ArmcDataCall *call, const char *path, ArmcDataPart *out)
{
    return armc_csv_read_labelled(call, path, NULL, out);
}
