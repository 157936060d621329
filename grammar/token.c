/* What the lexer's rules do with the text that they matched. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/parse.h"
#include "parser.h"

ArmcSpan armc_token_advance(ArmcParse *parse, size_t length)
{
    ArmcSpan span = {parse->source, parse->offset, parse->offset + length};
    parse->offset += length;
    return span;
}

/* `f(x)[0]`: a bracket directly behind a closing one takes an element. */
static bool is_subscript(const ArmcParse *parse, const ArmcToken *token)
{
    if (token->kind != '[' || parse->raw.count == 0)
        return false;
    const ArmcToken *before = &parse->raw.items[parse->raw.count - 1];
    return (before->kind == ')' || before->kind == ']') && before->span.end == token->span.begin;
}

ArmcSpan armc_token_end(const ArmcParse *parse)
{
    size_t count = parse->raw.count;
    size_t end = count == 0 ? 0 : parse->raw.items[count - 1].span.end;
    return (ArmcSpan){parse->source, end, end};
}

static bool is_first_on_line(const ArmcSource *source, size_t offset)
{
    while (offset > 0 && (source->text[offset - 1] == ' ' || source->text[offset - 1] == '\t'))
        offset--;
    return offset == 0 || source->text[offset - 1] == '\n';
}

static int count_newlines(const ArmcSource *source, size_t begin, size_t end)
{
    int count = 0;
    for (size_t i = begin; i < end; i++)
        count += source->text[i] == '\n';
    return count;
}

/* Lines of `##` that stand directly below one another are one text; behind a statement `##` is a
 * comment like any other. */
void armc_token_doc(ArmcParse *parse, ArmcSpan span)
{
    if (!is_first_on_line(parse->source, span.begin))
        return;
    bool goes_on =
        parse->doc.source != NULL && count_newlines(parse->source, parse->doc.end, span.begin) == 1;
    parse->doc = goes_on ? armc_span_join(parse->doc, span) : span;
}

