#define _DEFAULT_SOURCE /* flock */
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/gzip.h"

enum {
    PIPE_BYTES = 16 * 1024 * 1024, /* the most that is read from what has no size */
    LOCK_TRIES = 500,              /* of 10 ms each */
};

/* --- reading ------------------------------------------------------------------------------ */

/* Reads until the end or until `capacity` bytes are there; -1 and errno on failure. */
static ssize_t read_up_to(int descriptor, char *bytes, size_t capacity)
{
    size_t have = 0;
    while (have < capacity) {
        ssize_t got = read(descriptor, bytes + have, capacity - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

char *armc_file_read(ArmcArena *arena, const char *path, size_t *length)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return NULL;
    bool sized = S_ISREG(status.st_mode) && status.st_size > 0; /* /proc says 0 */
    size_t capacity = sized ? (size_t)status.st_size : PIPE_BYTES;
    char *bytes = armc_arena_alloc(arena, capacity + 1, 1); /* before open: a fault leaks no file */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return NULL;
    ssize_t have = read_up_to(descriptor, bytes, capacity);
    int error = have < 0 ? errno : !sized && have == PIPE_BYTES ? EFBIG : 0;
    close(descriptor);
    errno = error;
    if (error != 0)
        return NULL;
    bytes[have] = '\0';
    *length = (size_t)have;
    return bytes;
}

typedef struct Mapping {
    void *bytes;
    size_t length;
} Mapping;

static void unmap(void *context)
{
    Mapping *mapping = context;
    if (mapping->length > 0)
        munmap(mapping->bytes, mapping->length);
}

/* Fills the mapping in; false and errno on failure. An empty file has nothing to map. */
static bool map_descriptor(int descriptor, Mapping *mapping)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return false;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    if (status.st_size == 0)
        return true;
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED)
        return false;
    *mapping = (Mapping){.bytes = bytes, .length = (size_t)status.st_size};
    return true;
}

const unsigned char *armc_file_map(ArmcArena *arena, const char *path, size_t *length)
{
    static const unsigned char nothing[1] = {0};
    Mapping *mapping = ARMC_NEW(arena, Mapping);
    armc_arena_on_free(arena, unmap, mapping);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return NULL;
    bool mapped = map_descriptor(descriptor, mapping);
    int error = errno;
    close(descriptor);
    errno = error;
    if (!mapped)
        return NULL;
    const unsigned char *bytes = mapping->length > 0 ? mapping->bytes : nothing;
    if (armc_is_gzip(bytes, mapping->length)) {
        errno = 0;
        return armc_gunzip(arena, bytes, mapping->length, length);
    }
    *length = mapping->length;
    return bytes;
}

/* --- writing ------------------------------------------------------------------------------ */

_Noreturn static void fail(const ArmcNewFile *file, int error)
{
    armc_fault_raise(file->fault, ARMC_RESOURCE, "can't write `%s`: %s", file->path,
                     error == EWOULDBLOCK ? "another process is writing it" : strerror(error));
}

/* Takes the lock that keeps two writers of one name apart; it goes with the descriptor. */
static bool lock(int descriptor)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

/* Whether the name still leads to the file that we have open: the writer that held the lock before
 * us may have renamed or removed it. */
static bool is_still_there(int descriptor, const char *path)
{
    struct stat ours, named;
    return fstat(descriptor, &ours) == 0 && lstat(path, &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* The temporary has one name, so that what a killed run left behind is used again, not piled up.
 * -1 and errno on failure. */
static int open_temporary(const char *path)
{
    for (;;) {
        int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor < 0)
            return -1;
        bool locked = lock(descriptor);
        if (locked && is_still_there(descriptor, path) && ftruncate(descriptor, 0) == 0)
            return descriptor;
        int error = errno;
        bool again = locked && !is_still_there(descriptor, path);
        close(descriptor);
        errno = error;
        if (!again)
            return -1;
    }
}

void armc_file_create(ArmcArena *scratch, ArmcNewFile *file, const char *path)
{
    *file = (ArmcNewFile){.fault = armc_arena_fault(scratch)};
    file->path = armc_arena_strdup(scratch, path);
    struct stat old;
    bool exists = stat(path, &old) == 0;
    if (exists && access(path, W_OK) != 0)
        fail(file, errno); /* a rename would go over a file that its owner has protected */
    if (!exists || S_ISREG(old.st_mode))
        file->temporary = armc_arena_printf(scratch, "%s.part", path);
    int descriptor = file->temporary != NULL ? open_temporary(file->temporary)
                                             : open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        fail(file, errno);
    if (exists && file->temporary != NULL)
        (void)fchmod(descriptor, old.st_mode & 0777); /* not ours to change: then the default */
    file->stream = fdopen(descriptor, "wb");
    if (file->stream != NULL)
        return;
    int error = errno;
    close(descriptor);
    if (file->temporary != NULL)
        unlink(file->temporary);
    fail(file, error);
}

/* Why writing failed: stdio keeps no reason, so one more byte asks the system again. */
static int reason_of_failure(FILE *stream)
{
    return write(fileno(stream), "", 1) < 0 ? errno : EIO;
}

/* 0, or why the bytes are not on the disk. */
static int flush_to_disk(FILE *stream)
{
    if (ferror(stream))
        return reason_of_failure(stream);
    if (fflush(stream) != 0)
        return errno;
    bool has_disk = fsync(fileno(stream)) == 0 || errno == EINVAL || errno == ENOTSUP;
    return has_disk ? 0 : errno;
}

/* Makes the rename itself last. Some file systems can't: the file is complete all the same. */
static void sync_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    char kept = '\0';
    if (slash != NULL) {
        kept = slash[1];
        slash[1] = '\0';
    }
    int folder = open(slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash != NULL)
        slash[1] = kept;
    if (folder < 0)
        return;
    fsync(folder);
    close(folder);
}

void armc_file_commit(ArmcNewFile *file)
{
    int error = flush_to_disk(file->stream);
    if (error == 0 && file->temporary != NULL && rename(file->temporary, file->path) != 0)
        error = errno;
    if (error != 0) {
        armc_file_drop(file);
        fail(file, error);
    }
    fclose(file->stream); /* only now: the lock goes with it */
    file->stream = NULL;
    if (file->temporary != NULL)
        sync_folder_of(file->path);
}

void armc_file_drop(ArmcNewFile *file)
{
    if (file->stream == NULL)
        return;
    if (file->temporary != NULL)
        unlink(file->temporary);
    fclose(file->stream);
    file->stream = NULL;
}
