/* What a prompt needs of a module: the way back from a statement that failed, and what may be typed
 * next. */
#ifndef ARMC_ELABORATE_PROMPT_H
#define ARMC_ELABORATE_PROMPT_H

#include "runtime/elaborate/elaborate.h"

typedef struct ArmcMark ArmcMark; /* how a module stood at some time */

/* Remembers how the module stands; in the module's arena. */
const ArmcMark *armc_module_mark(ArmcModule *module);
/* Makes the module stand as it did at the mark: names, current value, options, imports, and the
 * graph of the top level's own model. Whatever was made since is forgotten, also where a fault cut
 * it short. */
void armc_module_return_to(ArmcModule *module, const ArmcMark *mark);

/* The current value; NULL: there is none. */
const ArmcThing *armc_module_it(const ArmcModule *module);
/* The graph of the top level's own model, as far as it goes; NULL before `input`. */
const ArmcGraph *armc_module_graph(const ArmcModule *module);
/* A constant as it is written in a script, else a few words: "a model". In the module's arena. */
const char *armc_module_describe(ArmcModule *module, const ArmcThing *thing);

/* Calls `visit` with each word that may stand at the end of a text, where one has begun: names,
 * keywords, the arguments of the call at hand as `name=`, and the words that the argument at hand
 * takes. Returns where the word begins. */
typedef void ArmcVisitWord(void *context, const char *word);
size_t armc_module_complete(ArmcModule *module, const char *text, size_t length,
                            ArmcVisitWord *visit, void *context);
/* Does the text end within a string? */
bool armc_text_is_in_string(const char *text, size_t length);

#endif
