#include "runtime/elaborate/prompt.h"

#include <string.h>

#include "runtime/elaborate/elaborator.h"

/* Lists only grow at their end and stay in the arena, so a copy of the structs that hold them is
 * enough to go back. Names are bound anew in their place: these are copied one by one. */
struct ArmcMark {
    ArmcModule module;
    ArmcName *names;
    const char **model_names; /* of the names that stand for models; an assignment changes them */
    ArmcBuild build;          /* of the top level, where it has an `input` */
    ArmcGraph graph;
    size_t path_count;
};

static void mark_names(ArmcModule *module, ArmcMark *mark)
{
    const ArmcScope *scope = &module->main.scope;
    mark->names = ARMC_NEW_ARRAY(module->e.arena, ArmcName, scope->count + 1);
    mark->model_names = ARMC_NEW_ARRAY(module->e.arena, const char *, scope->count + 1);
    for (size_t i = 0; i < scope->count; i++) {
        mark->names[i] = scope->names[i];
        if (scope->names[i].thing->kind == ARMC_THING_MODEL)
            mark->model_names[i] = scope->names[i].thing->model->name;
    }
}

const ArmcMark *armc_module_mark(ArmcModule *module)
{
    armc_library_find(module, ""); /* stdlib is read before the first mark, and so stays read */
    ArmcMark *mark = ARMC_NEW(module->e.arena, ArmcMark);
    mark->module = *module;
    mark_names(module, mark);
    if (module->frame.build != NULL) {
        mark->build = *module->frame.build;
        mark->graph = *module->frame.build->graph;
        mark->path_count = module->frame.path->count;
    }
    return mark;
}

static void return_names(ArmcModule *module, const ArmcMark *mark)
{
    ArmcScope *scope = &module->main.scope;
    for (size_t i = 0; i < scope->count; i++) {
        scope->names[i] = mark->names[i];
        if (mark->model_names[i] != NULL)
            scope->names[i].thing->model->name = mark->model_names[i];
    }
}

/* How a parameter is used may have been said by what is forgotten now, and so may the proof. */
static void return_graph(ArmcModule *module, const ArmcMark *mark)
{
    ArmcBuild *build = module->frame.build;
    *build = mark->build;
    *build->graph = mark->graph;
    module->frame.path->count = mark->path_count;
    for (size_t i = 0; i < build->graph->param_count; i++)
        build->graph->params[i]->fan_in = build->graph->params[i]->fan_out = 0;
    armc_model_reopen(module->model);
}

void armc_module_return_to(ArmcModule *module, const ArmcMark *mark)
{
    *module = mark->module;
    return_names(module, mark);
    if (module->frame.build != NULL)
        return_graph(module, mark);
}

const ArmcThing *armc_module_it(const ArmcModule *module)
{
    return module->frame.it;
}

const ArmcGraph *armc_module_graph(const ArmcModule *module)
{
    return module->frame.build != NULL ? module->frame.build->graph : NULL;
}

const char *armc_module_describe(ArmcModule *module, const ArmcThing *thing)
{
    const char *source = armc_thing_source(&module->e, thing);
    return source != NULL ? source : armc_thing_describe(&module->e, thing);
}
