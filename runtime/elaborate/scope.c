/* Names: one namespace, lexical scope. */
#include "runtime/base/text.h"
#include "runtime/elaborate/elaborator.h"

ArmcScope *armc_scope_new(ArmcElaborator *e, ArmcScope *parent, bool is_closed)
{
    ArmcScope *scope = ARMC_NEW(e->arena, ArmcScope);
    scope->parent = parent;
    scope->is_closed = is_closed;
    return scope;
}

ArmcName *armc_scope_own(ArmcScope *scope, const char *name)
{
    for (size_t i = 0; i < scope->count; i++)
        if (armc_same_text(scope->names[i].name, name))
            return &scope->names[i];
    return NULL;
}

void armc_scope_bind(ArmcElaborator *e, ArmcScope *scope, const char *name, ArmcThing *thing)
{
    ArmcName *own = armc_scope_own(scope, name);
    if (!own) {
        ArmcName fresh = {.name = name};
        ARMC_PUSH(e->arena, scope->names, scope->count, scope->capacity, fresh);
        own = &scope->names[scope->count - 1];
    }
    own->thing = thing;
    own->run = e->module->run;
}

/* Does a thing of the file stay outside of a block's body? What a block computes depends on its
 * arguments alone. */
static bool stays_outside(const ArmcThing *thing)
{
    return thing->kind == ARMC_THING_VALUE || thing->kind == ARMC_THING_DATA;
}

static bool fits(const ArmcThing *thing, bool callable)
{
    return !callable || armc_thing_is_callable(thing) || armc_thing_is_none(thing);
}

static ArmcThing *find_in_imports(const ArmcFile *file, const char *name, bool callable)
{
    for (size_t i = file->import_count; i-- > 0;) {
        ArmcName *own = armc_scope_own(&file->imports[i]->scope, name);
        if (own && fits(own->thing, callable) && !stays_outside(own->thing))
            return own->thing;
    }
    return NULL;
}

/* A row of one of the tables as a thing. */
static ArmcThing *row_thing(ArmcElaborator *e, ArmcCalleeKind kind, const char *name,
                            const ArmcClosure *row)
{
    ArmcClosure callee = *row;
    callee.kind = kind;
    callee.name = name;
    return armc_thing_callee(e, &callee, NULL);
}

/* Builtins first: `max` is a function of constants that hands values on to the op. */
static ArmcThing *find_in_tables(ArmcElaborator *e, const char *name)
{
    for (const ArmcBuiltin *const *row = armc_builtins; *row; row++)
        if (armc_same_text((*row)->name, name))
            return row_thing(e, ARMC_CALLEE_BUILTIN, name, &(ArmcClosure){.builtin = *row});
    const ArmcOp *op = armc_op_find(name);
    if (op)
        return row_thing(e, ARMC_CALLEE_OP, name, &(ArmcClosure){.op = op});
    const ArmcDist *dist = armc_dist_find(name);
    if (dist)
        return row_thing(e, ARMC_CALLEE_DIST, name, &(ArmcClosure){.dist = dist});
    for (const ArmcCommand *const *row = armc_commands; *row; row++)
        if (armc_same_text((*row)->name, name))
            return row_thing(e, ARMC_CALLEE_COMMAND, name, &(ArmcClosure){.command = *row});
    return NULL;
}

ArmcThing *armc_scope_find(ArmcElaborator *e, ArmcScope *scope, const char *name, bool callable)
{
    bool closed = false;
    for (; scope; scope = scope->parent) {
        ArmcName *own = armc_scope_own(scope, name);
        bool hidden = own && closed && scope->file && stays_outside(own->thing);
        if (own && !hidden && fits(own->thing, callable))
            return own->thing;
        ArmcThing *imported = scope->file ? find_in_imports(scope->file, name, callable) : NULL;
        if (imported)
            return imported;
        closed |= scope->is_closed;
    }
    if (!callable && (armc_same_text(name, "true") || armc_same_text(name, "false")))
        return armc_thing_bool(e, *name == 't', NULL);
    ArmcThing *found = armc_library_find(e->module, name);
    return found ? found : find_in_tables(e, name);
}

bool armc_scope_hides(ArmcScope *scope, const char *name)
{
    bool closed = false;
    for (; scope; scope = scope->parent) {
        ArmcName *own = armc_scope_own(scope, name);
        if (own && closed && scope->file && stays_outside(own->thing))
            return true;
        closed |= scope->is_closed;
    }
    return false;
}

/* --- the nearest known name --- */

typedef struct Words {
    ArmcElaborator *e;
    const char **items;
    size_t count, capacity;
    bool callable;
} Words;

static void add_word(Words *words, const char *word)
{
    ARMC_PUSH(words->e->arena, words->items, words->count, words->capacity, word);
}

static void add_scope(Words *words, const ArmcScope *scope, bool closed)
{
    for (size_t i = 0; i < scope->count; i++)
        if (fits(scope->names[i].thing, words->callable) &&
            !(closed && scope->file && stays_outside(scope->names[i].thing)))
            add_word(words, scope->names[i].name);
}

static void add_library(void *context, const ArmcThing *thing)
{
    add_word(context, thing->block->name);
}

static void add_tables(Words *words)
{
    for (const ArmcOp *const *row = armc_ops; *row; row++)
        if (!((*row)->flags & (ARMC_OP_INTERNAL | ARMC_OP_LEAF)))
            add_word(words, (*row)->name);
    for (const ArmcBuiltin *const *row = armc_builtins; *row; row++)
        add_word(words, (*row)->name);
    for (const ArmcDist *const *row = armc_dists; *row; row++)
        add_word(words, (*row)->name);
    for (const ArmcCommand *const *row = armc_commands; *row; row++)
        add_word(words, (*row)->name);
}

const char *armc_scope_nearest(ArmcElaborator *e, ArmcScope *scope, const char *name, bool callable)
{
    Words words = {.e = e, .callable = callable};
    bool closed = false;
    for (; scope; scope = scope->parent) {
        add_scope(&words, scope, closed);
        for (size_t i = 0; scope->file && i < scope->file->import_count; i++)
            add_scope(&words, &scope->file->imports[i]->scope, true);
        closed |= scope->is_closed;
    }
    armc_library_each(e->module, add_library, &words);
    add_tables(&words);
    if (!callable) {
        add_word(&words, "true");
        add_word(&words, "false");
    }
    return armc_suggest(name, words.items, words.count);
}
