/* What a name can stand for in a script: constant, symbol, list, value, block, model, data set. */
#ifndef ARMC_ELABORATE_THING_H
#define ARMC_ELABORATE_THING_H

#include "grammar/tree.h"
#include "runtime/graph/graph.h"

typedef enum ArmcThingKind {
    ARMC_THING_NONE, /* poisoned: an error was reported, follow-ups are silent */
    ARMC_THING_NUMBER,
    ARMC_THING_BOOL,
    ARMC_THING_STRING,
    ARMC_THING_SYMBOL,
    ARMC_THING_LIST,
    ARMC_THING_ARRAY, /* constant numbers with a shape: masks */
    ARMC_THING_VALUE, /* of the graph under construction */
    ARMC_THING_BLOCK, /* a block or a closure, with the scope it was made in */
    ARMC_THING_MODEL,
    ARMC_THING_DATA,
} ArmcThingKind;

typedef struct ArmcThing ArmcThing;
typedef struct ArmcModelRef
    ArmcModelRef; /* a model's definition with its arguments: becomes a graph when bound to data */
typedef struct ArmcScope ArmcScope;

struct ArmcThing {
    ArmcThingKind kind;
    const ArmcOrigin *origin;
    double number; /* NUMBER, BOOL */
    bool is_integer;
    const char *text; /* STRING, SYMBOL */
    ArmcThing **items;
    size_t count; /* LIST */
    ArmcShape shape;
    const double *array; /* ARRAY: read through armc_array_numbers */
    const uint8_t *bits; /* ARRAY: where all entries are 0 or 1, as comparisons make them: a byte
                            for each in place of a number, since masks are large */
    ArmcValue *value;
    struct ArmcClosure *block;
    ArmcModelRef *model;
    void *data; /* DATA: the host's data set */
    int split;  /* DATA: -1 the whole set, else ArmcSplit */
};

#endif
