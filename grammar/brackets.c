/* Matches brackets before the parser runs, and decides which line ends it sees.
 *
 * The parser can then rely on matching braces, and a bracket that is never closed is reported by
 * name, once, instead of as whatever the parser would stumble over after it. */
#include <string.h>

#include "grammar/parse.h"
#include "parser.h"

enum { MAX_OPEN = 200 };

typedef struct Open {
    ArmcToken *items[MAX_OPEN];
    int count;
} Open;

char armc_token_closer(int kind)
{
    switch (kind) {
    case '(':
    case ARMC_T_CALL:
        return ')';
    case '[':
    case ARMC_T_INDEX:
    case ARMC_T_SUBSCRIPT:
        return ']';
    case '{':
        return '}';
    default:
        return 0;
    }
}

static bool is_closer(int kind)
{
    return kind == ')' || kind == ']' || kind == '}';
}

static ArmcToken *top_of(const Open *open)
{
    return open->count == 0 ? NULL : open->items[open->count - 1];
}

/* The bracket itself, without the name in front of it. */
static ArmcSpan bracket_span(const ArmcToken *token)
{
    return (ArmcSpan){token->span.source, token->span.end - 1, token->span.end};
}

static char bracket_char(const ArmcToken *token)
{
    return token->span.source->text[token->span.end - 1];
}

/* Has a string without its closing quote swallowed the bracket's end? That is reported already. */
static bool is_swallowed(const ArmcParse *parse, const ArmcToken *opener, const ArmcToken *at)
{
    size_t begin = opener->span.end;
    if (parse->unclosed_string <= begin || parse->unclosed_string > at->span.begin + 1)
        return false;
    size_t length = parse->unclosed_string - begin;
    return opener->kind != '{' || memchr(parse->source->text + begin, '\n', length) == NULL;
}

static const char *found_words(const ArmcParse *parse, const ArmcToken *token)
{
    if (token->kind == ARMC_T_END)
        return "the end of the file";
    return armc_arena_printf(parse->arena, "`%.*s`", (int)(token->span.end - token->span.begin),
                             token->span.source->text + token->span.begin);
}

/* `opener` is still open where `at` says that it can't be any more. */
static void report_unclosed(ArmcParse *parse, const ArmcToken *opener, const ArmcToken *at)
{
    if (is_swallowed(parse, opener, at))
        return;
    ArmcDiag *diag =
        armc_diag_at(parse->diags, ARMC_E_unclosed_bracket, at->span, "expected `%c` before %s",
                     armc_token_closer(opener->kind), found_words(parse, at));
    int line, column;
    armc_source_locate(opener->span.source, opener->span.end - 1, &line, &column);
    armc_diag_note(diag, bracket_span(opener), "to close the `%c` of line %d", bracket_char(opener),
                   line);
}

static void report_stray(ArmcParse *parse, const ArmcToken *closer)
{
    armc_diag_at(parse->diags, ARMC_E_unclosed_bracket, closer->span,
                 "this `%c` closes nothing: no `%c` is open here", closer->kind,
                 closer->kind == '}'   ? '{'
                 : closer->kind == ')' ? '('
                                       : '[');
}

/* Gives up all brackets above `count`; one report is enough for them. A brace is closed here in its
 * owner's stead. */
static void give_up(ArmcParse *parse, Open *open, int count, ArmcToken *at)
{
    if (open->count > count)
        report_unclosed(parse, top_of(open), at);
    while (open->count > count) {
        ArmcToken *opener = open->items[--open->count];
        if (opener->kind == '{')
            at->missing_braces++;
        else
            opener->is_bad = true;
    }
}

/* How many brackets lie below the innermost one that `kind` closes; -1 where none waits for it. */
static int find_opener(const Open *open, int kind)
{
    int i = open->count - 1;
    while (i >= 0 && armc_token_closer(open->items[i]->kind) != kind)
        i--;
    return i;
}

static void close_bracket(ArmcParse *parse, Open *open, ArmcToken *closer)
{
    ArmcToken *top = top_of(open);
    int opener = find_opener(open, closer->kind);
    if (opener >= 0) {
        give_up(parse, open, opener + 1, closer);
        open->count = opener;
    } else if (top != NULL && top->kind != '{' && closer->kind != '}') {
        report_unclosed(parse, top, closer); /* `[1, 2)`: the wrong one, but meant to close */
        closer->kind = armc_token_closer(top->kind);
        open->count--;
    } else {
        report_stray(parse, closer);
        closer->is_dropped = true;
    }
}

