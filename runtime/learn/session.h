/* A session: what commands act upon. runtime/api makes and frees it; the commands in runtime/learn
 * use it. */
#ifndef ARMC_LEARN_SESSION_H
#define ARMC_LEARN_SESSION_H

#include "include/armc.h"
#include "runtime/base/buf.h"
#include "runtime/base/tasks.h"
#include "runtime/data/dataset.h"
#include "runtime/elaborate/elaborate.h"
#include "runtime/learn/net.h"

/* What commands do: everything, or only what can be known without running anything. */
typedef enum ArmcMode {
    ARMC_MODE_RUN,
    ARMC_MODE_CHECK, /* arguments, shapes, memory and output paths; nothing is computed or written
                      */
    ARMC_MODE_LOAD,  /* names and models of a checkpoint's script; no command runs */
    ARMC_MODE_LOAD_DATA, /* the same, and its data sets */
    ARMC_MODE_BENCH, /* the first training is made ready and left in `training`; nothing else runs
                      */
} ArmcMode;

/* A text that the run depends on, kept for checkpoints. */
typedef struct ArmcText {
    const char *name, *text;
    size_t length;
} ArmcText;

typedef struct ArmcOpenData {
    ArmcDataOptions options;
    ArmcDataset *data;
} ArmcOpenData;

enum { ARMC_SCRATCH_DEPTH = 8 };

struct ArmcSession {
    ArmcFault fault;
    ArmcOptions options; /* strings are the session's own */
    ArmcCallbacks out;
    ArmcArena *arena; /* lives as long as the session */
    ArmcPool *pool;   /* NULL until something is computed */
    const ArmcKernels *kernels;
    ArmcBuf buf;       /* of armc_say */
    ArmcBuf long_text; /* of the API: see armc_work_text */

    /* Of the piece of work under way; all of it lives in `run`. */
    ArmcArena *run;
    ArmcDiags *diags;
    ArmcModule *module;
    ArmcMode mode;
    ArmcText script;
    const struct ArmcEmbedded *stdlib; /* read from options.stdlib; NULL: not yet, or none */
    ArmcText *imports;
    size_t import_count, import_capacity;
    ArmcNet **nets;
    size_t net_count, net_capacity;
    ArmcOpenData *datasets;
    size_t dataset_count, dataset_capacity;
    struct ArmcTraining *training; /* ARMC_MODE_BENCH */
    struct ArmcPrompt *prompt;     /* of runtime/api/prompt.c; NULL elsewhere */
    const char **written;          /* checkpoints that this run's trainings write */
    size_t written_count, written_capacity;
    ArmcShape assumed_shape;             /* --input: rank 0 if not given */
    int assumed_levels, assumed_classes; /* classes 0: not given */
    ArmcStatus status; /* what mistakes come to: ARMC_USER unless a command says otherwise */
    bool interrupted;
    bool stopped; /* interrupted by options.stop_after, as it was asked for */
    bool writes;  /* what is checked will also run: output paths matter */

    ArmcArena
        *scratch[ARMC_SCRATCH_DEPTH]; /* a stack of short-lived arenas: freed after a fault, too */
    int scratch_depth;
};

/* A fresh arena for the time until armc_scratch_end; they nest. */
ArmcArena *armc_scratch_begin(ArmcSession *session);
void armc_scratch_end(ArmcSession *session);

/* The threads, started at first use. */
ArmcPool *armc_session_pool(ArmcSession *session);

/* Formatted output through the callbacks. */
void armc_say_result(ArmcSession *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void armc_say_note(ArmcSession *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void armc_say_progress(ArmcSession *session, double fraction, double left, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Asks the callback; once it has said yes, for good. The work under way must then end in an orderly
 * way. */
bool armc_session_is_interrupted(ArmcSession *session);

/* Seconds of a clock that never goes back. */
double armc_now(void);
/* The most memory that the process has held so far, in MB. */
double armc_peak_mb(void);
/* The machine's memory in bytes. */
int64_t armc_machine_memory(void);

/* The head of a metrics file: comment lines with commit, command, seed, data, CPU, kernels and
 * BLAS. In `run`. */
const char *armc_session_describe_run(ArmcSession *session, const char *data);

/* "12.3 MB" or "1.2 GB". */
const char *armc_bytes_text(int64_t bytes, char text[static 32]);

/* Can a file be made at this path? False after a diagnostic with the path and the reason. */
bool armc_check_writable(ArmcSession *session, const ArmcOrigin *origin, const char *path);

/* `path` with its ending replaced: ("a/net.safetensors", ".csv") is "a/net.csv". */
const char *armc_path_with_ending(ArmcArena *arena, const char *path, const char *ending);
bool armc_path_has_ending(const char *path, const char *ending);

#endif