/* The text of one `##` line: without the signs, the blank behind them and the blanks at its end. */
static size_t copy_doc_line(char *to, const char *line, size_t length)
{
    size_t begin = strspn(line, " \t") + 2;
    begin += begin < length && line[begin] == ' ';
    while (length > begin && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    memcpy(to, line + begin, length - begin);
    return length - begin;
}

/* The documentation in front of the next token; NULL if none. */
static const char *take_doc(ArmcParse *parse)
{
    ArmcSpan span = parse->doc;
    if (span.source == NULL)
        return NULL;
    parse->doc = (ArmcSpan){0};
    char *text = ARMC_NEW_ARRAY(parse->arena, char, span.end - span.begin + 1);
    size_t length = 0;
    for (size_t at = span.begin; at < span.end;) {
        const char *line = span.source->text + at;
        const char *newline = memchr(line, '\n', span.end - at);
        size_t line_length = newline == NULL ? span.end - at : (size_t)(newline - line);
        if (length > 0 || at > span.begin)
            text[length++] = '\n';
        length += copy_doc_line(text + length, line, line_length);
        at += line_length + 1;
    }
    return text;
}

void armc_token_add(ArmcParse *parse, ArmcToken *token)
{
    token->is_after_newline = parse->is_after_newline;
    token->doc = take_doc(parse);
    token->is_bad = parse->is_next_bad;
    if (is_subscript(parse, token))
        token->kind = ARMC_T_SUBSCRIPT;
    parse->is_after_newline = false;
    parse->is_next_bad = false;
    ARMC_PUSH(parse->arena, parse->raw.items, parse->raw.count, parse->raw.capacity, *token);
}

static const struct {
    const char *word;
    int kind;
    const char *use, *doc; /* for `armc help` */
} keywords[] = {
    {"model", ARMC_T_MODEL, "model NAME(PARAMETERS) { STATEMENTS }", "defines a model"},
    {"block", ARMC_T_BLOCK, "block NAME(it, PARAMETERS) { STATEMENTS }", "defines a block"},
    {"option", ARMC_T_OPTION, "option NAME = DEFAULT",
     "a constant that the command line may replace: armc run FILE NAME=VALUE"},
    {"import", ARMC_T_IMPORT, "import \"FILE.arm\"",
     "brings in the blocks, models and constants of a file"},
    {"param", ARMC_T_PARAM, "param NAME [DIMS] init=… scale=… mask=… decay=… path=…",
     "declares a parameter"},
    {"shared", ARMC_T_SHARED, "shared NAME = { STATEMENTS }",
     "a block with one set of parameters, however often it is used"},
    {"input", ARMC_T_INPUT, "input NAME SIZE levels=… order=… seed=…", "the model's variable"},
    {"given", ARMC_T_GIVEN, "given label", "what a model is conditioned on"},
    {"unproved", ARMC_T_UNPROVED, "unproved",
     "lets a model run that is not autoregressive; every report on it says so"},
    {"repeat", ARMC_T_REPEAT, "repeat N as NAME { STATEMENTS }",
     "runs its statements N times while the model is built; NAME counts from 0"},
    {"as", ARMC_T_AS, "STAGE as NAME", "names a stage, and so its parameters"},
    {"if", ARMC_T_IF, "if CONDITION { STATEMENTS } else { STATEMENTS }",
     "runs one of two, as a constant says"},
    {"else", ARMC_T_ELSE, "if CONDITION { STATEMENTS } else { STATEMENTS }",
     "what runs where the condition is false"},
    {"return", ARMC_T_RETURN, "return VALUE, VALUE …", "ends a block with these results"},
    {"or", ARMC_T_OR, "A or B", "of constants: true where one of both is"},
    {"and", ARMC_T_AND, "A and B", "of constants: true where both are"},
    {"not", ARMC_T_NOT, "not A", "of constants: true where A is false"},
};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

int armc_token_word(const char *text, size_t length)
{
    for (size_t i = 0; i < KEYWORDS; i++)
        if (keywords[i].word[0] == *text && strlen(keywords[i].word) == length &&
            memcmp(keywords[i].word, text, length) == 0)
            return keywords[i].kind;
    return ARMC_T_NAME;
}

const char *armc_keyword(size_t index)
{
    return index < KEYWORDS ? keywords[index].word : NULL;
}

const char *armc_keyword_use(const char *word, const char **doc)
{
    for (size_t i = 0; i < KEYWORDS; i++)
        if (strcmp(keywords[i].word, word) == 0) {
            *doc = keywords[i].doc;
            return keywords[i].use;
        }
    return NULL;
}

static ArmcTree *make_number(ArmcParse *parse, ArmcSpan span, double number, bool is_integer)
{
    ArmcTree *tree = armc_tree_leaf(parse, ARMC_TREE_NUMBER, span, NULL);
    tree->number = number;
    tree->is_integer = is_integer;
    return tree;
}

/* Whole numbers must be exact as a double. */
static ArmcTree *check_size(ArmcParse *parse, ArmcTree *tree)
{
    const double largest_exact = 9007199254740992.0; /* 2^53 */
    bool is_fine = isfinite(tree->number) && !(tree->is_integer && tree->number > largest_exact);
    if (is_fine)
        return tree;
    parse->is_next_bad = true;
    armc_diag_at(parse->diags, ARMC_E_bad_number, tree->span, "this number is too large: %s",
                 tree->is_integer ? "whole numbers go up to 9007199254740992 (2^53)"
                                  : "the largest is about 1.8e308");
    return make_number(parse, tree->span, 0, true);
}

ArmcTree *armc_token_number(ArmcParse *parse, ArmcSpan span)
{
    const char *text = parse->source->text + span.begin;
    size_t length = span.end - span.begin;
    char *end;
    const char *copy = armc_arena_strndup(parse->arena, text, length);
    bool is_hex = copy[0] == '0' && (copy[1] == 'x' || copy[1] == 'X'); /* strtod would take it */
    double number = is_hex ? 0 : strtod(copy, &end);
    if (is_hex)
        end = strchr(copy, copy[1]);
    if (*end != '\0') {
        parse->is_next_bad = true;
        ArmcDiag *diag = armc_diag_at(parse->diags, ARMC_E_bad_number, span,
                                      "`%s` is neither a number nor a name", copy);
        armc_diag_help(diag, is_hex ? "numbers are written in decimal"
                                    : "a name begins with a letter or `_`; two arguments need a "
                                      "space between them");
        return make_number(parse, span, 0, true);
    }
    return check_size(parse, make_number(parse, span, number, strcspn(copy, ".eE") == length));
}

ArmcTree *armc_token_size(ArmcParse *parse, ArmcSpan span)
{
    ArmcTreeList *list = NULL;
    for (size_t begin = span.begin; begin < span.end;) {
        size_t length = strspn(parse->source->text + begin, "0123456789");
        ArmcSpan part = {parse->source, begin, begin + length};
        list = armc_tree_add(parse, list, armc_token_number(parse, part));
        begin = part.end + 1;
    }
    return armc_tree_of(parse, ARMC_TREE_SIZE, span, NULL, list);
}

/* The character that `\c` stands for, or 0. */
static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '"':
    case '\\':
        return c;
    default:
        return 0;
    }
}

