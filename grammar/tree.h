/* The tree of a script: what the parser builds, what fmt prints back, what the elaborator walks.
 * The kinds and the meaning of their children stand in tree.def. */
#ifndef ARMC_GRAMMAR_TREE_H
#define ARMC_GRAMMAR_TREE_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/diag.h"
#include "runtime/base/source.h"

typedef enum ArmcTreeKind {
#define ARMC_TREE(kind, what) ARMC_TREE_##kind,
#include "grammar/tree.def"
#undef ARMC_TREE
    ARMC_TREE_KIND_COUNT
} ArmcTreeKind;

typedef struct ArmcTree {
    ArmcTreeKind kind;
    ArmcSpan span;
    const char *name;       /* identifier, operator or decoded string; see tree.def */
    double number;          /* NUMBER */
    bool is_integer;        /* NUMBER: written without '.' and exponent */
    bool is_stage;          /* CALL: written as a stage (`f b k=1`), not as `f(b, k=1)` */
    const char *doc;        /* the `##` lines before it, joined by newlines; NULL if none */
    struct ArmcTree **kids; /* a kid may be NULL where tree.def says so */
    int kid_count;
    int depth; /* of the tree below; at most ARMC_TREE_DEPTH, so that walks may recurse */
} ArmcTree;

enum { ARMC_TREE_DEPTH = 400 };

/* Parses a source; diagnostics are added for every syntax error found. The tree is always there;
 * statements that did not parse are left out. */
ArmcTree *armc_parse(ArmcArena *arena, ArmcDiags *diags, const ArmcSource *source);

/* At the prompt: does the text end inside an open bracket, brace or string, so that another line
 * must follow? */
bool armc_parse_is_unfinished(ArmcArena *arena, const char *text);

/* The keywords one by one, for completion; NULL behind the last. */
const char *armc_keyword(size_t index);
/* How a keyword is written, and what it does; NULL where the word is none. */
const char *armc_keyword_use(const char *word, const char **doc);

/* Prints the tree in the one true layout (armc fmt). Comments (`#`) are kept.
 * print(parse(print(parse(s)))) is stable. */
void armc_tree_print(const ArmcTree *tree, const ArmcSource *source, ArmcBuf *out);

const char *armc_tree_kind_name(ArmcTreeKind kind);

#endif
