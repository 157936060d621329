#include "runtime/elaborate/help.h"

#include <string.h>

#include "runtime/elaborate/elaborator.h"

enum { COLUMN = 14 };

/* --- one callee --- */

static const char *doc_of(const ArmcClosure *callee)
{
    switch (callee->kind) {
    case ARMC_CALLEE_OP:
        return callee->op->doc;
    case ARMC_CALLEE_BUILTIN:
        return callee->builtin->doc;
    case ARMC_CALLEE_COMMAND:
        return callee->command->doc;
    case ARMC_CALLEE_DIST:
        return callee->dist->doc;
    default:
        return callee->tree && callee->tree->doc ? callee->tree->doc : "";
    }
}

static const ArmcSpec *specs_of(const ArmcClosure *callee)
{
    if (callee->kind == ARMC_CALLEE_OP)
        return callee->op->attrs;
    if (callee->kind == ARMC_CALLEE_BUILTIN)
        return callee->builtin->args;
    return callee->kind == ARMC_CALLEE_COMMAND ? callee->command->args : NULL;
}

static const char *kind_of_spec(const ArmcSpec *spec)
{
    static const char *const kinds[] = {
        [ARMC_SPEC_INT] = "a whole number", [ARMC_SPEC_REAL] = "a number",
        [ARMC_SPEC_BOOL] = "true or false", [ARMC_SPEC_SYMBOL] = "a word",
        [ARMC_SPEC_STRING] = "a string",    [ARMC_SPEC_INTS] = "a list of whole numbers",
        [ARMC_SPEC_MODEL] = "a model",      [ARMC_SPEC_DATA] = "a data set",
        [ARMC_SPEC_ANY] = "anything",
    };
    return kinds[spec->kind];
}

/* What follows a name stands in one column; a longer name moves it, by a space at least. */
static void print_name(const char *name, ArmcBuf *out)
{
    armc_buf_printf(out, "  %-*s ", COLUMN - 1, name);
}

static void print_spec(const ArmcSpec *spec, ArmcBuf *out)
{
    print_name(spec->name, out);
    if (spec->kind == ARMC_SPEC_SYMBOL)
        armc_buf_printf(out, "%s", spec->symbols);
    else if (spec->kind == ARMC_SPEC_INTS && spec->symbols)
        armc_buf_printf(out, "%s or %s", spec->symbols, kind_of_spec(spec));
    else if (spec->kind != ARMC_SPEC_ANY)
        armc_buf_puts(out, kind_of_spec(spec));
    const char *comma = spec->kind == ARMC_SPEC_ANY ? "" : ", ";
    if (spec->preset && *spec->preset)
        armc_buf_printf(out, "%sdefault %s", comma, spec->preset);
    else if (spec->preset)
        armc_buf_printf(out, "%soptional", comma);
    if (spec->doc)
        armc_buf_printf(out, "%s%s", spec->kind == ARMC_SPEC_ANY && !spec->preset ? "" : "; ",
                        spec->doc);
    armc_buf_puts(out, "\n");
}

static void print_written(const ArmcTree *tree, ArmcBuf *out)
{
    ArmcSpan span = tree->span;
    armc_buf_append(out, span.source->text + span.begin, span.end - span.begin);
}

static void print_parameter(const ArmcTree *parameter, ArmcBuf *out)
{
    print_name(parameter->name, out);
    const ArmcTree *enums = parameter->kids[0], *preset = parameter->kids[1];
    for (int i = 0; enums && i < enums->kid_count; i++)
        armc_buf_printf(out, "%s%s", i ? "|" : "", enums->kids[i]->name);
    if (preset) {
        armc_buf_puts(out, enums ? ", default " : "default ");
        print_written(preset, out);
    }
    if (parameter->doc)
        armc_buf_printf(out, "%s%s", enums || preset ? "; " : "", parameter->doc);
    armc_buf_puts(out, "\n");
}

