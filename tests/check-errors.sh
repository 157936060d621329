#!/bin/bash
# check-errors.sh FILE.arm: the whole output of a bad script equals FILE.out: standard output, then standard error, then
# the exit status. `# run: armc ARGS` names the command (default: armc check FILE), `# setup:` lines run before.
# ARMC_ACCEPT=1 writes FILE.out instead.
. "$ARMC_ROOT/tests/lib.sh"
file=$1
golden=${file%.arm}.out

setup_case "$file" || exit 1
bash -c "$(command_of "$file" 'armc check FILE')" > ../stdout 2> ../stderr
status=$?
if sanitizer_finding ../stderr; then
    exit 1
fi
# The same words wherever the repository and the temporary folder are.
{
    cat ../stdout ../stderr
    echo "exit status: $status"
} | sed "s|$PWD/||g; s|$ARMC_ROOT/||g" > ../actual

if [ -n "${ARMC_ACCEPT:-}" ]; then
    cp ../actual "$golden"
    exit 0
fi
if [ ! -e "$golden" ]; then
    echo "no golden; tests/run-errors.sh --accept writes it. The output is:"
    cat ../actual
    exit 1
fi
diff -u --label "${golden#"$ARMC_ROOT"/}" "$golden" --label "what armc says now" ../actual
