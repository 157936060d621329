/* Lines for the prompt: by readline on a terminal, as they are from a pipe. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cli/repl.h"

/* One line as it is; NULL at the end. */
static char *read_plain(const char *prompt)
{
    char *line = NULL;
    size_t room = 0;
    fputs(prompt, stderr);
    fflush(stderr);
    ssize_t length = getline(&line, &room, stdin);
    if (length < 0) {
        free(line);
        return NULL;
    }
    if (length > 0 && line[length - 1] == '\n')
        line[length - 1] = '\0';
    return line;
}

#if ARMC_HAVE_READLINE

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 2000, PATH_LENGTH = 4096 };

/* readline calls back without a context and there is one terminal in a process: the lines that are
 * being read, between the beginning and the end of armc_lines_read only. */
static ArmcLines *current;

/* --- completion --- */

static void add_word(void *user, const char *word)
{
    ArmcLines *lines = user;
    if (lines->word_count == lines->word_capacity) {
        size_t capacity = 2 * lines->word_capacity + 64;
        char **words = realloc(lines->words, capacity * sizeof *words);
        if (words == NULL)
            return;
        lines->words = words;
        lines->word_capacity = capacity;
    }
    char *copy = strdup(word);
    if (copy != NULL)
        lines->words[lines->word_count++] = copy;
}

static void drop_words(ArmcLines *lines)
{
    for (size_t i = 0; i < lines->word_count; i++)
        free(lines->words[i]);
    lines->word_count = lines->next_word = 0;
}

/* readline takes the copies over. */
static char *next_word(const char *text, int state)
{
    (void)text;
    if (state == 0)
        current->next_word = 0;
    return current->next_word < current->word_count ? strdup(current->words[current->next_word++])
                                                    : NULL;
}

static char *next_word_or_file(const char *text, int state)
{
    char *word = next_word(text, state);
    if (word != NULL)
        return word;
    bool is_first = state == 0 || !current->is_in_files;
    current->is_in_files = true;
    return rl_filename_completion_function(text, !is_first);
}

static void find_words(ArmcLines *lines, int end, int *is_string)
{
    size_t before = strlen(lines->pending);
    lines->is_in_files = false;
    char *text = malloc(before + (size_t)end + 1);
    drop_words(lines);
    if (text == NULL)
        return;
    memcpy(text, lines->pending, before);
    memcpy(text + before, rl_line_buffer, (size_t)end);
    text[before + (size_t)end] = '\0';
    size_t begin = armc_prompt_complete(lines->session, text, add_word, lines, is_string);
    for (int i = 0; begin == 0 && armc_repl_words[i] != NULL; i++)
        if (strncmp(armc_repl_words[i], text, strlen(text)) == 0)
            add_word(lines, armc_repl_words[i]);
    free(text);
}

static char **complete(const char *text, int begin, int end)
{
    int is_string = 0;
    (void)begin;
    find_words(current, end, &is_string);
    rl_attempted_completion_over = 1;
    rl_filename_completion_desired = is_string;
    if (is_string)
        return rl_completion_matches(text, next_word_or_file);
    const char *only = current->word_count == 1 ? current->words[0] : "";
    rl_completion_suppress_append = *only != '\0' && only[strlen(only) - 1] == '=';
    return rl_completion_matches(text, next_word);
}

/* --- keys --- */

/* Ctrl-C gives the line up: it ends it, and the caller throws it away. SIGTERM also ends the input.
 */
static int get_key(FILE *stream)
{
    struct pollfd input = {.fd = fileno(stream), .events = POLLIN};
    while (poll(&input, 1, -1) < 0 && errno == EINTR) {
        int signal = rl_pending_signal();
        current->was_given_up = signal == SIGINT || signal == SIGTERM;
        current->is_over = signal == SIGTERM;
        rl_check_signals();
        if (current->was_given_up)
            return '\n';
    }
    return rl_getc(stream);
}

/* --- history --- */

/* Makes the folders above a file. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

/* $XDG_STATE_HOME/armc/history, else ~/.local/state/armc/history. */
static char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    bool has_state = state != NULL && state[0] == '/';
    char path[PATH_LENGTH];
    if (!has_state && home == NULL)
        return NULL;
    snprintf(path, sizeof path, "%s%s/armc/history", has_state ? state : home,
             has_state ? "" : "/.local/state");
    return strdup(path);
}

static void keep(ArmcLines *lines, const char *line)
{
    const HIST_ENTRY *last = history_get(history_base + history_length - 1);
    if (line[strspn(line, " \t")] == '\0' || (last != NULL && strcmp(last->line, line) == 0))
        return;
    add_history(line);
    lines->typed++;
}

static void open_readline(ArmcLines *lines)
{
    rl_readline_name = "armc";
    rl_outstream = stderr;
    rl_getc_function = get_key;
    rl_attempted_completion_function = complete;
    rl_completer_word_break_characters = " \t\n|;(){}[]=,+-*/%^<>!~:\"";
    rl_completer_quote_characters = "\"";
    using_history();
    lines->history = history_path();
    if (lines->history != NULL)
        read_history(lines->history);
}

/* The history is a convenience: where it can't be written there is none. */
static void close_readline(ArmcLines *lines)
{
    if (lines->history != NULL && lines->typed > 0) {
        make_folders(lines->history);
        FILE *file = fopen(lines->history, "a"); /* append_history wants it to be there */
        if (file != NULL)
            fclose(file);
        append_history(lines->typed, lines->history);
        history_truncate_file(lines->history, HISTORY_LINES);
    }
    clear_history();
    drop_words(lines);
    free(lines->words);
    free(lines->history);
}

static char *read_edited(ArmcLines *lines, const char *prompt)
{
    current = lines;
    armc_console_listen(lines->console); /* readline hands the signal on to us */
    char *line = readline(prompt);
    armc_console_unlisten(lines->console);
    current = NULL;
    if (line != NULL && !lines->was_given_up)
        keep(lines, line);
    return line;
}

#else

static void open_readline(ArmcLines *lines)
{
    (void)lines;
}

static void close_readline(ArmcLines *lines)
{
    (void)lines;
}

static char *read_edited(ArmcLines *lines, const char *prompt)
{
    (void)lines;
    return read_plain(prompt);
}

#endif

void armc_lines_open(ArmcLines *lines, ArmcSession *session, ArmcConsole *console)
{
    *lines = (ArmcLines){.session = session, .console = console, .pending = ""};
    lines->is_terminal = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    if (lines->is_terminal)
        open_readline(lines);
}

char *armc_lines_read(ArmcLines *lines, const char *prompt)
{
    lines->was_given_up = false;
    if (lines->is_over)
        return NULL;
    return lines->is_terminal ? read_edited(lines, prompt) : read_plain("");
}

void armc_lines_close(ArmcLines *lines)
{
    if (lines->is_terminal)
        close_readline(lines);
}
