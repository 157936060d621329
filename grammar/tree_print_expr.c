#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/tree_print.h"

/* How tightly the operators bind; the same as the precedences of parser.y. */
static int level_of_operator(const char *op)
{
    static const struct {
        const char *op;
        int level;
    } levels[] = {
        {"or", 1}, {"and", 2}, {"<", 4}, {">", 4}, {"<=", 4}, {">=", 4}, {"==", 4}, {"!=", 4},
        {"+", 5},  {"-", 5},   {"*", 6}, {"/", 6}, {"%", 6},  {"//", 6}, {"^", 8},
    };
    size_t i = 0;
    while (strcmp(levels[i].op, op) != 0) {
        i++;
        ARMC_ASSERT(i < sizeof levels / sizeof *levels);
    }
    return levels[i].level;
}

static bool has_closure(const ArmcTree *call)
{
    return call->kid_count > 0 && call->kids[call->kid_count - 1]->kind == ARMC_TREE_CLOSURE;
}

static int level_of(const ArmcTree *tree)
{
    switch (tree->kind) {
    case ARMC_TREE_PIPE:
    case ARMC_TREE_AS:
        return ARMC_PRINT_PIPE;
    case ARMC_TREE_CALL:
        return tree->is_stage || has_closure(tree) ? ARMC_PRINT_PIPE : ARMC_PRINT_ATOM;
    case ARMC_TREE_BINARY:
        return level_of_operator(tree->name);
    case ARMC_TREE_UNARY:
        return strcmp(tree->name, "not") == 0 ? 3 : ARMC_PRINT_UNARY;
    case ARMC_TREE_NUMBER:
        return tree->number < 0 ? ARMC_PRINT_UNARY : ARMC_PRINT_ATOM;
    default:
        return ARMC_PRINT_ATOM;
    }
}

/* The user's own spelling (1e-3, not 0.001) where the source still says this number. */
static bool print_as_written(ArmcPrinter *p, const ArmcTree *tree)
{
    char text[64];
    size_t length = tree->span.end - tree->span.begin;
    if (!armc_print_has_source(p, tree) || length == 0 || length >= sizeof text)
        return false;
    memcpy(text, p->source->text + tree->span.begin, length);
    text[length] = '\0';
    char *end;
    double number = strtod(text, &end);
    bool is_integer = strcspn(text, ".eE") == length;
    if (*end != '\0' || number < tree->number || number > tree->number ||
        is_integer != tree->is_integer)
        return false;
    armc_buf_puts(p->out, text);
    return true;
}

/* The shortest decimal that reads back as the same number. */
static void print_number(ArmcPrinter *p, const ArmcTree *tree)
{
    char text[64];
    if (print_as_written(p, tree))
        return;
    if (tree->is_integer) {
        armc_buf_printf(p->out, "%.0f", tree->number);
        return;
    }
    int precision = 1;
    do
        snprintf(text, sizeof text, "%.*g", precision, tree->number);
    while (precision++ < 17 &&
           (strtod(text, NULL) < tree->number || strtod(text, NULL) > tree->number));
    armc_buf_puts(p->out, text);
    if (strpbrk(text, ".en") == NULL)
        armc_buf_puts(p->out, ".0");
}

static void print_string(ArmcPrinter *p, const char *text)
{
    armc_buf_puts(p->out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            armc_buf_puts(p->out, "\\n");
        else if (*text == '\t')
            armc_buf_puts(p->out, "\\t");
        else if (*text == '"' || *text == '\\')
            armc_buf_printf(p->out, "\\%c", *text);
        else
            armc_buf_append(p->out, text, 1);
    }
    armc_buf_puts(p->out, "\"");
}

static void print_size(ArmcPrinter *p, const ArmcTree *tree)
{
    for (int i = 0; i < tree->kid_count; i++)
        armc_buf_printf(p->out, "%s%.0f", i > 0 ? "x" : "", tree->kids[i]->number);
}

void armc_print_list(ArmcPrinter *p, ArmcTree *const *items, int count, int level)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            armc_buf_puts(p->out, ", ");
        armc_print_expr(p, items[i], level);
    }
}

static void print_named(ArmcPrinter *p, const ArmcTree *argument, int level)
{
    armc_buf_printf(p->out, "%s=", argument->name);
    armc_print_expr(p, argument->kids[0], level);
}

void armc_print_arguments(ArmcPrinter *p, ArmcTree *const *items, int count)
{
    for (int i = 0; i < count; i++) {
        armc_buf_puts(p->out, " ");
        if (items[i]->kind == ARMC_TREE_ARG)
            print_named(p, items[i], ARMC_PRINT_UNARY);
        else
            armc_print_expr(p, items[i], ARMC_PRINT_ATOM);
    }
}

static void print_call(ArmcPrinter *p, const ArmcTree *tree)
{
    int count = tree->kid_count - has_closure(tree);
    armc_buf_puts(p->out, tree->name);
    if (tree->is_stage) {
        armc_print_arguments(p, tree->kids, count);
    } else {
        armc_buf_puts(p->out, "(");
        armc_print_list(p, tree->kids, count, ARMC_PRINT_PIPE);
        armc_buf_puts(p->out, ")");
    }
    if (has_closure(tree)) {
        armc_buf_puts(p->out, " ");
        armc_print_expr(p, tree->kids[count], ARMC_PRINT_PIPE);
    }
}

