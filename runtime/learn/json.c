#include "runtime/learn/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_FOR_ONE = 6 }; /* \u001f */

const char *armc_json_text(ArmcArena *arena, const char *text)
{
    char *json = ARMC_NEW_ARRAY(arena, char, MOST_FOR_ONE *strlen(text) + 3), *to = json;
    *to++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            *to++ = '\\';
            *to++ = 'n';
        } else if ((unsigned char)*text < ' ') {
            to += snprintf(to, MOST_FOR_ONE + 1, "\\u%04x", (unsigned)*text);
        } else {
            if (*text == '"' || *text == '\\')
                *to++ = '\\';
            *to++ = *text;
        }
    }
    *to++ = '"';
    *to = '\0';
    return json;
}

const char *armc_json_shape(ArmcArena *arena, ArmcShape shape)
{
    const char *json = "[";
    for (int i = 0; i < shape.rank; i++)
        json = armc_arena_printf(arena, "%s%s%" PRId64, json, i > 0 ? ", " : "", shape.dims[i]);
    return armc_arena_printf(arena, "%s]", json);
}
