/* The prompt's state, and what it shows of a statement. */
#ifndef ARMC_API_PROMPT_H
#define ARMC_API_PROMPT_H

#include "runtime/api/work.h"
#include "runtime/elaborate/prompt.h"

/* A statement that is in force. */
typedef struct ArmcTyped {
    const char *text;
    const char *defines; /* the block, model or option that it defines; NULL: none */
} ArmcTyped;

/* The session at some time, to go back to. */
typedef struct ArmcPoint {
    const ArmcMark *mark;
    size_t typed_count, net_count, import_count, written_count;
    ArmcNet **nets;
} ArmcPoint;

/* All of it lives in `run`. The statements in force, one after the other, are a script that makes
 * the same as what was typed: checkpoints carry it. */
typedef struct ArmcPrompt {
    ArmcTyped *typed;
    size_t typed_count, typed_capacity;
    const ArmcPoint *begin;   /* before the first statement */
    const ArmcPoint *attempt; /* where a failure leads back to; NULL: nothing runs */
    const ArmcPoint *before;  /* before the last statement, where that can be amended; else NULL */
    const char *last;         /* its text */
    size_t told_from;         /* stages that are written before this place are not shown again */
    size_t rows;              /* stages that were shown for this statement */
    bool is_quiet;            /* stages are not shown */
} ArmcPrompt;

/* What a statement made, in a line; `before` was the current value before it. */
void armc_prompt_tell(ArmcSession *session, const ArmcTree *statement, const ArmcThing *before);

#endif
