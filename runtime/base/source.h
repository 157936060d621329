/* Source texts, places in them, and the way that led there. */
#ifndef ARMC_BASE_SOURCE_H
#define ARMC_BASE_SOURCE_H

#include <stddef.h>

#include "runtime/base/arena.h"

typedef struct ArmcSource {
    const char *name; /* as shown in errors: "my.arm", "<stdlib>/layers.arm", "<command line>" */
    const char *text; /* NUL-terminated; may hold any bytes */
    size_t length;
    size_t *line_starts; /* offset of each line's first byte */
    size_t line_count;
    int is_stdlib; /* errors inside show the user's line first */
} ArmcSource;

/* Bytes begin..end (end excluded) of a source; source NULL: no place. */
typedef struct ArmcSpan {
    const ArmcSource *source;
    size_t begin, end;
} ArmcSpan;

/* Where something came from: the innermost span, and the call that led there (NULL at the top
 * level). */
typedef struct ArmcOrigin {
    ArmcSpan span;
    const struct ArmcOrigin *caller;
} ArmcOrigin;

ArmcSource *armc_source_new(ArmcArena *arena, const char *name, const char *text, size_t length);
/* 1-based line and column (columns count UTF-8 code points). */
void armc_source_locate(const ArmcSource *source, size_t offset, int *line, int *column);
int armc_source_line(const ArmcSource *source, size_t offset); /* the line alone */
/* The smallest span that covers both. */
ArmcSpan armc_span_join(ArmcSpan a, ArmcSpan b);
/* The innermost place in the user's own text, not in the standard library; the innermost of all
 * where there is none. */
const ArmcOrigin *armc_origin_user(const ArmcOrigin *origin);

#endif
