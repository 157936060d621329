#!/bin/bash
# run.sh [SUITE…]: builds the release, asan and double builds and runs the suites (unit lang errors leaks docs cli fuzz
# onnx; all of them without arguments). One line a suite; the last line is "N passed, N failed".
. "$(dirname "$0")/lib.sh"
cd "$ARMC_ROOT" || exit 1

suites=${*:-unit lang errors leaks docs cli fuzz onnx}
ARMC_COUNTS=$(mktemp)
scratch=$(mktemp -d)
export ARMC_COUNTS
trap 'rm -rf "$ARMC_COUNTS" "$scratch"' EXIT

wants() {
    [[ " $suites " == *" $1 "* ]]
}

# build KIND [WHAT]: also WHAT; says so only when it fails.
build() {
    if ! make --no-print-directory -j "$(nproc)" KIND="$1" program unit ${2:-} > "$scratch/log" 2>&1; then
        cat "$scratch/log"
        echo "the $1 build failed"
        echo "0 passed, 1 failed"
        exit 1
    fi
}

# suite NAME KIND CHECKER CASE…: nothing to say where there are no cases.
suite() {
    if wants "$1" && (($# > 3)); then
        use_build "$2"
        run_suite "$1 $2" "$ARMC_ROOT/tests/$3" "${@:4}"
    fi
}

build release
build asan replays
build double

# Absolute names of the files below a folder that match; those that a case keeps beside it (FILE.arm.d/) are no cases.
cases() {
    find "$ARMC_ROOT/$1" -name "$2" -not -path '*.arm.d/*' 2> /dev/null | sort
}
mapfile -t lang < <(cases tests/lang '*.arm')
mapfile -t errors < <(cases tests/errors '*.arm')
mapfile -t leaks < <(cases tests/leaks/wrong '*.arm'; cases tests/leaks/right '*.arm')
mapfile -t cli < <(cases tests/cli '*.sh')
mapfile -t documents < <(ls README.md docs/*.md 2> /dev/null)
mapfile -t docs < <(awk -v folder="$scratch/docs" -f tests/docs-blocks.awk "${documents[@]}" < /dev/null)

for kind in release asan double; do
    mapfile -t unit < <(printf '%s\n' tests/unit/test_*.c | sed "s|\(.*\)\.c|$ARMC_ROOT/build/$kind/\1|")
    suite unit $kind check-unit.sh "${unit[@]}"
    suite lang $kind check-lang.sh "${lang[@]}"
done
for kind in release asan; do
    suite errors $kind check-errors.sh "${errors[@]}"
    suite leaks $kind check-leaks.sh "${leaks[@]}"
    suite cli $kind check-cli.sh "${cli[@]}"
done
mapfile -t fuzz < <(ls tests/fuzz/corpus)
suite fuzz asan check-fuzz.sh "${fuzz[@]}"
suite docs release check-docs.sh "${docs[@]}"
suite onnx release check-onnx.sh "$ARMC_ROOT"/tests/onnx/{nodes,recurrent}.py

awk '{ passed += $1; failed += $2; skipped += $3 }
    END { if (skipped) { print skipped " skipped" }
          print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 }' "$ARMC_COUNTS"
