/* armc: an interpreter for autoregressive generative models. This is the one public header; the
 * program `armc` is written on it alone.
 *
 * A session runs scripts and commands. All that it has to say goes through callbacks: it never
 * prints, never ends the process and installs no signal handler. Several sessions may live in one
 * process; one session belongs to one thread at a time (it starts its own workers). Each call that
 * does work returns a status, and has already handed its messages to the callback `error` when that
 * is not ARMC_STATUS_DONE. */
#ifndef ARMC_H
#define ARMC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to; the values are the exit statuses of the program. */
typedef enum ArmcResult {
    ARMC_STATUS_DONE = 0,
    ARMC_STATUS_WRONG = 1,         /* the script or the data is wrong */
    ARMC_STATUS_USAGE = 2,         /* the call is wrong: a name that does not exist */
    ARMC_STATUS_RESOURCES = 3,     /* memory, disk, a file that can't be opened or written */
    ARMC_STATUS_BUG = 70,          /* a bug in armc */
    ARMC_STATUS_INTERRUPTED = 130, /* `interrupted` said so; checkpoints were written */
} ArmcResult;

typedef struct ArmcSession ArmcSession;

/* Where the output goes. Texts end in a newline and are valid during the call only. Any of them may
 * be NULL. */
typedef struct ArmcCallbacks {
    void *user; /* handed to each of them */
    void (*result)(void *user,
                   const char *text);            /* what was asked for: tables, likelihoods, JSON */
    void (*note)(void *user, const char *text);  /* what is good to know meanwhile */
    void (*error)(void *user, const char *text); /* rendered diagnostics and reasons of failure */
    /* How far a long piece of work is, after each of its steps (often hundreds a second): fraction
     * is in 0..1, seconds_left negative where unknown. */
    void (*progress)(void *user, const char *label, double fraction, double seconds_left);
    int (*interrupted)(
        void *user); /* asked after each step: true ends the work in an orderly way */
} ArmcCallbacks;

/* Zero bytes are sensible: all threads, seed 0, the fastest kernels, plain text. Strings are
 * copied. */
typedef struct ArmcOptions {
    int threads; /* 0: as many as the process may run on */
    uint64_t seed;
    int exact;        /* fixed-order kernels only: the same bits on any CPU */
    int json;         /* results as one JSON object a line */
    int colour;       /* colour in diagnostics */
    const char *cpu;  /* forces a set of kernels: generic, avx2, avx512, neon; NULL: the best one */
    const char *conv; /* how convolutions are computed: direct, or blas where fixed order isn't
                         asked for; NULL: direct */
    const char *stdlib;  /* a folder in place of the standard library in the program; NULL: none */
    const char *command; /* what the user typed, for the head of the metrics; NULL: "armc" */
    const char
        *resume_advice;       /* the command that resumes an interrupted run; NULL: none is given */
    int resume;               /* training goes on from its checkpoint where there is one */
    int64_t checkpoint_every; /* steps; 0: every epoch and every ten minutes */
    int64_t stop_after;   /* steps; a training then ends as if interrupted, with the status done,
                             and tells the nats of each of them; 0: never */
    int64_t memory_limit; /* bytes that scripts, graphs and data may take together, for texts of
                             unknown origin: more is ARMC_STATUS_RESOURCES; 0: no limit */
} ArmcOptions;

/* NULL where there is no memory. */
ArmcSession *armc_session_new(const ArmcOptions *options, const ArmcCallbacks *callbacks);
void armc_session_free(ArmcSession *session); /* NULL is fine */

/* --- scripts. A path that is a bare name is looked for in the working folder, in models/, then
 * among the built-in models. Overrides are `name=value` words for the script's options. --- */

/* Checks the whole script, then runs it. */
ArmcResult armc_run_file(ArmcSession *session, const char *path, const char *const *overrides,
                         size_t count);

/* The shape to assume where no data set can be opened: "28x28x1" (NULL: the data set's) and its
 * levels; the classes of the labels, 0 for none. */
typedef struct ArmcAssumed {
    const char *shape;
    int levels;
    int classes;
} ArmcAssumed;

/* Runs no training: prints each model's table of stages, its parameters and planned memory; with
 * `field` also the receptive fields of the variable in the middle and of the last one. */
ArmcResult armc_check_file(ArmcSession *session, const char *path, const char *const *overrides,
                           size_t count, const ArmcAssumed *assumed, int field);
/* Where memory and arithmetic go in each training of the script; with `steps` the steps of the
 * program too. */
ArmcResult armc_plan_file(ArmcSession *session, const char *path, const char *const *overrides,
                          size_t count, const ArmcAssumed *assumed, int steps);
