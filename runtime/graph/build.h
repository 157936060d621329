/* Within the graph layer and passes over graphs: making nodes without the checks that scripts need.
 */
#ifndef ARMC_GRAPH_BUILD_H
#define ARMC_GRAPH_BUILD_H

#include "runtime/graph/op.h"

/* A node with its outputs, not yet in the graph. */
ArmcNode *armc_node_new(ArmcGraph *graph, const ArmcOp *op, int in_count, ArmcValue *const *in,
                        const ArmcAttr *attr, const ArmcOrigin *origin);
void armc_graph_push(ArmcGraph *graph, ArmcNode *node);
/* A copy with outputs of its own, which reads what stands for the inputs by their ids; not yet in
 * the graph. */
ArmcNode *armc_node_copy(const ArmcGraph *graph, const ArmcNode *node, ArmcValue *const *of);
/* Shapes, groups, masks and levels of the outputs from the inputs. False after a diagnostic. */
bool armc_node_infer(ArmcInfer *infer);
/* Appends a node of any op; NULL after a diagnostic about shapes. */
ArmcValue *armc_graph_append(ArmcGraph *graph, const ArmcOp *op, int in_count, ArmcValue *const *in,
                             const ArmcAttr *attr, const ArmcOrigin *origin);
ArmcGroups armc_groups_each(ArmcArena *arena, int64_t features);

/* Fan-in and fan-out of the parameters, from their uses so far. */
void armc_graph_set_fans(ArmcGraph *graph);

/* A rewritten graph: the values that stand for those of the old one, by id. */
typedef struct ArmcRewrite {
    ArmcGraph *graph;
    ArmcValue **of; /* old value id -> new value, or NULL */
} ArmcRewrite;

/* What a program computes, in order: nll of each likelihood, then gradients or parameters. */
typedef struct ArmcOutputs {
    ArmcValue **values;
    size_t count;
} ArmcOutputs;

/* Copies what the outputs need, node by node: constants folded, common subexpressions merged,
 * identities dropped, dead nodes left out; ops for training only vanish unless `training`. Outputs
 * are replaced by their new values. */
ArmcGraph *armc_simplify(ArmcArena *arena, const ArmcGraph *graph, ArmcOutputs *outputs,
                         bool training, const ArmcKernels *kernels);

/* Appends the backward pass of sum_i dy[i] . y[i] to the graph: the gradients with respect to each
 * of `at` (NULL where none flows). Gradients flow through everything that depends on a value of
 * `at`. */
void armc_differentiate(ArmcGraph *graph, size_t count, ArmcValue *const *y, ArmcValue *const *dy,
                        size_t at_count, ArmcValue *const *at, ArmcValue **gradient);

/* Copies the graph of a training: where gradients read a cheap result of the forward part, made
 * from what is kept anyway, it is made again for them. `backward`: which nodes are of the backward
 * part, by id. */
ArmcGraph *armc_recompute(ArmcArena *arena, const ArmcGraph *graph, ArmcOutputs *outputs,
                          const bool *backward);

/* Asserts what every pass must keep: topological order, inferred shapes still the same, inputs in
 * the graph. */
void armc_graph_verify(ArmcGraph *graph);

#endif
