/* What the files of this folder share: scopes, callees, frames, and the walk over the tree.
 *
 * A body runs in a frame: its names, the current value `it`, the model under construction, the path
 * under which its parameters go, and the call that led there. Every function that makes a thing
 * returns one: a poisoned thing (kind NONE) after a diagnostic, never NULL. */
#ifndef ARMC_ELABORATE_ELABORATOR_H
#define ARMC_ELABORATE_ELABORATOR_H

#include "runtime/elaborate/builtin.h"
#include "runtime/elaborate/elaborate.h"
#include "runtime/graph/op.h"

enum {
    ARMC_CALL_DEPTH = 200,      /* blocks within blocks */
    ARMC_EVAL_DEPTH = 4000,     /* bodies and expressions within one another */
    ARMC_STEP_LIMIT = 1000000,  /* statements that one run may execute */
    ARMC_ARRAY_LIMIT = 1 << 28, /* entries of a constant array */
};

/* --- names --- */

typedef struct ArmcName {
    const char *name;
    ArmcThing *thing;
    bool is_option;
    int run; /* of the module: a later line at the prompt may define a block anew */
} ArmcName;

struct ArmcScope {
    ArmcScope *parent;
    bool is_closed; /* a block's or model's body: values and data sets of the file stay outside */
    struct ArmcFile *file; /* set on a file's own scope */
    ArmcName *names;
    size_t count, capacity;
};

/* A script, an imported file or a file of stdlib. */
typedef struct ArmcFile {
    ArmcScope scope;
    const char *path; /* as imported; "" for the script itself */
    struct ArmcFile **imports;
    size_t import_count, import_capacity;
    bool is_main,
        is_open; /* is_open: its statements are running (a circle of imports would meet it again) */
} ArmcFile;

ArmcScope *armc_scope_new(ArmcElaborator *e, ArmcScope *parent, bool is_closed);
/* The name in this very scope, or NULL. */
ArmcName *armc_scope_own(ArmcScope *scope, const char *name);
void armc_scope_bind(ArmcElaborator *e, ArmcScope *scope, const char *name, ArmcThing *thing);
/* What a name stands for, from the inside out: scopes, the file, its imports, stdlib, ops,
 * builtins, distributions, commands. With `callable`, constants and values on the way are passed
 * over (they never hide a stage). NULL: nothing. */
ArmcThing *armc_scope_find(ArmcElaborator *e, ArmcScope *scope, const char *name, bool callable);
/* Is it a value or data set of the file that a block does not see? */
bool armc_scope_hides(ArmcScope *scope, const char *name);
/* The visible name nearest to `name`; NULL if none is near. */
const char *armc_scope_nearest(ArmcElaborator *e, ArmcScope *scope, const char *name,
                               bool callable);

/* --- what can be called --- */

typedef enum ArmcCalleeKind {
    ARMC_CALLEE_BLOCK,
    ARMC_CALLEE_CLOSURE,
    ARMC_CALLEE_MODEL,
    ARMC_CALLEE_OP,
    ARMC_CALLEE_BUILTIN,
    ARMC_CALLEE_COMMAND,
    ARMC_CALLEE_DIST,
} ArmcCalleeKind;

typedef struct ArmcClosure {
    ArmcCalleeKind kind;
    const char *name;
    const ArmcTree
        *tree;        /* BLOCK, MODEL: the definition; CLOSURE: the tree whose kid is its body */
    ArmcScope *scope; /* BLOCK, MODEL: the file's; CLOSURE: the names around it */
    struct ArmcPath *path; /* CLOSURE made by `shared`: where its one set of parameters goes */
    ArmcThing *plain; /* MODEL: what its bare name means to a command; NULL before the first use */
    int stage_depth;  /* CLOSURE: nesting for the table of stages; -1: not shown */
    const ArmcOp *op;
    const ArmcBuiltin *builtin;
    const ArmcCommand *command;
    const ArmcDist *dist;
} ArmcClosure;

