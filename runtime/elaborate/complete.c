/* Completion: what may be typed next, read off the text before it and the tables. */
#include <ctype.h>
#include <string.h>

#include "runtime/elaborate/elaborator.h"
#include "runtime/elaborate/prompt.h"

enum { DEPTH = 64, WORD = 80 };

/* A piece of the text. */
typedef struct Piece {
    const char *text;
    size_t length;
} Piece;

typedef struct Completer {
    ArmcModule *module;
    ArmcVisitWord *visit;
    void *context;
    Piece word;                /* what was begun */
    Piece key;                 /* `key=` before it; length 0: none */
    const ArmcClosure *callee; /* of the call at hand; NULL: none */
    bool takes_word;           /* the argument `key` takes one of some words: no name fits */
} Completer;

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_same(Piece piece, const char *word)
{
    return strlen(word) == piece.length && memcmp(piece.text, word, piece.length) == 0;
}

bool armc_text_is_in_string(const char *text, size_t length)
{
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else if (!inside && text[i] == '#')
            while (i + 1 < length && text[i + 1] != '\n')
                i++;
    }
    return inside;
}

/* --- the call at hand --- */

/* For each open bracket the first name of what stands in it: the one that is called. */
typedef struct Heads {
    Piece of[DEPTH];
    int depth;
} Heads;

static void open_bracket(Heads *heads, Piece name)
{
    if (heads->depth + 1 < DEPTH)
        heads->of[++heads->depth] = name;
}

/* Moves over a token of the text at `i`; `name` is the one directly before it. */
static void pass_sign(Heads *heads, const char *text, size_t i, Piece name)
{
    bool is_assignment = text[i] == '=' && i > 0 && text[i - 1] == ' ' && heads->depth == 0;
    if (text[i] == '(')
        open_bracket(heads, name);
    else if (text[i] == '[')
        open_bracket(heads, heads->of[heads->depth]);
    else if ((text[i] == ')' || text[i] == ']') && heads->depth > 0)
        heads->depth--;
    else if (strchr("|;{}\n", text[i]) != NULL || is_assignment)
        heads->of[heads->depth] = (Piece){0};
}

static Piece find_head(const char *text, size_t length)
{
    Heads heads = {0};
    for (size_t i = 0; i < length;) {
        size_t begin = i;
        while (i < length && is_letter(text[i]))
            i++;
        Piece name = {text + begin, i - begin};
        if (name.length > 0 && heads.of[heads.depth].length == 0)
            heads.of[heads.depth] = name;
        if (i < length && text[i] == '"')
            for (i++; i < length && text[i] != '"'; i++)
                continue;
        else if (i < length)
            pass_sign(&heads, text, i, name);
        i++;
    }
    return heads.of[heads.depth];
}

static const ArmcClosure *find_callee(ArmcModule *module, Piece head)
{
    char name[WORD];
    if (head.length == 0 || head.length >= sizeof name)
        return NULL;
    memcpy(name, head.text, head.length);
    name[head.length] = '\0';
    const ArmcThing *thing = armc_scope_find(&module->e, &module->main.scope, name, true);
    return thing != NULL && thing->kind == ARMC_THING_BLOCK ? thing->block : NULL;
}

/* --- words --- */

static void offer(const Completer *c, const char *word)
{
    if (strncmp(word, c->word.text, c->word.length) == 0)
        c->visit(c->context, word);
}

static void offer_key(const Completer *c, const char *name)
{
    char word[WORD];
    size_t length = strlen(name);
    if (strcmp(name, "it") == 0 || length + 2 > sizeof word)
        return;
    memcpy(word, name, length);
    memcpy(word + length, "=", 2);
    offer(c, word);
}

/* "sgd|adam", one after the other. */
static void offer_symbols(Completer *c, const char *symbols)
{
    c->takes_word = c->key.length > 0;
    while (*symbols != '\0') {
        char word[WORD];
        size_t length = strcspn(symbols, "|");
        if (length < sizeof word) {
            memcpy(word, symbols, length);
            word[length] = '\0';
            offer(c, word);
        }
        symbols += length + (symbols[length] == '|');
    }
}

static void offer_of_spec(Completer *c, const ArmcSpec *spec)
{
    if (c->key.length > 0 && !is_same(c->key, spec->name))
        return;
    if (c->key.length == 0 && spec->kind != ARMC_SPEC_MODEL && spec->kind != ARMC_SPEC_DATA)
        offer_key(c, spec->name);
    if (spec->kind == ARMC_SPEC_SYMBOL || (spec->kind == ARMC_SPEC_INTS && spec->symbols))
        offer_symbols(c, spec->symbols);
    if (spec->kind == ARMC_SPEC_BOOL && c->key.length > 0)
        offer_symbols(c, "true|false");
}

