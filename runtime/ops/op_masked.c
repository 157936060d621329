/* Gradients of parameters that a mask cuts out. */
#include <string.h>

#include "runtime/ops/family.h"

enum { TASK_ENTRIES = 1 << 16 };

static int64_t masked_tasks(const ArmcCall *call)
{
    return (armc_shape_size(call->node->out[0]->shape) + TASK_ENTRIES - 1) / TASK_ENTRIES;
}

/* y[i] = x[i] where the parameter is live, else 0. The mask is the parameter's own, a byte an
 * entry: as a constant of the graph it would take as much memory as the parameter. */
static void masked_forward(const ArmcCall *call, int64_t task)
{
    const uint8_t *mask = call->node->in[1]->mask;
    int64_t size = armc_shape_size(call->node->out[0]->shape), begin = task * TASK_ENTRIES;
    int64_t end = begin + TASK_ENTRIES < size ? begin + TASK_ENTRIES : size;
    const ArmcReal *x = call->in[0];
    ArmcReal *y = call->out[0];
    if (mask)
        call->k->masked(end - begin, mask + begin, x + begin, y + begin);
    else
        memcpy(y + begin, x + begin, (size_t)(end - begin) * sizeof *y);
}

ARMC_OP(masked) = {
    .name = "masked",
    .doc = "x where the entries of a parameter are live, else 0.",
    .sig = "x[*s,n] parameter[*s,n] -> [*s,n]",
    .flags = ARMC_OP_INTERNAL,
    .tasks = masked_tasks,
    .forward = masked_forward,
};
