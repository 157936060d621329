/* What the rows of several op files share. */
#ifndef ARMC_OPS_FAMILY_H
#define ARMC_OPS_FAMILY_H

#include "runtime/graph/build.h"

/* Groups of an elementwise result: the common refinement of the inputs'. */
void armc_elementwise_groups(ArmcInfer *infer);
/* Products: where a factor is a structural zero, nothing is read. */
void armc_product_groups(ArmcInfer *infer);
void armc_product_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read,
                        void *context);
/* Is the entry live that entry (site, feature) of an elementwise result reads? The value may
 * stretch over sites, over features, or both. */
bool armc_entry_is_live(const ArmcValue *value, int64_t site, int64_t feature);
bool armc_has_dead_entries(const ArmcValue *value);
/* Each result feature has the group of the same feature of input 0. */
void armc_same_groups(ArmcInfer *infer);
/* For ops with armc_same_groups: the same entry of input 0. */
void armc_same_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context);

/* Calls f for the rows of one input, in one go where they lie together. */
typedef void (*ArmcUnaryKernel)(int64_t n, const ArmcReal *x, ArmcReal *y);
typedef void (*ArmcBinaryKernel)(int64_t n, const ArmcReal *a, const ArmcReal *b, ArmcReal *y);
void armc_unary_rows(const ArmcRows *rows, ArmcUnaryKernel f);
void armc_binary_rows(const ArmcRows *rows, ArmcBinaryKernel f);

/* For `rows` that heed `onto` by a kernel with `accumulate`: puts it where the result goes; false
 * where there is none. */
bool armc_rows_begin_onto(const ArmcRows *rows);

/* Movement ops: the arithmetic and the gradient that follow from node->map. */
int64_t armc_move_tasks(const ArmcCall *call);
void armc_move_forward(const ArmcCall *call, int64_t task);
void armc_move_vjp(ArmcGrad *grad, ArmcNode *node, ArmcValue *dy);
void armc_move_groups(ArmcInfer *infer);
void armc_move_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context);
void armc_move_mask(ArmcInfer *infer);
/* Allocates the map of the result (its shape is set). */
int64_t *armc_move_map(ArmcInfer *infer);

/* The row of a movement op but for what is its own: `OP_shape` fills the map. */
#define ARMC_MOVE_FIELDS(op_name, more_flags)                                                      \
    .name = #op_name, .flags = ARMC_OP_MOVEMENT | ARMC_OP_KEEPS_LEVELS | (more_flags),             \
    .shape = op_name##_shape, .groups = armc_move_groups, .mask = armc_move_mask,                  \
    .reads = armc_move_reads, .vjp = armc_move_vjp, .tasks = armc_move_tasks,                      \
    .forward = armc_move_forward

/* Shorthand in vjps. */
#define ARMC_GRAD(grad, node, op, attr, ...)                                                       \
    armc_grad_call((grad), (node), (op),                                                           \
                   (int)(sizeof((ArmcValue *[]){__VA_ARGS__}) / sizeof(ArmcValue *)),              \
                   (ArmcValue *[]){__VA_ARGS__}, (attr))

#endif