static bool is_on_new_line(const ArmcPrinter *p, const ArmcTree *before, const ArmcTree *stage)
{
    return armc_print_has_source(p, before) && armc_print_has_source(p, stage) &&
           armc_print_is_broken(p, before->span.end, stage->span.begin);
}

/* A line that the user began with `|` stays a line of its own, one level further in. */
static void print_pipe(ArmcPrinter *p, const ArmcTree *tree)
{
    int indent = p->indent;
    const ArmcTree *head = tree->kids[0];
    armc_print_expr(p, head, head->kind == ARMC_TREE_PIPE ? ARMC_PRINT_EXPR : ARMC_PRINT_PIPE);
    for (int i = 1; i < tree->kid_count; i++) {
        if (is_on_new_line(p, tree->kids[i - 1], tree->kids[i])) {
            p->indent = indent + 1;
            armc_print_gap(p, tree->kids[i]->span.begin, false);
            armc_print_indent(p);
            armc_buf_puts(p->out, "| ");
        } else {
            armc_buf_puts(p->out, " | ");
        }
        armc_print_expr(p, tree->kids[i], ARMC_PRINT_PIPE);
    }
    p->indent = indent;
}

static void print_index(ArmcPrinter *p, const ArmcTree *tree)
{
    const ArmcTree *base = tree->kids[0];
    bool is_literal = base->kind == ARMC_TREE_NUMBER || base->kind == ARMC_TREE_STRING ||
                      base->kind == ARMC_TREE_SIZE;
    armc_print_expr(p, base, is_literal ? ARMC_PRINT_ATOM + 1 : ARMC_PRINT_ATOM);
    armc_buf_puts(p->out, "[");
    armc_print_list(p, tree->kids + 1, tree->kid_count - 1, ARMC_PRINT_EXPR);
    armc_buf_puts(p->out, "]");
}

static void print_slice(ArmcPrinter *p, const ArmcTree *tree)
{
    for (int i = 0; i < 3; i++) {
        if (i == 1 || (i == 2 && tree->kids[2] != NULL))
            armc_buf_puts(p->out, ":");
        if (tree->kids[i] != NULL)
            armc_print_expr(p, tree->kids[i], ARMC_PRINT_EXPR);
    }
}

static void print_unary(ArmcPrinter *p, const ArmcTree *tree)
{
    armc_buf_printf(p->out, strcmp(tree->name, "not") == 0 ? "%s " : "%s", tree->name);
    armc_print_expr(p, tree->kids[0], level_of(tree));
}

/* `^` groups to the right, comparisons do not group, everything else groups to the left. */
static void print_binary(ArmcPrinter *p, const ArmcTree *tree)
{
    int level = level_of(tree);
    bool groups_right = level == 8, compares = level == 4;
    armc_print_expr(p, tree->kids[0], groups_right || compares ? level + 1 : level);
    armc_buf_printf(p->out, " %s ", tree->name);
    armc_print_expr(p, tree->kids[1], groups_right ? level : level + 1);
}

static void print_inner(ArmcPrinter *p, const ArmcTree *tree)
{
    switch (tree->kind) {
    case ARMC_TREE_NAME:
        armc_buf_puts(p->out, tree->name);
        break;
    case ARMC_TREE_NUMBER:
        print_number(p, tree);
        break;
    case ARMC_TREE_STRING:
        print_string(p, tree->name);
        break;
    case ARMC_TREE_SIZE:
        print_size(p, tree);
        break;
    case ARMC_TREE_LIST:
        armc_buf_puts(p->out, "[");
        armc_print_list(p, tree->kids, tree->kid_count, ARMC_PRINT_EXPR);
        armc_buf_puts(p->out, "]");
        break;
    case ARMC_TREE_INDEX:
        print_index(p, tree);
        break;
    case ARMC_TREE_SLICE:
        print_slice(p, tree);
        break;
    case ARMC_TREE_FIELD:
        armc_print_expr(p, tree->kids[0], ARMC_PRINT_ATOM);
        armc_buf_printf(p->out, ".%s", tree->name);
        break;
    case ARMC_TREE_UNARY:
        print_unary(p, tree);
        break;
    case ARMC_TREE_BINARY:
        print_binary(p, tree);
        break;
    case ARMC_TREE_CALL:
        print_call(p, tree);
        break;
    case ARMC_TREE_PIPE:
        print_pipe(p, tree);
        break;
    case ARMC_TREE_ARG:
        print_named(p, tree, ARMC_PRINT_PIPE);
        break;
    case ARMC_TREE_AS:
        armc_print_expr(p, tree->kids[0], ARMC_PRINT_PIPE);
        armc_buf_printf(p->out, " as %s", tree->name);
        break;
    default:
        ARMC_ASSERT(tree->kind == ARMC_TREE_CLOSURE);
        armc_print_body(p, tree->kids[0]);
    }
}

void armc_print_expr(ArmcPrinter *p, const ArmcTree *tree, int level)
{
    bool needs_brackets = level_of(tree) < level;
    if (needs_brackets)
        armc_buf_puts(p->out, "(");
    print_inner(p, tree);
    if (needs_brackets)
        armc_buf_puts(p->out, ")");
}
