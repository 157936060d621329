/* Formulas: statements over arrays from outside, without a model around them. */
#include "runtime/elaborate/elaborator.h"
#include "runtime/graph/build.h"

static void bind_name(ArmcFrame *frame, ArmcGraph *graph, ArmcFormulaName *name)
{
    if (name->batched) {
        ArmcInput input = {.name = name->name, .shape = name->shape, .levels = name->levels};
        name->value = armc_graph_input(graph, &input);
    } else {
        ArmcParam param = {.path = name->name, .shape = name->shape};
        name->value = armc_graph_param(graph, &param);
        name->value->levels = name->levels;
    }
    armc_scope_bind(frame->e, frame->scope, name->name,
                    armc_thing_value(frame->e, name->value, NULL));
}

static bool take_result(ArmcFrame *frame, ArmcFormula *formula, ArmcThing *thing,
                        const ArmcOrigin *origin)
{
    ArmcValue *value = armc_argument_value(frame, thing, "a result", origin);
    if (value != NULL)
        formula->results[formula->result_count++] = value;
    return value != NULL;
}

static bool take_results(ArmcFrame *frame, ArmcFormula *formula, const ArmcTree *body)
{
    ArmcElaborator *e = frame->e;
    ArmcThing *made = frame->result != NULL ? frame->result : frame->it;
    const ArmcOrigin *origin = armc_origin(frame, body->span);
    if (made == NULL) {
        armc_diag_add(e->diags, ARMC_E_no_current_value, NULL, "the expression has no value");
        return false;
    }
    bool is_several = frame->result != NULL && made->kind == ARMC_THING_LIST;
    size_t count = is_several ? made->count : 1;
    formula->results = ARMC_NEW_ARRAY(e->arena, ArmcValue *, count + 1);
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good &= take_result(frame, formula, is_several ? made->items[i] : made, origin);
    return good;
}

bool armc_module_formula(ArmcModule *module, const ArmcTree *body, ArmcFormula *formula)
{
    ArmcElaborator *e = &module->e;
    size_t before = armc_diags_count(e->diags);
    ArmcBuild *build = ARMC_NEW(e->arena, ArmcBuild);
    build->graph = formula->graph = armc_graph_new(e->arena, e->diags);
    ArmcFrame frame = {
        .e = e,
        .body = ARMC_BODY_CLOSURE,
        .scope = armc_scope_new(e, &module->main.scope, false),
        .path = armc_path_new(e->arena, "", false),
        .build = build,
        .stage_depth = -1,
    };
    e->frame = &frame;
    for (size_t i = 0; i < formula->name_count; i++)
        bind_name(&frame, build->graph, &formula->names[i]);
    armc_run_body(&frame, body);
    bool good = armc_diags_count(e->diags) == before && take_results(&frame, formula, body);
    e->frame = NULL;
    armc_graph_set_fans(build->graph);
    return good;
}
