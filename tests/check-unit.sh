#!/bin/bash
# check-unit.sh PROGRAM: a cmocka program passes when it exits with 0; its own counts are the ones that count.
program=$1
"$program" > log 2>&1
status=$?
cat log
total() {
    sed -n "s/^\[  $1  \] \([0-9]*\) test(s).*/\1/p" log | awk '{ n += $1 } END { print n + 0 }'
}
passed=$(total PASSED)
failed=$(total FAILED)
if [ $status != 0 ] && [ "$failed" = 0 ]; then
    failed=1 # it crashed, or a sanitizer spoke
fi
echo "$passed $failed" > counts
exit $status
