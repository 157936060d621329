#include "runtime/learn/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/file.h"

enum { BATCH = 100 }; /* rows that wait for the file at most */

static const char columns[] = "step,epoch,split,nats,bits,bits_per_dim,seconds\n";

const char *armc_split_name(ArmcSplit split)
{
    static const char *const names[ARMC_SPLITS] = {"train", "validation", "test"};
    return names[split];
}

double armc_bits(double nats)
{
    return nats / 0.69314718055994530942;
}

ArmcMetrics *armc_metrics_new(ArmcArena *arena, int64_t variables, const char *path,
                              const char *head)
{
    ArmcMetrics *metrics = ARMC_NEW(arena, ArmcMetrics);
    metrics->arena = arena;
    metrics->variables = variables;
    metrics->path = path;
    metrics->head = head;
    return metrics;
}

void armc_metrics_add(ArmcMetrics *metrics, ArmcMetric row)
{
    ARMC_PUSH(metrics->arena, metrics->rows, metrics->count, metrics->capacity, row);
    if (metrics->path != NULL && metrics->count - metrics->flushed >= BATCH)
        armc_metrics_flush(metrics);
}

void armc_metrics_set_train(ArmcMetrics *metrics, uint64_t epoch, double nats)
{
    while (metrics->epochs < epoch)
        ARMC_PUSH(metrics->arena, metrics->train, metrics->epochs, metrics->epoch_capacity, -1);
    metrics->train[epoch - 1] = nats;
}

static void write_row(const ArmcMetrics *metrics, const ArmcMetric *row, FILE *stream)
{
    double bits = armc_bits(row->nats);
    fprintf(stream, "%llu,%llu,%s,%.6f,%.6f,%.6f,", (unsigned long long)row->step,
            (unsigned long long)row->epoch, armc_split_name(row->split), row->nats, bits,
            bits / (double)metrics->variables);
    if (row->seconds >= 0)
        fprintf(stream, "%.3f", row->seconds);
    fputc('\n', stream);
}

void armc_metrics_flush(ArmcMetrics *metrics)
{
    if (metrics->path == NULL || metrics->flushed == metrics->count)
        return;
    FILE *stream = fopen(metrics->path, "ab");
    bool failed = stream == NULL;
    if (stream != NULL) {
        for (size_t i = metrics->flushed; i < metrics->count; i++)
            write_row(metrics, &metrics->rows[i], stream);
        failed = ferror(stream) != 0;
        failed |= fclose(stream) != 0;
    }
    if (failed)
        armc_fault_raise(armc_arena_fault(metrics->arena), ARMC_RESOURCE, "cannot write %s: %s",
                         metrics->path, strerror(errno));
    metrics->flushed = metrics->count;
}

void armc_metrics_write(const ArmcMetrics *metrics, FILE *stream)
{
    fputs(metrics->head, stream);
    fputs(columns, stream);
    for (size_t i = 0; i < metrics->count; i++)
        write_row(metrics, &metrics->rows[i], stream);
}

void armc_metrics_rewrite(ArmcArena *scratch, ArmcMetrics *metrics)
{
    ArmcNewFile file;
    armc_file_create(scratch, &file, metrics->path);
    armc_metrics_write(metrics, file.stream);
    armc_file_commit(&file);
    metrics->flushed = metrics->count;
}

/* The text behind the last comma of the line at `line`. */
static double seconds_of(const char *line, const char *end)
{
    const char *comma = end;
    while (comma > line && comma[-1] != ',')
        comma--;
    return comma < end ? strtod(comma, NULL) : -1;
}

/* The first byte that is not part of the comment lines at the beginning. */
static const char *skip_head(const char *text)
{
    while (*text == '#') {
        const char *newline = strchr(text, '\n');
        if (newline == NULL)
            break;
        text = newline + 1;
    }
    return text;
}

void armc_metrics_take_seconds(ArmcArena *scratch, ArmcMetrics *metrics)
{
    size_t length;
    const char *text = armc_file_read(scratch, metrics->path, &length);
    if (text == NULL)
        return;
    const char *rows = skip_head(text);
    if (strncmp(rows, columns, sizeof columns - 1) != 0)
        return;
    metrics->head = armc_arena_strndup(metrics->arena, text, (size_t)(rows - text));
    rows += sizeof columns - 1;
    for (size_t i = 0; i < metrics->count; i++) {
        const char *end = strchr(rows, '\n');
        if (end == NULL)
            return;
        metrics->rows[i].seconds = seconds_of(rows, end);
        rows = end + 1;
    }
}

const ArmcMetric *armc_metrics_find(const ArmcMetrics *metrics, uint64_t epoch, ArmcSplit split)
{
    for (size_t i = metrics->count; i > 0; i--)
        if (metrics->rows[i - 1].epoch == epoch && metrics->rows[i - 1].split == split)
            return &metrics->rows[i - 1];
    return NULL;
}

double armc_metrics_seconds(const ArmcMetrics *metrics)
{
    double last = metrics->count > 0 ? metrics->rows[metrics->count - 1].seconds : 0;
    return last > 0 ? last : 0;
}
