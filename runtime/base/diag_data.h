/* What a diagnostic holds: shared by diag.c, which fills it in, and diag_render.c, which draws it.
 */
#ifndef ARMC_BASE_DIAG_DATA_H
#define ARMC_BASE_DIAG_DATA_H

#include "runtime/base/diag.h"

typedef struct ArmcDiagNote {
    ArmcSpan span;
    const char *text;
} ArmcDiagNote;

struct ArmcDiag {
    ArmcArena *arena;
    ArmcDiagCode code;
    bool is_warning;
    const ArmcSource *head;   /* the headline is in this text; NULL: in any of the user's */
    const ArmcOrigin *origin; /* a copy; NULL: no place */
    const char *message;
    const char *label; /* NULL if none */
    const char *help;  /* NULL if none; may hold several lines */
    ArmcDiagNote *notes;
    size_t note_count, note_capacity;
};

struct ArmcDiags {
    ArmcArena *arena;
    ArmcDiag *items[ARMC_DIAG_LIMIT];
    size_t kept, left_out;
    ArmcDiag *unkept; /* what callers decorate that is known or beyond the limit; NULL: none yet */
};

/* "E0101" */
const char *armc_diag_code_text(ArmcDiagCode code);

#endif
