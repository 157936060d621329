/* Shared by tree_print.c, which lays out statements and comments, and tree_print_expr.c, which
 * prints what stands in them. */
#ifndef ARMC_GRAMMAR_TREE_PRINT_H
#define ARMC_GRAMMAR_TREE_PRINT_H

#include "grammar/tree.h"

typedef struct ArmcPrinter {
    ArmcBuf *out;
    const ArmcSource *source; /* where comments and line breaks are read; NULL: none are */
    size_t printed;           /* comments before this place are printed */
    int indent;
    bool is_empty;     /* nothing has been printed */
    bool is_body_open; /* the last thing printed is the `{` of a body: no blank line behind it */
} ArmcPrinter;

/* tree_print.c */
bool armc_print_has_source(const ArmcPrinter *p, const ArmcTree *tree);
bool armc_print_is_broken(const ArmcPrinter *p, size_t from,
                          size_t to); /* is there a line end between? */
/* Ends the line, with the comments up to a place of the source behind or below it. */
void armc_print_gap(ArmcPrinter *p, size_t to, bool keeps_blank_line);
void armc_print_indent(ArmcPrinter *p);
void armc_print_body(ArmcPrinter *p, const ArmcTree *body);

/* tree_print_expr.c: a pipe or expression, in brackets where it binds less tightly than `level`. */
enum { ARMC_PRINT_PIPE = 0, ARMC_PRINT_EXPR = 1, ARMC_PRINT_UNARY = 7, ARMC_PRINT_ATOM = 9 };
void armc_print_expr(ArmcPrinter *p, const ArmcTree *tree, int level);
void armc_print_list(ArmcPrinter *p, ArmcTree *const *items, int count, int level);
/* Arguments as a stage has them, each with a space in front. */
void armc_print_arguments(ArmcPrinter *p, ArmcTree *const *items, int count);

#endif