/* --- parameters' paths --- */

/* A place in the tree of calls; its children's names are unique. */
typedef struct ArmcPath {
    const char *prefix; /* "" or "repeat.3.residual" */
    bool shared;        /* parameters met again are the same ones */
    const char **used;
    size_t count, capacity;
} ArmcPath;

ArmcPath *armc_path_new(ArmcArena *arena, const char *prefix, bool shared);
/* The child `base`, numbered from the second of that name; NULL for the outside of models. */
const char *armc_path_name(ArmcArena *arena, ArmcPath *path, const char *base);
ArmcPath *armc_path_enter(ArmcArena *arena, ArmcPath *path, const char *base);
bool armc_path_is_used(const ArmcPath *path, const char *name);

/* --- models --- */

/* A model under construction. */
typedef struct ArmcBuild {
    ArmcGraph *graph;
    ArmcShape shape; /* of the variable, as the data has it; rank 0: the input statement says */
    int levels;
    int classes;          /* of the labels; 0: the data has none */
    const char *variable; /* its name; NULL before `input` */
    ArmcValue *input;
    int member, members; /* which one of an ensemble it is; how many there are, once `input` said */
    ArmcStageRow *rows;
    size_t row_count, row_capacity;
    size_t counted_params, counted_nodes;
    int64_t parameters, cost;             /* of those counted */
    int64_t inner_parameters, inner_cost; /* of the rows finished so far */
    int open_rows;                        /* stages within one another that are running */
} ArmcBuild;

struct ArmcModelRef {
    ArmcModule *module;
    const char *name;
    const ArmcTree *tree; /* NULL: the statements of the top level */
    ArmcScope *file;
    ArmcThing **args; /* in the order of the parameters; NULL entry: the default */
    const ArmcOrigin *origin;
    struct ArmcBound *bound; /* the graphs made so far */
    const ArmcStageRow *rows;
    size_t row_count;
};

/* --- frames --- */

typedef enum ArmcBody {
    ARMC_BODY_FILE,
    ARMC_BODY_MODEL,
    ARMC_BODY_BLOCK,
    ARMC_BODY_CLOSURE
} ArmcBody;

typedef struct ArmcFrame {
    ArmcElaborator *e;
    ArmcBody body;
    ArmcScope *scope;
    ArmcThing *it;     /* NULL: nothing yet */
    ArmcThing *result; /* set by `return` */
    const ArmcOrigin *caller;
    ArmcPath *path;   /* NULL outside of models */
    ArmcBuild *build; /* NULL outside of models */
    int stage_depth;  /* of the stages written here in the table; -1: not shown */
    struct ArmcFrame *outer;
} ArmcFrame;

struct ArmcElaborator {
    ArmcModule *module;
    ArmcArena *arena;
    ArmcDiags *diags;
    ArmcFrame *frame; /* the innermost one that runs: builtins ask it for the model */
    int depth, nesting;
    int64_t steps;
    bool stopped; /* a limit was hit: nothing more runs */
};

/* --- a module --- */

typedef struct ArmcPending {
    const ArmcCommand *command;
    const ArmcAttr *args;
    const ArmcOrigin *origin;
} ArmcPending;

struct ArmcModule {
    ArmcElaborator e;
    const ArmcHost *host;
    ArmcOverride *overrides;
    size_t override_count;
    bool has_bad_override;
    ArmcFile main;
    ArmcFrame frame;
    ArmcModelRef *model; /* of the top level's own statements; NULL before `input` */
    int run;
    const ArmcTree **options;
    const ArmcThing **option_values;
    size_t option_count, option_capacity, value_capacity;
    ArmcFile **library; /* files of stdlib that were needed so far */
    size_t library_count, library_capacity;
    ArmcFile **imported;
    size_t imported_count, imported_capacity;
    ArmcPending *pending; /* commands to run after the last statement */
    size_t pending_count, pending_capacity;
};

