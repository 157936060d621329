#!/bin/bash
# check-cli.sh SCRIPT: a shell script passes when it exits with 0 (77: it can't run here, its last line says why).
# It runs in an empty folder, with `armc` in its PATH and in $ARMC.
. "$ARMC_ROOT/tests/lib.sh"
sh -e "$1" 2>&1 | tee ../output
status=${PIPESTATUS[0]}
if sanitizer_finding ../output > /dev/null; then
    exit 1
fi
exit "$status"
