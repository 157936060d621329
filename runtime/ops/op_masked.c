/* What a parameter's mask cuts out: of its gradient; of its values where it belongs to an ensemble,
 * whose members have masks of their own. */
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

static void masked_mask(ArmcInfer *infer)
{
    infer->node->out[0]->mask = infer->node->in[1]->mask;
}

static void masked_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy)
{
    ArmcValue *parameter = node->in[1];
    bool is_masked = !parameter->mask || dy->mask == parameter->mask;
    if (armc_grad_wants(grad, node->in[0]))
        armc_grad_add(grad, node->in[0],
                      is_masked ? dy : ARMC_GRAD(grad, node, "masked", NULL, dy, parameter));
}

ARMC_OP(masked) = {
    .name = "masked",
    .doc = "x where the entries of a parameter are live, else 0.",
    .sig = "x[*s,n] parameter[*s,n] -> [*s,n]",
    .flags = ARMC_OP_INTERNAL,
    .mask = masked_mask,
    .vjp = masked_vjp,
    .tasks = masked_tasks,
    .forward = masked_forward,
};
