/* Functions of constants: features, sites, shape, length, append, range, outer, where, … One row
 * each: ARMC_BUILTIN(name) = { ... }. */
#ifndef ARMC_ELABORATE_BUILTIN_H
#define ARMC_ELABORATE_BUILTIN_H

#include "runtime/elaborate/thing.h"
#include "runtime/graph/spec.h"

typedef struct ArmcElaborator ArmcElaborator;

typedef struct ArmcBuiltin {
    const char *name, *doc;
    const ArmcSpec *args;
    /* The result, or NULL after a diagnostic. */
    ArmcThing *(*call)(ArmcElaborator *elaborator, const ArmcAttr *args, const ArmcOrigin *origin);
} ArmcBuiltin;
#define ARMC_BUILTIN(name) const ArmcBuiltin armc_builtin_##name
extern const ArmcBuiltin *const armc_builtins[]; /* NULL-terminated */

#endif
