/* The receptive field of a variable: which of the variables before it its distribution can see, by
 * the same reads that prove a model autoregressive. */
#ifndef ARMC_GRAPH_FIELD_H
#define ARMC_GRAPH_FIELD_H

#include "runtime/base/buf.h"
#include "runtime/graph/graph.h"

/* What a variable is to the one whose field it is. */
typedef enum ArmcFieldMark {
    ARMC_FIELD_LATER, /* its rank is larger, and it is not seen */
    ARMC_FIELD_BLIND, /* it may be seen and is not */
    ARMC_FIELD_SEEN,
    ARMC_FIELD_LEAK, /* its rank is larger, and it is seen: only where a model is `unproved` */
    ARMC_FIELD_SELF,
    ARMC_FIELD_MARKS /* how many there are */
} ArmcFieldMark;

typedef struct ArmcField {
    const ArmcInput *input;
    int64_t variable;           /* whose field it is: an entry of the input */
    uint8_t *mark;              /* (D) ArmcFieldMark of each entry */
    uint8_t *sees;              /* (D) 1: its distribution depends on the entry */
    int64_t legal, seen, blind; /* variables before it; legal = seen + blind */
    int64_t leaks;              /* variables that it sees and that are not before it */
} ArmcField;

/* In `arena`. One sweep back over the graph. */
ArmcField armc_field_find(ArmcArena *arena, const ArmcGraph *graph, int64_t variable);

/* "image(14,14)": an entry as a user counts it. A last dimension of 1 is left out. */
void armc_input_entry_text(const ArmcInput *input, int64_t entry, ArmcBuf *out);

#endif
