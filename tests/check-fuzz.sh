#!/bin/bash
# check-fuzz.sh TARGET: the inputs that are kept in tests/fuzz/corpus/TARGET, each once. Too large an allocation is a
# finding, and so is taking long.
. "$ARMC_ROOT/tests/lib.sh"
export ASAN_OPTIONS=$ASAN_OPTIONS:allocator_may_return_null=0:max_allocation_size_mb=256:quarantine_size_mb=4
corpus=$ARMC_ROOT/tests/fuzz/corpus/$1
timeout 60 "$ARMC_ROOT/build/$ARMC_BUILD/tests/fuzz/replay_$1" "$corpus"/* > log 2>&1
status=$?
tail -n 40 log
passed=$(grep -c "^$corpus/" log)
echo "$((passed - (status > 0))) $((status > 0))" > counts
exit $status
