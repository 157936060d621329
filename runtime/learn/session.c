#define _POSIX_C_SOURCE 200809L
#include "runtime/learn/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/embed.h"

ArmcArena *armc_scratch_begin(ArmcSession *session)
{
    ARMC_ASSERT(session->scratch_depth < ARMC_SCRATCH_DEPTH);
    ArmcArena *arena = armc_arena_new(&session->fault);
    session->scratch[session->scratch_depth++] = arena;
    return arena;
}

void armc_scratch_end(ArmcSession *session)
{
    ARMC_ASSERT(session->scratch_depth > 0);
    armc_arena_free(session->scratch[--session->scratch_depth]);
}

ArmcPool *armc_session_pool(ArmcSession *session)
{
    if (session->pool == NULL)
        session->pool = armc_pool_new(&session->fault, session->options.threads);
    return session->pool;
}

static const char *format_text(ArmcSession *session, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static const char *format_text(ArmcSession *session, const char *format, va_list args)
{
    ArmcArena *scratch = armc_scratch_begin(session);
    session->buf.length = 0;
    armc_buf_puts(&session->buf, armc_arena_vprintf(scratch, format, args));
    armc_scratch_end(session);
    return session->buf.data;
}

void armc_say_result(ArmcSession *session, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(session, format, args);
    va_end(args);
    if (session->out.result != NULL)
        session->out.result(session->out.user, text);
}

void armc_say_note(ArmcSession *session, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(session, format, args);
    va_end(args);
    if (session->out.note != NULL)
        session->out.note(session->out.user, text);
}

void armc_say_progress(ArmcSession *session, double fraction, double left, const char *format, ...)
{
    if (session->out.progress == NULL)
        return;
    char label[160]; /* called after every step: no allocation here */
    va_list args;
    va_start(args, format);
    vsnprintf(label, sizeof label, format, args);
    va_end(args);
    session->out.progress(session->out.user, label, fraction, left);
}

bool armc_session_is_interrupted(ArmcSession *session)
{
    if (!session->interrupted && session->out.interrupted != NULL)
        session->interrupted = session->out.interrupted(session->out.user) != 0;
    return session->interrupted;
}

double armc_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double armc_peak_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024; /* Linux counts in KB */
}

int64_t armc_machine_memory(void)
{
    return (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
}

/* The model name of the processor, as Linux tells it. */
static const char *cpu_name(ArmcArena *arena)
{
    char line[256];
    const char *name = "unknown";
    FILE *info = fopen("/proc/cpuinfo", "r");
    if (info == NULL)
        return name;
    while (fgets(line, sizeof line, info) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        name = colon + 1 + strspn(colon + 1, " ");
        break;
    }
    fclose(info);
    return armc_arena_strdup(arena, name);
}

const char *armc_session_describe_run(ArmcSession *session, const char *data)
{
    return armc_arena_printf(session->run,
                             "# commit: %s\n# command: %s\n# seed: %llu\n# data: %s\n# cpu: %s\n# "
                             "kernels: %s\n# blas: %s\n",
                             armc_commit, session->options.command,
                             (unsigned long long)session->options.seed, data,
                             cpu_name(session->run), session->kernels->name,
                             session->options.exact ? "none (exact)" : armc_blas_name());
}

const char *armc_bytes_text(int64_t bytes, char text[static 32])
{
    double mb = (double)bytes / (1024.0 * 1024.0);
    snprintf(text, 32, mb < 10000 ? "%.1f MB" : "%.1f GB", mb < 10000 ? mb : mb / 1024);
    return text;
}

static const char *folder_of(ArmcArena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return ".";
    return slash == path ? "/" : armc_arena_strndup(arena, path, (size_t)(slash - path));
}

/* Why a file can't be made there; NULL if it can. */
static const char *why_unwritable(ArmcArena *arena, const char *path)
{
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return strerror(EISDIR);
    if (access(folder_of(arena, path), W_OK) != 0)
        return strerror(errno);
    return NULL;
}

bool armc_check_writable(ArmcSession *session, const ArmcOrigin *origin, const char *path)
{
    if (!session->writes)
        return true;
    ArmcArena *scratch = armc_scratch_begin(session);
    const char *why = why_unwritable(scratch, path);
    if (why != NULL) {
        ArmcDiag *diag = armc_diag_add(session->diags, ARMC_E_unwritable, origin,
                                       "cannot write `%s`: %s", path, why);
        armc_diag_help(diag, "the folder of `to` must exist and be writable");
    }
    armc_scratch_end(session);
    return why == NULL;
}

bool armc_path_has_ending(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

/* The ending is what follows the last dot of the file's name. */
const char *armc_path_with_ending(ArmcArena *arena, const char *path, const char *ending)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - path) : strlen(path);
    return armc_arena_printf(arena, "%.*s%s", (int)stem, path, ending);
}
