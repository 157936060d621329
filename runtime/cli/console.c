#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/cli/cli.h"

enum { BAR_WIDTH = 24 };
static const double redraw_seconds = 0.1; /* on a terminal */
static const double line_seconds = 30;    /* elsewhere */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void erase_bar(ArmcConsole *console)
{
    if (console->has_bar)
        fputs("\r\033[K", stderr);
    console->has_bar = false;
}

static void result(void *user, const char *text)
{
    erase_bar(user);
    fputs(text, stdout);
    fflush(stdout);
}

static void note(void *user, const char *text)
{
    ArmcConsole *console = user;
    if (console->quiet)
        return;
    erase_bar(console);
    fputs(text, stderr);
}

static void error(void *user, const char *text)
{
    erase_bar(user);
    fputs(text, stderr);
}

static void time_text(double seconds, char text[static 32])
{
    long s = (long)(seconds + 0.5);
    if (seconds < 0 || seconds > 1e7)
        text[0] = '\0';
    else if (s >= 3600)
        snprintf(text, 32, "  %ld:%02ld:%02ld left", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, 32, "  %ld:%02ld left", s / 60, s % 60);
}

static void draw_bar(const char *label, double fraction, const char *left)
{
    char bar[BAR_WIDTH + 1];
    int full = (int)(fraction * BAR_WIDTH + 0.5);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(full > BAR_WIDTH ? BAR_WIDTH : full));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s [%s] %3d %%%s", label, bar, (int)(fraction * 100), left);
    fflush(stderr);
}

static void progress(void *user, const char *label, double fraction, double seconds_left)
{
    ArmcConsole *console = user;
    double time = now();
    if (console->quiet ||
        time - console->drawn < (console->is_terminal ? redraw_seconds : line_seconds))
        return;
    char left[32];
    time_text(seconds_left, left);
    console->drawn = time;
    console->has_bar = console->is_terminal;
    if (console->is_terminal)
        draw_bar(label, fraction, left);
    else
        fprintf(stderr, "%s  %d %%%s\n", label, (int)(fraction * 100), left);
}

static const int signals[] = {SIGINT, SIGTERM};
enum { SIGNALS = 2 };

static void arrive(int number)
{
    (void)number;
}

/* A handler that does nothing and, by SA_RESETHAND, is gone once it was called: that it is gone
 * says that the signal came, in whatever thread, and no variable is needed. The next signal then
 * ends the process as usual. */
static int interrupted(void *user)
{
    ArmcConsole *console = user;
    for (int i = 0; i < SIGNALS && console->signal == 0; i++) {
        struct sigaction action;
        sigaction(signals[i], NULL, &action);
        if (action.sa_handler == SIG_DFL)
            console->signal = signals[i];
    }
    return console->signal != 0;
}

/* A shell's background job ignores SIGINT; it goes on doing so. */
static void set_signals(void (*handler)(int))
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction action;
        sigaction(signals[i], NULL, &action);
        if (action.sa_handler == SIG_IGN)
            continue;
        action =
            (struct sigaction){.sa_handler = handler, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
        sigaction(signals[i], &action, NULL);
    }
}

void armc_console_listen(ArmcConsole *console)
{
    console->signal = 0;
    set_signals(arrive);
}

void armc_console_unlisten(ArmcConsole *console)
{
    console->signal = 0;
    set_signals(SIG_DFL);
}

void armc_console_open(ArmcConsole *console)
{
    armc_console_listen(console);
    signal(SIGXFSZ,
           SIG_IGN); /* a file that may not grow is an error of write, not the end of the process */
    console->is_terminal = isatty(STDERR_FILENO) == 1;
    console->drawn = now();
}

void armc_console_close(ArmcConsole *console)
{
    erase_bar(console);
}

ArmcCallbacks armc_console_callbacks(ArmcConsole *console)
{
    return (ArmcCallbacks){
        .user = console,
        .result = result,
        .note = note,
        .error = error,
        .progress = progress,
        .interrupted = interrupted,
    };
}
