/* What a call takes: one description for the attributes of ops, the arguments of commands and of
 * builtin functions. From it come checking, defaults, `armc help`, completion and the reference
 * page. */
#ifndef ARMC_GRAPH_SPEC_H
#define ARMC_GRAPH_SPEC_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ArmcSpecKind {
    ARMC_SPEC_END, /* closes a list of specs */
    ARMC_SPEC_INT,
    ARMC_SPEC_REAL,
    ARMC_SPEC_BOOL,
    ARMC_SPEC_SYMBOL, /* one of `symbols` */
    ARMC_SPEC_STRING,
    ARMC_SPEC_INTS,  /* a list of whole numbers or a size 7x7; with `symbols`, one of these instead
                      */
    ARMC_SPEC_MODEL, /* commands: a model */
    ARMC_SPEC_DATA,  /* commands: a data set or one of its splits */
    ARMC_SPEC_ANY,   /* builtins: any thing */
} ArmcSpecKind;

typedef struct ArmcSpec {
    const char *name;
    ArmcSpecKind kind;
    const char *preset;  /* the default as text ("1", "adam", "true", "[1,1]"); NULL: must be given;
                            "": optional, not given */
    const char *symbols; /* SYMBOL, and INTS that take words too: "sgd|adam" */
    double low, high;    /* INT, REAL: the range when low < high */
    const char *doc;
} ArmcSpec;

/* One argument, as its spec's kind says. */
typedef struct ArmcAttr {
    bool given;       /* written by the user, not the default */
    int64_t i;        /* INT; BOOL 0 or 1; SYMBOL: index in symbols */
    double r;         /* REAL; INT too */
    const char *text; /* STRING; SYMBOL: the word; INTS of which count is 0: too */
    int count;        /* INTS */
    const int64_t *ints;
    void *thing; /* MODEL, DATA, ANY: an ArmcThing (elaborate) */
} ArmcAttr;

#endif
