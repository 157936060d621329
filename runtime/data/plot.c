/* Loss curves by gnuplot: the CSV is read here, so that the script that gnuplot gets holds plain
 * numbers. */
#include "runtime/data/picture.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/file.h"
#include "runtime/data/gnuplot.h"

enum { TRAIN, VALID, TEST, CURVES };

enum {
    DRAWN_POINTS = 2000, /* of a curve: more than a picture can show */
    SMOOTH_SHARE = 40,   /* the smoothed line averages over 1/40 of the points */
    SMOOTH_FROM = 30,    /* points that a curve must have to be smoothed */
    SHOWN_PERCENT = 96,  /* of the training points that the y axis must show */
};

typedef struct Point {
    double step, nats;
} Point;

typedef struct Curve {
    Point *points;
    size_t count, capacity;
} Curve;

/* --- the CSV ------------------------------------------------------------------------------ */

static int curve_of(const char *split, size_t length)
{
    static const char *const names[CURVES] = {"train", "valid", "test"};
    for (int c = 0; c < CURVES; c++)
        if (length >= strlen(names[c]) && strncmp(split, names[c], strlen(names[c])) == 0)
            return c; /* "valid" or "validation" */
    return CURVES;
}

/* The start of a line's next field, or NULL. */
static const char *next_field(const char *at)
{
    at += strcspn(at, ",\n");
    return *at == ',' ? at + 1 : NULL;
}

/* Adds a line "step,epoch,split,nats,…" to its curve; others (comments, names) are left out. */
static void read_line(ArmcArena *scratch, const char *line, Curve curves[])
{
    const char *epoch = next_field(line);
    const char *split = epoch != NULL ? next_field(epoch) : NULL;
    const char *nats = split != NULL ? next_field(split) : NULL;
    char *step_end, *nats_end;
    if (*line == '#' || nats == NULL)
        return;
    int c = curve_of(split, strcspn(split, ","));
    Point point = {strtod(line, &step_end), strtod(nats, &nats_end)};
    if (c == CURVES || step_end == line || nats_end == nats || !isfinite(point.nats))
        return;
    ARMC_PUSH(scratch, curves[c].points, curves[c].count, curves[c].capacity, point);
}

