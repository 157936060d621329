#include "grammar/parse.h"

#include <string.h>

#include "parser.h"

enum {
    MAX_BYTES = 64 << 20
}; /* of a script; no one writes so much, but a wrong file may be given */

int armc_yylex(ARMC_YYSTYPE *value, ArmcSpan *span, ArmcParse *parse);

/* Hands the parser its next token. Past the end there is nothing but the end. */
int armc_yylex(ARMC_YYSTYPE *value, ArmcSpan *span, ArmcParse *parse)
{
    size_t at = parse->next;
    const ArmcToken *token = &parse->tokens.items[at];
    if (at + 1 < parse->tokens.count)
        parse->next++;
    if (at == 0 || token[-1].kind == ARMC_T_NEWLINE || token[-1].kind == '{') {
        parse->statement = at;
        parse->is_statement_bad = false;
    }
    parse->is_statement_bad |= token->is_bad;
    parse->current = at;
    *span = token->span;
    if (token->tree != NULL)
        value->tree = token->tree;
    else
        value->name = token->name;
    return token->kind;
}

static bool has_body(int kind)
{
    return kind == ARMC_T_MODEL || kind == ARMC_T_BLOCK || kind == ARMC_T_REPEAT ||
           kind == ARMC_T_IF;
}

/* After an error the parser goes on at the end of the statement, or at the body of a statement that
 * has one: never inside a bracket that the statement opens. */
void armc_parse_recover(ArmcParse *parse)
{
    const ArmcToken *tokens = parse->tokens.items;
    const ArmcToken *statement = &tokens[parse->statement];
    size_t at = parse->current;
    int depth = 0;
    for (; tokens[at].kind != ARMC_T_END; at++) {
        const ArmcToken *token = &tokens[at];
        bool is_body =
            token->kind == '{' && has_body(statement->kind) &&
            (at == parse->current || armc_token_outer(token) == armc_token_outer(statement));
        if (depth == 0 && (token->kind == ARMC_T_NEWLINE || is_body))
            break;
        if (armc_token_closer(token->kind) != 0 && !token->is_bad)
            depth++;
        else if (depth > 0 && strchr(")]}", token->kind) != NULL)
            depth--;
    }
    if (at > parse->current)
        parse->next = at;
}

/* Statements that lie too deep have been reported; without them every walk may recurse. */
static ArmcTree *make_file(ArmcParse *parse)
{
    ArmcSpan span = {parse->source, 0, parse->source->length};
    ArmcTree *file = armc_tree_leaf(parse, ARMC_TREE_BODY, span, NULL);
    ArmcTreeList *kept = NULL;
    for (size_t i = 0; parse->statements != NULL && i < parse->statements->count; i++) {
        ArmcTree *statement = parse->statements->items[i];
        if (statement->depth >= ARMC_TREE_DEPTH)
            continue;
        kept = armc_tree_add(parse, kept, statement);
        if (file->depth <= statement->depth)
            file->depth = statement->depth + 1;
    }
    file->kids = kept == NULL ? NULL : kept->items;
    file->kid_count = kept == NULL ? 0 : (int)kept->count;
    return file;
}

ArmcTree *armc_parse(ArmcArena *arena, ArmcDiags *diags, const ArmcSource *source)
{
    ArmcParse parse = {.arena = arena, .diags = diags, .source = source};
    if (source->length > MAX_BYTES) {
        armc_diag_at(diags, ARMC_E_too_large, (ArmcSpan){source, 0, 0},
                     "a script of %zu bytes is too large", source->length);
        return make_file(&parse);
    }
    size_t reported = armc_diags_count(diags);
    armc_lex(&parse);
    armc_brackets_match(&parse);
    if (!parse.is_hopeless) {
        armc_tokens_arrange(&parse);
        armc_yyparse(&parse);
    }
    armc_diags_sort(diags, reported);
    return make_file(&parse);
}

bool armc_parse_is_unfinished(ArmcArena *arena, const char *text)
{
    ArmcParse parse = {.arena = arena, .diags = armc_diags_new(arena)};
    size_t length = strlen(text);
    if (length > MAX_BYTES)
        return false;
    parse.source = armc_source_new(arena, "<input>", text, length);
    armc_lex(&parse);
    armc_brackets_match(&parse);
    return parse.is_unfinished;
}
