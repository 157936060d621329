#define _POSIX_C_SOURCE 200809L
#include "runtime/data/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int fail(char *why, size_t size, const char *what, int error)
{
    snprintf(why, size, "%s%s%s", what, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
    return -1;
}

void armc_gnuplot_quote(ArmcGnuplot *plot, const char *text)
{
    putc('\'', plot->script);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            putc('\'', plot->script);
        putc((unsigned char)*text < ' ' ? ' ' : *text, plot->script);
    }
    putc('\'', plot->script);
}

/* gnuplot's own PNG (libgd) stands in where it was built without cairo. */
static void write_terminal(ArmcGnuplot *plot)
{
    const char *ending = strrchr(plot->path, '.');
    if (ending != NULL && strcmp(ending, ".svg") == 0)
        fputs("set terminal svg size 1000,600 font 'sans-serif,15' background 'white'\n",
              plot->script);
    else
        fputs("if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {\n"
              "    set terminal pngcairo size 1000,600 font 'sans,13'\n"
              "} else {\n"
              "    set terminal png size 1000,600\n"
              "}\n",
              plot->script);
    fputs("set output ", plot->script);
    armc_gnuplot_quote(plot, plot->temporary);
    putc('\n', plot->script);
}

int armc_gnuplot_begin(ArmcArena *scratch, ArmcGnuplot *plot, const char *path, char *why,
                       size_t why_size)
{
    for (const char *c = path; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            return fail(why, why_size, "a control character in the picture's name", 0);
    plot->path = armc_arena_strdup(scratch, path);
    plot->temporary = armc_arena_printf(scratch, "%s.part", path);
    plot->script = tmpfile();
    plot->errors = tmpfile();
    if (plot->script != NULL && plot->errors != NULL) {
        write_terminal(plot);
        return 0;
    }
    int error = errno;
    if (plot->script != NULL)
        fclose(plot->script);
    return fail(why, why_size, "can't make a temporary file", error);
}

/* Starts gnuplot with the script as its input; 0 or an errno. Where gnuplot can't open its output
 * it draws on stdout, which is ours. */
static int spawn(const ArmcGnuplot *plot, pid_t *child)
{
    char name[] = "gnuplot", plain[] = "-d"; /* -d: nothing from the user's ~/.gnuplot */
    char *const arguments[] = {name, plain, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, fileno(plot->script), STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, fileno(plot->errors), STDERR_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (error == 0)
        error = posix_spawnp(child, name, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* gnuplot shows the line and a caret before it says what is wrong: its last line is the message. */
static int report_errors(FILE *errors, char *why, size_t size)
{
    char line[256], last[256] = "no reason given";
    rewind(errors);
    while (fgets(line, sizeof line, errors) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            memcpy(last, line, sizeof line);
    }
    snprintf(why, size, "gnuplot failed: %s", last);
    return -1;
}

static int run(const ArmcGnuplot *plot, char *why, size_t size)
{
    pid_t child;
    int status;
    if (fflush(plot->script) != 0 || fseek(plot->script, 0, SEEK_SET) != 0)
        return fail(why, size, "can't write a temporary file", errno);
    int error = spawn(plot, &child);
    if (error != 0)
        return fail(why, size, "can't start gnuplot (Debian: gnuplot-nox)", error);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fail(why, size, "can't wait for gnuplot", errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) /* where spawn can't tell itself */
        return fail(why, size, "can't start gnuplot (Debian: gnuplot-nox)", 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return report_errors(plot->errors, why, size);
}

int armc_gnuplot_end(ArmcGnuplot *plot, char *why, size_t why_size)
{
    int result = run(plot, why, why_size);
    fclose(plot->script);
    fclose(plot->errors);
    if (result == 0 && rename(plot->temporary, plot->path) != 0)
        result = fail(why, why_size, "can't write the picture", errno);
    if (result != 0)
        unlink(plot->temporary);
    return result;
}
