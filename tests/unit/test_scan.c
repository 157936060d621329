/* Recurrent cells: the kernels against their definition and against each other, whatever is
 * computed together. What the ops say of themselves is tested by their probes. */
#include <stdbool.h>

#include "tests/unit/kernel_tables.h"

enum { CELLS = 43, UNITS = 37, GATES = 4, FEATURES = 3, ROWS = 50 };

typedef struct Numbers {
    ArmcReal a[CELLS * (FEATURES + UNITS)], reading[FEATURES * GATES * UNITS],
        weight[UNITS * GATES * UNITS], bias[GATES * UNITS], x[ROWS * GATES * UNITS],
        c[ROWS * UNITS], next[ROWS * UNITS], y[ROWS * UNITS], gates[ROWS * GATES * UNITS];
    ArmcReal dy[CELLS * UNITS], dc[CELLS * UNITS], d[CELLS * GATES * UNITS];
    int64_t row[CELLS], before[CELLS];
} Numbers;

static void fill(Numbers *n)
{
    uint32_t seed = 5;
    memset(n, 0, sizeof *n);
    draw(&seed, CELLS * (FEATURES + UNITS), -1, 1, n->a);
    draw(&seed, FEATURES * GATES * UNITS, -1, 1, n->reading);
    draw(&seed, UNITS * GATES * UNITS, -0.3, 0.3, n->weight);
    draw(&seed, GATES * UNITS, -1, 1, n->bias);
    draw(&seed, ROWS * GATES * UNITS, -1, 1, n->x);
    draw(&seed, ROWS * UNITS, -1, 1, n->c);
    draw(&seed, CELLS * UNITS, -1, 1, n->dy);
    draw(&seed, CELLS * UNITS, -1, 1, n->dc);
    for (int64_t r = 0; r < CELLS; r++) {
        n->row[r] = (r * 7) % ROWS;
        n->before[r] = ROWS - 1 - r;
    }
}

static ArmcCells cells_of(Numbers *n)
{
    int64_t gates = GATES * UNITS;
    return (ArmcCells){.m = CELLS,
                       .h = UNITS,
                       .end = UNITS,
                       .row = n->row,
                       .before = n->before,
                       .a = n->a,
                       .lda = FEATURES + UNITS,
                       .product = {{FEATURES, n->reading, gates, UNITS, false},
                                   {UNITS, n->weight, gates, UNITS, false}},
                       .bias = n->bias,
                       .x = n->x,
                       .c = n->c,
                       .next = n->next,
                       .y = n->y,
                       .gates = n->gates,
                       .ldx = gates,
                       .ldc = UNITS,
                       .ldn = UNITS,
                       .ldy = UNITS};
}

static ArmcCellsBack back_of(Numbers *n)
{
    return (ArmcCellsBack){.m = CELLS,
                           .h = UNITS,
                           .row = n->row,
                           .before = n->before,
                           .c = n->c,
                           .gates = n->gates,
                           .from = n->c,
                           .ldf = UNITS,
                           .dy = n->dy,
                           .dc = n->dc,
                           .d = n->d};
}

/* --- against the definition --- */

static double sum_of(const Numbers *n, int64_t r, int64_t column)
{
    double sum = (double)n->bias[column] + (double)n->x[n->row[r] * GATES * UNITS + column];
    const ArmcReal *a = n->a + r * (FEATURES + UNITS);
    for (int64_t i = 0; i < FEATURES; i++)
        sum += (double)a[i] * (double)n->reading[i * GATES * UNITS + column];
    for (int64_t i = 0; i < UNITS; i++)
        sum += (double)a[FEATURES + i] * (double)n->weight[i * GATES * UNITS + column];
    return sum;
}

static double sigmoid_of(double x)
{
    return 1 / (1 + exp(-x));
}

static void near_to(ArmcReal found, double expected)
{
    if (!(fabs((double)found - expected) < (ARMC_REAL_IS_DOUBLE ? 1e-13 : 1e-5)))
        fail_msg("found %.9g, expected %.9g", (double)found, expected);
}

static void lstm_is_its_definition(void **state)
{
    static Numbers n;
    (void)state;
    fill(&n);
    ArmcCells cells = cells_of(&n);
    armc_kernels_choose(NULL)->lstm(&cells);
    for (int64_t r = 0; r < CELLS; r++)
        for (int64_t u = 0; u < UNITS; u++) {
            double i = sigmoid_of(sum_of(&n, r, u)), f = sigmoid_of(sum_of(&n, r, UNITS + u));
            double g = tanh(sum_of(&n, r, 2 * UNITS + u)),
                   o = sigmoid_of(sum_of(&n, r, 3 * UNITS + u));
            double c = f * (double)n.c[n.before[r] * UNITS + u] + i * g;
            near_to(n.next[n.row[r] * UNITS + u], c);
            near_to(n.y[n.row[r] * UNITS + u], o * tanh(c));
            near_to(n.gates[n.row[r] * GATES * UNITS + UNITS + u], f);
        }
}

/* The product with the states alone, with n's bias. */
static double states_of(const Numbers *n, int64_t r, int64_t column)
{
    double sum = (double)n->bias[column];
    const ArmcReal *a = n->a + r * (FEATURES + UNITS);
    for (int64_t i = 0; i < UNITS; i++)
        sum += (double)a[FEATURES + i] * (double)n->weight[i * GATES * UNITS + column];
    return sum;
}

