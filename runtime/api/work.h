/* What the entries of the API share: the frame around a piece of work, and scripts. */
#ifndef ARMC_API_WORK_H
#define ARMC_API_WORK_H

#include "runtime/base/embed.h"
#include "runtime/exec/sampler.h"
#include "runtime/learn/session.h"

/* A piece of work: true when done, false after diagnostics or an interrupt. */
typedef bool (*ArmcWork)(ArmcSession *session, void *context);

/* Runs a piece of work with an arena and diagnostics of its own, catches faults, hands messages
 * over, frees all. */
ArmcResult armc_work(ArmcSession *session, ArmcWork work, void *context);
/* Neither diagnostics nor an interrupt so far. */
bool armc_work_is_fine(const ArmcSession *session);
/* The same in three steps, for work that stays open between calls (armc_bench_open). */
ArmcResult armc_work_on(ArmcSession *session, ArmcWork work, void *context);
void armc_work_begin(ArmcSession *session);
void armc_work_end(ArmcSession *session);

/* An empty buffer for a long text, valid until the next call; the session frees it, after faults
 * too. */
ArmcBuf *armc_work_text(ArmcSession *session);

/* A script as it is run: its text with the overrides of its options. */
typedef struct ArmcScript {
    const char *path;
    const char *const *words; /* name=value */
    size_t word_count;
    const ArmcAssumed *assumed; /* NULL: none */
    const ArmcTree *tree;
    ArmcOverride *overrides;
} ArmcScript;

/* Finds, reads and parses the file, takes the overrides apart. The text goes to session->script; a
 * text that is there already is taken in the file's place. False after diagnostics. */
bool armc_script_open(ArmcSession *session, ArmcScript *script);
/* All models of the script as graphs, and their tables: what `armc check` does. False after
 * diagnostics. */
bool armc_script_check(ArmcSession *session, ArmcScript *script);
/* Parses a text under a name. NULL after diagnostics. */
const ArmcTree *armc_script_parse(ArmcSession *session, const char *name, const char *text);
/* What the elaborator asks of this session. */
ArmcHost *armc_script_host(ArmcSession *session);
/* Runs the statements as the mode says, in a module of their own. False after diagnostics or an
 * interrupt. */
bool armc_script_pass(ArmcSession *session, const ArmcScript *script, ArmcMode mode);

/* At the prompt: shows a stage with its shape, live parameters and multiply-adds. */
void armc_prompt_stage(ArmcSession *session, const ArmcStageRow *row);

/* The model that the script's own statements make, without a header; NULL: there is none. */
ArmcThing *armc_script_own_model(ArmcSession *session);

/* The library in options.stdlib, read once for each piece of work; NULL: the one in the program. */
const ArmcEmbedded *armc_stdlib_read(ArmcSession *session);

bool armc_command_takes(const ArmcCommand *command, ArmcSpecKind kind);
/* Of an input's variables: as the language has it. */
enum { ARMC_MOST_LEVELS = 65536 };
/* "28x28x1"; false for anything else. */
bool armc_shape_read(const char *text, ArmcShape *shape);

typedef void ArmcSay(ArmcSession *session, const char *format, ...);

/* The tables of all nets that a check met, through armc_say_result or armc_say_note. */
void armc_tell_nets(ArmcSession *session, ArmcSay *say);
void armc_tell_net(ArmcSession *session, ArmcSay *say, const ArmcNet *net);
/* The same as JSON. */
void armc_tell_nets_json(ArmcSession *session);
/* What sampling from a net asks for. False where only full passes can (it is not autoregressive).
 */
bool armc_work_sampler(ArmcSession *session, const ArmcNet *net, ArmcSamplerPlan *plan);
/* What a training asks for, as JSON; `steps` is the text of its steps, or NULL. */
void armc_tell_plan_json(ArmcSession *session, const ArmcNet *net, const char *steps);
/* A text that was asked for; with --json as one object, under its event. */
void armc_tell_text(ArmcSession *session, const char *event, const char *text);
/* The line below a table: proof, variables, parameters, memory. */
void armc_tell_sum(ArmcSession *session, ArmcSay *say, const ArmcNet *net, int indent);
/* Why a model is not autoregressive that says `unproved`: a warning. */
void armc_tell_leak(ArmcSession *session, const ArmcNet *net);
/* 1234567 as 1,234,567. */
const char *armc_grouped(int64_t number, char text[static 32]);
/* The stage as it is written, on one line, up to an opening brace; at most that many columns. */
const char *armc_stage_text(ArmcArena *arena, const ArmcStageRow *row, size_t most);

#endif
