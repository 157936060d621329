/* Products with masked weights leave out what is dead: result and gradients are those of a weight
 * that holds zeros there, for masks of any form. */
#include "tests/unit/lab.h"

#include <string.h>

enum { K = 300, N = 270, BATCH = 5 };

typedef bool (*IsLive)(int row, int column);

static bool upper(int row, int column)
{
    return row * N < column * K;
}
static bool lower(int row, int column)
{
    return row * N > column * K;
}
static bool scattered(int row, int column)
{
    return lab_random(9, (uint64_t)(row * N + column)) > 1;
}
static bool single(int row, int column)
{
    return row == 150 && column == 131;
}
static bool none(int row, int column)
{
    return row < 0 && column < 0;
}

static const char *mask_text(Lab *lab, IsLive is_live)
{
    char *text = ARMC_NEW_ARRAY(lab->arena, char, K *N + 1);
    for (int i = 0; i < K * N; i++)
        text[i] = is_live(i / N, i % N) ? '1' : '0';
    return text;
}

/* The product and its gradients, by x and by the weight. */
static void append_all(Lab *lab, ArmcValue *x, ArmcValue *weight, ArmcValue *dy, ArmcValue **out)
{
    out[0] = LAB(lab, "matmul", NULL, x, weight);
    armc_differentiate(lab->graph, 1, out, &dy, 2, (ArmcValue *[]){x, weight}, out + 1);
    assert_non_null(out[1]);
    assert_non_null(out[2]);
}

static void compare(const LabRun *run, const ArmcValue *a, const ArmcValue *b, const char *mask)
{
    int64_t entries = lab_entries(run, a);
    assert_int_equal(entries, lab_entries(run, b));
    for (int64_t i = 0; i < entries; i++) {
        ArmcReal x = run->of[a->id][i], y = mask && mask[i] == '0' ? 0 : run->of[b->id][i];
        lab_near((double)x, (double)y, 1e-5, 1, "with and without mask", i);
    }
}

static void check(IsLive is_live)
{
    Lab lab;
    lab_open(&lab, BATCH);
    const char *mask = mask_text(&lab, is_live);
    ArmcValue *x = lab_input(&lab, "x", "1x300", 0), *dy = lab_input(&lab, "dy", "1x270", 0);
    ArmcValue *masked = lab_param(&lab, "masked", "300x270", mask);
    ArmcValue *full = lab_param(&lab, "full", "300x270", NULL);
    lab_fill(&lab, x, 1);
    lab_fill(&lab, dy, 2);
    ArmcValue *values[6];
    append_all(&lab, x, masked, dy, values);
    append_all(&lab, x, full, dy, values + 3);
    ArmcOutputs outputs = {values, 6};
    LabRun run = lab_prepare(&lab, &outputs);
    lab_fill(&lab, masked, 3);
    int64_t size;
    ArmcReal *data = lab_data(&lab, masked, &size), *same = lab_data(&lab, full, &size);
    for (int64_t i = 0; i < size; i++)
        same[i] = data[i] = mask[i] == '1' ? data[i] : 0;
    lab_run(&run);
    compare(&run, values[0], values[3], NULL);
    compare(&run, values[1], values[4], NULL);
    compare(&run, values[2], values[5], mask);
    lab_close(&lab);
}

static void test_triangles(void **state)
{
    (void)state;
    check(upper);
    check(lower);
}

static void test_other_forms(void **state)
{
    (void)state;
    check(scattered);
    check(single);
    check(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triangles),
        cmocka_unit_test(test_other_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
