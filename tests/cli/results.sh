# tools/results.sh: replays trainings and compares their losses with stored ones, bit for bit.
mkdir results
cat > results/runs.txt << 'END'
# name  arguments
tiny    nade.arm limit=60 hidden=4 epochs=4 batch=10
absent  nade.arm data=no_such_data
END
export ARMC_RESULTS=$PWD/results
results=$ARMC_ROOT/tools/results.sh

# Nothing is stored yet.
status=0
$results check tiny > out || status=$?
test $status = 1
grep -q 'tiny: .*exact/tiny.txt is not there' out

$results accept > out
test "$(grep -c '^step ' results/exact/tiny.txt)" = 20
test ! -e results/exact/absent.txt
$results check > out
grep -q '^tiny: 20 steps, the same bits' out
grep -q '^absent: skipped, its data set is not on this machine' out

# One bit of one step.
sed -i '7s/[0-9] nats/x nats/' results/exact/tiny.txt
status=0
$results check > out || status=$?
test $status = 1
grep -q '^tiny: step 7 differs' out

status=0
$results check other > out 2>&1 || status=$?
test $status = 1
grep -q 'other is not in .*runs.txt' out

# A whole training, done elsewhere: a row an epoch and split is kept of its metrics.
armc run nade.arm limit=60 hidden=4 epochs=4 batch=10 --quiet > /dev/null
$results keep tiny . > row
test "$(grep -c ',train,' results/tiny.csv)" = 4
test "$(grep -c ',test,' results/tiny.csv)" = 4
head -n 1 results/tiny.csv | grep -q '^# commit: '
test -s results/tiny-samples.png
grep -q '^| tiny | [1-4] of 4 | ' row
