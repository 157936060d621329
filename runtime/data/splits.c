#include "runtime/data/splits.h"

#include <inttypes.h>
#include <math.h>

#include "runtime/data/reader.h"

enum { USUAL_PART = 10 }; /* a tenth is for testing */

/* Moves the last n training examples to a split that has none. */
static void cut(ArmcDataset *data, ArmcSplit split, int64_t n)
{
    const int64_t train = data->count[ARMC_TRAIN] - n;
    data->count[ARMC_TRAIN] = train;
    data->count[split] = n;
    data->values[split] = data->values[ARMC_TRAIN] + train * data->stored;
    if (data->labels[ARMC_TRAIN] != NULL)
        data->labels[split] = data->labels[ARMC_TRAIN] + train;
}

/* --- test --------------------------------------------------------------------------------- */

/* How many of `all` examples are for testing. */
static int64_t test_count(double test, int64_t all)
{
    if (test >= 1)
        return (int64_t)test;
    double share = test > 0 ? test * (double)all : (double)(all / USUAL_PART);
    return share < 1 ? 1 : (int64_t)floor(share + 0.5);
}

static bool check_test(const ArmcDataCall *call, double test, const ArmcDataset *data)
{
    if (test < 0 || test > 1e15 || (test > 1 && test != floor(test)))
        return armc_data_complain(call, ARMC_E_bad_value,
                                  "test is a number of examples or a share below 1, not %g", test);
    if (test > 0 && data->count[ARMC_TEST] > 0)
        return armc_data_complain(call, ARMC_E_bad_value,
                                  "`%s` has a test split of its own; test=%g can't choose another",
                                  data->name, test);
    return true;
}

static bool cut_test(const ArmcDataCall *call, double test, ArmcDataset *data)
{
    const int64_t all = data->count[ARMC_TRAIN];
    if (!check_test(call, test, data))
        return false;
    if (data->count[ARMC_TEST] > 0 || all == 0)
        return true;
    const int64_t n = test_count(test, all);
    if (n >= all)
        return armc_data_complain(call, ARMC_E_empty_data,
                                  "a test split of %" PRId64
                                  " leaves no training examples: `%s` has %" PRId64,
                                  n, data->name, all);
    cut(data, ARMC_TEST, n);
    data->cut_test = n;
    return true;
}

/* --- validation --------------------------------------------------------------------------- */

/* Binary draws of validation examples go on where those of the training examples end, also where
 * they come from a file of their own. */
static bool hold_out(const ArmcDataCall *call, int64_t holdout, ArmcDataset *data)
{
    const int64_t all = data->count[ARMC_TRAIN];
    if (holdout > 0 && data->count[ARMC_VALID] > 0)
        return armc_data_complain(call, ARMC_E_bad_value,
                                  "`%s` has a validation split of its own; holdout=%" PRId64
                                  " can't choose another",
                                  data->name, holdout);
    if (holdout >= all)
        return armc_data_complain(call, ARMC_E_empty_data,
                                  "holdout=%" PRId64 " leaves no training examples: `%s` has "
                                  "%" PRId64,
                                  holdout, data->name, all);
    if (data->count[ARMC_VALID] == 0)
        cut(data, ARMC_VALID, holdout);
    data->first_valid = data->count[ARMC_TRAIN];
    return true;
}

/* --- all together ------------------------------------------------------------------------- */

static bool check_not_empty(const ArmcDataCall *call, const ArmcDataset *data)
{
    if (data->count[ARMC_TRAIN] > 0 && data->count[ARMC_TEST] > 0)
        return true;
    return armc_data_complain(call, ARMC_E_empty_data, "`%s` has no %s examples", data->name,
                              data->count[ARMC_TRAIN] == 0 ? "training" : "test");
}

static void limit_splits(int64_t limit, ArmcDataset *data)
{
    for (ArmcSplit split = 0; split < ARMC_SPLITS; split++)
        if (limit != 0 && data->count[split] > limit)
            data->count[split] = limit;
}

bool armc_splits_cut(const ArmcDataCall *call, const ArmcDataOptions *options, int64_t holdout,
                     ArmcDataset *data)
{
    if (options->holdout >= 0)
        holdout = options->holdout;
    if (!cut_test(call, options->test, data) || !check_not_empty(call, data) ||
        !hold_out(call, holdout, data))
        return false;
    limit_splits(options->limit, data);
    return true;
}