/* Of the four gates' numbers a GRU takes three. */
static void gru_is_its_definition(void **state)
{
    static Numbers n;
    (void)state;
    fill(&n);
    ArmcCells cells = cells_of(&n);
    armc_kernels_choose(NULL)->gru(&cells);
    for (int64_t i = 0; i < CELLS; i++)
        for (int64_t u = 0; u < UNITS; u++) {
            double r = sigmoid_of(sum_of(&n, i, u)), z = sigmoid_of(sum_of(&n, i, UNITS + u));
            double q = states_of(&n, i, 2 * UNITS + u);
            double t = tanh(sum_of(&n, i, 2 * UNITS + u) - q + r * q);
            near_to(n.y[n.row[i] * UNITS + u],
                    (1 - z) * t + z * (double)n.c[n.before[i] * UNITS + u]);
        }
}

/* --- against each other --- */

static void run_both_ways(const ArmcKernels *k, bool gru, Numbers *n)
{
    fill(n);
    ArmcCells cells = cells_of(n);
    ArmcCellsBack cells_back = back_of(n);
    (gru ? k->gru : k->lstm)(&cells);
    (gru ? k->gru_back : k->lstm_back)(&cells_back);
}

static void every_table_has_the_same_bits(void **state)
{
    static Numbers first, other;
    const Tables tables = tables_here();
    (void)state;
    for (int t = 1; t < tables.count; t++)
        for (int gru = 0; gru < 2; gru++) {
            run_both_ways(tables.item[0], gru, &first);
            run_both_ways(tables.item[t], gru, &other);
            assert_same("c", ROWS * UNITS, first.next, other.next);
            assert_same("y", ROWS * UNITS, first.y, other.y);
            assert_same("gates", ROWS * GATES * UNITS, first.gates, other.gates);
            assert_same("d", CELLS * GATES * UNITS, first.d, other.d);
            assert_same("dc", CELLS * UNITS, first.dc, other.dc);
        }
}

/* Cell by cell, and some units at a time: the sampler's way. */
static void run_in_parts(void (*step)(const ArmcCells *), Numbers *n, const ArmcCells *whole)
{
    memset(n->y, 0, sizeof n->y);
    for (int64_t r = 0; r < CELLS; r++)
        for (int64_t u = 0; u < UNITS; u += 5) {
            ArmcCells cells = *whole;
            cells.m = 1;
            cells.row += r;
            cells.before += r;
            cells.a += r * cells.lda;
            cells.begin = u;
            cells.end = u + 5 < UNITS ? u + 5 : UNITS;
            step(&cells);
        }
}

static void parts_have_the_bits_of_the_whole(void **state)
{
    static Numbers whole, parts;
    const ArmcKernels *k = armc_kernels_choose(NULL);
    (void)state;
    for (int gru = 0; gru < 2; gru++) {
        fill(&whole);
        fill(&parts);
        ArmcCells cells = cells_of(&whole);
        (gru ? k->gru : k->lstm)(&cells);
        cells = cells_of(&parts);
        run_in_parts(gru ? k->gru : k->lstm, &parts, &cells);
        assert_same("c", ROWS * UNITS, whole.next, parts.next);
        assert_same("y", ROWS * UNITS, whole.y, parts.y);
        assert_same("gates", ROWS * GATES * UNITS, whole.gates, parts.gates);
    }
}

/* Weights that are packed for all steps. */
static void packed_weights_give_the_same_bits(void **state)
{
    enum { PADDED = (UNITS + ARMC_VIRTUAL_LANES - 1) / ARMC_VIRTUAL_LANES * ARMC_VIRTUAL_LANES };
    static Numbers plain, packed;
    static ArmcReal panels[2][UNITS * GATES * PADDED];
    const Tables tables = tables_here();
    (void)state;
    for (int t = 0; t < tables.count; t++)
        for (int gru = 0; gru < 2; gru++) {
            const ArmcKernels *k = tables.item[t];
            fill(&plain);
            fill(&packed);
            ArmcCells cells = cells_of(&plain), with = cells_of(&packed);
            for (int i = 0; i < 2; i++)
                with.product[i] = k->pack_cells(&with.product[i], UNITS, gru ? 3 : 4, panels[i]);
            (gru ? k->gru : k->lstm)(&cells);
            (gru ? k->gru : k->lstm)(&with);
            assert_same("c", ROWS * UNITS, plain.next, packed.next);
            assert_same("y", ROWS * UNITS, plain.y, packed.y);
            run_in_parts(gru ? k->gru : k->lstm, &packed, &with);
            assert_same("y in parts", ROWS * UNITS, plain.y, packed.y);
        }
}

/* Without a cell before, c is 0. */
static void the_first_step_has_no_state(void **state)
{
    static Numbers none, zero;
    const ArmcKernels *k = armc_kernels_choose(NULL);
    (void)state;
    fill(&none);
    fill(&zero);
    memset(zero.c, 0, sizeof zero.c);
    ArmcCells cells = cells_of(&none), with_zeros = cells_of(&zero);
    cells.before = NULL;
    k->lstm(&cells);
    k->lstm(&with_zeros);
    assert_same("y", ROWS * UNITS, none.y, zero.y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lstm_is_its_definition),
        cmocka_unit_test(gru_is_its_definition),
        cmocka_unit_test(every_table_has_the_same_bits),
        cmocka_unit_test(parts_have_the_bits_of_the_whole),
        cmocka_unit_test(packed_weights_give_the_same_bits),
        cmocka_unit_test(the_first_step_has_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