static void print_arguments(const ArmcClosure *callee, ArmcBuf *out)
{
    const ArmcSpec *specs = specs_of(callee);
    bool has_tree = callee->kind == ARMC_CALLEE_BLOCK || callee->kind == ARMC_CALLEE_MODEL;
    const ArmcTree *params = has_tree ? callee->tree->kids[0] : NULL;
    if ((specs && specs->kind != ARMC_SPEC_END) || (params && params->kid_count))
        armc_buf_puts(out, "\n");
    for (; specs && specs->kind != ARMC_SPEC_END; specs++)
        print_spec(specs, out);
    for (int i = 0; params && i < params->kid_count; i++)
        if (strcmp(params->kids[i]->name, "it") != 0)
            print_parameter(params->kids[i], out);
}

static const char *place_of(ArmcElaborator *e, const ArmcClosure *callee)
{
    const char *kind = strchr(armc_callee_kind_name(callee->kind), ' ') + 1;
    bool has_tree = callee->kind == ARMC_CALLEE_BLOCK || callee->kind == ARMC_CALLEE_MODEL;
    return has_tree ? armc_arena_printf(e->arena, "%s of %s", kind, callee->tree->span.source->name)
                    : kind;
}

static void print_callee(ArmcElaborator *e, const ArmcClosure *callee, bool source, ArmcBuf *out)
{
    const char *signature =
        callee->kind == ARMC_CALLEE_DIST ? callee->name : armc_callee_signature(e, callee);
    armc_buf_printf(out, "%s    (%s)\n", signature, place_of(e, callee));
    if (callee->kind == ARMC_CALLEE_OP)
        armc_buf_printf(out, "shapes: %s\n", callee->op->sig);
    if (*doc_of(callee))
        armc_buf_printf(out, "\n%s\n", doc_of(callee));
    if (callee->kind == ARMC_CALLEE_DIST)
        armc_buf_printf(out, "For variables with %s.\n", callee->dist->support);
    print_arguments(callee, out);
    if (source && callee->tree) {
        armc_buf_puts(out, "\n");
        print_written(callee->tree, out);
        armc_buf_puts(out, "\n");
    }
}

bool armc_help_text(ArmcModule *module, const char *name, bool source, ArmcBuf *out)
{
    ArmcElaborator *e = &module->e;
    const char *doc, *use = armc_keyword_use(name, &doc);
    if (use) {
        armc_buf_printf(out, "%s    (statement)\n\n%s\n", use, doc);
        return true;
    }
    const ArmcThing *thing = armc_scope_find(e, &module->main.scope, name, true);
    if (!thing || !armc_thing_is_callable(thing))
        return false;
    print_callee(e, thing->block, source, out);
    return true;
}

const char *armc_help_nearest(ArmcModule *module, const char *name)
{
    return armc_scope_nearest(&module->e, &module->main.scope, name, true);
}

/* --- all of them --- */

typedef struct Listing {
    ArmcModule *module;
    ArmcBuf *out;
    ArmcCalleeKind kind;
    bool is_page;
} Listing;

/* The name and the first sentence about it. */
static void print_line(const char *name, const char *doc, ArmcBuf *out)
{
    armc_buf_printf(out, "  %-*s", COLUMN, name);
    for (; *doc && !(doc[0] == '.' && (doc[1] == ' ' || doc[1] == '\n' || !doc[1])); doc++)
        armc_buf_append(out, *doc == '\n' ? " " : doc, 1);
    armc_buf_puts(out, "\n");
}

static void list_callee(Listing *listing, const ArmcClosure *callee)
{
    ArmcElaborator *e = &listing->module->e;
    if (!listing->is_page) {
        print_line(callee->name, doc_of(callee), listing->out);
        return;
    }
    armc_buf_printf(listing->out, "### %s\n\n```text\n", callee->name);
    print_callee(e, callee, false, listing->out);
    armc_buf_puts(listing->out, "```\n\n");
}

static void list_library(void *context, const ArmcThing *thing)
{
    Listing *listing = context;
    if (thing->block->kind == listing->kind)
        list_callee(listing, thing->block);
}

