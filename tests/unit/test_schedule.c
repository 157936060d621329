/* Schedules: values known from their formulas. */
#include <math.h>

#include "tests/unit/unit.h"

#include "runtime/learn/power.h"
#include "runtime/learn/schedule.h"

static double share(const char *name, const ArmcCourse *course, uint64_t step)
{
    return armc_schedule_share(armc_schedule_find(name), course, step);
}

static void constant_and_cosine(void **state)
{
    (void)state;
    ArmcCourse course = {.steps = 100};
    for (uint64_t step = 0; step < 100; step++) {
        double angle = 3.14159265358979 * (double)step / 100;
        assert_true(fabs(share("cosine", &course, step) - 0.5 * (1 + cos(angle))) < 1e-11);
        assert_true(share("constant", &course, step) == 1);
    }
}

static void step_falls_at_once_and_exponential_evenly(void **state)
{
    (void)state;
    ArmcCourse course = {.steps = 1000, .period = 30, .factor = 0.3};
    for (uint64_t step = 0; step < 1000; step++) {
        double stairs = pow(0.3, floor((double)step / 30));
        assert_true(fabs(share("step", &course, step) / stairs - 1) < 1e-13);
        double even = pow(0.3, (double)step / 30);
        assert_true(fabs(share("exponential", &course, step) / even - 1) < 1e-13);
    }
    assert_true(share("step", &course, 29) == 1);
    assert_true(share("step", &course, 30) == 0.3);
}

static void warm_up_rises_to_where_the_schedule_begins(void **state)
{
    (void)state;
    static const char *const names[] = {"constant", "cosine", "step", "exponential"};
    ArmcCourse warm = {.steps = 110, .warmup = 10, .period = 30, .factor = 0.3};
    ArmcCourse cold = {.steps = 100, .period = 30, .factor = 0.3};
    for (int i = 0; i < 4; i++) {
        for (uint64_t step = 0; step < 10; step++)
            assert_true(fabs(share(names[i], &warm, step) - (double)(step + 1) / 10) < 1e-15);
        for (uint64_t step = 0; step < 100; step++)
            assert_true(share(names[i], &warm, step + 10) == share(names[i], &cold, step));
    }
    ArmcCourse short_one = {.steps = 5, .warmup = 10};
    assert_true(share("cosine", &short_one, 4) == 0.5);
}

static void powers(void **state)
{
    (void)state;
    assert_true(armc_power_whole(0.9, 0) == 1);
    assert_true(fabs(armc_power_whole(0.999, 1000) - pow(0.999, 1000)) < 1e-14);
    assert_true(armc_power_fraction(0.5, 0) == 1);
    assert_true(armc_power_fraction(0.25, 0.5) == 0.5);
    for (double f = 0.01; f < 1; f += 0.07)
        assert_true(fabs(armc_power_fraction(1e-6, f) / pow(1e-6, f) - 1) < 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_and_cosine),
        cmocka_unit_test(step_falls_at_once_and_exponential_evenly),
        cmocka_unit_test(warm_up_rises_to_where_the_schedule_begins),
        cmocka_unit_test(powers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
