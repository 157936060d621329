/* The small worlds that an op's row names for its generated tests:
 *
 *   "x=3x2 weight*=2x4; level=3x1:4 y=2:positive | attr=value"
 *
 * Worlds stand between `;`. Each names the inputs with their shapes, in the order of the signature:
 * `*` behind the name makes a value that all examples share, `:4` levels 0..3, `:positive` positive
 * numbers, `~1011` the structural mask of a parameter, a character an entry. Behind `|` stand
 * attributes. */
#ifndef ARMC_TESTS_PROBE_H
#define ARMC_TESTS_PROBE_H

#include "tests/unit/lab.h"

enum { PROBE_WORLDS = 12 };

typedef struct ProbeInput {
    const char *name, *shape, *mask;
    int levels;
    bool positive, shared;
} ProbeInput;

typedef struct Probe {
    const ArmcOp *op;
    const char *text; /* for messages */
    int in_count;
    ProbeInput in[ARMC_MAX_INPUTS];
    ArmcAttr attr[ARMC_MAX_ATTRS];
} Probe;

/* Takes the worlds of a row apart; returns how many. */
size_t probe_parse(Lab *lab, const ArmcOp *op, Probe probes[PROBE_WORLDS]);

/* Leaves for the inputs of a world, filled at random. With all_shared none of them is batched. */
void probe_leaves(Lab *lab, const Probe *probe, bool all_shared, ArmcValue **in);
/* Zeros where the value's structural mask has them. */
void probe_clear_dead(const ArmcValue *value, ArmcReal *data);
/* Is there an input of whole numbers? Those are never shared. */
bool probe_has_levels(const Probe *probe);

/* Calls `check` for each world of each op that has some, in a lab of its own with `batch` examples.
 */
void probe_each(int64_t batch, void (*check)(Lab *lab, const Probe *probe));

#endif
