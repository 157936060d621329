/* A script: its statements in order, its options, its imports. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

ArmcModule *armc_module_new(ArmcArena *arena, ArmcDiags *diags, const ArmcHost *host,
                            ArmcOverride *overrides, size_t override_count)
{
    ArmcModule *module = ARMC_NEW(arena, ArmcModule);
    module->e = (ArmcElaborator){.module = module, .arena = arena, .diags = diags};
    module->host = host;
    module->overrides = overrides;
    module->override_count = override_count;
    module->main = (ArmcFile){.path = "", .is_main = true, .is_open = true};
    module->main.scope.file = &module->main;
    module->frame = (ArmcFrame){
        .e = &module->e, .body = ARMC_BODY_FILE, .scope = &module->main.scope, .stage_depth = -1};
    return module;
}

/* Commands that give no result wait until every statement was read: a mistake in the last line of a
 * script is told before the training in its middle begins, not after. */
static void run_pending(ArmcModule *module, size_t errors_before)
{
    ArmcElaborator *e = &module->e;
    for (size_t i = 0; i < module->pending_count && armc_diags_count(e->diags) == errors_before;
         i++) {
        const ArmcPending *pending = &module->pending[i];
        ArmcThing result = {.kind = ARMC_THING_NONE};
        if (!pending->command->run(module->host->session, pending->args, pending->origin, &result))
            break;
    }
    module->pending_count = 0;
}

/* Each unknown override is reported once. */
static void check_overrides(ArmcModule *module)
{
    ArmcElaborator *e = &module->e;
    const char **words = ARMC_NEW_ARRAY(e->arena, const char *, module->option_count + 1);
    const char *all = "";
    for (size_t i = 0; i < module->option_count; i++) {
        words[i] = module->options[i]->name;
        all = armc_arena_printf(e->arena, "%s%s`%s`", all, i ? ", " : "", words[i]);
    }
    for (size_t i = 0; i < module->override_count; i++) {
        ArmcOverride *over = &module->overrides[i];
        if (over->used)
            continue;
        over->used = true;
        module->has_bad_override = true;
        ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_unknown_option, NULL,
                                       "the script has no option `%s`", over->name);
        const char *near = armc_suggest(over->name, words, module->option_count);
        if (near)
            armc_diag_help(diag, "did you mean `%s`?", near);
        else if (module->option_count)
            armc_diag_help(diag, "its options are %s", all);
    }
}

bool armc_module_run(ArmcModule *module, const ArmcTree *body)
{
    ArmcElaborator *e = &module->e;
    size_t before = armc_diags_count(e->diags);
    module->run++;
    e->stopped = false;
    e->steps = 0;
    e->frame = &module->frame;
    module->frame.result = NULL;
    armc_define_all(&module->frame, body);
    armc_run_body(&module->frame, body);
    if (armc_thing_is_none(module->frame.it ? module->frame.it
                                            : &(ArmcThing){.kind = ARMC_THING_NUMBER}))
        module->frame.it = NULL; /* at the prompt one goes on after an error */
    check_overrides(module);
    run_pending(module, before);
    return armc_diags_count(e->diags) == before;
}

bool armc_module_finish(ArmcModule *module)
{
    check_overrides(module);
    return !module->has_bad_override;
}

ArmcThing *armc_module_find(ArmcModule *module, const char *name)
{
    return armc_scope_find(&module->e, &module->main.scope, name, false);
}

size_t armc_module_options(const ArmcModule *module, const ArmcTree *const **options,
                           const ArmcThing *const **values)
{
    *options = module->options;
    *values = module->option_values;
    return module->option_count;
}

ArmcModelRef *armc_module_model(ArmcModule *module)
{
    return module->model;
}

/* --- options --- */

static ArmcOverride *find_override(ArmcModule *module, const char *name)
{
    for (size_t i = module->override_count; i-- > 0;)
        if (strcmp(module->overrides[i].name, name) == 0)
            return &module->overrides[i];
    return NULL;
}

