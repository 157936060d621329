/* Diagnostics: what is wrong with the user's program or data, as data; diag_render draws them.
 *
 * To add an error: one row in diag.def (code, name, what `armc explain` prints), a golden in
 * tests/errors. */
#ifndef ARMC_BASE_DIAG_H
#define ARMC_BASE_DIAG_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/source.h"

typedef enum ArmcDiagCode {
#define ARMC_DIAG(name, code, title, explanation) ARMC_E_##name,
#include "runtime/base/diag.def"
#undef ARMC_DIAG
    ARMC_E_COUNT
} ArmcDiagCode;

enum { ARMC_DIAG_LIMIT = 20 }; /* further ones are counted, not kept */

typedef struct ArmcDiag ArmcDiag;
typedef struct ArmcDiags ArmcDiags;

ArmcDiags *armc_diags_new(ArmcArena *arena);
size_t armc_diags_count(const ArmcDiags *diags);
void armc_diags_clear(ArmcDiags *diags);
/* The first one with that code; NULL if there is none. */
ArmcDiag *armc_diags_find(const ArmcDiags *diags, ArmcDiagCode code);

/* Adds an error at an origin (NULL: no place). The message says what is wrong in one line, lower
 * case, no full stop; what was expected and found belongs in it; advice belongs in help. Never
 * returns NULL. */
ArmcDiag *armc_diag_add(ArmcDiags *diags, ArmcDiagCode code, const ArmcOrigin *origin,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
ArmcDiag *armc_diag_at(ArmcDiags *diags, ArmcDiagCode code, ArmcSpan span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Its headline is the innermost place in this text (NULL: in any of the user's), where the origin
 * leads through it; what is further in is shown as the way down. */
void armc_diag_head(ArmcDiag *diag, const ArmcSource *text);
/* Draws it as a warning. */
void armc_diag_warn(ArmcDiag *diag);
/* A few words behind the carets. */
void armc_diag_label(ArmcDiag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A second place with its own excerpt ("the bracket was opened here"); span.source NULL: a line
 * without a place. */
void armc_diag_note(ArmcDiag *diag, ArmcSpan span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A note at the user's own place in an origin; at the innermost one, in the standard library, where
 * the diagnostic itself stands at the user's place already. The same words at the same place are
 * said once; NULL: no note. */
void armc_diag_note_origin(ArmcDiag *diag, const ArmcOrigin *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What to do about it; NULL-safe. */
void armc_diag_help(ArmcDiag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts those from the first-th on in the order of the text. */
void armc_diags_sort(ArmcDiags *diags, size_t first);

/* Draws all of them as text (file:line:column: error[E0101]: message, excerpt, carets, notes,
 * help). */
void armc_diags_render(const ArmcDiags *diags, ArmcBuf *out, int colour);
/* What `armc explain CODE` prints; NULL for an unknown code such as "E0101". */
const char *armc_diag_explain(const char *code);

/* The word of `words` nearest to `word` (Damerau-Levenshtein, at most a third of its length away),
 * or NULL. */
const char *armc_suggest(const char *word, const char *const *words, size_t count);

#endif
