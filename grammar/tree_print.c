/* The formatter: every statement on a line of its own, four spaces a level, one space between
 * words. What the user decides stays: comments, single blank lines, bodies on one line, lines that
 * begin with `|`.
 *
 * A statement's line is left open when it is printed; armc_print_gap ends it, because only there it
 * is known which comments stand behind it. */
#include "grammar/tree.h"

#include <string.h>

#include "grammar/tree_print.h"

enum { INDENT = 4 };

bool armc_print_has_source(const ArmcPrinter *p, const ArmcTree *tree)
{
    return p->source != NULL && tree->span.source == p->source;
}

/* The end of the string that begins at `at`. */
static size_t skip_string(const char *text, size_t at, size_t to)
{
    for (at++; at < to && text[at] != '"' && text[at] != '\n'; at++)
        at += text[at] == '\\';
    return at + 1;
}

/* The place of the next line end or `#` that is not part of a string; `to` where there is none. */
static size_t find_mark(const ArmcSource *source, size_t from, size_t to)
{
    while (from < to && source->text[from] != '\n' && source->text[from] != '#')
        from = source->text[from] == '"' ? skip_string(source->text, from, to) : from + 1;
    return from < to ? from : to;
}

static size_t comment_end(const ArmcSource *source, size_t at)
{
    const char *end = memchr(source->text + at, '\n', source->length - at);
    return end == NULL ? source->length : (size_t)(end - source->text);
}

static bool has_mark(const ArmcPrinter *p, size_t from, size_t to, char mark)
{
    while ((from = find_mark(p->source, from, to)) < to) {
        if (p->source->text[from] == mark)
            return true;
        from = p->source->text[from] == '#' ? comment_end(p->source, from) : from + 1;
    }
    return false;
}

bool armc_print_is_broken(const ArmcPrinter *p, size_t from, size_t to)
{
    return has_mark(p, from, to, '\n');
}

/* A comment without the blanks at its end; returns the place behind it. */
static size_t print_comment(ArmcPrinter *p, size_t at)
{
    size_t end = comment_end(p->source, at), last = end;
    while (last > at && strchr(" \t\r", p->source->text[last - 1]) != NULL)
        last--;
    armc_buf_append(p->out, p->source->text + at, last - at);
    return end;
}

void armc_print_indent(ArmcPrinter *p)
{
    for (int i = 0; i < p->indent * INDENT; i++)
        armc_buf_puts(p->out, " ");
}

/* Comments inside of what has just been printed move behind it, on the same line. */
static void flush_comments(ArmcPrinter *p, size_t to)
{
    if (p->source == NULL)
        return;
    while ((p->printed = find_mark(p->source, p->printed, to)) < to) {
        if (p->source->text[p->printed] == '\n') {
            p->printed++;
            continue;
        }
        armc_buf_puts(p->out, "  ");
        p->printed = print_comment(p, p->printed);
    }
}

static void end_line(ArmcPrinter *p, bool adds_blank_line)
{
    if (!p->is_empty)
        armc_buf_puts(p->out, adds_blank_line && !p->is_body_open ? "\n\n" : "\n");
    p->is_empty = false;
    p->is_body_open = false;
}

/* A `##` behind other text documents nothing; on a line of its own it would, so only its last sign
 * is printed there. */
static size_t skip_doc_signs(const ArmcPrinter *p, size_t comment)
{
    const char *text = p->source->text;
    size_t at = comment;
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t'))
        at--;
    bool documents = at == 0 || text[at - 1] == '\n';
    while (!documents && text[comment + 1] == '#')
        comment++;
    return comment;
}

void armc_print_gap(ArmcPrinter *p, size_t to, bool keeps_blank_line)
{
    int newlines = 0;
    while (p->source != NULL && (p->printed = find_mark(p->source, p->printed, to)) < to) {
        if (p->source->text[p->printed] == '\n') {
            newlines++;
            p->printed++;
            continue;
        }
        if (newlines == 0 && !p->is_empty) {
            armc_buf_puts(p->out, "  "); /* behind the line */
        } else {
            end_line(p, newlines > 1);
            armc_print_indent(p);
            p->printed = skip_doc_signs(p, p->printed);
        }
        p->printed = print_comment(p, p->printed);
        newlines = 0;
    }
    end_line(p, keeps_blank_line && newlines > 1);
}

static void print_statement(ArmcPrinter *p, const ArmcTree *tree);

