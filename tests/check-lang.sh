#!/bin/bash
# check-lang.sh FILE.arm: a script that carries its expectation in comments:
#     # run: armc check FILE --levels 2     the command (default: armc run FILE)
#     # setup: printf 1 > x.csv             a shell line that runs before
#     # expect: LINE                        standard output has this line, after those of the earlier expectations
#     # expect-match: ERE                   the same with an extended regular expression for the whole line
#     # expect-not: ERE                     no line of the output matches
#     # expect-error: E0401                 the code appears in the messages, and the exit status is 1
#     # expect-status: 3                    another exit status
. "$ARMC_ROOT/tests/lib.sh"
file=$1

setup_case "$file" || exit 1
command=$(command_of "$file" 'armc run FILE')
bash -c "$command" > stdout 2> stderr
status=$?

fail() {
    echo "$1"
    echo "--- $command: exit status $status; standard output:"
    cat stdout
    echo "--- standard error:"
    cat stderr
    exit 1
}

# The expectations as "KIND TEXT" lines, in the file's order.
sed -n 's/^# expect\(-[a-z]*\)\{0,1\}: \(.*\)$/line\1 \2/p' "$file" > expectations
[ -s expectations ] || fail "the file expects nothing"
sanitizer_finding stderr && fail "a sanitizer found something"

wanted_status=0
at=0 # the line of stdout that matched last
while read -r kind text; do
    case $kind in
    line | line-match)
        option=-E
        [ "$kind" = line ] && option=-F
        found=$(tail -n +$((at + 1)) stdout | sed 's/[[:space:]]*$//' | grep -n -m 1 -x $option -e "$text" | cut -d : -f 1)
        [ -n "$found" ] || fail "not there, or not in this order: $text"
        at=$((at + found))
        ;;
    line-not)
        ! cat stdout stderr | grep -q -E -e "$text" || fail "there, but should not be: $text"
        ;;
    line-error)
        grep -q -F -e "error[$text]" stdout stderr || fail "no error[$text]"
        wanted_status=1
        ;;
    line-status)
        wanted_status=$text
        ;;
    *)
        fail "unknown expectation: ${kind#line-}"
        ;;
    esac
done < expectations
[ "$status" = "$wanted_status" ] || fail "exit status $status instead of $wanted_status"