/* The text of an override read as an expression: NULL where it is none. */
static ArmcThing *read_override(ArmcFrame *frame, const ArmcOverride *over)
{
    ArmcElaborator *e = frame->e;
    ArmcDiags *own = armc_diags_new(e->arena), *diags = e->diags;
    ArmcSource *source =
        armc_source_new(e->arena, "<command line>", over->value, strlen(over->value));
    const ArmcTree *body = armc_parse(e->arena, own, source);
    if (armc_diags_count(own) || body->kid_count != 1)
        return NULL;
    e->diags = own;
    ArmcThing *thing = armc_eval(frame, body->kids[0]);
    e->diags = diags;
    return armc_diags_count(own) ? NULL : thing;
}

static bool same_kind(const ArmcThing *preset, const ArmcThing *thing)
{
    if (preset->kind == ARMC_THING_NUMBER)
        return thing->kind == ARMC_THING_NUMBER && (thing->is_integer || !preset->is_integer);
    return thing->kind == preset->kind;
}

static ArmcThing *override_option(ArmcFrame *frame, const ArmcTree *tree, ArmcThing *preset,
                                  ArmcOverride *over)
{
    ArmcElaborator *e = frame->e;
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    over->used = true;
    if (preset->kind == ARMC_THING_STRING)
        return armc_thing_string(e, over->value, origin);
    ArmcThing *thing = read_override(frame, over);
    if (thing && same_kind(preset, thing))
        return thing;
    bool whole = preset->kind == ARMC_THING_NUMBER && preset->is_integer;
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_bad_option, origin,
                      "the option `%s` takes %s, the command line gives `%s`", tree->name,
                      whole ? "a whole number" : armc_thing_kind_name(preset->kind), over->value);
    armc_diag_label(diag, "its default says so");
    return armc_thing_none(e);
}

void armc_run_option(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcModule *module = e->module;
    ArmcName *before = armc_scope_own(frame->scope, tree->name);
    if (frame->body != ARMC_BODY_FILE) {
        armc_diag_add(e->diags, ARMC_E_misplaced, armc_origin(frame, tree->span),
                      "`option` stands at the top level of a script only");
        return;
    }
    if (before && before->run == module->run) {
        armc_diag_add(e->diags, ARMC_E_redefined, armc_origin(frame, tree->span),
                      "`%s` is defined twice", tree->name);
        return;
    }
    ArmcThing *thing = armc_eval(frame, tree->kids[0]);
    ArmcOverride *over = find_override(module, tree->name);
    if (over && !armc_thing_is_none(thing))
        thing = override_option(frame, tree, thing, over);
    armc_scope_bind(e, frame->scope, tree->name, thing);
    armc_scope_own(frame->scope, tree->name)->is_option = true;
    ARMC_PUSH(e->arena, module->options, module->option_count, module->option_capacity, tree);
    size_t values = module->option_count - 1;
    ARMC_PUSH(e->arena, module->option_values, values, module->value_capacity, thing);
}

/* --- imports --- */

static void import_name(ArmcFrame *frame, const ArmcTree *tree, const char *name)
{
    ArmcElaborator *e = frame->e;
    if (armc_library_has_file(e->module, name) || armc_library_find(e->module, name))
        return; /* stdlib is there anyway: the line says what the script builds on */
    ArmcDiag *diag = armc_diag_add(e->diags, ARMC_E_unknown_import, armc_origin(frame, tree->span),
                                   "stdlib has no `%s`", name);
    const char *near = armc_scope_nearest(e, NULL, name, true);
    if (near)
        armc_diag_help(diag, "did you mean `%s`?", near);
    else
        armc_diag_help(diag, "a file of your own is written in quotes: import \"%s.arm\"", name);
}

/* A path in an imported file is relative to that file. */
const char *armc_path_beside(ArmcElaborator *e, const ArmcFile *file, const char *path)
{
    const char *slash = strrchr(file->path, '/');
    if (*path == '/' || !slash)
        return path;
    return armc_arena_printf(e->arena, "%.*s/%s", (int)(slash - file->path), file->path, path);
}

