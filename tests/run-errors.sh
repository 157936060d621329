#!/bin/bash
# run-errors.sh [--accept] [FILE.arm…]: the goldens of tests/errors and tests/leaks with the release build; --accept
# rewrites them.
. "$(dirname "$0")/lib.sh"
if [ "${1:-}" = --accept ]; then
    export ARMC_ACCEPT=1
    shift
fi
if [ $# = 0 ]; then
    mapfile -t files < <(find "$ARMC_ROOT"/tests/{errors,leaks/wrong} -name '*.arm' -not -path '*.arm.d/*' | sort)
    set -- "${files[@]}"
fi
use_build release
status=0
for suite in errors leaks; do
    mapfile -t files < <(realpath "$@" | grep "/tests/$suite/")
    if ((${#files[@]})); then
        run_suite $suite "$ARMC_ROOT/tests/check-$suite.sh" "${files[@]}" || status=1
    fi
done
exit $status
