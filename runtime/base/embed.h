/* What the Makefile puts into the program (tools/embed.sh writes it): the files of stdlib/ and
 * models/, and the commit. */
#ifndef ARMC_BASE_EMBED_H
#define ARMC_BASE_EMBED_H

#include <stddef.h>

typedef struct ArmcEmbedded {
    const char *name; /* without folder: "layers.arm" */
    const char *text; /* NUL-terminated */
    size_t length;    /* without the NUL */
} ArmcEmbedded;

/* Sorted by name; end with a row whose name is NULL. */
extern const ArmcEmbedded armc_stdlib_files[];
extern const ArmcEmbedded armc_model_files[];

/* The commit that the program was built from, "-dirty" behind it where files were changed;
 * "unknown" outside git. */
extern const char armc_commit[];

#endif
