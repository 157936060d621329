#include "runtime/api/work.h"
#include "runtime/elaborate/help.h"
#include "runtime/learn/field_tell.h"

/* What a script that trains and evaluates nothing is checked by, in the language itself: under
 * --input, `dataset` hands out the shape that was given. */
static const char *trial_of(ArmcSession *session, const char *model)
{
    return armc_arena_printf(
        session->run, "data_of_this_shape = dataset \"--input\"\ntrain %s data_of_this_shape\n",
        model);
}

static bool try_model(ArmcSession *session, const char *name)
{
    const ArmcTree *tree = armc_script_parse(session, "<command line>", trial_of(session, name));
    return tree != NULL && armc_module_run(session->module, tree);
}

/* The name that a statement gives to a model; NULL for any other statement. */
static const char *model_name(ArmcSession *session, const ArmcTree *statement)
{
    if (statement->kind == ARMC_TREE_MODEL)
        return statement->name;
    if (statement->kind != ARMC_TREE_ASSIGN || statement->kid_count != 2)
        return NULL;
    const ArmcThing *thing = armc_module_find(session->module, statement->kids[0]->name);
    return thing != NULL && thing->kind == ARMC_THING_MODEL ? statement->kids[0]->name : NULL;
}

static bool try_all(ArmcSession *session, const ArmcTree *body)
{
    bool good = true;
    for (int i = 0; i < body->kid_count; i++) {
        const char *name = model_name(session, body->kids[i]);
        if (name != NULL)
            good &= try_model(session, name);
    }
    return good;
}

/* Models that no command of the script names are bound, too, where their shape is known. */
static bool bind_rest(ArmcSession *session, const ArmcScript *script)
{
    if (session->net_count > 0)
        return true;
    ArmcThing *own = armc_script_own_model(session);
    if (own != NULL)
        return armc_net_bind_shape(session, own, session->assumed_shape, session->assumed_levels,
                                   session->assumed_classes, NULL) != NULL;
    if (session->assumed_shape.rank > 0)
        return try_all(session, script->tree);
    armc_say_note(session, "no command gives a model its data, so none was checked; --input "
                           "28x28x1 --levels 10 would\n");
    return true;
}

/* Data that are not at hand don't keep a script from being checked. */
static void advise_shape(const ArmcSession *session)
{
    static const ArmcDiagCode codes[] = {ARMC_E_unknown_data, ARMC_E_missing_file};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        armc_diag_help(armc_diags_find(session->diags, codes[i]),
                       "without the data, --input 28x28x1 --levels 10 checks the script");
}

/* All models of the script as graphs. */
static bool bind_all(ArmcSession *session, ArmcScript *script)
{
    if (!armc_script_open(session, script))
        return false;
    bool good = armc_script_pass(session, script, ARMC_MODE_CHECK) && bind_rest(session, script);
    advise_shape(session);
    return good;
}

bool armc_script_check(ArmcSession *session, ArmcScript *script)
{
    if (!bind_all(session, script))
        return false;
    if (session->options.json)
        armc_tell_nets_json(session);
    else
        armc_tell_nets(session, armc_say_result);
    return true;
}

typedef struct Check {
    ArmcScript script;
    bool field;
} Check;

static bool check(ArmcSession *session, void *context)
{
    Check *check = context;
    if (!armc_script_check(session, &check->script))
        return false;
    for (size_t i = 0; check->field && i < session->net_count; i++)
        armc_field_tell_two(session, session->nets[i]);
    return true;
}

ArmcResult armc_check_file(ArmcSession *session, const char *path, const char *const *overrides,
                           size_t count, const ArmcAssumed *assumed, int field)
{
    Check asked = {{.path = path, .words = overrides, .word_count = count, .assumed = assumed},
                   field != 0};
    return armc_work(session, check, &asked);
}

static bool expand(ArmcSession *session, void *context)
{
    if (!bind_all(session, context))
        return false;
    for (size_t i = 0; i < session->net_count; i++) {
        ArmcBuf *text = armc_work_text(session);
        armc_model_expand(session->nets[i]->model, session->nets[i]->graph, text);
        armc_tell_text(session, "expand", text->data);
    }
    return true;
}

ArmcResult armc_expand_file(ArmcSession *session, const char *path, const char *const *overrides,
                            size_t count, const ArmcAssumed *assumed)
{
    ArmcScript script = {.path = path, .words = overrides, .word_count = count, .assumed = assumed};
    return armc_work(session, expand, &script);
}