static void print_doc(ArmcPrinter *p, const char *doc)
{
    while (doc != NULL) {
        size_t length = strcspn(doc, "\n");
        armc_buf_printf(p->out, length == 0 ? "##" : "## %.*s", (int)length, doc);
        armc_buf_puts(p->out, "\n");
        armc_print_indent(p);
        doc = doc[length] == '\0' ? NULL : doc + length + 1;
    }
}

/* Begins a line for a statement or parameter; a tree that was not read from the source brings its
 * documentation along. */
static void begin_line(ArmcPrinter *p, const ArmcTree *tree)
{
    bool has_source = armc_print_has_source(p, tree);
    armc_print_gap(p, has_source ? tree->span.begin : p->printed, true);
    armc_print_indent(p);
    if (!has_source)
        print_doc(p, tree->doc);
}

static void print_statements(ArmcPrinter *p, const ArmcTree *body)
{
    for (int i = 0; i < body->kid_count; i++) {
        const ArmcTree *statement = body->kids[i];
        begin_line(p, statement);
        print_statement(p, statement);
        if (armc_print_has_source(p, statement))
            flush_comments(p, statement->span.end);
    }
}

static void print_on_one_line(ArmcPrinter *p, const ArmcTree *body)
{
    armc_buf_puts(p->out, "{ ");
    for (int i = 0; i < body->kid_count; i++) {
        if (i > 0)
            armc_buf_puts(p->out, "; ");
        print_statement(p, body->kids[i]);
    }
    armc_buf_puts(p->out, body->kid_count == 0 ? "}" : " }");
}

static bool is_on_one_line(const ArmcPrinter *p, const ArmcTree *body)
{
    if (!armc_print_has_source(p, body))
        return body->kid_count == 0;
    if (body->kid_count == 0)
        return !has_mark(p, body->span.begin, body->span.end, '#');
    return !armc_print_is_broken(p, body->span.begin, body->span.end);
}

void armc_print_body(ArmcPrinter *p, const ArmcTree *body)
{
    bool has_source = armc_print_has_source(p, body);
    if (is_on_one_line(p, body)) {
        print_on_one_line(p, body);
        return;
    }
    armc_buf_puts(p->out, "{");
    if (has_source)
        flush_comments(p, body->span.begin);
    p->is_body_open = true;
    p->indent++;
    print_statements(p, body);
    armc_print_gap(p, has_source ? body->span.end - 1 : p->printed, false);
    p->indent--;
    armc_print_indent(p);
    armc_buf_puts(p->out, "}");
}

static void print_parameter(ArmcPrinter *p, const ArmcTree *tree)
{
    const ArmcTree *enums = tree->kids[0], *value = tree->kids[1];
    armc_buf_puts(p->out, tree->name);
    for (int i = 0; enums != NULL && i < enums->kid_count; i++)
        armc_buf_printf(p->out, "%s%s", i == 0 ? ": " : " | ", enums->kids[i]->name);
    if (value != NULL) {
        armc_buf_puts(p->out, " = ");
        armc_print_expr(p, value, ARMC_PRINT_EXPR);
    }
}

/* Parameters with comments stand one on a line. */
static bool has_comments(const ArmcPrinter *p, const ArmcTree *params)
{
    if (armc_print_has_source(p, params))
        return has_mark(p, params->span.begin, params->span.end, '#');
    for (int i = 0; i < params->kid_count; i++)
        if (params->kids[i]->doc != NULL)
            return true;
    return false;
}

static void print_parameter_lines(ArmcPrinter *p, const ArmcTree *params)
{
    p->indent++;
    p->is_body_open = true;
    for (int i = 0; i < params->kid_count; i++) {
        begin_line(p, params->kids[i]);
        print_parameter(p, params->kids[i]);
        if (i + 1 < params->kid_count)
            armc_buf_puts(p->out, ",");
        if (armc_print_has_source(p, params->kids[i]))
            flush_comments(p, params->kids[i]->span.end);
    }
    armc_print_gap(p, armc_print_has_source(p, params) ? params->span.end - 1 : p->printed, false);
    p->indent--;
    armc_print_indent(p);
}

static void print_definition(ArmcPrinter *p, const char *word, const ArmcTree *tree)
{
    const ArmcTree *params = tree->kids[0];
    armc_buf_printf(p->out, "%s %s", word, tree->name);
    if (has_comments(p, params)) {
        armc_buf_puts(p->out, "(");
        print_parameter_lines(p, params);
        armc_buf_puts(p->out, ")");
    } else if (params->kid_count > 0) {
        armc_buf_puts(p->out, "(");
        for (int i = 0; i < params->kid_count; i++) {
            armc_buf_puts(p->out, i > 0 ? ", " : "");
            print_parameter(p, params->kids[i]);
        }
        armc_buf_puts(p->out, ")");
    }
    armc_buf_puts(p->out, " ");
    armc_print_body(p, tree->kids[1]);
}

