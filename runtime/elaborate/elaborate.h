/* From tree to graph: runs the statements of a script, expands blocks, binds models to data. */
#ifndef ARMC_ELABORATE_ELABORATE_H
#define ARMC_ELABORATE_ELABORATE_H

#include "runtime/base/embed.h"
#include "runtime/elaborate/command.h"
#include "runtime/elaborate/thing.h"

/* `name=value` from the command line for an `option`. */
typedef struct ArmcOverride {
    const char *name, *value;
    bool used;
} ArmcOverride;

/* A row of the table shown on load: one top-level stage of the model, with what it made. */
typedef struct ArmcStageRow {
    const ArmcTree *tree; /* the stage as written */
    int depth;            /* nesting of repeat and closures */
    ArmcShape shape;
    int64_t parameters; /* live, of this stage alone */
    int64_t multiply_adds;
} ArmcStageRow;

/* What the elaborator asks of the one who runs it. */
typedef struct ArmcHost {
    ArmcSession *session; /* handed to commands */
    /* Shape and levels of a DATA thing. */
    void (*data_shape)(const ArmcThing *data, ArmcShape *shape, int *levels);
    /* Reads an imported file relative to the importing one: text in the arena, or NULL. Bare names
     * are stdlib's and don't come here. */
    const char *(*read_import)(ArmcSession *session, const char *path, size_t *length);
    /* Reads the numbers of an NPY file, in row-major order, in the arena. NULL after a diagnostic.
     * No such function: there are no files. */
    const double *(*read_numbers)(ArmcSession *session, const char *path, const ArmcOrigin *origin,
                                  ArmcShape *shape);
    /* The standard library's files and where they lie; NULL: those in the program. */
    const ArmcEmbedded *stdlib;
    const char *stdlib_folder;
    /* A command is about to run; false: skip it (check, plan, help run no training). NULL: run all.
     */
    bool (*wants)(ArmcSession *session, const ArmcCommand *command);
    /* At the prompt: called after each stage of the top level, then for the stages in its braces.
     * NULL: not wanted. */
    void (*stage)(ArmcSession *session, const ArmcStageRow *row);
} ArmcHost;

typedef struct ArmcModule ArmcModule; /* a script's names, imports, options; lives in its arena */

ArmcModule *armc_module_new(ArmcArena *arena, ArmcDiags *diags, const ArmcHost *host,
                            ArmcOverride *overrides, size_t override_count);
/* Runs the statements of a parsed file one after the other; may be called again (the prompt). Stops
 * at the first command that fails; other errors are collected. False when diagnostics were added.
 * Unknown overrides are reported by armc_module_finish. */
bool armc_module_run(ArmcModule *module, const ArmcTree *body);
bool armc_module_finish(ArmcModule *module);
/* Imports a file as `import "PATH"` at the top of a script does. False after diagnostics. */
bool armc_module_import(ArmcModule *module, const char *path);
ArmcThing *armc_module_find(ArmcModule *module, const char *name);
/* Options as declared, with the value in force: for help and for a checkpoint's metadata. */
size_t armc_module_options(const ArmcModule *module, const ArmcTree *const **options,
                           const ArmcThing *const **values);

/* Binds a model to the shape and levels of its variable and, where it states `given label`, to the
 * classes of the labels (0: the data has none), and builds its graph; the same (model, shape,
 * levels, classes) gives the same graph object. NULL after diagnostics. The top level's own
 * statements (`input …` without a model header) are a model too: armc_module_model; for it a shape
 * of rank 0 means the one that its `input` states. */
ArmcGraph *armc_model_bind(ArmcModelRef *model, ArmcShape shape, int levels, int classes,
                           const ArmcOrigin *origin);
ArmcModelRef *armc_module_model(ArmcModule *module);
const char *armc_model_name(const ArmcModelRef *model);

size_t armc_model_stages(const ArmcModelRef *model, const ArmcStageRow **rows);

/* A name of a formula for an array from outside. */
typedef struct ArmcFormulaName {
    const char *name;
    ArmcShape shape; /* without the batch */
    bool batched;    /* then an input of the graph, else a parameter of that path */
    int levels;      /* 0: real numbers */
    ArmcValue *value;
} ArmcFormulaName;

/* A graph without a variable, made by a few statements. They run as in a block's body; what it
 * comes to are the results, several after `return a, b`. */
typedef struct ArmcFormula {
    ArmcFormulaName *names;
    size_t name_count;
    ArmcGraph *graph;
    ArmcValue **results;
    size_t result_count;
} ArmcFormula;

/* Sets value of each of the names, graph and results. False after diagnostics. */
bool armc_module_formula(ArmcModule *module, const ArmcTree *body, ArmcFormula *formula);

#endif