/* --- things (thing.c) --- */

ArmcThing *armc_thing_new(ArmcElaborator *e, ArmcThingKind kind, const ArmcOrigin *origin);
ArmcThing *armc_thing_none(ArmcElaborator *e);
ArmcThing *armc_thing_number(ArmcElaborator *e, double number, bool is_integer,
                             const ArmcOrigin *origin);
ArmcThing *armc_thing_int(ArmcElaborator *e, int64_t number, const ArmcOrigin *origin);
ArmcThing *armc_thing_bool(ArmcElaborator *e, bool truth, const ArmcOrigin *origin);
ArmcThing *armc_thing_string(ArmcElaborator *e, const char *text, const ArmcOrigin *origin);
ArmcThing *armc_thing_symbol(ArmcElaborator *e, const char *text, const char *const *words,
                             size_t count, const ArmcOrigin *origin);
ArmcThing *armc_thing_list(ArmcElaborator *e, ArmcThing **items, size_t count,
                           const ArmcOrigin *origin);
ArmcThing *armc_thing_array(ArmcElaborator *e, ArmcShape shape, const double *data,
                            const ArmcOrigin *origin);
/* An array of 0 and 1. */
ArmcThing *armc_thing_bits(ArmcElaborator *e, ArmcShape shape, const uint8_t *bits,
                           const ArmcOrigin *origin);
/* Poisoned for a NULL value (the graph has reported). */
ArmcThing *armc_thing_value(ArmcElaborator *e, ArmcValue *value, const ArmcOrigin *origin);
ArmcThing *armc_thing_callee(ArmcElaborator *e, const ArmcClosure *callee,
                             const ArmcOrigin *origin);
bool armc_thing_is_none(const ArmcThing *thing);
bool armc_thing_is_callable(const ArmcThing *thing);
/* "the number 3", "a list of 2", "a value of shape 8x8x1": for messages. In the arena. */
const char *armc_thing_describe(ArmcElaborator *e, const ArmcThing *thing);
/* "a number", … */
const char *armc_thing_kind_name(ArmcThingKind kind);
/* As one would write it in a script: 3, "text", [1, 2]; NULL for what has no text of its own. */
const char *armc_thing_source(ArmcElaborator *e, const ArmcThing *thing);
/* A number, a list of numbers or an array as an array; NULL (silently) for anything else. */
ArmcThing *armc_thing_to_array(ArmcElaborator *e, ArmcThing *thing);
/* A whole number or a list of them as dims (each at least `low`); false after a diagnostic. */
bool armc_thing_to_ints(ArmcElaborator *e, ArmcThing *thing, const char *what, int64_t low,
                        int *count, const int64_t **ints, const ArmcOrigin *origin);

/* --- constants (constants.c, arrays.c) --- */

ArmcThing *armc_constant_binary(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                                const ArmcOrigin *origin);
ArmcThing *armc_constant_unary(ArmcElaborator *e, const char *op, ArmcThing *a,
                               const ArmcOrigin *origin);
/* The result of a whole or real division and the like; false after a diagnostic. */
bool armc_number_binary(ArmcElaborator *e, const char *op, double a, double b, bool whole,
                        double *out, const ArmcOrigin *origin);
ArmcThing *armc_array_binary(ArmcElaborator *e, const char *op, ArmcThing *a, ArmcThing *b,
                             const ArmcOrigin *origin);
ArmcThing *armc_array_index(ArmcElaborator *e, ArmcThing *array, int count, const int64_t *begin,
                            const int64_t *end, const int64_t *step, const bool *drop,
                            const ArmcOrigin *origin);
/* The shape that an argument writes out; false after a diagnostic where it has too many dimensions.
 */
bool armc_array_dims(ArmcElaborator *e, const ArmcAttr *dims, const ArmcOrigin *origin,
                     ArmcShape *shape);
