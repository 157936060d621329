/* The command line: what was typed, and where output goes. It uses the public API only. */
#ifndef ARMC_CLI_CLI_H
#define ARMC_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "include/armc.h"

enum { ARMC_CLI_MOST_WORDS = 256 };

/* stdout, stderr and the bar on it. */
typedef struct ArmcConsole {
    bool quiet, is_terminal;
    bool has_bar; /* one is drawn on the current line */
    double drawn; /* clock when it was drawn last */
    int signal;   /* the one that asked us to stop; 0: none */
} ArmcConsole;

typedef struct ArmcCli {
    ArmcOptions options;
    const char *command;                    /* the subcommand as typed */
    const char *words[ARMC_CLI_MOST_WORDS]; /* behind the subcommand, without flags */
    size_t word_count;
    bool no_colour;
    bool wants_help;
    bool steps, source, field, in_place;
    ArmcAssumed assumed;
    ArmcCalculation calculation; /* of calc: its lists */
    ArmcConsole console;
    ArmcSession *session;
} ArmcCli;

typedef struct ArmcSubcommand {
    const char *name, *usage, *doc;
    const char *help;     /* further lines; NULL: none */
    const char *flags[8]; /* those it takes beside the global ones */
    size_t least, most;   /* words */
    ArmcResult (*run)(ArmcCli *cli);
} ArmcSubcommand;
extern const ArmcSubcommand armc_subcommands[]; /* ends with a NULL name */
extern const ArmcSubcommand
    armc_on_checkpoint;                     /* any command of the language that works on a model */
extern const ArmcSubcommand armc_at_prompt; /* `armc` alone */

/* Takes flags out of argv[first..], the rest are words. False after a message: exit status 2. */
bool armc_cli_parse(ArmcCli *cli, const ArmcSubcommand *subcommand, int first, int argc,
                    char **argv);
void armc_cli_print_usage(void);
void armc_cli_print_help(const ArmcSubcommand *subcommand);
/* "error: … / help: did you mean" on stderr. */
void armc_cli_complain(const char *what, const char *word, const char *near);

void armc_console_open(ArmcConsole *console);
/* From here on a signal asks us to stop; a second one ends the process. */
void armc_console_listen(ArmcConsole *console);
/* From here on a signal ends the process as usual. */
void armc_console_unlisten(ArmcConsole *console);
void armc_console_close(ArmcConsole *console);
ArmcCallbacks armc_console_callbacks(ArmcConsole *console);

#endif