static void print_if(ArmcPrinter *p, const ArmcTree *tree)
{
    armc_buf_puts(p->out, "if ");
    armc_print_expr(p, tree->kids[0], ARMC_PRINT_EXPR);
    armc_buf_puts(p->out, " ");
    armc_print_body(p, tree->kids[1]);
    if (tree->kid_count < 3 || tree->kids[2] == NULL)
        return;
    armc_buf_puts(p->out, " else ");
    if (tree->kids[2]->kind == ARMC_TREE_IF)
        print_if(p, tree->kids[2]);
    else
        armc_print_body(p, tree->kids[2]);
}

static void print_repeat(ArmcPrinter *p, const ArmcTree *tree)
{
    armc_buf_puts(p->out, "repeat ");
    armc_print_expr(p, tree->kids[0], ARMC_PRINT_EXPR);
    if (tree->name != NULL)
        armc_buf_printf(p->out, " as %s", tree->name);
    armc_buf_puts(p->out, " ");
    armc_print_body(p, tree->kids[1]);
}

static void print_assign(ArmcPrinter *p, const ArmcTree *tree)
{
    int names = tree->kid_count - 1;
    armc_print_list(p, tree->kids, names, ARMC_PRINT_ATOM);
    armc_buf_puts(p->out, " = ");
    armc_print_expr(p, tree->kids[names], ARMC_PRINT_PIPE);
}

static void print_statement(ArmcPrinter *p, const ArmcTree *tree)
{
    switch (tree->kind) {
    case ARMC_TREE_ASSIGN:
        print_assign(p, tree);
        break;
    case ARMC_TREE_LIKELIHOOD:
        armc_print_expr(p, tree->kids[0], ARMC_PRINT_ATOM);
        armc_buf_puts(p->out, " ~ ");
        armc_print_expr(p, tree->kids[1], ARMC_PRINT_PIPE);
        break;
    case ARMC_TREE_RETURN:
        armc_buf_puts(p->out, "return ");
        armc_print_list(p, tree->kids, tree->kid_count, ARMC_PRINT_PIPE);
        break;
    case ARMC_TREE_IMPORT:
        armc_buf_puts(p->out, "import ");
        armc_print_expr(p, tree->kids[0], ARMC_PRINT_ATOM);
        break;
    case ARMC_TREE_OPTION:
        armc_buf_printf(p->out, "option %s = ", tree->name);
        armc_print_expr(p, tree->kids[0], ARMC_PRINT_EXPR);
        break;
    case ARMC_TREE_PARAM:
        armc_buf_printf(p->out, "param %s", tree->name);
        armc_print_arguments(p, tree->kids, tree->kid_count);
        break;
    case ARMC_TREE_SHARED:
        armc_buf_printf(p->out, "shared %s = ", tree->name);
        armc_print_expr(p, tree->kids[0], ARMC_PRINT_PIPE);
        break;
    case ARMC_TREE_INPUT:
        armc_buf_puts(p->out, "input");
        armc_print_arguments(p, tree->kids, tree->kid_count);
        break;
    case ARMC_TREE_GIVEN:
        armc_buf_puts(p->out, "given");
        armc_print_arguments(p, tree->kids, tree->kid_count);
        break;
    case ARMC_TREE_UNPROVED:
        armc_buf_puts(p->out, "unproved");
        break;
    case ARMC_TREE_REPEAT:
        print_repeat(p, tree);
        break;
    case ARMC_TREE_IF:
        print_if(p, tree);
        break;
    case ARMC_TREE_MODEL:
        print_definition(p, "model", tree);
        break;
    case ARMC_TREE_BLOCK:
        print_definition(p, "block", tree);
        break;
    default:
        armc_print_expr(p, tree, ARMC_PRINT_PIPE);
    }
}

void armc_tree_print(const ArmcTree *tree, const ArmcSource *source, ArmcBuf *out)
{
    ArmcPrinter printer = {.out = out, .source = source, .is_empty = true};
    ARMC_ASSERT(tree->kind == ARMC_TREE_BODY);
    print_statements(&printer, tree);
    armc_print_gap(&printer, source == NULL ? 0 : source->length, false);
}
