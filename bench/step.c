/* step SCRIPT [--threads N] [option=value …]: steps of the script's first training, on command over
 * stdin. The lines and their answers are described in bench/nade.py. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/armc.h"

enum { MOST_WORDS = 32, LINE = 4096 };

static void keep(void *user, const char *text)
{
    snprintf(user, LINE, "%s", text);
}

static void print_error(void *user, const char *text)
{
    (void)user;
    fputs(text, stderr);
}

static bool save(ArmcSession *session, const char *path)
{
    bool done = armc_bench_save(session, path) == ARMC_STATUS_DONE;
    if (done)
        puts("ok");
    return done;
}

static bool step(ArmcSession *session, int64_t steps)
{
    ArmcStepReport report;
    bool done = armc_bench_steps(session, steps, &report) == ARMC_STATUS_DONE;
    if (done)
        printf("ms %.3f loss %.6f peak_mb %.1f\n", report.milliseconds, report.loss,
               report.peak_mb);
    return done;
}

static bool answer(ArmcSession *session, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "save ", 5) == 0)
        return save(session, line + 5);
    if (strncmp(line, "step ", 5) == 0)
        return step(session, strtoll(line + 5, NULL, 10));
    return false;
}

static int serve(ArmcSession *session)
{
    char line[LINE];
    while (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "quit\n") != 0) {
        if (!answer(session, line))
            return EXIT_FAILURE;
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    ArmcOptions options = {.cpu = getenv("ARMC_CPU"), .conv = getenv("ARMC_CONV")};
    const char *words[MOST_WORDS];
    size_t count = 0;
    for (int i = 2; i < argc && count < MOST_WORDS; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            options.threads = atoi(argv[++i]);
        else
            words[count++] = argv[i];
    }
    char version[LINE] = "";
    ArmcCallbacks callbacks = {.user = version, .result = keep, .error = print_error};
    ArmcSession *session = argc > 1 ? armc_session_new(&options, &callbacks) : NULL;
    if (session == NULL || armc_version(session) != ARMC_STATUS_DONE ||
        armc_bench_open(session, argv[1], words, count) != ARMC_STATUS_DONE)
        return EXIT_FAILURE;
    printf("ready %s", version);
    fflush(stdout);
    int status = serve(session);
    armc_session_free(session);
    return status;
}
