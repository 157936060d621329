/* Draws diagnostics as text:
 *
 *   my.arm:4:3: error[E0401]: the message
 *     4 |   masked_conv B 7x7 64
 *       |   ^~~~~~~~~~~~~~~~~~~~ the label
 *     a note without a place
 *     a note with a place:
 *     2 |   input image
 *       |         ^~~~~
 *     help: what to do
 *
 * A headline is always a place in the user's text where there is one: what happened inside the
 * standard library is shown below it, on the way down. */
#include <stdio.h>
#include <string.h>

#include "runtime/base/diag.h"
#include "runtime/base/diag_data.h"

enum {
    TAB_WIDTH = 4,
    WINDOW = 100,     /* columns of a line that are shown */
    LEAD = 20,        /* columns kept before the span when the window moves */
    MIN_GUTTER = 3,   /* columns of the line number */
    SHOWN_FRAMES = 3, /* of a long way down, at each end */
};

typedef struct Painter {
    ArmcBuf *out;
    int colour;
    int gutter;
} Painter;

#define RED  "1;31"
#define BLUE "1;34"
#define BOLD "1"

#define SPACES "                                "
#define TILDES "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"

static void begin_colour(const Painter *p, const char *colour)
{
    if (p->colour)
        armc_buf_printf(p->out, "\033[%sm", colour);
}

static void end_colour(const Painter *p)
{
    if (p->colour)
        armc_buf_puts(p->out, "\033[0m");
}

/* The last byte of a span belongs to its last line; an empty span is where it begins. */
static int last_line_of(ArmcSpan span)
{
    return armc_source_line(span.source, span.end > span.begin ? span.end - 1 : span.begin);
}

/* The bytes of a line without its newline. */
static ArmcSpan line_span(const ArmcSource *source, int line)
{
    size_t begin = source->line_starts[line - 1];
    size_t end = (size_t)line < source->line_count ? source->line_starts[line] - 1 : source->length;
    if (end > begin && source->text[end - 1] == '\r')
        end--;
    return (ArmcSpan){.source = source, .begin = begin, .end = end};
}

/* One character of a line: its bytes and the columns that it takes. */
typedef struct Cell {
    size_t bytes, columns;
    const char *drawn; /* NULL: as it is */
} Cell;

/* Drawn as it is, in one column. */
static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F;
}

static Cell read_cell(const char *at, size_t left, size_t column)
{
    unsigned char c = (unsigned char)*at;
    if (c == '\t') {
        size_t columns = TAB_WIDTH - column % TAB_WIDTH;
        return (Cell){1, columns, &"    "[TAB_WIDTH - columns]};
    }
    if (c < 0x20 || c == 0x7F)
        return (Cell){1, 1, "?"}; /* a control character would move the carets */
    if (c < 0x80)
        return (Cell){1, 1, NULL};
    size_t bytes = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    bool whole = c >= 0xC2 && c < 0xF5 && bytes <= left;
    for (size_t i = 1; whole && i < bytes; i++)
        whole = ((unsigned char)at[i] & 0xC0) == 0x80;
    return whole ? (Cell){bytes, 1, NULL} : (Cell){1, 1, "?"};
}

/* The column, from 0, at which a byte of the line is drawn. */
static size_t column_of(ArmcSpan line, size_t offset)
{
    size_t column = 0;
    for (size_t at = line.begin; at < offset && at < line.end;) {
        if (is_plain(line.source->text[at])) {
            at++;
            column++;
            continue;
        }
        Cell cell = read_cell(line.source->text + at, line.end - at, column);
        at += cell.bytes;
        column += cell.columns;
    }
    return column;
}

/* The columns of a long line that are shown: from the start where the marked part fits, else around
 * it. */
typedef struct Window {
    size_t left, right;
} Window;

static Window choose_window(ArmcSpan line, size_t from, size_t to)
{
    if (to <= WINDOW || column_of(line, line.end) <= WINDOW)
        return (Window){0, WINDOW};
    size_t left = from > LEAD ? from - LEAD : 0;
    return (Window){left, left + WINDOW};
}

/* `from` is a run of one character, of any length. */
static void repeat(ArmcBuf *out, const char *from, size_t times)
{
    const size_t length = strlen(from);
    for (size_t n; times > 0; times -= n) {
        n = times < length ? times : length;
        armc_buf_append(out, from, n);
    }
}

static void draw_gutter(const Painter *p, int line)
{
    begin_colour(p, BLUE);
    if (line > 0)
        armc_buf_printf(p->out, "%*d", p->gutter, line);
    else
        repeat(p->out, SPACES, (size_t)p->gutter);
    armc_buf_puts(p->out, " |");
    end_colour(p);
}

