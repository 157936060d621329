/* The metrics of a training: kept as rows, written as CSV while it runs.
 *
 * Checkpoints carry the rows, so that a resumed training writes the same CSV as one that was never
 * stopped; only the seconds differ. */
#ifndef ARMC_LEARN_METRICS_H
#define ARMC_LEARN_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/base/arena.h"
#include "runtime/data/dataset.h"

typedef struct ArmcMetric {
    uint64_t step, epoch; /* steps done; epoch from 1 */
    ArmcSplit split;
    double nats;    /* mean over the examples */
    double seconds; /* of training so far; negative: not known */
} ArmcMetric;

typedef struct ArmcMetrics {
    ArmcArena *arena;
    ArmcMetric *rows;
    size_t count, capacity;
    double *train; /* of each epoch: the mean over its examples; negative: not known */
    size_t epochs, epoch_capacity;
    size_t flushed;    /* rows that the CSV has */
    int64_t variables; /* D, for bits/dim */
    const char *path;  /* of the CSV; NULL: none */
    const char *head;  /* its lines before the rows */
} ArmcMetrics;

ArmcMetrics *armc_metrics_new(ArmcArena *arena, int64_t variables, const char *path,
                              const char *head);
/* Adds a row. Rows reach the file in batches, and by flush. */
void armc_metrics_add(ArmcMetrics *metrics, ArmcMetric row);
/* What the examples of an epoch (from 1) came to while it was trained. */
void armc_metrics_set_train(ArmcMetrics *metrics, uint64_t epoch, double nats);
/* Faults with the path and the reason when the file can't be written. */
void armc_metrics_flush(ArmcMetrics *metrics);

/* Begins the file anew with the head and all rows; through a temporary name. */
void armc_metrics_rewrite(ArmcArena *scratch, ArmcMetrics *metrics);
/* Before rewrite, when resuming: takes the head and the seconds of the rows from the file that is
 * there. */
void armc_metrics_take_seconds(ArmcArena *scratch, ArmcMetrics *metrics);
/* Writes a whole CSV elsewhere. */
void armc_metrics_write(const ArmcMetrics *metrics, FILE *stream);

/* The row of a split in an epoch, counted from 1; of the training split its last step's. NULL:
 * there is none. */
const ArmcMetric *armc_metrics_find(const ArmcMetrics *metrics, uint64_t epoch, ArmcSplit split);

/* The seconds of the last row, 0 where there is none. */
double armc_metrics_seconds(const ArmcMetrics *metrics);

const char *armc_split_name(ArmcSplit split); /* "train", "validation", "test" */

double armc_bits(double nats);

#endif
