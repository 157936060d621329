#!/bin/bash
# run-errors.sh [--accept] [FILE.arm…]: the goldens of tests/errors with the release build; --accept rewrites them.
. "$(dirname "$0")/lib.sh"
if [ "${1:-}" = --accept ]; then
    export ARMC_ACCEPT=1
    shift
fi
if [ $# = 0 ]; then
    mapfile -t files < <(find "$ARMC_ROOT/tests/errors" -name '*.arm' -not -path '*.arm.d/*' | sort)
    set -- "${files[@]}"
fi
mapfile -t files < <(realpath "$@")
use_build release
run_suite errors "$ARMC_ROOT/tests/check-errors.sh" "${files[@]}"