static void read_csv(ArmcArena *scratch, const char *text, Curve curves[])
{
    for (const char *line = text; *line != '\0';) {
        read_line(scratch, line, curves);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

/* --- curves ------------------------------------------------------------------------------- */

/* Means of runs of points, so that at most DRAWN_POINTS are left. */
static Curve thinned(ArmcArena *scratch, const Curve *curve)
{
    size_t run = curve->count / DRAWN_POINTS + 1;
    Curve out = {0};
    for (size_t i = 0; i < curve->count; i += run) {
        size_t n = curve->count - i < run ? curve->count - i : run;
        Point mean = {0};
        for (size_t j = i; j < i + n; j++) {
            mean.step += curve->points[j].step / (double)n;
            mean.nats += curve->points[j].nats / (double)n;
        }
        ARMC_PUSH(scratch, out.points, out.count, out.capacity, mean);
    }
    return out;
}

/* The mean over a window around each point: as many before it as there are, up to `reach`, and at
 * most as many after it. So the steep beginning is not smeared, and the end is calm. */
static Curve smoothed(ArmcArena *scratch, const Curve *curve)
{
    size_t reach = curve->count / (2 * SMOOTH_SHARE) + 1;
    Curve out = {0};
    for (size_t i = 0; i < curve->count; i++) {
        size_t before = i < reach ? i : reach, rest = curve->count - 1 - i;
        size_t after = before < rest ? before : rest;
        Point mean = {.step = curve->points[i].step};
        for (size_t j = i - before; j <= i + after; j++)
            mean.nats += curve->points[j].nats / (double)(before + after + 1);
        ARMC_PUSH(scratch, out.points, out.count, out.capacity, mean);
    }
    return out;
}

static int by_nats(const void *a, const void *b)
{
    const Point *x = a, *y = b;
    return (x->nats > y->nats) - (x->nats < y->nats);
}

/* All that is drawn. */
typedef struct Plot {
    Curve train, smooth, valid, test;
    double low, high; /* of the y axis */
    int64_t variables;
    const char *title;
} Plot;

/* The range of y: all that is drawn of validation and test, and of training all but the first
 * steps' peak, which would press the rest flat. */
static void choose_range(ArmcArena *scratch, Plot *plot)
{
    const Curve *const drawn[] = {&plot->train, &plot->valid, &plot->test};
    plot->low = DBL_MAX;
    plot->high = -DBL_MAX;
    for (int c = 0; c < 3; c++) {
        size_t n = drawn[c]->count;
        if (n == 0)
            continue;
        Point *sorted = ARMC_NEW_ARRAY(scratch, Point, n);
        memcpy(sorted, drawn[c]->points, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_nats);
        size_t last = drawn[c] == &plot->train ? (n - 1) * SHOWN_PERCENT / 100 : n - 1;
        plot->low = fmin(plot->low, sorted[0].nats);
        plot->high = fmax(plot->high, sorted[last].nats);
    }
    double margin = plot->high > plot->low ? 0.05 * (plot->high - plot->low) : 1;
    plot->low -= margin;
    plot->high += margin;
}

/* --- the script --------------------------------------------------------------------------- */

static void write_block(FILE *out, const char *name, const Curve *curve)
{
    fprintf(out, "$%s << END\n", name);
    for (size_t i = 0; i < curve->count; i++)
        fprintf(out, "%.17g %.17g\n", curve->points[i].step, curve->points[i].nats);
    fputs("END\n", out);
}

static void write_axes(FILE *out, const Plot *plot)
{
    fprintf(out,
            "set xlabel 'training step'\n"
            "set ylabel 'negative log-likelihood (nats per example)'\n"
            "set border 3 linecolor '#555555'\n"
            "set tics nomirror out\n"
            "set format x '%%.0f'\n"
            "set grid linetype 1 linewidth 1 linecolor '#e4e4e4'\n"
            "set key top right Left reverse spacing 1.3 samplen 2.5\n"
            "set xrange [0:*]\n"
            "set yrange [%.17g:%.17g]\n",
            plot->low, plot->high);
    double bits = (double)plot->variables * log(2); /* nats of an example at 1 bit a dimension */
    if (plot->variables > 0)
        fprintf(out,
                "set border 11\n"
                "set y2range [%.17g:%.17g]\n"
                "set y2tics out\n"
                "set y2label 'bits per dimension' offset 1,0\n",
                plot->low / bits, plot->high / bits);
}

/* One more curve of the plot command. */
static void write_curve(FILE *out, int *drawn, const Curve *curve, const char *block,
                        const char *label, const char *style)
{
    if (curve->count == 0)
        return;
    fprintf(out, "%s$%s using 1:2 with %s title '%s'", (*drawn)++ == 0 ? "plot " : ", ", block,
            style, label);
}

/* The same with its last value in the legend. */
static void write_result(FILE *out, int *drawn, const Curve *curve, const char *block,
                         const char *name, const char *style)
{
    char label[64];
    if (curve->count == 0)
        return;
    snprintf(label, sizeof label, "%s: %.2f at last", name, curve->points[curve->count - 1].nats);
    write_curve(out, drawn, curve, block, label, style);
}

static void write_curves(FILE *out, const Plot *plot)
{
    int drawn = 0;
    write_block(out, "train", &plot->train);
    write_block(out, "smooth", &plot->smooth);
    write_block(out, "valid", &plot->valid);
    write_block(out, "test", &plot->test);
    write_curve(out, &drawn, &plot->train, "train", "training, minibatches",
                "lines linewidth 1 linecolor '#a3c8e6'");
    write_curve(out, &drawn, &plot->smooth, "smooth", "training, smoothed",
                "lines linewidth 3 linecolor '#1f6fb4'");
    write_result(out, &drawn, &plot->valid, "valid", "validation",
                 "linespoints linewidth 2 linecolor '#d95f02' pointtype 7 pointsize 1");
    write_result(out, &drawn, &plot->test, "test", "test",
                 "linespoints linewidth 2 linecolor '#1b7f5c' pointtype 5 pointsize 1");
    putc('\n', out);
}

static Plot prepare(ArmcArena *scratch, const Curve curves[], const char *title, int64_t variables)
{
    Plot plot = {.valid = curves[VALID], .test = curves[TEST]};
    plot.train = thinned(scratch, &curves[TRAIN]);
    if (plot.train.count >= SMOOTH_FROM)
        plot.smooth = smoothed(scratch, &plot.train);
    choose_range(scratch, &plot);
    plot.title = title;
    plot.variables = variables;
    return plot;
}

/* --- all together ------------------------------------------------------------------------- */

static bool read_curves(ArmcArena *scratch, const char *csv, Curve curves[], char *why,
                        size_t why_size)
{
    size_t length;
    const char *text = armc_file_read(scratch, csv, &length);
    if (text == NULL) {
        snprintf(why, why_size, "can't read `%s`: %s", csv, strerror(errno));
        return false;
    }
    read_csv(scratch, text, curves);
    if (curves[TRAIN].count + curves[VALID].count + curves[TEST].count > 0)
        return true;
    snprintf(why, why_size, "`%s` holds no losses", csv);
    return false;
}

int armc_plot_loss(ArmcArena *scratch, const char *csv, const char *path, const char *title,
                   int64_t variables, char *why, size_t why_size)
{
    Curve curves[CURVES] = {0};
    ArmcGnuplot gnuplot;
    if (!read_curves(scratch, csv, curves, why, why_size))
        return -1;
    const Plot plot = prepare(scratch, curves, title, variables);
    if (armc_gnuplot_begin(scratch, &gnuplot, path, why, why_size) != 0)
        return -1;
    fputs("set title ", gnuplot.script);
    armc_gnuplot_quote(&gnuplot, plot.title);
    fputs(" noenhanced font ',16'\n", gnuplot.script);
    write_axes(gnuplot.script, &plot);
    write_curves(gnuplot.script, &plot);
    return armc_gnuplot_end(&gnuplot, why, why_size);
}
