/* The prompt through the public API: what stays of a statement and what does not, completion, and
 * every allocation made to fail once. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "include/armc.h"
#include "runtime/learn/session.h"

typedef struct Heard {
    char notes[8192], errors[4096], words[8192];
} Heard;

static void append(char *to, size_t size, const char *text)
{
    size_t length = strlen(to);
    snprintf(to + length, size - length, "%s", text);
}

static void hear_note(void *user, const char *text)
{
    Heard *heard = user;
    append(heard->notes, sizeof heard->notes, text);
}

static void hear_error(void *user, const char *text)
{
    Heard *heard = user;
    append(heard->errors, sizeof heard->errors, text);
}

static ArmcSession *open_prompt(Heard *heard)
{
    ArmcOptions options = {.threads = 1};
    ArmcCallbacks callbacks = {.user = heard, .note = hear_note, .error = hear_error};
    ArmcSession *session = armc_session_new(&options, &callbacks);
    assert_non_null(session);
    assert_int_equal(armc_prompt_open(session), ARMC_STATUS_DONE);
    return session;
}

static void type(ArmcSession *session, const char *text)
{
    assert_int_equal(armc_prompt_run(session, text), ARMC_STATUS_DONE);
}

static void mistype(ArmcSession *session, const char *text)
{
    assert_int_equal(armc_prompt_run(session, text), ARMC_STATUS_WRONG);
}

/* The notes since the last call. */
static bool hears(Heard *heard, const char *text)
{
    bool found = strstr(heard->notes, text) != NULL;
    heard->notes[0] = '\0';
    return found;
}

static void nothing_stays_of_a_mistake(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_prompt(&heard);
    type(session, "input x 4 levels=2");
    type(session, "x | as_features | masked_dense 4 mask=outer(range(4), range(4), less)");
    mistype(session, "dense 3 | relu | nosuch");
    mistype(session, "a = 3 + \"text\"");
    mistype(session, "a");
    mistype(session, "x ~ categorical"); /* it wants 8 numbers */
    heard.notes[0] = '\0';
    type(session, "x ~ bernoulli");
    assert_true(hears(&heard, "proved; 4 variables of 2 levels, 10 live parameters"));
    armc_session_free(session);
}

static void a_line_amends_the_last_statement(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_prompt(&heard);
    mistype(session, "| relu"); /* there is nothing to amend */
    type(session, "input x 4 levels=2\nh = x | scale");
    heard.notes[0] = '\0';
    type(session, "| dense 3");
    assert_null(strstr(heard.notes, "scale")); /* that was shown before */
    assert_true(hears(&heard, "4x3"));
    mistype(session, "| nosuch");
    type(session, "| dense 5");
    type(session, "h");
    assert_true(hears(&heard, "4x5"));
    type(session, "if 1 > 2 { n = 1 }");
    type(session, "else { n = 2 }");
    heard.notes[0] = '\0';
    type(session, "n");
    assert_true(hears(&heard, "  2\n"));
    armc_session_free(session);
}

static void a_definition_may_be_given_anew(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_prompt(&heard);
    type(session, "block f(it) { dense 2 }");
    type(session, "input x 4 levels=2");
    type(session, "h = x | scale | f");
    type(session, "block f(it) { dense 7 }");
    heard.notes[0] = '\0';
    type(session, "h");
    assert_true(hears(&heard, "4x7"));
    mistype(session, "block f(it) { dense 7 | nosuch }");
    type(session, "h");
    assert_true(hears(&heard, "4x7"));
    armc_session_free(session);
}

static void it_knows_what_is_unfinished(void **state)
{
    (void)state;
    Heard heard = {0};
    ArmcSession *session = open_prompt(&heard);
    assert_true(armc_prompt_is_unfinished(session, "repeat 3 {\n"));
    assert_true(armc_prompt_is_unfinished(session, "a = [1,\n"));
    assert_false(armc_prompt_is_unfinished(session, "repeat 3 { relu }\n"));
    assert_false(armc_prompt_is_unfinished(session, "a = 1)\n"));
    armc_session_free(session);
}

/* --- completion --- */

static void hear_word(void *user, const char *word)
{
    Heard *heard = user;
    append(heard->words, sizeof heard->words, " ");
    append(heard->words, sizeof heard->words, word);
}

/* The words that complete the text, each after a space. */
static const char *complete(ArmcSession *session, Heard *heard, const char *text, int *is_string)
{
    heard->words[0] = '\0';
    armc_prompt_complete(session, text, hear_word, heard, is_string);
    return heard->words;
}

static void names_are_completed(void **state)
{
    (void)state;
    Heard heard = {0};
    int is_string;
    ArmcSession *session = open_prompt(&heard);
    type(session, "block my_own(it, waxes = 3, kind: soft | hard = soft) { relu }");
    assert_string_equal(complete(session, &heard, "x | my_", &is_string), " my_own");
    assert_string_equal(complete(session, &heard, "x | my_own wax", &is_string), " waxes=");
    assert_string_equal(complete(session, &heard, "x | my_own kind=", &is_string), " soft hard");
    assert_string_equal(complete(session, &heard, "x | site_dense 3 bia", &is_string), " bias=");
    assert_string_equal(complete(session, &heard, "train net digits optimizer=sg", &is_string),
                        " sgd");
    assert_string_equal(complete(session, &heard, "train net digits schedule=cos", &is_string),
                        " cosine");
    assert_string_equal(complete(session, &heard, "h = masked_dense(x, 3, sca", &is_string),
                        " scale=");
    assert_string_equal(complete(session, &heard, "retu", &is_string), " return");
    assert_string_equal(complete(session, &heard, "categ", &is_string), " categorical");
    assert_string_equal(complete(session, &heard, "zzz", &is_string), "");
    assert_false(is_string);
    assert_string_equal(complete(session, &heard, "d = dataset \"digi", &is_string), " digits8");
    assert_true(is_string);
    armc_session_free(session);
}

/* --- memory --- */

static const char *const statements[] = {
    "input x 4 levels=2\n",        "block f(it) { dense 2 }\n",
    "x | as_features | dense 3\n", "| f\n",
    "block f(it) { dense 3 }\n",   "nosuch\n",
    "x | scale | shift 1 | f;",    "dense 1; x ~ bernoulli\n",
};

/* After a statement that failed for lack of memory the prompt is as it was before it. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 1;; n += 1 + n / 16) {
        Heard heard = {0};
        ArmcSession *session = open_prompt(&heard);
        session->fault.allocations_left = n;
        for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
            ArmcResult result = armc_prompt_run(session, statements[i]);
            if (result == ARMC_STATUS_RESOURCES)
                result = armc_prompt_run(session, statements[i]);
            assert_int_equal(result, i == 5 ? ARMC_STATUS_WRONG : ARMC_STATUS_DONE);
        }
        bool is_over = session->fault.allocations_left > 0;
        armc_session_free(session);
        if (is_over)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_stays_of_a_mistake),
        cmocka_unit_test(a_line_amends_the_last_statement),
        cmocka_unit_test(a_definition_may_be_given_anew),
        cmocka_unit_test(it_knows_what_is_unfinished),
        cmocka_unit_test(names_are_completed),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