/* Entries of a new array of this shape; NULL after a diagnostic where that is too many. */
double *armc_array_room(ArmcElaborator *e, ArmcShape shape, const ArmcOrigin *origin);
/* The same for entries that are 0 or 1. */
uint8_t *armc_array_bits_room(ArmcElaborator *e, ArmcShape shape, const ArmcOrigin *origin);
/* The entries of an array as numbers, however it holds them. */
const double *armc_array_numbers(ArmcElaborator *e, ArmcThing *array);
/* Steps through the entries of a broadcast operand: the offset in `shape` of entry `at` of `out`.
 */
int64_t armc_broadcast_offset(ArmcShape shape, ArmcShape out, int64_t at);

/* --- the walk (lower.c, expression.c, index.c, call.c, arguments.c, command.c) --- */

const ArmcOrigin *armc_origin(const ArmcFrame *frame, ArmcSpan span);
void armc_run_body(ArmcFrame *frame, const ArmcTree *body);
ArmcThing *armc_eval(ArmcFrame *frame, const ArmcTree *tree);
/* A pipeline, stage or expression; a bare callable name is a stage on `it`. */
ArmcThing *armc_eval_pipe(ArmcFrame *frame, const ArmcTree *tree);
ArmcThing *armc_eval_index(ArmcFrame *frame, const ArmcTree *tree);
/* `variable[…] ~`: the entries that the index picks, row-major; false after a diagnostic. */
bool armc_index_entries(ArmcFrame *frame, const ArmcTree *index, ArmcShape shape,
                        const int64_t **entries, int64_t *count);
ArmcThing *armc_eval_name(ArmcFrame *frame, const ArmcTree *tree);
/* The callee that a call's name means; NULL after a diagnostic. */
const ArmcThing *armc_resolve_callee(ArmcFrame *frame, const ArmcTree *call);
/* Applies a callee. `call` is a CALL or a NAME; `first` (may be NULL) is handed over before its own
 * arguments; `as` (may be NULL) names its parameters. */
ArmcThing *armc_call(ArmcFrame *frame, const ArmcClosure *callee, const ArmcTree *call,
                     ArmcThing *first, const char *as);
/* Applies a callee to things: for operators and builtins. */
ArmcThing *armc_call_things(ArmcFrame *frame, const ArmcClosure *callee, ArmcThing *const *things,
                            int count, const ArmcOrigin *origin);
ArmcThing *armc_call_op(ArmcFrame *frame, const char *op, ArmcThing *const *things, int count,
                        const ArmcOrigin *origin);
ArmcThing *armc_value_slice(ArmcFrame *frame, ArmcThing *base, int count, const int64_t *begin,
                            const int64_t *end, const int64_t *step, const ArmcOrigin *origin);

/* --- arguments --- */

/* What a call may be given: an input of an op, an attribute, a parameter of a block. */
typedef struct ArmcFormal {
    const char *name;
    bool required;
    const ArmcSpec *spec;      /* attributes, commands, builtins */
    const ArmcTree *parameter; /* blocks and models */
} ArmcFormal;

/* What it was given: a thing at hand or a tree to evaluate; neither: nothing. */
typedef struct ArmcActual {
    ArmcThing *thing;
    const ArmcTree *tree;
} ArmcActual;

typedef struct ArmcCallSite {
    const ArmcClosure *callee;
    const ArmcTree *call; /* NULL for armc_call_things */
    const ArmcOrigin *origin;
    ArmcFormal *formals;
    int count;
    ArmcActual *actuals;
} ArmcCallSite;

/* The callee's formals; actuals are empty. */
ArmcCallSite *armc_site_new(ArmcFrame *frame, const ArmcClosure *callee, const ArmcTree *call,
                            const ArmcOrigin *origin);
/* Distributes the arguments of the call: by place, by name, the closure to `body`. False after a
 * diagnostic. */
