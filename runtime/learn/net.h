/* A net: a model of the script, bound to the shape of its data, with weights. */
#ifndef ARMC_LEARN_NET_H
#define ARMC_LEARN_NET_H

#include "runtime/data/dataset.h"
#include "runtime/elaborate/elaborate.h"
#include "runtime/exec/program.h"
#include "runtime/learn/metrics.h"

typedef struct ArmcNet {
    const char *name; /* of the variable it is bound to, else of the model */
    ArmcModelRef *model;
    ArmcGraph *graph; /* of an ensemble the first member's */
    ArmcShape shape;
    int levels;
    int classes; /* of the label that it is conditioned on; 0: it is not */
    int64_t variables;
    const ArmcDataset
        *data; /* bound to last; NULL: loaded from a checkpoint, or its shape was assumed */
    const char *report; /* which data exactly */
    bool has_weights;
    ArmcMetrics *metrics; /* of the last training; NULL: there was none */

    /* For tables: the memory that the last training asks for. */
    const ArmcPlan *plan;
    const ArmcProgram *program; /* the first member's */
    int64_t batch, optimizer_bytes;
    const char *optimizer;
} ArmcNet;

/* The graph of a model for data of this shape. NULL after diagnostics. */
ArmcNet *armc_net_bind(ArmcSession *session, const ArmcThing *model, const ArmcDataset *data,
                       const ArmcOrigin *origin);
ArmcNet *armc_net_bind_shape(ArmcSession *session, const ArmcThing *model, ArmcShape shape,
                             int levels, int classes, const ArmcOrigin *origin);
/* The net that the model was bound to last. NULL after a diagnostic. */
ArmcNet *armc_net_find(ArmcSession *session, const ArmcThing *model, const ArmcOrigin *origin);

/* Are there losses of a training, or will there be by then (while a script is checked)? False after
 * a diagnostic, for a command of this name. */
bool armc_net_was_trained(ArmcSession *session, const ArmcNet *net, const char *command,
                          const ArmcOrigin *origin);

/* The text where the model is not autoregressive and runs all the same, as the script states by
 * `unproved`; else "". */
const char *armc_if_unproved(const ArmcNet *net, const char *text);
/* "true" or "false", for JSON. */
const char *armc_proved_json(const ArmcNet *net);

/* Initialises the weights by the session's seed where there are none yet. */
void armc_net_need_weights(ArmcSession *session, ArmcNet *net);

/* The programs of a net: one for each member of an ensemble. */
typedef struct ArmcPrograms {
    ArmcProgram **items;
    int count;
    const ArmcPlan *plan; /* of all together: parameters once, memory of each, arithmetic of one */
} ArmcPrograms;

/* Compiles for at most `batch` examples; in `arena`. False after diagnostics, also when the machine
 * lacks the memory: `extra_bytes` come on top of what the plan asks for. */
bool armc_net_compile(ArmcSession *session, ArmcArena *arena, ArmcNet *net, ArmcProgramKind kind,
                      int64_t batch, bool exact, int64_t extra_bytes, const ArmcOrigin *origin,
                      ArmcPrograms *programs);
void armc_programs_prepare(const ArmcPrograms *programs, ArmcPool *pool);
/* All that prepared programs hold. */
int64_t armc_plan_bytes(const ArmcPlan *plan, int threads);
/* ", ensemble of 8 members"; "" for a single model. */
const char *armc_net_members(const ArmcNet *net, char text[static 48]);

/* A finite likelihood is expected of every step. Adds the diagnostic that names the first stage
 * which is not finite. */
void armc_net_blame(ArmcSession *session, const ArmcNet *net, const ArmcProgram *program,
                    const ArmcStepInfo *info, int64_t n, const char *what,
                    const ArmcOrigin *origin);

/* The report line of the data, with what the likelihood is conditioned on. */
const char *armc_net_report(ArmcSession *session, const ArmcNet *net, const char *data);
/* ", \"given\": \"label\"" for JSON where the model is conditioned, else "". */
const char *armc_given_json(const ArmcNet *net);

/* Puts examples index[0..n-1] of a split where a program reads them, and their labels where the
 * model is conditioned on these. */
void armc_net_feed(const ArmcNet *net, ArmcProgram *program, const ArmcDataset *data,
                   ArmcSplit split, const int64_t *index, int64_t n, uint64_t epoch);

/* Shape of a data set as a model sees it. */
ArmcShape armc_dataset_shape(const ArmcDataset *data);

#endif
