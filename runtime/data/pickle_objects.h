/* What a pickle's instructions make: objects, and the calls that make arrays of them. */
#ifndef ARMC_DATA_PICKLE_OBJECTS_H
#define ARMC_DATA_PICKLE_OBJECTS_H

#include "runtime/data/npy.h"

typedef enum ArmcPickleKind {
    ARMC_PICKLE_MARK, /* where a tuple or a list of items begins */
    ARMC_PICKLE_NONE,
    ARMC_PICKLE_TRUTH,
    ARMC_PICKLE_NUMBER,
    ARMC_PICKLE_TEXT,
    ARMC_PICKLE_BYTES,
    ARMC_PICKLE_STRING, /* of Python 2: text or bytes */
    ARMC_PICKLE_TUPLE,
    ARMC_PICKLE_DICT,
    ARMC_PICKLE_NAME,
    ARMC_PICKLE_DTYPE, /* uint8, since no other is read */
    ARMC_PICKLE_ARRAY,
} ArmcPickleKind;

typedef struct ArmcPickled ArmcPickled;
struct ArmcPickled {
    ArmcPickleKind kind;
    size_t at;            /* the byte of the instruction that made it */
    int64_t number;       /* number and truth; of a name, which one */
    const uint8_t *bytes; /* text and bytes: a piece of the file */
    size_t length;
    bool is_utf8; /* bytes: each as the character of its number, in UTF-8 */
    ArmcPickled *
        *items; /* tuple; of a dict: train and test, NULL until set; of an array its sizes */
    size_t count;
    ArmcPickled *contents; /* array: its bytes; NULL until there */
};

/* Where an object is made, for messages. */
typedef struct ArmcPickle {
    const ArmcDataCall *call;
    const char *path;
    size_t at; /* the byte of the instruction that runs */
} ArmcPickle;

/* Adds a diagnostic about a byte of the file; always false. */
bool armc_pickle_complain(const ArmcPickle *p, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A few words of a file, fit to be shown: what can't be printed is '?'. */
const char *armc_pickle_quote(const ArmcPickle *p, const uint8_t *text, size_t length);
/* "a tuple", "text" */
const char *armc_pickle_kind_text(ArmcPickleKind kind);

ArmcPickled *armc_pickle_new(const ArmcPickle *p, ArmcPickleKind kind);
/* The object behind a name that NumPy's pickles use; NULL after a diagnostic for any other. */
ArmcPickled *armc_pickle_name(const ArmcPickle *p, const ArmcPickled *module,
                              const ArmcPickled *name);
/* What calling a name with a tuple makes; NULL after a diagnostic. */
ArmcPickled *armc_pickle_call(const ArmcPickle *p, const ArmcPickled *name,
                              const ArmcPickled *arguments);
/* Gives an object its state; false after a diagnostic. */
bool armc_pickle_build(const ArmcPickle *p, ArmcPickled *object, const ArmcPickled *state);
/* Puts `value` into a dict, under 'train' or 'test'; false after a diagnostic. */
bool armc_pickle_set(const ArmcPickle *p, ArmcPickled *dict, const ArmcPickled *key,
                     ArmcPickled *value);
/* A dict's arrays; false after a diagnostic. */
bool armc_pickle_arrays(const ArmcPickle *p, const ArmcPickled *dict, ArmcNpy *train,
                        ArmcNpy *test);

#endif
