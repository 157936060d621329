/* stdlib: the files embedded in the program, or those that the host has in their place. A file is
 * parsed when a name is first looked for; its blocks and models need no `import`. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

static const ArmcEmbedded *files_of(const ArmcModule *module)
{
    return module->host->stdlib ? module->host->stdlib : armc_stdlib_files;
}

static const char *folder_of(const ArmcModule *module)
{
    return module->host->stdlib ? module->host->stdlib_folder : "stdlib";
}

static void define_in(ArmcModule *module, ArmcFile *file, const ArmcTree *body)
{
    ArmcFrame frame = {
        .e = &module->e, .body = ARMC_BODY_FILE, .scope = &file->scope, .stage_depth = -1};
    armc_define_all(&frame, body);
    armc_run_body(&frame, body);
}

static ArmcFile *load(ArmcModule *module, const ArmcEmbedded *row)
{
    ArmcElaborator *e = &module->e;
    ArmcFile *file = ARMC_NEW(e->arena, ArmcFile);
    file->path = row->name;
    file->scope.file = file;
    ArmcSource *source = armc_source_new(
        e->arena, armc_arena_printf(e->arena, "%s/%s", folder_of(module), row->name), row->text,
        row->length);
    source->is_stdlib = 1;
    const ArmcTree *body = armc_parse(e->arena, e->diags, source);
    ARMC_PUSH(e->arena, module->library, module->library_count, module->library_capacity, file);
    define_in(module, file, body);
    return file;
}

/* Loads what is not loaded yet; the rows and the files stand in the same order. */
static void load_all(ArmcModule *module)
{
    const ArmcEmbedded *files = files_of(module);
    for (size_t i = module->library_count; files[i].name; i++)
        load(module, &files[i]);
}

static bool is_public(const ArmcThing *thing)
{
    return thing->kind == ARMC_THING_BLOCK && thing->block->tree != NULL;
}

ArmcThing *armc_library_find(ArmcModule *module, const char *name)
{
    load_all(module);
    for (size_t i = 0; i < module->library_count; i++) {
        ArmcName *own = armc_scope_own(&module->library[i]->scope, name);
        if (own && is_public(own->thing))
            return own->thing;
    }
    return NULL;
}

bool armc_library_has_file(const ArmcModule *module, const char *name)
{
    size_t length = strlen(name);
    for (const ArmcEmbedded *row = files_of(module); row->name; row++)
        if (strncmp(row->name, name, length) == 0 && strcmp(row->name + length, ".arm") == 0)
            return true;
    return false;
}

void armc_library_each(ArmcModule *module, void (*visit)(void *context, const ArmcThing *thing),
                       void *context)
{
    load_all(module);
    for (size_t i = 0; i < module->library_count; i++) {
        const ArmcScope *scope = &module->library[i]->scope;
        for (size_t k = 0; k < scope->count; k++)
            if (is_public(scope->names[k].thing))
                visit(context, scope->names[k].thing);
    }
}