/* Makes some steps of the script's first training and tells where their time goes: by part, by op,
 * by line. Nothing is written. */
ArmcResult armc_profile_file(ArmcSession *session, const char *path, const char *const *overrides,
                             size_t count);
/* The script in the one true layout. With in_place the file is replaced, and nothing is printed. */
ArmcResult armc_fmt_file(ArmcSession *session, const char *path, int in_place);
/* Each model with its blocks unfolded and its defaults written out. */
ArmcResult armc_expand_file(ArmcSession *session, const char *path, const char *const *overrides,
                            size_t count, const ArmcAssumed *assumed);

/* What armc_calc works on. Lists are separated by commas; NULL: none. */
typedef struct ArmcCalculation {
    const char *const *arrays; /* NAME=FILE.npy, or NAME:LEVELS=FILE.npy for whole numbers; a name
                                  with a dot is that of a parameter of a block */
    size_t array_count;
    const char *import;    /* files with blocks of the caller's own */
    const char *batch;     /* names of the arrays whose first axis is the batch */
    const char *out;       /* a file for each result */
    const char *cotangent; /* for each result a file with dy, of its shape */
    const char *grad, *to; /* names to differentiate by; a file for each of these gradients */
} ArmcCalculation;

/* Evaluates an expression of ops and blocks on arrays, and its gradients. */
ArmcResult armc_calc(ArmcSession *session, const char *expression,
                     const ArmcCalculation *calculation);

/* --- checkpoints --- */

/* Carries out a command of the language on the model in a checkpoint: armc_command("sample",
 * "net.safetensors",
 * {"100", "to=a.png"}, 2). The words are those of the script's statement, behind the model. */
ArmcResult armc_command(ArmcSession *session, const char *command, const char *checkpoint,
                        const char *const *words, size_t count);
/* Is there a command of that name that works on a checkpoint? */
int armc_command_exists(const char *command);

/* --- help --- */

/* About an op, a block, a model, a command or a script; NULL: the list of all. With `source` how it
 * is written. */
ArmcResult armc_help(ArmcSession *session, const char *name, int source);
/* What an error code such as "E0101" means. */
ArmcResult armc_explain(ArmcSession *session, const char *code);
/* The reference page of all ops, functions, commands and distributions, as Markdown. */
ArmcResult armc_reference_page(ArmcSession *session);
/* Version, commit, kernels and BLAS. */
ArmcResult armc_version(ArmcSession *session);

/* The word of `words` that is nearest to `word`, or NULL where none is near. */
const char *armc_nearest(const char *word, const char *const *words, size_t count);

/* --- a prompt: statements one after the other, in a session that stays. What was typed makes the
 * same as a script with the same statements. Any other call that does work ends it. --- */

/* Begins, or begins anew. */
ArmcResult armc_prompt_open(ArmcSession *session);
/* Does the text end inside an open bracket, brace or string, so that another line must follow? */
int armc_prompt_is_unfinished(ArmcSession *session, const char *text);
/* Runs statements, commands at once. A line that begins with `|` or `else` amends the last
 * statement. After a mistake nothing stays of the statement that it is in, and what follows it in
 * the text is not run; an interrupted training keeps the weights that it has reached. */
ArmcResult armc_prompt_run(ArmcSession *session, const char *text);
/* Like armc_help, and it knows what was defined at the prompt. */
ArmcResult armc_prompt_help(ArmcSession *session, const char *name);
/* Calls `word` with each word that may stand at the end of the text, one begun there: completion.
 * Returns where in the text it begins. `is_string` is set where it is part of a string: names of
 * data sets are called then, file names are the caller's. */
size_t armc_prompt_complete(ArmcSession *session, const char *text,
                            void (*word)(void *user, const char *word), void *user, int *is_string);

/* --- for measuring: steps of a training, under the caller's clock --- */

typedef struct ArmcStepReport {
    double milliseconds; /* the median of the steps */
    double loss; /* nats, mean over the minibatch, found by the first of them before its update */
    double peak_mb; /* of the process so far */
} ArmcStepReport;

/* Makes the first training of a script ready (data, weights, program) without running a step. */
ArmcResult armc_bench_open(ArmcSession *session, const char *path, const char *const *overrides,
                           size_t count);
/* Writes the parameters, and as `batch` the minibatch that every step is made on, as safetensors.
 */
ArmcResult armc_bench_save(ArmcSession *session, const char *path);
ArmcResult armc_bench_steps(ArmcSession *session, int64_t steps, ArmcStepReport *report);

#ifdef __cplusplus
}
#endif

#endif
