/* How a block says that its arguments make no sense: the builtin `refuse`. */
#include <string.h>

#include "runtime/elaborate/elaborator.h"

static const ArmcSpec refuse_args[] = {
    {.name = "message",
     .kind = ARMC_SPEC_STRING,
     .doc = "what is wrong; each {} in it stands for the next of `values`"},
    {.name = "values", .kind = ARMC_SPEC_ANY, .preset = "", .doc = "a list"},
    {.name = "help", .kind = ARMC_SPEC_STRING, .preset = "", .doc = "what to do about it"},
    {.kind = ARMC_SPEC_END},
};

static const char *value_text(ArmcElaborator *e, const ArmcThing *list, size_t index)
{
    if (!list || list->kind != ARMC_THING_LIST || index >= list->count)
        return "{}";
    const char *text = armc_thing_source(e, list->items[index]);
    return text ? text : armc_thing_describe(e, list->items[index]);
}

/* The message with its values in place. */
static const char *fill_in(ArmcElaborator *e, const char *message, const ArmcThing *list)
{
    const char *text = "";
    size_t index = 0;
    for (const char *hole; (hole = strstr(message, "{}")) != NULL; message = hole + 2)
        text = armc_arena_printf(e->arena, "%s%.*s%s", text, (int)(hole - message), message,
                                 value_text(e, list, index++));
    return armc_arena_printf(e->arena, "%s%s", text, message);
}

/* The error is the caller's: it stands where the block was called, not at this line. The block ends
 * here, as by `return`. */
static ArmcThing *call_refuse(ArmcElaborator *e, const ArmcAttr *args, const ArmcOrigin *origin)
{
    const ArmcThing *list = args[1].given ? args[1].thing : NULL;
    ArmcDiag *diag =
        armc_diag_add(e->diags, ARMC_E_refused, origin && origin->caller ? origin->caller : origin,
                      "%s", fill_in(e, args[0].text, list));
    if (args[2].given)
        armc_diag_help(diag, "%s", args[2].text);
    if (e->frame->body == ARMC_BODY_BLOCK)
        e->frame->result = armc_thing_none(e);
    return NULL;
}
ARMC_BUILTIN(refuse) = {"refuse",
                        "An error that ends a block: for arguments that don't go together.",
                        refuse_args, call_refuse};
