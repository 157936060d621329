#!/bin/bash
# run.sh RUNS [TARGET…]: runs each fuzz target that often. The inputs that are kept in corpus/ and, for scripts, all of the
# repository's are where it begins; what it finds goes to build/fuzz/TARGET/, which later runs begin with, too. Stops at
# the first finding: the input is build/fuzz/TARGET-FINDING, and replay_TARGET shows it again.
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
runs=${1:?}
shift
targets=${*:-$(ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_\(.*\)\.c|\1|')}

# Memory that is given back is used again at once: the arenas' large blocks would else fill hundreds of MB.
export ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=4:malloc_context_size=8
export UBSAN_OPTIONS=print_stacktrace=1

scratch=$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)/armc-fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Scripts in one folder, under names of their own.
gather_scripts() {
    find tests/lang tests/errors stdlib models examples -name '*.arm' | while read -r file; do
        cp "$file" "$1/${file//\//,}"
    done
}

# Keywords, then every name that the reference page has a head for.
write_dictionary() {
    cat tests/fuzz/script.dict
    sed -n 's/^### \([a-z][a-z0-9_]*\)$/"\1"/p' docs/ops.md
}

mkdir -p "$scratch/folder" "$scratch/scripts"
gather_scripts "$scratch/scripts"
write_dictionary > "$scratch/dictionary"

for target in $targets; do
    corpus=$top/tests/fuzz/corpus/$target
    found=$top/build/fuzz/$target
    mkdir -p "$found"
    options=(-max_len=4096)
    case $target in
    script | fmt) # nine scripts of ten are shorter; time grows with the length
        corpus="$corpus $scratch/scripts"
        options=(-max_len=500 "-dict=$scratch/dictionary")
        ;;
    esac
    echo "$target: $runs runs"
    # shellcheck disable=SC2086 # a list of folders
    (cd "$scratch/folder" && "$top/build/fuzz-clang/tests/fuzz/fuzz_$target" -runs="$runs" -seed=1 -entropic=0 \
        -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$top/build/fuzz/$target-" \
        "${options[@]}" "$found" $corpus) > "$found.log" 2>&1 || {
        tail -n 40 "$found.log"
        exit 1
    }
    sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\|peak_rss_mb\): */  \1 /p' "$found.log"
done