static void offer_of_parameter(Completer *c, const ArmcTree *parameter)
{
    const ArmcTree *enums = parameter->kids[0], *preset = parameter->kids[1];
    if (c->key.length > 0 && !is_same(c->key, parameter->name))
        return;
    if (c->key.length == 0)
        offer_key(c, parameter->name);
    c->takes_word = c->key.length > 0 && enums != NULL;
    for (int i = 0; enums != NULL && i < enums->kid_count; i++)
        offer(c, enums->kids[i]->name);
    if (c->key.length > 0 && preset != NULL && preset->kind == ARMC_TREE_NAME && enums == NULL)
        offer_symbols(c, "true|false");
}

static const ArmcSpec *specs_of(const ArmcClosure *callee)
{
    switch (callee->kind) {
    case ARMC_CALLEE_OP:
        return callee->op->attrs;
    case ARMC_CALLEE_BUILTIN:
        return callee->builtin->args;
    case ARMC_CALLEE_COMMAND:
        return callee->command->args;
    default:
        return NULL;
    }
}

static const ArmcTree *parameters_of(const ArmcClosure *callee)
{
    bool has_some = callee->kind == ARMC_CALLEE_BLOCK || callee->kind == ARMC_CALLEE_MODEL;
    return has_some ? callee->tree->kids[0] : NULL;
}

static void offer_arguments(Completer *c)
{
    const ArmcSpec *spec = specs_of(c->callee);
    const ArmcTree *parameters = parameters_of(c->callee);
    for (; spec != NULL && spec->kind != ARMC_SPEC_END; spec++)
        offer_of_spec(c, spec);
    for (int i = 0; parameters != NULL && i < parameters->kid_count; i++)
        offer_of_parameter(c, parameters->kids[i]);
}

/* Is an argument of the call at hand called so? It is offered as `name=`, and not as a name. */
static bool is_argument(const Completer *c, const char *name)
{
    if (c->callee == NULL || c->key.length > 0)
        return false;
    const ArmcSpec *spec = specs_of(c->callee);
    const ArmcTree *parameters = parameters_of(c->callee);
    for (; spec != NULL && spec->kind != ARMC_SPEC_END; spec++)
        if (strcmp(spec->name, name) == 0)
            return true;
    for (int i = 0; parameters != NULL && i < parameters->kid_count; i++)
        if (strcmp(parameters->kids[i]->name, name) == 0)
            return true;
    return false;
}

static void offer_name(const Completer *c, const char *name)
{
    if (!is_argument(c, name))
        offer(c, name);
}

static void offer_library(void *context, const ArmcThing *thing)
{
    offer_name(context, thing->block->name);
}

static void offer_tables(Completer *c)
{
    armc_library_each(c->module, offer_library, c);
    for (const ArmcOp *const *row = armc_ops; *row != NULL; row++)
        if (!((*row)->flags & (ARMC_OP_INTERNAL | ARMC_OP_LEAF)))
            offer_name(c, (*row)->name);
    for (const ArmcBuiltin *const *row = armc_builtins; *row != NULL; row++)
        offer_name(c, (*row)->name);
    for (const ArmcDist *const *row = armc_dists; *row != NULL; row++)
        offer_name(c, (*row)->name);
    for (const ArmcCommand *const *row = armc_commands; *row != NULL; row++)
        offer_name(c, (*row)->name);
    for (size_t i = 0; armc_keyword(i) != NULL; i++)
        offer_name(c, armc_keyword(i));
}

static void offer_names(Completer *c)
{
    const ArmcScope *scope = &c->module->main.scope;
    for (size_t i = 0; i < scope->count; i++)
        offer_name(c, scope->names[i].name);
    for (size_t i = 0; i < c->module->main.import_count; i++) {
        const ArmcScope *imported = &c->module->main.imports[i]->scope;
        for (size_t k = 0; k < imported->count; k++)
            offer_name(c, imported->names[k].name);
    }
}

/* Behind a call's name, with nothing begun, its own arguments and the user's own names are shown:
 * of all names it would be lost among them. A command's arguments call nothing. */
static bool wants_tables(const Completer *c)
{
    if (c->key.length > 0)
        return false;
    return c->callee == NULL || (c->word.length > 0 && c->callee->kind != ARMC_CALLEE_COMMAND);
}

size_t armc_module_complete(ArmcModule *module, const char *text, size_t length,
                            ArmcVisitWord *visit, void *context)
{
    size_t begin = length, key = length;
    while (begin > 0 && is_letter(text[begin - 1]))
        begin--;
    Completer c = {.module = module, .visit = visit, .context = context};
    c.word = (Piece){text + begin, length - begin};
    if (begin > 0 && text[begin - 1] == '=') {
        for (key = begin - 1; key > 0 && is_letter(text[key - 1]); key--)
            continue;
        c.key = (Piece){text + key, begin - 1 - key};
    }
    c.callee = find_callee(module, find_head(text, begin));
    if (c.callee != NULL)
        offer_arguments(&c);
    if (!c.takes_word)
        offer_names(&c);
    if (wants_tables(&c))
        offer_tables(&c);
    return begin;
}
