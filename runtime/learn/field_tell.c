#include "runtime/learn/field_tell.h"

#include <inttypes.h>

#include "runtime/learn/field_text.h"
#include "runtime/learn/json.h"
#include "runtime/learn/session.h"

int64_t armc_field_middle(ArmcShape shape)
{
    int64_t entry = 0;
    for (int d = 0; d < shape.rank; d++)
        entry = entry * shape.dims[d] + shape.dims[d] / 2;
    return entry;
}

void armc_field_tell(ArmcSession *session, const ArmcNet *net, const ArmcField *field, bool drawing)
{
    ArmcBuf *text = &session->long_text; /* the session frees it, after faults too */
    text->length = 0;
    armc_buf_printf(text, "%s: ", net->name);
    armc_field_put_numbers(field, text);
    armc_buf_printf(text, "%s\n", armc_if_unproved(net, " (unproved)"));
    if (drawing)
        armc_field_put_drawing(field, text);
    armc_say_result(session, "%s", text->data);
}

/* The indices of an entry, as a list. */
static const char *json_entry(ArmcArena *arena, ArmcShape shape, int64_t entry)
{
    for (int d = shape.rank; d-- > 0;) {
        int64_t index = entry % shape.dims[d];
        entry /= shape.dims[d];
        shape.dims[d] = index;
    }
    return armc_json_shape(arena, shape);
}

void armc_field_tell_json(ArmcSession *session, const ArmcNet *net, const ArmcField *field,
                          const char *more)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    armc_say_result(session,
                    "{\"event\": \"field\", \"model\": %s, \"at\": %s, \"legal\": %" PRId64
                    ", \"seen\": %" PRId64 ", \"blind\": %" PRId64 ", \"leaks\": %" PRId64
                    ", \"proved\": %s%s}\n",
                    armc_json_text(scratch, net->name),
                    json_entry(scratch, net->shape, field->variable), field->legal, field->seen,
                    field->blind, field->leaks, armc_proved_json(net), more);
    armc_scratch_end(session);
}

static void tell_one(ArmcSession *session, const ArmcNet *net, int64_t variable)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    ArmcField field = armc_field_find(scratch, net->graph, variable);
    if (session->options.json)
        armc_field_tell_json(session, net, &field, "");
    else
        armc_field_tell(session, net, &field, true);
    armc_scratch_end(session);
}

void armc_field_tell_two(ArmcSession *session, const ArmcNet *net)
{
    tell_one(session, net, armc_field_middle(net->shape));
    if (net->variables > 1)
        tell_one(session, net, net->variables - 1);
}