static void report_escape(ArmcParse *parse, size_t at)
{
    ArmcSpan span = {parse->source, at, at + 2};
    ArmcDiag *diag = armc_diag_at(parse->diags, ARMC_E_bad_escape, span,
                                  "a string knows the escapes \\n, \\t, \\\" and \\\\ only");
    armc_diag_help(diag, "a backslash of its own is written \\\\");
}

/* Decodes what stands between the quotes. */
static char *decode(ArmcParse *parse, size_t begin, size_t end)
{
    const char *text = parse->source->text;
    char *decoded = ARMC_NEW_ARRAY(parse->arena, char, end - begin + 1);
    size_t length = 0;
    for (size_t i = begin; i < end; i++) {
        char c = text[i];
        if (c == '\\' && i + 1 < end) {
            c = unescape(text[i + 1]);
            if (c == 0)
                report_escape(parse, i);
            i++;
        }
        if (c != 0)
            decoded[length++] = c;
    }
    return decoded;
}

ArmcTree *armc_token_string(ArmcParse *parse, ArmcSpan span)
{
    const char *text = parse->source->text;
    size_t begin = span.begin + 1, end = begin;
    while (end < span.end && text[end] != '"')
        end += text[end] == '\\' ? 2 : 1;
    if (end >= span.end) {
        parse->is_next_bad = true;
        parse->unclosed_string = span.begin + 1;
        armc_diag_at(parse->diags, ARMC_E_unclosed_string, span,
                     "this string has no closing quote on its line");
        end = span.end;
    }
    return armc_tree_leaf(parse, ARMC_TREE_STRING, span, decode(parse, begin, end));
}

/* 'text': the string is meant, so what follows can be read on. */
ArmcTree *armc_token_quoted(ArmcParse *parse, ArmcSpan span)
{
    const char *text = parse->source->text + span.begin;
    int length = (int)(span.end - span.begin);
    parse->is_next_bad = true;
    ArmcDiag *diag =
        armc_diag_at(parse->diags, ARMC_E_bad_character, span, "the language has no sign `'`");
    armc_diag_help(diag, "a string stands in double quotes: \"%.*s\"", length - 2, text + 1);
    return armc_tree_leaf(parse, ARMC_TREE_STRING, span,
                          armc_arena_strndup(parse->arena, text + 1, (size_t)length - 2));
}

/* What a newcomer may mean by a character that other languages use. */
static const char *find_advice(const char *text)
{
    static const char *const advice[][2] = {
        {"'", "a string stands in double quotes: \"…\""},
        {"`", "a string stands in double quotes: \"…\""},
        {"“", "a string stands in straight quotes: \"…\""},
        {"”", "a string stands in straight quotes: \"…\""},
        {"!", "the opposite of a condition is written `not`"},
        {"&", "two conditions are joined by `and`"},
        {"×", "a size is written with the letter x: 7x7"},
        {"−", "minus is written -"},
    };
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (strncmp(text, advice[i][0], strlen(advice[i][0])) == 0)
            return advice[i][1];
    return NULL;
}

/* The character is left out; what follows is read on as if it were not there. */
void armc_token_bad_character(ArmcParse *parse, ArmcSpan span)
{
    const char *text = parse->source->text + span.begin;
    bool is_visible = (unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7F;
    ArmcDiag *diag;
    parse->is_next_bad = true;
    if (is_visible || span.end > span.begin + 1)
        diag = armc_diag_at(parse->diags, ARMC_E_bad_character, span,
                            "the language has no sign `%.*s`", (int)(span.end - span.begin), text);
    else
        diag = armc_diag_at(parse->diags, ARMC_E_bad_character, span,
                            "the byte 0x%02X can't stand here", (unsigned)(unsigned char)*text);
    const char *advice = find_advice(text);
    if (advice != NULL)
        armc_diag_help(diag, "%s", advice);
}
