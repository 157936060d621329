/* Commands of a script: `dataset`, `train`, `eval`, … What they do is the host's. */
#include "runtime/elaborate/elaborator.h"

static bool is_misplaced(ArmcFrame *frame, const ArmcCallSite *site)
{
    if (frame->body == ARMC_BODY_FILE && frame->scope->file && frame->scope->file->is_main)
        return false;
    armc_diag_add(frame->e->diags, ARMC_E_misplaced, site->origin,
                  "the command `%s` stands at the top level of a script only", site->callee->name);
    return true;
}

/* A command whose result is asked for runs at once, the others after the last statement. */
ArmcThing *armc_run_command(ArmcFrame *frame, ArmcCallSite *site, bool wants_result)
{
    ArmcElaborator *e = frame->e;
    const ArmcHost *host = e->module->host;
    const ArmcCommand *command = site->callee->command;
    ArmcAttr *args = ARMC_NEW_ARRAY(e->arena, ArmcAttr, site->count + 1);
    bool fine = true;
    if (is_misplaced(frame, site))
        return armc_thing_none(e);
    for (int i = 0; i < site->count; i++)
        fine &= armc_argument_attr(frame, site, i, &args[i]);
    if (!fine || (host->wants && !host->wants(host->session, command)))
        return armc_thing_none(e);
    if (!wants_result) {
        ArmcPending pending = {command, args, site->origin};
        ARMC_PUSH(e->arena, e->module->pending, e->module->pending_count,
                  e->module->pending_capacity, pending);
        return armc_thing_none(e);
    }
    ArmcThing *result = armc_thing_new(e, ARMC_THING_NONE, site->origin);
    if (!command->run(host->session, args, site->origin, result))
        return armc_thing_none(e);
    return result;
}