static ArmcFile *find_imported(const ArmcModule *module, const char *path)
{
    for (size_t i = 0; i < module->imported_count; i++)
        if (strcmp(module->imported[i]->path, path) == 0)
            return module->imported[i];
    return NULL;
}

static bool is_definition(const ArmcTree *tree)
{
    return tree->kind == ARMC_TREE_BLOCK || tree->kind == ARMC_TREE_MODEL ||
           tree->kind == ARMC_TREE_ASSIGN || tree->kind == ARMC_TREE_IMPORT ||
           tree->kind == ARMC_TREE_OPTION;
}

static void run_imported(ArmcFrame *frame, ArmcFile *file, const ArmcTree *body,
                         const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    ArmcFrame inner = {.e = e,
                       .body = ARMC_BODY_FILE,
                       .scope = &file->scope,
                       .caller = origin,
                       .stage_depth = -1,
                       .outer = e->frame};
    e->frame = &inner;
    armc_define_all(&inner, body);
    for (int i = 0; i < body->kid_count && !e->stopped; i++) {
        ArmcTree statement = {.kind = ARMC_TREE_BODY,
                              .span = body->kids[i]->span,
                              .kids = &body->kids[i],
                              .kid_count = 1};
        if (is_definition(body->kids[i]))
            armc_run_body(&inner, &statement);
        else
            armc_diag_add(e->diags, ARMC_E_misplaced, armc_origin(&inner, body->kids[i]->span),
                          "an imported file only defines names, this statement does something");
    }
    e->frame = inner.outer;
}

static ArmcFile *open_import(ArmcFrame *frame, const char *path, const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    ArmcModule *module = e->module;
    size_t length;
    const char *text = module->host->read_import
                           ? module->host->read_import(module->host->session, path, &length)
                           : NULL;
    if (!text) {
        ArmcDiag *diag =
            armc_diag_add(e->diags, ARMC_E_import_file, origin, "can't read \"%s\"", path);
        if (origin)
            armc_diag_help(diag, "the path is looked up beside the file that imports it");
        return NULL;
    }
    ArmcFile *file = ARMC_NEW(e->arena, ArmcFile);
    file->path = path;
    file->scope.file = file;
    file->is_open = true;
    ARMC_PUSH(e->arena, module->imported, module->imported_count, module->imported_capacity, file);
    run_imported(frame, file,
                 armc_parse(e->arena, e->diags, armc_source_new(e->arena, path, text, length)),
                 origin);
    file->is_open = false;
    return file;
}

/* Makes the names of a file known in `here`; the file is read where it was not yet. */
static void import_path(ArmcFrame *frame, ArmcFile *here, const char *path,
                        const ArmcOrigin *origin)
{
    ArmcElaborator *e = frame->e;
    ArmcFile *file = find_imported(e->module, path);
    if (file && file->is_open) {
        armc_diag_add(e->diags, ARMC_E_import_file, origin,
                      "\"%s\" imports itself, on the way round", path);
        return;
    }
    if (!file)
        file = open_import(frame, path, origin);
    if (file)
        ARMC_PUSH(e->arena, here->imports, here->import_count, here->import_capacity, file);
}

bool armc_module_import(ArmcModule *module, const char *path)
{
    ArmcElaborator *e = &module->e;
    size_t before = armc_diags_count(e->diags);
    e->frame = &module->frame;
    import_path(&module->frame, &module->main, path, NULL);
    e->frame = NULL;
    return armc_diags_count(e->diags) == before;
}

void armc_run_import(ArmcFrame *frame, const ArmcTree *tree)
{
    ArmcElaborator *e = frame->e;
    ArmcFile *here = frame->scope->file;
    const ArmcOrigin *origin = armc_origin(frame, tree->span);
    if (frame->body != ARMC_BODY_FILE || !here) {
        armc_diag_add(e->diags, ARMC_E_misplaced, origin,
                      "`import` stands at the top level of a file only");
        return;
    }
    if (tree->kids[0]->kind == ARMC_TREE_NAME) {
        import_name(frame, tree->kids[0], tree->kids[0]->name);
        return;
    }
    import_path(frame, here, armc_path_beside(e, here, tree->kids[0]->name), origin);
}
