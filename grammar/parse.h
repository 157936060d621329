/* What lexer, parser and tree builder share while one source is parsed. The way of a text:
 *
 *   lexer.l    cuts it into tokens                              armc_lex
 *   token.c    matches brackets, decides which line ends count  armc_tokens_arrange
 *   parser.y   builds the tree                                  armc_yyparse
 *   parse.c    feeds the parser, words its errors               armc_parse
 *
 * The brackets are matched before the parser runs: it is then known which one is never closed, and
 * an error inside a bracket can be left behind at the bracket's end. */
#ifndef ARMC_GRAMMAR_PARSE_H
#define ARMC_GRAMMAR_PARSE_H

#include <stdbool.h>

#include "grammar/tree.h"

typedef struct ArmcToken {
    int kind; /* the parser's number, or the character itself */
    ArmcSpan span;
    const char *name;        /* NAME, CALL, INDEX */
    ArmcTree *tree;          /* NUMBER, STRING, SIZE */
    const char *doc;         /* the `##` lines before it; NULL if none */
    struct ArmcToken *outer; /* the bracket that it stands in, or closes; NULL if none */
    int missing_braces;      /* so many `}` were left out before it */
    bool is_after_newline;
    bool is_bad;     /* already reported: no further error in this statement */
    bool is_dropped; /* a closing bracket that closes nothing */
} ArmcToken;

typedef struct ArmcTokens {
    ArmcToken *items;
    size_t count, capacity;
} ArmcTokens;

/* Kids on their way into a node. */
typedef struct ArmcTreeList {
    ArmcTree **items;
    size_t count, capacity;
} ArmcTreeList;

typedef struct ArmcParse {
    ArmcArena *arena;
    ArmcDiags *diags;
    const ArmcSource *source;

    ArmcTokens raw;                     /* as written; the last one is the end of the file */
    size_t offset;                      /* the lexer's place */
    bool is_after_newline, is_next_bad; /* of the token to come */
    ArmcSpan doc;                       /* `##` lines that wait for the next token */
    size_t unclosed_string; /* the place behind the last quote that nothing closes; 0: none */

    ArmcTokens tokens; /* as the parser sees them */
    size_t next;       /* the first of them that it has not seen */
    size_t current;    /* the last one that it has seen */
    size_t statement;  /* the first one of the statement */
    bool is_statement_bad;

    bool is_hopeless;         /* nested too deeply: nothing of it is parsed */
    bool is_unfinished;       /* a bracket is open at the end, and nothing else is wrong */
    ArmcTreeList *statements; /* of the file; NULL: none */
} ArmcParse;

/* lexer.l: fills raw. */
void armc_lex(ArmcParse *parse);

/* token.c: what the lexer's rules do. */
ArmcSpan armc_token_advance(ArmcParse *parse, size_t length);
void armc_token_add(ArmcParse *parse, ArmcToken *token); /* completes it, and keeps a copy */
ArmcSpan armc_token_end(
    const ArmcParse *parse); /* where the end of the file is shown: behind the last token */
void armc_token_doc(ArmcParse *parse, ArmcSpan span);
int armc_token_word(const char *text, size_t length); /* a keyword's kind, or NAME's */
ArmcTree *armc_token_number(ArmcParse *parse, ArmcSpan span);
ArmcTree *armc_token_size(ArmcParse *parse, ArmcSpan span);
ArmcTree *armc_token_string(ArmcParse *parse, ArmcSpan span);
ArmcTree *armc_token_quoted(ArmcParse *parse, ArmcSpan span); /* 'in the wrong quotes' */
void armc_token_bad_character(ArmcParse *parse, ArmcSpan span);

/* brackets.c: fills tokens from raw; reports brackets that do not match. */
void armc_brackets_match(ArmcParse *parse);
void armc_tokens_arrange(ArmcParse *parse);
char armc_token_closer(int kind); /* what closes a bracket's kind; 0 where it opens nothing */
const ArmcToken *armc_token_outer(
    const ArmcToken *token); /* the bracket around it that is closed somewhere */

/* parse.c: after an error, moves on to where the parser can go on. */
void armc_parse_recover(ArmcParse *parse);

/* syntax_error.c: reports that the token just read can't stand here; `expected` are the parser's
 * names of those that can. */
void armc_syntax_error(ArmcParse *parse, const char *const *expected, int count);
/* Reports that brackets, signs or operators are nested too deeply. */
void armc_syntax_too_nested(ArmcParse *parse, ArmcSpan span);

/* tree.c: the constructors. A kid or list may be NULL: it is left out of lists and kept in fixed
 * places. */
ArmcTreeList *armc_tree_add(ArmcParse *parse, ArmcTreeList *list, ArmcTree *kid);
ArmcTreeList *armc_tree_prepend(ArmcParse *parse, ArmcTree *kid, ArmcTreeList *list);
ArmcTree *armc_tree_leaf(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name);
ArmcTree *armc_tree_of(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name,
                       ArmcTreeList *kids);
ArmcTree *armc_tree_one(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name,
                        ArmcTree *a);
ArmcTree *armc_tree_two(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, const char *name,
                        ArmcTree *a, ArmcTree *b);
ArmcTree *armc_tree_three(ArmcParse *parse, ArmcTreeKind kind, ArmcSpan span, ArmcTree *a,
                          ArmcTree *b, ArmcTree *c);
/* A stage `name args { closure }`; the closure may be NULL. */
ArmcTree *armc_tree_stage(ArmcParse *parse, ArmcSpan span, const char *name, ArmcTreeList *args,
                          ArmcTree *closure);
/* A call `name(args)`, with a closure behind it or NULL. */
ArmcTree *armc_tree_call(ArmcParse *parse, ArmcSpan span, const char *name, ArmcTreeList *args,
                         ArmcTree *closure);
/* `name[…]`, from the token `name[` to the bracket that closes it. */
ArmcTree *armc_tree_element(ArmcParse *parse, ArmcSpan open, ArmcSpan close, const char *name,
                            ArmcTreeList *subscripts);
/* The list in `param name[…]`, where no space stands before the bracket. */
ArmcTree *armc_tree_dims(ArmcParse *parse, ArmcSpan open, ArmcSpan close, ArmcTreeList *dims);

#endif
