# Shared by the scripts of this folder (bash). A suite is a list of cases and a checker; a checker is a script that gets
# one case, in an empty folder of its own, and exits with 0: passed, 77: skipped (its last line says why), else: failed.
#
# A checker finds in its environment: ARMC, the program; ARMC_ROOT, the top of the repository; ARMC_BUILD, the kind of
# build. It may leave a file `counts` with "PASSED FAILED" where a case holds several tests, and a file `note` with a line
# that is shown.

ARMC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ARMC_ROOT

# A finding of a sanitizer must not look like exit status 1, which means a mistake in the user's script.
export ASAN_OPTIONS=exitcode=99:allocator_may_return_null=1:detect_leaks=1
export LSAN_OPTIONS=exitcode=99
export UBSAN_OPTIONS=exitcode=99:print_stacktrace=1

# use_build KIND: from here on, cases run with that build.
use_build() {
    export ARMC_BUILD=$1
    export ARMC=$ARMC_ROOT/build/$1/armc
}

# one_case FOLDER CHECKER CASE: runs it; leaves FOLDER/{log,status}. `armc` in the case's PATH is the build under test.
one_case() {
    mkdir -p "$1/bin" "$1/folder"
    ln -s "$ARMC" "$1/bin/armc"
    (
        cd "$1/folder" || exit 1
        PATH=$1/bin:$PATH timeout "${ARMC_TIMEOUT:-600}" "$2" "$3"
    ) > "$1/log" 2>&1 < /dev/null
    echo $? > "$1/status"
}

# case_counts FOLDER: prints "PASSED FAILED SKIPPED".
case_counts() {
    local status
    status=$(cat "$1/status")
    if [ -s "$1/folder/counts" ]; then
        echo "$(cat "$1/folder/counts") 0"
    elif [ "$status" = 77 ]; then
        echo "0 0 1"
    elif [ "$status" = 0 ]; then
        echo "1 0 0"
    else
        echo "0 1 0"
    fi
}

# report_case FOLDER CASE: shows its note, and what a failed or skipped one said.
report_case() {
    local status
    status=$(cat "$1/status")
    if [ -s "$1/folder/note" ]; then
        sed 's/^/  /' "$1/folder/note"
    fi
    case $status in
    0) return ;;
    77) echo "  skipped: ${2#"$ARMC_ROOT"/}: $(tail -n 1 "$1/log")" ;;
    *)
        echo "  FAILED: ${2#"$ARMC_ROOT"/} ($([ "$status" = 124 ] && echo timeout || echo "status $status"))"
        tail -n 60 "$1/log" | sed 's/^/    /'
        ;;
    esac
}

# run_suite NAME CHECKER CASE…: all cases, as many at a time as there are processors; prints a line and what failed, and
# adds "PASSED FAILED SKIPPED" to the file $ARMC_COUNTS where that is set.
run_suite() {
    local name=$1 checker=$2 jobs scratch start i p f s passed=0 failed=0 skipped=0
    shift 2
    jobs=$(nproc)
    start=$SECONDS
    scratch=$(mktemp -d)
    i=0
    for item in "$@"; do
        while (($(jobs -rp | wc -l) >= jobs)); do
            wait -n
        done
        one_case "$scratch/$i" "$checker" "$item" &
        i=$((i + 1))
    done
    wait
    i=0
    for item in "$@"; do
        read -r p f s <<< "$(case_counts "$scratch/$i")"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
        i=$((i + 1))
    done
    printf '%-16s %5d passed, %d failed%s (%d s)\n' "$name" $passed $failed \
        "$( ((skipped)) && echo ", $skipped skipped")" $((SECONDS - start))
    i=0
    for item in "$@"; do
        report_case "$scratch/$i" "$item"
        i=$((i + 1))
    done
    rm -rf "$scratch"
    if [ -n "${ARMC_COUNTS:-}" ]; then
        echo "$passed $failed $skipped" >> "$ARMC_COUNTS"
    fi
    ((failed == 0))
}

# setup_case FILE: copies a script, and the folder FILE.d beside it, into the current folder and runs its `# setup:` lines.
setup_case() {
    cp "$1" .
    if [ -d "$1.d" ]; then
        cp -r "$1.d/." .
    fi
    sed -n 's/^# setup: //p' "$1" > setup.sh
    sh -e ./setup.sh
    rm setup.sh
}

# command_of FILE DEFAULT: the command of the `# run:` line, FILE in it replaced by the script's name.
command_of() {
    local command
    command=$(sed -n 's/^# run: //p' "$1" | head -n 1)
    echo "${command:-$2}" | sed "s/\<FILE\>/${1##*/}/g"
}

# sanitizer_finding LOG…: true, and shows it, when a sanitizer found something.
sanitizer_finding() {
    grep -A 20 -E 'Sanitizer|runtime error:' "$@"
}
