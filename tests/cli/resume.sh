# A run that is killed at any step and resumed ends in the same bytes as one that was never stopped.
script() {
    cat << END
option epochs = 6
digits = dataset "digits8" limit=100 holdout=30
net = nade hidden=8
train net digits $1 epochs=epochs
eval net digits.test
sample net 9 to="samples.csv"
END
}
rows() { grep -v '^#' "$1" | sed 's/,[^,]*$//'; }

# Kills a run of the script after each of these times, resumes it, and compares it with a whole one.
compare() {
    name=$1
    mkdir "$name" "$name/whole" "$name/killed"
    cd "$name"
    script "$2" > tiny.arm
    (cd whole && armc run ../tiny.arm --quiet > results)
    cd killed
    kills=0
    for wait in $3; do
        armc run ../tiny.arm --quiet --checkpoint-every 1 --resume > /dev/null 2>&1 &
        sleep "$wait"
        if kill -9 $! 2> /dev/null; then
            kills=$((kills + 1))
        fi
        wait $! || true
    done
    armc run ../tiny.arm --quiet --resume > results
    echo "$name: killed $kills times"

    cmp net.safetensors ../whole/net.safetensors
    cmp net.best.safetensors ../whole/net.best.safetensors
    cmp samples.csv ../whole/samples.csv

    # The metrics too, but for the seconds and for the flags in their head.
    rows net.csv > rows
    rows ../whole/net.csv > ../whole/rows
    cmp rows ../whole/rows
    cd ../..
}

compare plain "lr=1e-2 batch=10" "0.05 0.1 0.02 0.2 0.07"
compare patience "adamw lr=0.4 decay=0.1 batch=10 accumulate=2 warmup=5 schedule=exponential every=3 \
factor=0.9 clip=20 skip=10 ema=0.5 patience=1" "0.03 0.05 0.02"
test "$(grep -c '^epoch' patience/whole/results)" -lt 6
compare skip "rmsprop lr=1e-3 batch=2 schedule=step every=2 clip=100 skip=1.02 ema=0.8" "0.1 0.06 0.2"
grep -q ' skipped$' skip/whole/results

# What is trained already is not trained again, also where patience ended it.
cd patience/killed
cp net.safetensors before
cp results results.before
armc run ../tiny.arm --resume > results 2> notes
grep -q 'trained already' notes
cmp net.safetensors before
tail -n 1 results.before | sed 's/ in .*//' > a
tail -n 1 results | sed 's/ in .*//' | cmp - a
cmp samples.csv ../whole/samples.csv
