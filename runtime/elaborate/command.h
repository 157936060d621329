/* Commands of a script: dataset, train, eval, sample, plot, … One row each, in the file that
 * carries it out (learn, api): ARMC_COMMAND(name) = { ... }. The same rows serve scripts, the
 * prompt and the command line. */
#ifndef ARMC_ELABORATE_COMMAND_H
#define ARMC_ELABORATE_COMMAND_H

#include "runtime/elaborate/thing.h"
#include "runtime/graph/spec.h"

typedef struct ArmcSession
    ArmcSession; /* what commands act upon: runtime/api or runtime/learn defines it */

typedef struct ArmcCommand {
    const char *name, *doc;
    const ArmcSpec *args; /* positional in this order, or by name; closed by ARMC_SPEC_END */
    /* True when done. False after a diagnostic: the script stops. `result` is a THING of kind NONE
     * beforehand; `dataset` sets it to a DATA thing. */
    bool (*run)(ArmcSession *session, const ArmcAttr *args, const ArmcOrigin *origin,
                ArmcThing *result);
} ArmcCommand;
#define ARMC_COMMAND(name) const ArmcCommand armc_command_##name
extern const ArmcCommand *const armc_commands[]; /* NULL-terminated */

#endif