bool armc_site_fill(ArmcFrame *frame, ArmcCallSite *site, ArmcThing *const *first, int first_count);
/* "dense(it, n, bias = true)": for help lines. */
const char *armc_callee_signature(ArmcElaborator *e, const ArmcClosure *callee);
/* "a block", "an op", … */
const char *armc_callee_kind_name(ArmcCalleeKind kind);

/* The argument of a parameter of a block or model; poisoned after a diagnostic. */
ArmcThing *armc_argument_thing(ArmcFrame *frame, const ArmcFormal *formal, const ArmcActual *actual,
                               const ArmcOrigin *origin);
/* The argument as its spec asks; false after a diagnostic. */
bool armc_argument_attr(ArmcFrame *frame, const ArmcCallSite *site, int index, ArmcAttr *attr);
/* A thing as a value of the graph; constants are lifted. NULL: poisoned or after a diagnostic. */
ArmcValue *armc_argument_value(ArmcFrame *frame, ArmcThing *thing, const char *what,
                               const ArmcOrigin *origin);
const char *armc_parameter_default(const ArmcTree *parameter);

/* --- statements with rules of their own --- */

void armc_run_param(ArmcFrame *frame, const ArmcTree *tree);
void armc_run_input(ArmcFrame *frame, const ArmcTree *tree);
void armc_run_given(ArmcFrame *frame, const ArmcTree *tree);
void armc_run_unproved(ArmcFrame *frame, const ArmcTree *tree);
void armc_run_likelihood(ArmcFrame *frame, const ArmcTree *tree);
void armc_run_option(ArmcFrame *frame, const ArmcTree *tree);
void armc_run_import(ArmcFrame *frame, const ArmcTree *tree);
ArmcThing *armc_run_command(ArmcFrame *frame, ArmcCallSite *site, bool wants_result);
/* What `order=`, `seed=` and `step=` of `input` say of a variable of this shape, for the member of
 * an ensemble that is built; NULL: raster. False after a diagnostic. */
bool armc_order_argument(ArmcFrame *frame, const ArmcAttr *order, const ArmcAttr *seed,
                         const ArmcAttr *step, ArmcShape shape, const ArmcOrigin *origin,
                         const ArmcOrder **out);
/* The numbers of an NPY file beside the script's, with its shape (builtin_file.c). NULL after a
 * diagnostic. */
const double *armc_file_numbers(ArmcFrame *frame, const char *path, const ArmcOrigin *origin,
                                ArmcShape *shape);
/* Where a path of this file's is looked up: beside it. */
const char *armc_path_beside(ArmcElaborator *e, const ArmcFile *file, const char *path);
/* Blocks and models are known from the first line of their file on. */
void armc_define_all(ArmcFrame *frame, const ArmcTree *body);
void armc_define(ArmcFrame *frame, const ArmcTree *tree);
/* Of a block or model the line that names it, without its body. */
ArmcSpan armc_header_span(const ArmcTree *definition);

/* --- models --- */

ArmcThing *armc_model_make(ArmcFrame *frame, const ArmcClosure *callee, ArmcCallSite *site);
/* The top level's model is to be finished and proved again: its graph has changed. */
void armc_model_reopen(ArmcModelRef *model);
/* Around a stage written in the model's own text: opens and closes its row. */
size_t armc_stage_begin(ArmcFrame *frame, const ArmcTree *tree);
void armc_stage_end(ArmcFrame *frame, size_t row, const ArmcThing *made);

/* --- stdlib (library.c) --- */

/* The block or model of stdlib with that name, or NULL. */
ArmcThing *armc_library_find(ArmcModule *module, const char *name);
bool armc_library_has_file(const ArmcModule *module, const char *name);
/* Calls `visit` for the name of each block and model in stdlib. */
void armc_library_each(ArmcModule *module, void (*visit)(void *context, const ArmcThing *thing),
                       void *context);

#endif
