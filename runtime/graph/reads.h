/* What one entry of a value reads directly: the relation that the proof, the receptive field and
 * the sampler's timetable are made of. An entry is a site and a group of features. */
#ifndef ARMC_GRAPH_READS_H
#define ARMC_GRAPH_READS_H

#include "runtime/graph/op.h"

/* Calls `read` for each entry that entry (site, group) of the node's result reads: of its inputs
 * (those that aren't batched depend on no variable and may be left out), and, input -1, of the
 * result itself. An entry may be told more than once. */
void armc_reads(const ArmcNode *node, int64_t site, int group, ArmcRead read, void *context);
/* The same, neighbouring groups together where the op tells them so. */
void armc_read_runs(const ArmcNode *node, int64_t site, int group, ArmcReadRun read, void *context);

/* The i-th site in the order in which a node computes its own entries: scans have one, for other
 * nodes any will do. */
int64_t armc_site_in_order(const ArmcNode *node, int64_t i);

/* What is needed for what: `of` holds, by value id, a mark for each entry [site * groups + group],
 * or NULL where nothing of a value is marked. Marks, walking back over the graph, whatever the
 * marked entries of batched values read. */
void armc_reads_back(ArmcArena *arena, const ArmcGraph *graph, uint8_t **of);
/* All of a value's marks, cleared. */
uint8_t *armc_marks_new(ArmcArena *arena, const ArmcValue *value);

/* The group of a feature. */
static inline int armc_group_of(const ArmcValue *value, int64_t feature)
{
    return value->groups.of ? value->groups.of[feature] : 0;
}
/* The first feature of a group. */
int64_t armc_group_first(const ArmcValue *value, int group);

/* Where one entry of a movement's result comes from; input -1: it is the constant 0. */
typedef struct ArmcMoved {
    int input;
    int64_t site, feature;
} ArmcMoved;
ArmcMoved armc_moved_from(const ArmcNode *node, int64_t entry);
/* Does entry + n come from n features further in the same row as entry, which is `from`? */
bool armc_moved_next(const ArmcNode *node, const ArmcMoved *from, int64_t entry, int64_t n);

#endif
