/* The prompt: reads statements line by line, runs each as soon as its brackets are closed. */
#define _POSIX_C_SOURCE 200809L
#include "runtime/cli/repl.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const armc_repl_words[] = {"help", "clear", "quit", NULL};

typedef struct Repl {
    ArmcCli *cli;
    ArmcLines lines;
    char *text; /* the statement so far; NULL: nothing */
    bool is_over;
    ArmcResult result; /* the first failure */
} Repl;

static void forget(Repl *repl)
{
    free(repl->text);
    repl->text = NULL;
}

static void out_of_memory(Repl *repl)
{
    fputs("error: out of memory\n", stderr);
    repl->result = ARMC_STATUS_RESOURCES;
    repl->is_over = true;
}

/* Puts the line behind the lines before it. */
static bool take_line(Repl *repl, const char *line)
{
    size_t before = repl->text != NULL ? strlen(repl->text) : 0, length = strlen(line);
    char *text = realloc(repl->text, before + length + 2);
    if (text == NULL) {
        out_of_memory(repl);
        return false;
    }
    memcpy(text + before, line, length);
    memcpy(text + before + length, "\n", 2);
    repl->text = text;
    return true;
}

/* --- words of the prompt itself --- */

/* The word behind `word`, if the text is nothing else: "" where there is none, NULL where the text
 * is something else. The text is cut at its end. */
static const char *behind(char *text, const char *word)
{
    size_t length = strlen(word);
    text += strspn(text, " \t");
    if (strncmp(text, word, length) != 0 || !isspace((unsigned char)text[length]))
        return NULL;
    text += length;
    text += strspn(text, " \t\n");
    char *end = text + strcspn(text, " \t\n");
    if (end[strspn(end, " \t\n")] != '\0')
        return NULL;
    *end = '\0';
    return text;
}

static bool is_word(char *text, const char *word)
{
    const char *rest = behind(text, word);
    return rest != NULL && *rest == '\0';
}

static void tell_help(Repl *repl)
{
    armc_prompt_help(repl->cli->session, NULL);
    fputs("\nPrompt\n"
          "  help NAME     about a name\n"
          "  | STAGE       goes on from the last statement\n"
          "  clear         forgets everything that was typed\n"
          "  quit          ends armc, like the end of the input\n",
          stdout);
}

/* False: the text is no word of the prompt but a statement. */
static bool do_word(Repl *repl)
{
    const char *name = behind(repl->text, "help");
    if (name != NULL && *name == '\0')
        tell_help(repl);
    else if (name != NULL)
        armc_prompt_help(repl->cli->session, name);
    else if (is_word(repl->text, "clear"))
        armc_prompt_open(repl->cli->session);
    else if (is_word(repl->text, "quit") || is_word(repl->text, "exit"))
        repl->is_over = true;
    else
        return false;
    return true;
}

/* --- statements --- */

/* On a terminal a stopped training leads back to the prompt; a script from a pipe ends. */
static void come_back(Repl *repl)
{
    ArmcConsole *console = &repl->cli->console;
    if (!repl->lines.is_terminal || console->signal != SIGINT) {
        repl->result = ARMC_STATUS_INTERRUPTED;
        repl->is_over = true;
        return;
    }
    fputs("  stopped; what was reached so far stays\n", stderr);
}

static void run_text(Repl *repl)
{
    ArmcConsole *console = &repl->cli->console;
    armc_console_listen(console);
    ArmcResult result = armc_prompt_run(repl->cli->session, repl->text);
    armc_console_close(console);
    if (result == ARMC_STATUS_INTERRUPTED)
        come_back(repl);
    else if (result != ARMC_STATUS_DONE && repl->result == ARMC_STATUS_DONE)
        repl->result = result;
    if (!repl->is_over)
        armc_console_unlisten(console);
}

static void run_or_wait(Repl *repl, bool is_last)
{
    if (!is_last && armc_prompt_is_unfinished(repl->cli->session, repl->text))
        return;
    if (!do_word(repl))
        run_text(repl);
    forget(repl);
}

static void write_prompt(const Repl *repl, char prompt[static 64])
{
    /* \001 and \002 tell readline what takes no room on the screen. */
    const char *text = repl->text == NULL ? "armc> " : "  ... ";
    bool colour = repl->cli->options.colour && ARMC_HAVE_READLINE;
    snprintf(prompt, 64, colour ? "\001\033[1;32m\002%s\001\033[0m\002" : "%s", text);
}

static void step(Repl *repl)
{
    char prompt[64];
    write_prompt(repl, prompt);
    repl->lines.pending = repl->text != NULL ? repl->text : "";
    char *line = armc_lines_read(&repl->lines, prompt);
    if (repl->lines.was_given_up) {
        forget(repl);
    } else if (line == NULL) {
        repl->is_over = true;
        if (repl->lines.is_terminal)
            fputc('\n', stderr);
        if (repl->text != NULL)
            run_or_wait(repl, true);
    } else if (take_line(repl, line)) {
        run_or_wait(repl, false);
    }
    free(line);
}

ArmcResult armc_repl(ArmcCli *cli)
{
    Repl repl = {.cli = cli};
    armc_lines_open(&repl.lines, cli->session, &cli->console);
    if (repl.lines.is_terminal && !cli->console.quiet)
        fputs("armc: statements run as they are typed, Tab completes; help, help NAME, quit\n",
              stderr);
    repl.result = armc_prompt_open(cli->session);
    repl.is_over = repl.result != ARMC_STATUS_DONE;
    armc_console_unlisten(&cli->console);
    while (!repl.is_over)
        step(&repl);
    forget(&repl);
    armc_lines_close(&repl.lines);
    return repl.lines.is_terminal && repl.result != ARMC_STATUS_INTERRUPTED ? ARMC_STATUS_DONE
                                                                            : repl.result;
}
