#!/bin/bash
# check-leaks.sh FILE.arm: in wrong/, a model that is not autoregressive is refused with the message of FILE.out, as
# check-errors.sh does it; in right/, `armc check` proves the model and has nothing to say against it. Both find conv.arm.
. "$ARMC_ROOT/tests/lib.sh"
file=$1
cp "$ARMC_ROOT/tests/leaks/conv.arm" .
if [[ $file == */wrong/* ]]; then
    exec "$ARMC_ROOT/tests/check-errors.sh" "$file"
fi

setup_case "$file" || exit 1
bash -c "$(command_of "$file" 'armc check FILE')" > ../stdout 2> ../stderr
status=$?
if sanitizer_finding ../stderr; then
    exit 1
fi
cat ../stdout ../stderr
[ $status = 0 ] && [ ! -s ../stderr ] && grep -q 'autoregressive: proved;' ../stdout
