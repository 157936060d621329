/* Reads and groups of products and tables whose weights have structural zeros. */
#ifndef ARMC_OPS_WEIGHT_READS_H
#define ARMC_OPS_WEIGHT_READS_H

#include "runtime/ops/family.h"

/* How the mask of a weight lies: that between row i of the input and feature f of the result, at
 * site s, is mask[s * site_step + f * out_step + i * in_step]. For products a row is a feature of
 * x, for tables a level. */
typedef struct ArmcWeightLayout {
    int64_t sites; /* 1: the same weight at all sites */
    int64_t site_step, out_step, in_step, rows;
} ArmcWeightLayout;

/* Features of the result that read the same groups of input 0 are a group; the weight is input 1.
 */
void armc_weight_groups(ArmcInfer *infer, ArmcWeightLayout pattern);
/* The groups of input 0 at the same site that a live weight leads from. */
void armc_weight_reads(const ArmcNode *node, int64_t site, int group, ArmcReadRun read,
                       void *context);

#endif
