#include "runtime/learn/field_text.h"

#include <inttypes.h>

enum { MOST_COLUMNS = 76, INDENT = 2, MOST_RUNS = 60 };

bool armc_field_is_picture(const ArmcField *field)
{
    return field->input->shape.rank == 3;
}

void armc_field_put_numbers(const ArmcField *field, ArmcBuf *out)
{
    armc_input_entry_text(field->input, field->variable, out);
    if (field->legal == 0)
        armc_buf_puts(out, " has no variables before it");
    else if (field->blind == 0)
        armc_buf_printf(out, " sees all %" PRId64 " variables before it", field->legal);
    else
        armc_buf_printf(out,
                        " sees %" PRId64 " of the %" PRId64 " variables before it, %" PRId64
                        " %s its blind spot",
                        field->seen, field->legal, field->blind, field->blind == 1 ? "is" : "are");
    if (field->leaks > 0)
        armc_buf_printf(out, "; it sees %" PRId64 " that %s not before it", field->leaks,
                        field->leaks == 1 ? "is" : "are");
}

/* --- a drawing --- */

/* The square of pixels that a character stands for. */
typedef struct Square {
    int64_t y, x, side;
} Square;

static char character(const ArmcField *field, Square square)
{
    const int64_t *dims = field->input->shape.dims;
    int64_t count[ARMC_FIELD_MARKS] = {0};
    for (int64_t y = square.y; y < square.y + square.side && y < dims[0]; y++)
        for (int64_t x = square.x; x < square.x + square.side && x < dims[1]; x++)
            for (int64_t c = 0; c < dims[2]; c++)
                count[field->mark[(y * dims[1] + x) * dims[2] + c]]++;
    if (count[ARMC_FIELD_SELF])
        return '@';
    if (count[ARMC_FIELD_LEAK])
        return '!';
    if (count[ARMC_FIELD_SEEN])
        return count[ARMC_FIELD_BLIND] ? '+' : '#';
    return count[ARMC_FIELD_BLIND] ? '.' : ' ';
}

/* Lines without a character are put in front of the next one that has some: `empty` counts them. */
static void put_line(const ArmcField *field, int64_t y, int64_t side, int *empty, ArmcBuf *out)
{
    int64_t width = field->input->shape.dims[1];
    char line[MOST_COLUMNS + 1];
    int length = 0, end = 0;
    for (int64_t x = 0; x < width; x += side) {
        line[length] = character(field, (Square){y, x, side});
        if (line[length++] != ' ')
            end = length;
    }
    *empty += end == 0;
    for (; end && *empty; (*empty)--)
        armc_buf_puts(out, "\n");
    if (end)
        armc_buf_printf(out, "%*s%.*s\n", INDENT, "", end, line);
}

static void put_picture(const ArmcField *field, ArmcBuf *out)
{
    const int64_t *dims = field->input->shape.dims;
    int64_t side = (dims[1] + MOST_COLUMNS - 1) / MOST_COLUMNS;
    int empty = 0;
    for (int64_t y = 0; y < dims[0]; y += side)
        put_line(field, y, side, &empty, out);
    armc_buf_printf(out, "%*s@ itself  # seen  . before it, not seen", INDENT, "");
    if (field->leaks > 0)
        armc_buf_puts(out, "  ! seen, not before it");
    if (dims[2] > 1 || side > 1)
        armc_buf_puts(out, "  + some of both");
    if (side > 1)
        armc_buf_printf(out, "  (a character is %" PRId64 "x%" PRId64 " pixels)", side, side);
    armc_buf_puts(out, "\n");
}

/* --- a list --- */

static void put_run(const ArmcField *field, int64_t begin, int64_t end, int64_t runs, ArmcBuf *out)
{
    armc_buf_puts(out, runs ? ", " : " ");
    armc_input_entry_text(field->input, begin, out);
    if (end == begin + 1)
        return;
    armc_buf_puts(out, "..");
    armc_input_entry_text(field->input, end - 1, out);
}

static void put_list(const ArmcField *field, ArmcFieldMark mark, const char *what, ArmcBuf *out)
{
    int64_t size = armc_shape_size(field->input->shape), runs = 0, end;
    armc_buf_printf(out, "%*s%s:", INDENT, "", what);
    for (int64_t begin = 0; begin < size; begin = end) {
        for (end = begin; end < size && field->mark[end] == mark;)
            end++;
        if (end == begin)
            end++;
        else if (runs++ < MOST_RUNS)
            put_run(field, begin, end, runs - 1, out);
    }
    if (runs > MOST_RUNS)
        armc_buf_printf(out, ", and %" PRId64 " stretches more", runs - MOST_RUNS);
    armc_buf_puts(out, runs ? "\n" : " none\n");
}

void armc_field_put_drawing(const ArmcField *field, ArmcBuf *out)
{
    if (armc_field_is_picture(field)) {
        put_picture(field, out);
        return;
    }
    put_list(field, ARMC_FIELD_SEEN, "seen", out);
    put_list(field, ARMC_FIELD_BLIND, "not seen", out);
    if (field->leaks > 0)
        put_list(field, ARMC_FIELD_LEAK, "seen, not before it", out);
}
