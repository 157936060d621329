/* Pieces of JSON. */
#ifndef ARMC_LEARN_JSON_H
#define ARMC_LEARN_JSON_H

#include "runtime/base/arena.h"
#include "runtime/graph/shape.h"

/* The text as a JSON string, with its quotes. Text is UTF-8 and stays as it is but for quotes,
 * backslashes and control characters. */
const char *armc_json_text(ArmcArena *arena, const char *text);
/* [28, 28, 1] */
const char *armc_json_shape(ArmcArena *arena, ArmcShape shape);

#endif