/* Draws the plain characters that begin at `at`, at most `columns` of them. */
static size_t draw_plain(const Painter *p, ArmcSpan line, size_t at, size_t columns)
{
    const char *text = line.source->text + at;
    size_t length = 0;
    while (length < columns && at + length < line.end && is_plain(text[length]))
        length++;
    armc_buf_append(p->out, text, length);
    return length;
}

static void draw_text(const Painter *p, ArmcSpan line, Window window)
{
    size_t column = 0;
    armc_buf_puts(p->out, window.left > 0 ? " ..." : " ");
    for (size_t at = line.begin; at < line.end && column < window.right;) {
        const char *text = line.source->text + at;
        if (column >= window.left && is_plain(*text)) {
            size_t plain = draw_plain(p, line, at, window.right - column);
            at += plain;
            column += plain;
            continue;
        }
        Cell cell = read_cell(text, line.end - at, column);
        if (column >= window.left && cell.drawn != NULL)
            armc_buf_puts(p->out, cell.drawn);
        else if (column >= window.left)
            armc_buf_append(p->out, text, cell.bytes);
        at += cell.bytes;
        column += cell.columns;
    }
    if (column >= window.right && column < column_of(line, line.end))
        armc_buf_puts(p->out, "...");
}

/* The row of carets under columns from..to, and the label behind it. */
static void draw_carets(const Painter *p, Window window, size_t from, size_t to, const char *label)
{
    if (to > window.right)
        to = window.right;
    repeat(p->out, SPACES, 1u + (window.left > 0 ? 3u : 0u) + from - window.left);
    begin_colour(p, RED);
    armc_buf_puts(p->out, "^");
    if (to > from)
        repeat(p->out, TILDES, to - from - 1);
    if (label != NULL)
        armc_buf_printf(p->out, " %s", label);
    end_colour(p);
    armc_buf_puts(p->out, "\n");
}

/* A line of source, and below it the carets under the part that the span covers. */
static void draw_line(const Painter *p, ArmcSpan span, int number, const char *label)
{
    ArmcSpan line = line_span(span.source, number);
    size_t begin = span.begin > line.begin ? span.begin : line.begin;
    while (begin > span.begin && begin < line.end && strchr(" \t", line.source->text[begin]))
        begin++; /* on a span's later lines the indentation is not marked */
    size_t from = column_of(line, begin);
    size_t to = column_of(line, span.end < line.end ? span.end : line.end);
    Window window = choose_window(line, from, to);
    draw_gutter(p, number);
    draw_text(p, line, window);
    armc_buf_puts(p->out, "\n");
    draw_gutter(p, 0);
    draw_carets(p, window, from, to, label);
}

/* Of a span over several lines the first and the last are shown. */
static void draw_excerpt(const Painter *p, ArmcSpan span, const char *label)
{
    int first = armc_source_line(span.source, span.begin), last = last_line_of(span);
    if (first == last) {
        draw_line(p, span, first, label);
        return;
    }
    draw_line(p, span, first, NULL);
    if (last > first + 1)
        armc_buf_printf(p->out, "%*s\n", p->gutter, "...");
    draw_line(p, span, last, label);
}

static void draw_place(const Painter *p, ArmcSpan span)
{
    int line, column;
    armc_source_locate(span.source, span.begin, &line, &column);
    armc_buf_printf(p->out, "%s:%d:%d", span.source->name, line, column);
}

static int count_frames(const ArmcOrigin *from, const ArmcOrigin *to)
{
    int count = 0;
    for (; from != to; from = from->caller)
        count++;
    return count;
}

static const ArmcOrigin *nth_caller(const ArmcOrigin *origin, int n)
{
    while (n-- > 0)
        origin = origin->caller;
    return origin;
}

/* What a call calls is the word that it begins with: `dense 3 bias=false`. */
static int called_length(ArmcSpan call)
{
    size_t length = 0;
    for (size_t i = call.begin; i < call.end; i++, length++) {
        char c = call.source->text[i];
        if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z')))
            break;
    }
    return (int)length;
}

/* One step down: the place inside the block that `frame->caller` called. */
static void draw_step_down(const Painter *p, const ArmcOrigin *frame, const char *label)
{
    ArmcSpan call = frame->caller->span;
    if (frame->span.source == NULL)
        return;
    int length = call.source == NULL ? 0 : called_length(call);
    if (length > 0)
        armc_buf_printf(p->out, "  in block %.*s, ", length, call.source->text + call.begin);
    else
        armc_buf_puts(p->out, "  in ");
    draw_place(p, frame->span);
    armc_buf_puts(p->out, ":\n");
    draw_excerpt(p, frame->span, label);
}

