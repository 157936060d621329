/* The tables that the Makefile collects from the rows: sorted, named once, each row says what it
 * is. An op without a probe would escape the generated tests, so it fails here. */
#include "tests/unit/unit.h"

#include <string.h>

#include "runtime/base/embed.h"
#include "runtime/data/dataset.h"
#include "runtime/elaborate/builtin.h"
#include "runtime/elaborate/command.h"
#include "runtime/graph/op.h"
#include "runtime/learn/optim.h"

/* A row names itself as the macro does, follows `previous` in the alphabet, and has one line of
 * documentation. */
static void check_row(const char *previous, const char *name, const char *doc)
{
    assert_non_null(name);
    if (previous && strcmp(previous, name) >= 0) {
        fail_msg("%s stands behind %s", name, previous);
    }
    if (!doc || !doc[0]) {
        fail_msg("%s has no documentation", name);
    }
}

static void test_ops(void **state)
{
    (void)state;
    assert_non_null(armc_ops[0]);
    for (size_t i = 0; armc_ops[i]; i++) {
        const ArmcOp *op = armc_ops[i];
        check_row(i ? armc_ops[i - 1]->name : NULL, op->name, op->doc);
        if (!(op->flags & (ARMC_OP_INTERNAL | ARMC_OP_LEAF)) && !op->probe) {
            fail_msg("%s has no probe", op->name);
        }
    }
}

static void test_distributions(void **state)
{
    (void)state;
    assert_non_null(armc_dists[0]);
    for (size_t i = 0; armc_dists[i]; i++) {
        const ArmcDist *dist = armc_dists[i];
        check_row(i ? armc_dists[i - 1]->name : NULL, dist->name, dist->doc);
        assert_true(dist->width && dist->supports && dist->support && dist->nll && dist->sample);
    }
}

static void test_data_sources(void **state)
{
    (void)state;
    assert_non_null(armc_data_sources[0]);
    for (size_t i = 0; armc_data_sources[i]; i++) {
        const ArmcDataSource *source = armc_data_sources[i];
        check_row(i ? armc_data_sources[i - 1]->name : NULL, source->name, source->doc);
        assert_true(source->open != NULL);
    }
}

static void test_commands(void **state)
{
    (void)state;
    assert_non_null(armc_commands[0]);
    for (size_t i = 0; armc_commands[i]; i++) {
        const ArmcCommand *command = armc_commands[i];
        check_row(i ? armc_commands[i - 1]->name : NULL, command->name, command->doc);
        assert_true(command->run != NULL);
    }
}

static void test_optimizers(void **state)
{
    (void)state;
    assert_non_null(armc_optimizers[0]);
    for (size_t i = 0; armc_optimizers[i]; i++) {
        const ArmcOptimizer *optimizer = armc_optimizers[i];
        check_row(i ? armc_optimizers[i - 1]->name : NULL, optimizer->name, optimizer->doc);
        assert_true(optimizer->step != NULL);
    }
}

static void test_builtins(void **state)
{
    (void)state;
    assert_non_null(armc_builtins[0]);
    for (size_t i = 0; armc_builtins[i]; i++) {
        const ArmcBuiltin *builtin = armc_builtins[i];
        check_row(i ? armc_builtins[i - 1]->name : NULL, builtin->name, builtin->doc);
        assert_true(builtin->call != NULL);
    }
}

static void check_embedded(const ArmcEmbedded *files)
{
    assert_non_null(files[0].name);
    for (size_t i = 0; files[i].name; i++) {
        assert_true(files[i].length > 0);
        assert_int_equal(strlen(files[i].text), files[i].length);
    }
}

static void test_embedded_files(void **state)
{
    (void)state;
    check_embedded(armc_stdlib_files);
    check_embedded(armc_model_files);
    assert_true(strlen(armc_commit) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops),
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_data_sources),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_optimizers),
        cmocka_unit_test(test_builtins),
        cmocka_unit_test(test_embedded_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
