/* Whole reads, maps, gzip, and files that appear complete or not at all. */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "runtime/base/file.h"

static ArmcFault fault;
static jmp_buf jump;
static ArmcArena *arena;

static int open_arena(void **state)
{
    (void)state;
    fault = (ArmcFault){.where = &jump};
    arena = armc_arena_new(&fault);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    armc_arena_free(arena);
    return 0;
}

static void put(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void put_gzip(const char *path, const char *mode, const char *text)
{
    gzFile file = gzopen(path, mode);
    assert_non_null(file);
    assert_true(gzputs(file, text) >= 0);
    assert_int_equal(gzclose(file), Z_OK);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void assert_file_is(const char *path, const char *text)
{
    size_t length;
    char *bytes = armc_file_read(arena, path, &length);
    assert_non_null(bytes);
    assert_int_equal(length, strlen(text));
    assert_string_equal(bytes, text);
}

/* --- reading ------------------------------------------------------------------------------ */

static void reads_a_whole_file(void **state)
{
    (void)state;
    size_t length;
    put("plain", "one\0two", 7);
    char *bytes = armc_file_read(arena, "plain", &length);
    assert_int_equal(length, 7);
    assert_memory_equal(bytes, "one\0two", 8);
    put("empty", "", 0);
    assert_file_is("empty", "");
}

static void reads_what_has_no_size(void **state)
{
    (void)state;
    size_t length;
    char *bytes = armc_file_read(arena, "/proc/self/cmdline", &length);
    assert_non_null(bytes);
    assert_true(length > 0);
}

static void says_why_a_file_is_not_read(void **state)
{
    (void)state;
    size_t length;
    assert_null(armc_file_read(arena, "missing", &length));
    assert_int_equal(errno, ENOENT);
    assert_null(armc_file_read(arena, ".", &length));
    assert_int_equal(errno, EISDIR);
    assert_null(armc_file_map(arena, "missing", &length));
    assert_int_equal(errno, ENOENT);
    assert_null(armc_file_map(arena, ".", &length));
    assert_int_equal(errno, EISDIR);
}

static void maps_a_file(void **state)
{
    (void)state;
    size_t length;
    put("plain", "bytes", 5);
    const unsigned char *bytes = armc_file_map(arena, "plain", &length);
    assert_int_equal(length, 5);
    assert_memory_equal(bytes, "bytes", 5);
    put("empty", "", 0);
    assert_non_null(armc_file_map(arena, "empty", &length));
    assert_int_equal(length, 0);
}

static void unpacks_all_members_of_a_gzip_file(void **state)
{
    (void)state;
    size_t length;
    put_gzip("two.gz", "wb", "first,");
    put_gzip("two.gz", "ab", "second");
    const unsigned char *bytes = armc_file_map(arena, "two.gz", &length);
    assert_int_equal(length, 12);
    assert_memory_equal(bytes, "first,second", 13);
}

/* Cut off anywhere or with one bit changed in the data, it is refused or gives the same bytes. */
static void refuses_damaged_gzip(void **state)
{
    (void)state;
    size_t length, unpacked;
    put_gzip("whole.gz", "wb", "some text that is some text");
    char *whole = armc_file_read(arena, "whole.gz", &length);
    for (size_t n = 2; n < length; n++) {
        put("cut.gz", whole, n);
        errno = ENOENT;
        assert_null(armc_file_map(arena, "cut.gz", &unpacked));
        assert_int_equal(errno, 0);
    }
    whole[length - 6] ^= 1; /* in the checksum */
    put("bad.gz", whole, length);
    assert_null(armc_file_map(arena, "bad.gz", &unpacked));
}

/* --- writing ------------------------------------------------------------------------------ */

static void appears_on_commit_only(void **state)
{
    (void)state;
    ArmcNewFile file;
    put("out", "old", 3);
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_file_create(arena, &file, "out");
    fputs("new text", file.stream);
    fflush(file.stream);
    assert_file_is("out", "old");
    armc_file_commit(&file);
    assert_file_is("out", "new text");
    assert_false(exists("out.part"));
}

static void drop_leaves_the_old_file(void **state)
{
    (void)state;
    ArmcNewFile file;
    put("out", "old", 3);
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_file_create(arena, &file, "out");
    fputs("new", file.stream);
    armc_file_drop(&file);
    assert_file_is("out", "old");
    assert_false(exists("out.part"));
}

static void takes_over_what_a_killed_run_left(void **state)
{
    (void)state;
    ArmcNewFile file;
    put("out.part", "half of something long", 22);
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_file_create(arena, &file, "out");
    fputs("new", file.stream);
    armc_file_commit(&file);
    assert_file_is("out", "new");
}

static void keeps_the_mode_of_the_old_file(void **state)
{
    (void)state;
    ArmcNewFile file;
    struct stat status;
    put("out", "old", 3);
    chmod("out", 0640);
    if (setjmp(jump) != 0)
        fail_msg("%s", fault.message);
    armc_file_create(arena, &file, "out");
    armc_file_commit(&file);
    assert_int_equal(stat("out", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void a_missing_folder_is_a_fault(void **state)
{
    (void)state;
    ArmcNewFile file;
    if (setjmp(jump) == 0) {
        armc_file_create(arena, &file, "no/such/folder/out");
        fail();
    }
    assert_int_equal(fault.status, ARMC_RESOURCE);
    assert_string_equal(fault.message,
                        "can't write `no/such/folder/out`: No such file or directory");
}

static void a_folder_in_the_way_is_a_fault(void **state)
{
    (void)state;
    ArmcNewFile file;
    mkdir("folder", 0777);
    if (setjmp(jump) == 0) {
        armc_file_create(arena, &file, "folder");
        fail();
    }
    assert_string_equal(fault.message, "can't write `folder`: Is a directory");
    assert_false(exists("folder.part"));
}

static void a_full_device_is_a_fault(void **state)
{
    (void)state;
    ArmcNewFile file;
    if (!exists("/dev/full"))
        skip();
    if (setjmp(jump) == 0) {
        armc_file_create(arena, &file, "/dev/full");
        fputs("text", file.stream);
        armc_file_commit(&file);
        fail();
    }
    assert_string_equal(fault.message, "can't write `/dev/full`: No space left on device");
    assert_true(exists("/dev/full"));
}

/* Runs in a child: the limit can't be lifted again. */
static void write_beyond_limit(size_t length)
{
    const struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    ArmcNewFile file;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (setjmp(jump) != 0)
        _exit(strcmp(fault.message, "can't write `out`: File too large") == 0 ? 42 : 1);
    armc_file_create(arena, &file, "out");
    for (size_t i = 0; i < length; i++)
        putc('x', file.stream);
    armc_file_commit(&file);
    _exit(0);
}

static void a_disk_that_fills_up_leaves_the_old_file(void **state)
{
    (void)state;
    const size_t lengths[] = {1001, 100 * 1000}; /* fails in commit's flush; long before it */
    for (size_t i = 0; i < 2; i++) {
        int status;
        put("out", "old", 3);
        pid_t child = fork();
        if (child == 0)
            write_beyond_limit(lengths[i]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
        assert_file_is("out", "old");
        assert_false(exists("out.part"));
    }
}

static void write_letters(char letter)
{
    if (setjmp(jump) != 0)
        _exit(1);
    for (int round = 0; round < 20; round++) {
        ArmcNewFile file;
        armc_file_create(arena, &file, "shared");
        for (int i = 0; i < 5000; i++)
            putc(letter, file.stream);
        armc_file_commit(&file);
    }
    _exit(0);
}

/* Two processes write one name at once: what stands there is whole, and of one of them. */
static void two_writers_do_not_mix(void **state)
{
    (void)state;
    pid_t children[2];
    for (int i = 0; i < 2; i++)
        if ((children[i] = fork()) == 0)
            write_letters((char)('a' + i));
    for (int i = 0; i < 2; i++) {
        int status;
        waitpid(children[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    size_t length;
    const char *text = armc_file_read(arena, "shared", &length);
    assert_non_null(text);
    assert_int_equal(length, 5000);
    assert_int_equal(strspn(text, (char[]){text[0], '\0'}), 5000);
    assert_false(exists("shared.part"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        TEST(reads_a_whole_file),
        TEST(reads_what_has_no_size),
        TEST(says_why_a_file_is_not_read),
        TEST(maps_a_file),
        TEST(unpacks_all_members_of_a_gzip_file),
        TEST(refuses_damaged_gzip),
        TEST(appears_on_commit_only),
        TEST(drop_leaves_the_old_file),
        TEST(takes_over_what_a_killed_run_left),
        TEST(keeps_the_mode_of_the_old_file),
        TEST(a_missing_folder_is_a_fault),
        TEST(a_folder_in_the_way_is_a_fault),
        TEST(a_full_device_is_a_fault),
        TEST(a_disk_that_fills_up_leaves_the_old_file),
        TEST(two_writers_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
