/* The prompt: lines from a terminal or a pipe. */
#ifndef ARMC_CLI_REPL_H
#define ARMC_CLI_REPL_H

#include "runtime/cli/cli.h"

/* Where lines come from. */
typedef struct ArmcLines {
    ArmcSession *session; /* asked for completions */
    ArmcConsole *console;
    bool is_terminal;
    const char *pending; /* the lines before this one of the same statement; "": none */
    bool was_given_up;   /* the line ended by Ctrl-C */
    bool is_over;        /* there are no more lines */
    char *history;       /* the file; NULL: none */
    int typed;           /* lines that go there at the end */

    /* Completions of the word at hand. */
    char **words;
    size_t word_count, word_capacity, next_word;
    bool is_in_files; /* the words are through, names of files follow */
} ArmcLines;

void armc_lines_open(ArmcLines *lines, ArmcSession *session, ArmcConsole *console);
/* The next line without its end; the caller frees it. NULL: there is none, or no memory. */
char *armc_lines_read(ArmcLines *lines, const char *prompt);
void armc_lines_close(ArmcLines *lines);

/* Words that only the prompt knows, the last one is NULL. */
extern const char *const armc_repl_words[];

ArmcResult armc_repl(ArmcCli *cli);

#endif
