/* The public API as an embedding program uses it, and with every allocation made to fail once. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "include/armc.h"
#include "runtime/learn/session.h"

/* What the session said. */
typedef struct Heard {
    char results[8192], errors[4096];
    int asked; /* `interrupted` was called */
    int stop_after;
} Heard;

static void append(char *to, size_t size, const char *text)
{
    size_t length = strlen(to);
    snprintf(to + length, size - length, "%s", text);
}

static void hear_result(void *user, const char *text)
{
    Heard *heard = user;
    append(heard->results, sizeof heard->results, text);
}

static void hear_error(void *user, const char *text)
{
    Heard *heard = user;
    append(heard->errors, sizeof heard->errors, text);
}

static int interrupted(void *user)
{
    Heard *heard = user;
    return heard->stop_after > 0 && ++heard->asked >= heard->stop_after;
}

static ArmcSession *open_session(Heard *heard)
{
    ArmcOptions options = {.threads = 1};
    ArmcCallbacks callbacks = {
        .user = heard, .result = hear_result, .error = hear_error, .interrupted = interrupted};
    ArmcSession *session = armc_session_new(&options, &callbacks);
    assert_non_null(session);
    return session;
}

static const char script[] = "digits = dataset \"digits8\" limit=30\n"
                             "net = nade hidden=4\n"
                             "train net digits epochs=2 batch=10\n"
                             "eval net digits.test\n"
                             "sample net 3 to=\"a.csv\"\n";

static void write_script(const char *text)
{
    FILE *file = fopen("script.arm", "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void one_session_does_many_things(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_session(&heard);
    write_script(script);
    assert_int_equal(armc_check_file(session, "script.arm", NULL, 0, NULL, 1), ARMC_STATUS_DONE);
    assert_int_equal(armc_run_file(session, "script.arm", NULL, 0), ARMC_STATUS_DONE);
    assert_non_null(strstr(heard.results, "epoch 2/2"));
    assert_string_equal(heard.errors, "");
    const char *words[] = {"2", "to=b.csv"};
    assert_int_equal(armc_command(session, "sample", "net.safetensors", words, 2),
                     ARMC_STATUS_DONE);
    assert_int_equal(armc_command(session, "dataset", "net.safetensors", words, 2),
                     ARMC_STATUS_USAGE);
    assert_int_equal(armc_help(session, "nade", 0), ARMC_STATUS_DONE);
    armc_session_free(session);
}

static void errors_come_through_the_callback(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_session(&heard);
    write_script("net = nad hidden=4\n");
    assert_int_equal(armc_run_file(session, "script.arm", NULL, 0), ARMC_STATUS_WRONG);
    assert_non_null(strstr(heard.errors, "script.arm:1:7: error[E0201]"));
    assert_int_equal(armc_run_file(session, "nothing.arm", NULL, 0), ARMC_STATUS_RESOURCES);
    armc_session_free(session);
}

static void an_interrupt_ends_the_run(void **state)
{
    (void)state;
    Heard heard = {.stop_after = 4};
    ArmcSession *session = open_session(&heard);
    write_script(script);
    assert_int_equal(armc_run_file(session, "script.arm", NULL, 0), ARMC_STATUS_INTERRUPTED);
    assert_null(strstr(heard.results, "epoch 2/2"));
    armc_session_free(session);
}

static void a_training_can_be_stepped(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_session(&heard);
    ArmcStepReport first, later;
    write_script(script);
    assert_int_equal(armc_bench_steps(session, 1, &first), ARMC_STATUS_USAGE);
    assert_int_equal(armc_bench_open(session, "script.arm", NULL, 0), ARMC_STATUS_DONE);
    assert_int_equal(armc_bench_steps(session, 1, &first), ARMC_STATUS_DONE);
    assert_int_equal(armc_bench_save(session, "bench.safetensors"), ARMC_STATUS_DONE);
    assert_int_equal(armc_bench_steps(session, 5, &later), ARMC_STATUS_DONE);
    assert_true(later.loss < first.loss && first.milliseconds > 0);
    armc_session_free(session);
}

/* Whatever allocation fails: status 3, one message, and nothing leaks (the sanitizers watch). */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    write_script(script);
    ArmcResult result = ARMC_STATUS_RESOURCES;
    for (long n = 1; result != ARMC_STATUS_DONE; n++) {
        Heard heard = {0};
        ArmcSession *session = open_session(&heard);
        session->fault.allocations_left = n;
        result = armc_run_file(session, "script.arm", NULL, 0);
        assert_true(result == ARMC_STATUS_RESOURCES || result == ARMC_STATUS_DONE);
        assert_true((strstr(heard.errors, "memory") != NULL) == (result == ARMC_STATUS_RESOURCES));
        /* And the session is as good as new. */
        session->fault.allocations_left = 0;
        assert_int_equal(armc_explain(session, "E0101"), ARMC_STATUS_DONE);
        armc_session_free(session);
        assert_true(n < 100000);
    }
}

/* A few words can ask for gigabytes, or run on: then that is said, and the session is as good as
 * new. */
static void memory_has_a_limit(void **state)
{
    (void)state;
    const char *const greedy[] = {"a = range(100000000)\n",
                                  "repeat 1000 { repeat 900 { a = [1, 2, 3] } }\n"};
    for (size_t i = 0; i < sizeof greedy / sizeof *greedy; i++) {
        Heard heard = {0};
        ArmcOptions options = {.threads = 1, .memory_limit = 4 << 20};
        ArmcCallbacks callbacks = {.user = &heard, .error = hear_error};
        ArmcSession *session = armc_session_new(&options, &callbacks);
        write_script(greedy[i]);
        assert_int_equal(armc_check_file(session, "script.arm", NULL, 0, NULL, 1),
                         ARMC_STATUS_RESOURCES);
        assert_non_null(strstr(heard.errors, "out of memory"));
        write_script("a = range(1000)\n");
        assert_int_equal(armc_check_file(session, "script.arm", NULL, 0, NULL, 1),
                         ARMC_STATUS_DONE);
        armc_session_free(session);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_session_does_many_things),
        cmocka_unit_test(errors_come_through_the_callback),
        cmocka_unit_test(an_interrupt_ends_the_run),
        cmocka_unit_test(a_training_can_be_stepped),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(memory_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
