/* The words of `train`, and metrics. Optimisers and schedules have tests of their own; training as
 * a whole is tested by tests/cli. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "runtime/base/file.h"
#include "runtime/elaborate/command.h"
#include "runtime/learn/metrics.h"
#include "runtime/learn/optim.h"
#include "runtime/learn/schedule.h"

typedef struct World {
    ArmcFault fault;
    jmp_buf where;
    ArmcArena *arena;
} World;

static World *open_world(void)
{
    World *world = calloc(1, sizeof *world);
    world->fault.where = &world->where;
    if (setjmp(world->where) != 0)
        fail_msg("%s", world->fault.message);
    world->arena = armc_arena_new(&world->fault);
    return world;
}

static void close_world(World *world)
{
    armc_arena_free(world->arena);
    free(world);
}

/* A word list stands in the argument of `train`; each word must have its row, and each row its
 * word. */
static void every_word_of_train_has_a_row(void **state)
{
    (void)state;
    const ArmcCommand *const *train = armc_commands;
    while (strcmp((*train)->name, "train") != 0)
        train++;
    for (const ArmcSpec *spec = (*train)->args; spec->kind != ARMC_SPEC_END; spec++) {
        if (strcmp(spec->name, "optimizer") != 0 && strcmp(spec->name, "schedule") != 0)
            continue;
        char words[100], *rest = NULL;
        snprintf(words, sizeof words, "%s", spec->symbols);
        for (char *word = strtok_r(words, "|", &rest); word != NULL;
             word = strtok_r(NULL, "|", &rest))
            assert_true(armc_optimizer_find(word) != NULL || armc_schedule_find(word) != NULL);
        if (strcmp(spec->name, "optimizer") == 0)
            for (const ArmcOptimizer *const *row = armc_optimizers; *row != NULL; row++)
                assert_non_null(strstr(spec->symbols, (*row)->name));
    }
}

static void metrics_are_continued_with_their_seconds(void **state)
{
    (void)state;
    World *world = open_world();
    ArmcMetrics *first = armc_metrics_new(world->arena, 10, "m.csv", "# one\n");
    armc_metrics_rewrite(world->arena, first);
    for (uint64_t step = 1; step <= 250; step++) /* more than a batch: the file grows in between */
        armc_metrics_add(first,
                         (ArmcMetric){step, 1, ARMC_TRAIN, 3.5 + (double)step, (double)step / 10});
    armc_metrics_flush(first);

    ArmcMetrics *second = armc_metrics_new(world->arena, 10, "m.csv", "# two\n");
    for (uint64_t step = 1; step <= 200; step++)
        armc_metrics_add(second, (ArmcMetric){step, 1, ARMC_TRAIN, 3.5 + (double)step, -1});
    second->flushed = second->count;
    armc_metrics_take_seconds(world->arena, second);
    assert_string_equal(second->head, "# one\n");
    assert_true(armc_metrics_seconds(second) == 20);
    armc_metrics_rewrite(world->arena, second);
    size_t length;
    const char *text = armc_file_read(world->arena, "m.csv", &length);
    assert_non_null(strstr(text, "\n200,1,train,203.500000,293.588441,29.358844,20.000\n"));
    assert_null(strstr(text, "\n201,"));
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_of_train_has_a_row),
        cmocka_unit_test(metrics_are_continued_with_their_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