/* Words that begin a statement, and that stand nowhere else. */
static bool begins_statement(int kind)
{
    return kind == ARMC_T_MODEL || kind == ARMC_T_BLOCK || kind == ARMC_T_OPTION ||
           kind == ARMC_T_IMPORT || kind == ARMC_T_PARAM || kind == ARMC_T_SHARED ||
           kind == ARMC_T_INPUT || kind == ARMC_T_GIVEN || kind == ARMC_T_REPEAT ||
           kind == ARMC_T_IF || kind == ARMC_T_RETURN;
}

/* `model m(a {`: a list of parameters holds no braces. */
static bool is_parameter_list(const ArmcParse *parse, const ArmcToken *opener)
{
    return opener != NULL && opener > parse->raw.items && opener->kind == ARMC_T_CALL &&
           (opener[-1].kind == ARMC_T_MODEL || opener[-1].kind == ARMC_T_BLOCK);
}

/* How many brackets a statement that begins here can be inside of: up to the innermost brace. */
static int count_braced(const Open *open)
{
    int i = open->count;
    while (i > 0 && open->items[i - 1]->kind != '{')
        i--;
    return i;
}

static void open_bracket(ArmcParse *parse, Open *open, ArmcToken *token)
{
    if (open->count < MAX_OPEN) {
        open->items[open->count++] = token;
        return;
    }
    armc_syntax_too_nested(parse, token->span);
    parse->is_hopeless = true;
}

void armc_brackets_match(ArmcParse *parse)
{
    Open open = {.count = 0};
    for (size_t i = 0; i < parse->raw.count && !parse->is_hopeless; i++) {
        ArmcToken *token = &parse->raw.items[i];
        if (token->is_after_newline && begins_statement(token->kind))
            give_up(parse, &open, count_braced(&open), token);
        if (token->kind == '{' && is_parameter_list(parse, top_of(&open)))
            give_up(parse, &open, open.count - 1, token);
        token->outer = top_of(&open);
        if (is_closer(token->kind))
            close_bracket(parse, &open, token);
        parse->is_unfinished = open.count > 0 && armc_diags_count(parse->diags) == 0;
        if (token->kind == ARMC_T_END)
            give_up(parse, &open, 0, token);
        if (armc_token_closer(token->kind) != 0)
            open_bracket(parse, &open, token);
    }
}

const ArmcToken *armc_token_outer(const ArmcToken *token)
{
    const ArmcToken *outer = token->outer;
    while (outer != NULL && outer->is_bad && outer->kind != '{')
        outer = outer->outer;
    return outer;
}

/* Line ends count where the innermost bracket is a brace; one that is never closed does not count
 * as a bracket. */
static bool does_newline_count(const ArmcToken *token)
{
    const ArmcToken *outer = armc_token_outer(token);
    return outer == NULL || outer->kind == '{';
}

static void push(ArmcParse *parse, const ArmcToken *token)
{
    ARMC_PUSH(parse->arena, parse->tokens.items, parse->tokens.count, parse->tokens.capacity,
              *token);
}

/* A token that is not in the text: it lies in front of `token` and shows as that in errors. */
static void push_made_up(ArmcParse *parse, const ArmcToken *token, int kind)
{
    push(parse, &(ArmcToken){.kind = kind, .span = token->span, .outer = token->outer});
}

/* The end of the line before `token`. */
static void push_line_end(ArmcParse *parse, const ArmcToken *token)
{
    const ArmcTokens *tokens = &parse->tokens;
    size_t at = tokens->count == 0 ? 0 : tokens->items[tokens->count - 1].span.end;
    ArmcSpan span = {parse->source, at, at};
    push(parse, &(ArmcToken){.kind = ARMC_T_NEWLINE, .span = span, .outer = token->outer});
}

static void arrange_token(ArmcParse *parse, ArmcToken *token)
{
    bool goes_on = token->kind == '|' || token->kind == ARMC_T_ELSE;
    if (token->is_after_newline && !goes_on && does_newline_count(token))
        push_line_end(parse, token);
    for (int i = 0; i < token->missing_braces; i++) {
        push_made_up(parse, token, ARMC_T_NEWLINE);
        push_made_up(parse, token, '}');
    }
    if (token->kind == '}' || token->kind == ARMC_T_END)
        push_made_up(parse, token, ARMC_T_NEWLINE);
    push(parse, token);
    if (token->kind == ';')
        parse->tokens.items[parse->tokens.count - 1].kind = ARMC_T_NEWLINE;
}

void armc_tokens_arrange(ArmcParse *parse)
{
    for (size_t i = 0; i < parse->raw.count; i++)
        if (!parse->raw.items[i].is_dropped)
            arrange_token(parse, &parse->raw.items[i]);
}
