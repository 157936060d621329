/* Help: what the rows of the tables and the `##` lines of scripts say, laid out for reading. A
 * module stands for the place from which names are looked up; one without a script sees stdlib and
 * the tables. */
#ifndef ARMC_ELABORATE_HELP_H
#define ARMC_ELABORATE_HELP_H

#include "runtime/elaborate/elaborate.h"

/* The list of all names there is help for, with a line about each. */
void armc_help_names(ArmcModule *module, ArmcBuf *out);
/* About one name: signature, meaning, arguments, and with `source` how it is written. False: there
 * is no such name. */
bool armc_help_text(ArmcModule *module, const char *name, bool source, ArmcBuf *out);
/* The nearest name that there is help for, or NULL. */
const char *armc_help_nearest(ArmcModule *module, const char *name);
/* About a script: its options with their defaults, its models and blocks. */
void armc_help_script(ArmcModule *module, const ArmcTree *body, ArmcBuf *out);
/* The reference page of ops, functions, distributions, commands and stdlib, as Markdown. */
void armc_reference(ArmcModule *module, ArmcBuf *out);

/* The model as a script without blocks: each op a statement, each default written out, parameters
 * under the same paths. `graph` is what the model became when bound to data. */
void armc_model_expand(const ArmcModelRef *model, const ArmcGraph *graph, ArmcBuf *out);

#endif
