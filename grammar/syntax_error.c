/* The parser's errors in words: what was found, what could have stood there instead. */
#include <string.h>

#include "grammar/parse.h"
#include "parser.h"

enum { MAX_WORDS = 4 };

/* Tokens that a reader thinks of as one kind of thing: named when all of `members` are expected. */
typedef struct Group {
    const char *words;
    const char *members[4];
} Group;

/* In the order in which they are named. What is not listed (`.`, `as`, …) can stand in so many
 * places that it would only hide the rest. */
static const Group groups[] = {
    {"a statement", {"`model`"}},
    {"`)`", {"')'"}},
    {"`]`", {"']'"}},
    {"a value", {"a name", "a number"}},
    {"a name", {"a name"}},
    {"a string", {"a string"}},
    {"a list", {"'['"}},
    {"an operator", {"'*'"}},
    {"`{`", {"'{'"}},
    {"`|`", {"'|'"}},
    {"`,`", {"','"}},
    {"`=`", {"'='"}},
    {"`:`", {"':'"}},
    {"`~`", {"'~'"}},
    {"the end of the line", {"the end of the line"}},
    {"`}`", {"'}'"}},
};
enum { GROUP_COUNT = sizeof groups / sizeof *groups, STATEMENT = 0, VALUE = 3, LIST = 6 };

static bool is_among(const char *name, const char *const *expected, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, expected[i]) == 0)
            return true;
    return false;
}

static bool is_expected(const Group *group, const char *const *expected, int count)
{
    for (size_t i = 0; i < 4 && group->members[i] != NULL; i++)
        if (!is_among(group->members[i], expected, count))
            return false;
    return true;
}

/* The words for what is expected; at most MAX_WORDS of them, and the end of the line is always one.
 */
static int choose_words(const char *const *expected, int count, const char *words[GROUP_COUNT])
{
    int chosen = 0;
    for (int g = 0; g < GROUP_COUNT; g++) {
        if (!is_expected(&groups[g], expected, count))
            continue;
        if (chosen == MAX_WORDS)
            chosen--; /* the later one takes the last place: it is what ends things */
        words[chosen++] = groups[g].words;
        if (g == STATEMENT)
            break;
        if (g == VALUE)
            g = LIST; /* a name, a string and a list are values */
    }
    return chosen;
}

/* "`)`, an operator or `,`" */
static const char *list_words(const ArmcParse *parse, const char *const *words, int count)
{
    const char *text = count == 0 ? "something else" : words[0];
    for (int i = 1; i < count; i++)
        text = armc_arena_printf(parse->arena, "%s%s%s", text, i == count - 1 ? " or " : ", ",
                                 words[i]);
    return text;
}

static bool is_keyword(const ArmcToken *token)
{
    const char *text = token->span.source->text + token->span.begin;
    return token->kind != ARMC_T_NAME &&
           armc_token_word(text, token->span.end - token->span.begin) == token->kind;
}

static const char *describe(const ArmcParse *parse, const ArmcToken *token)
{
    const char *text = token->span.source->text + token->span.begin;
    int length = (int)(token->span.end - token->span.begin);
    bool is_last =
        token + 1 < parse->tokens.items + parse->tokens.count && token[1].kind == ARMC_T_END;
    if (length == 0)
        return is_last ? "the end of the file" : "the end of the line";
    if (length > 40)
        return token->kind == ARMC_T_STRING ? "a string" : "a long word";
    const char *what = "";
    if (is_keyword(token))
        what = "the word ";
    else if (token->kind == ARMC_T_NUMBER)
        what = "the number ";
    return armc_arena_printf(parse->arena, "%s`%.*s`", what, length, text);
}

/* Behind `|` the only word that the parser names is a stage's. */
static bool wants_stage(const ArmcParse *parse, const char *const *words, int count)
{
    return count == 1 && strcmp(words[0], "a name") == 0 && parse->current > 0 &&
           parse->tokens.items[parse->current - 1].kind == '|';
}

static void advise(const ArmcParse *parse, ArmcDiag *diag, const ArmcToken *found, bool wants_name)
{
    int statement = parse->tokens.items[parse->statement].kind;
    if (found->kind == '=' && statement == ARMC_T_IF)
        armc_diag_help(diag, "two values are compared by `==`");
    else if (found->kind == ARMC_T_ELSE)
        armc_diag_help(diag, "`else` follows the `}` of an `if`");
    else if (found->kind == ARMC_T_INDEX && wants_name)
        armc_diag_help(diag, "a part is taken of a value that has a name: h = …, then h[…]");
    else if (is_keyword(found) && wants_name)
        armc_diag_help(diag, "`%.*s` is a word of the language: a name must be another one",
                       (int)(found->span.end - found->span.begin),
                       found->span.source->text + found->span.begin);
}

void armc_syntax_error(ArmcParse *parse, const char *const *expected, int count)
{
    const ArmcToken *found = &parse->tokens.items[parse->current];
    const char *words[GROUP_COUNT];
    armc_parse_recover(parse);
    if (parse->is_statement_bad)
        return;
    parse->is_statement_bad = true;
    int chosen = choose_words(expected, count, words);
    if (wants_stage(parse, words, chosen))
        words[0] = "a stage";
    ArmcDiag *diag = armc_diag_at(parse->diags, ARMC_E_unexpected_token, found->span,
                                  "expected %s, but found %s", list_words(parse, words, chosen),
                                  describe(parse, found));
    advise(parse, diag, found, is_among("a name", expected, count));
}

void armc_syntax_too_nested(ArmcParse *parse, ArmcSpan span)
{
    ArmcDiag *diag = armc_diag_at(parse->diags, ARMC_E_too_nested, span,
                                  "brackets or operators are nested too deeply here");
    armc_diag_help(diag, "give the inner part a name of its own");
}