/* From the headline down to the innermost place; the middle of a long way is left out. */
static void draw_way_down(const Painter *p, const ArmcDiag *diag, const ArmcOrigin *headline)
{
    int frames = count_frames(diag->origin, headline);
    for (int i = frames - 1; i >= 0; i--) {
        bool is_hidden = i >= SHOWN_FRAMES && i < frames - SHOWN_FRAMES;
        const char *here = diag->label != NULL ? diag->label : "here";
        if (!is_hidden)
            draw_step_down(p, nth_caller(diag->origin, i), i == 0 ? here : NULL);
        else if (i == SHOWN_FRAMES)
            armc_buf_printf(p->out, "  ... and %d more blocks in between\n",
                            frames - 2 * SHOWN_FRAMES);
    }
}

/* From the headline up: who called the user's own block. */
static void draw_way_up(const Painter *p, const ArmcOrigin *headline)
{
    int drawn = 0;
    for (const ArmcOrigin *o = headline->caller; o != NULL; o = o->caller) {
        if (o->span.source == NULL || o->span.source->is_stdlib)
            continue;
        if (drawn++ == SHOWN_FRAMES) {
            armc_buf_puts(p->out, "  ... and so on\n");
            return;
        }
        armc_buf_puts(p->out, "  called from ");
        draw_place(p, o->span);
        armc_buf_puts(p->out, "\n");
    }
}

static void draw_notes(const Painter *p, const ArmcDiag *diag, const ArmcOrigin *headline)
{
    for (size_t i = 0; i < diag->note_count; i++) {
        const ArmcDiagNote *note = &diag->notes[i];
        armc_buf_printf(p->out, "  %s", note->text);
        if (note->span.source == NULL) {
            armc_buf_puts(p->out, "\n");
            continue;
        }
        if (headline == NULL || headline->span.source != note->span.source) {
            armc_buf_puts(p->out, ", at ");
            draw_place(p, note->span);
        }
        armc_buf_puts(p->out, ":\n");
        draw_excerpt(p, note->span, NULL);
    }
}

static void draw_help(const Painter *p, const char *help)
{
    while (help != NULL && *help != '\0') {
        size_t length = strcspn(help, "\n");
        armc_buf_puts(p->out, "  ");
        begin_colour(p, BOLD);
        armc_buf_puts(p->out, "help:");
        end_colour(p);
        armc_buf_printf(p->out, " %.*s\n", (int)length, help);
        help += length + (help[length] == '\n');
    }
}

static void widen_gutter(Painter *p, ArmcSpan span)
{
    if (span.source == NULL)
        return;
    int digits = snprintf(NULL, 0, "%d", last_line_of(span));
    if (digits > p->gutter)
        p->gutter = digits;
}

/* All excerpts of one diagnostic share a gutter, so that their lines stand below one another. */
static void choose_gutter(Painter *p, const ArmcDiag *diag)
{
    p->gutter = MIN_GUTTER;
    for (const ArmcOrigin *o = diag->origin; o != NULL; o = o->caller)
        widen_gutter(p, o->span);
    for (size_t i = 0; i < diag->note_count; i++)
        widen_gutter(p, diag->notes[i].span);
}

static void draw_headline(const Painter *p, const ArmcDiag *diag, const ArmcOrigin *headline)
{
    begin_colour(p, BOLD);
    if (headline != NULL) {
        draw_place(p, headline->span);
        armc_buf_puts(p->out, ": ");
    }
    end_colour(p);
    begin_colour(p, RED);
    armc_buf_printf(p->out, "%s[%s]:", diag->is_warning ? "warning" : "error",
                    armc_diag_code_text(diag->code));
    end_colour(p);
    armc_buf_printf(p->out, " %s\n", diag->message);
}

static const ArmcOrigin *headline_of(const ArmcDiag *diag)
{
    for (const ArmcOrigin *o = diag->origin; diag->head != NULL && o != NULL; o = o->caller)
        if (o->span.source == diag->head)
            return o;
    const ArmcOrigin *own = armc_origin_user(diag->origin);
    return own != NULL && own->span.source != NULL ? own : NULL;
}

static void draw_diag(Painter *p, const ArmcDiag *diag)
{
    const ArmcOrigin *headline = headline_of(diag);
    choose_gutter(p, diag);
    draw_headline(p, diag, headline);
    if (headline != NULL) {
        draw_excerpt(p, headline->span, headline == diag->origin ? diag->label : NULL);
        draw_way_down(p, diag, headline);
        draw_way_up(p, headline);
    }
    draw_notes(p, diag, headline);
    draw_help(p, diag->help);
}

void armc_diags_render(const ArmcDiags *diags, ArmcBuf *out, int colour)
{
    Painter painter = {.out = out, .colour = colour};
    for (size_t i = 0; i < diags->kept; i++) {
        if (i > 0)
            armc_buf_puts(out, "\n");
        draw_diag(&painter, diags->items[i]);
    }
    size_t count = armc_diags_count(diags);
    if (diags->left_out > 0)
        armc_buf_printf(out, "\n%zu errors; the last %zu are not shown\n", count, diags->left_out);
    else if (count > 1)
        armc_buf_printf(out, "\n%zu errors\n", count);
}