static void list_ops(Listing *listing)
{
    for (const ArmcOp *const *row = armc_ops; *row; row++)
        if (!((*row)->flags & (ARMC_OP_INTERNAL | ARMC_OP_LEAF)))
            list_callee(listing,
                        &(ArmcClosure){.kind = ARMC_CALLEE_OP, .name = (*row)->name, .op = *row});
}

static void list_dists(Listing *listing)
{
    for (const ArmcDist *const *row = armc_dists; *row; row++)
        list_callee(listing,
                    &(ArmcClosure){.kind = ARMC_CALLEE_DIST, .name = (*row)->name, .dist = *row});
}

static void list_builtins(Listing *listing)
{
    for (const ArmcBuiltin *const *row = armc_builtins; *row; row++)
        list_callee(
            listing,
            &(ArmcClosure){.kind = ARMC_CALLEE_BUILTIN, .name = (*row)->name, .builtin = *row});
}

static void list_commands(Listing *listing)
{
    for (const ArmcCommand *const *row = armc_commands; *row; row++)
        list_callee(
            listing,
            &(ArmcClosure){.kind = ARMC_CALLEE_COMMAND, .name = (*row)->name, .command = *row});
}

static void list_blocks(Listing *listing)
{
    listing->kind = ARMC_CALLEE_BLOCK;
    armc_library_each(listing->module, list_library, listing);
}

static void list_models(Listing *listing)
{
    listing->kind = ARMC_CALLEE_MODEL;
    armc_library_each(listing->module, list_library, listing);
}

static const struct {
    const char *title;
    void (*list)(Listing *listing);
} parts[] = {
    {"Models", list_models},       {"Blocks", list_blocks},      {"Ops", list_ops},
    {"Distributions", list_dists}, {"Functions", list_builtins}, {"Commands", list_commands},
};

void armc_help_names(ArmcModule *module, ArmcBuf *out)
{
    Listing listing = {.module = module, .out = out};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        armc_buf_printf(out, "%s%s\n", i ? "\n" : "", parts[i].title);
        parts[i].list(&listing);
    }
}

void armc_reference(ArmcModule *module, ArmcBuf *out)
{
    Listing listing = {.module = module, .out = out, .is_page = true};
    armc_buf_puts(
        out,
        "# Reference\n\nWritten from the program's own tables. `*s` stands for any number of "
        "dimensions;\n"
        "the same letter is the same size wherever it stands; `?` depends on the arguments.\n\n");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        armc_buf_printf(out, "## %s\n\n", parts[i].title);
        parts[i].list(&listing);
    }
}

/* --- a script --- */

static void print_option(const ArmcTree *option, ArmcBuf *out)
{
    armc_buf_printf(out, "  %-*s", COLUMN, option->name);
    print_written(option->kids[0], out);
    armc_buf_printf(out, "%s%s\n", option->doc ? "; " : "", option->doc ? option->doc : "");
}

static void print_definition(ArmcElaborator *e, const ArmcTree *tree, ArmcBuf *out)
{
    ArmcClosure callee = {.kind =
                              tree->kind == ARMC_TREE_MODEL ? ARMC_CALLEE_MODEL : ARMC_CALLEE_BLOCK,
                          .name = tree->name,
                          .tree = tree};
    armc_buf_puts(out, "\n");
    print_callee(e, &callee, false, out);
}

void armc_help_script(ArmcModule *module, const ArmcTree *body, ArmcBuf *out)
{
    int options = 0;
    for (int i = 0; i < body->kid_count; i++)
        if (body->kids[i]->kind == ARMC_TREE_OPTION) {
            if (options++ == 0)
                armc_buf_puts(out, "Options (armc run FILE name=value …)\n");
            print_option(body->kids[i], out);
        }
    if (options == 0)
        armc_buf_puts(out, "The script has no options.\n");
    for (int i = 0; i < body->kid_count; i++)
        if (body->kids[i]->kind == ARMC_TREE_MODEL || body->kids[i]->kind == ARMC_TREE_BLOCK)
            print_definition(&module->e, body->kids[i], out);
}
