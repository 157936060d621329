# A run that is killed at any step and resumed ends in the same bytes as one that was never stopped.
cat > tiny.arm << 'END'
option epochs = 6
digits = dataset "digits8" limit=100 holdout=30
net = nade hidden=8
train net digits lr=1e-2 epochs=epochs batch=10
eval net digits.test
sample net 9 to="samples.csv"
END

mkdir whole killed
(cd whole && armc run ../tiny.arm --quiet > results)

cd killed
kills=0
for wait in 0.05 0.1 0.02 0.2 0.07; do
    armc run ../tiny.arm --quiet --checkpoint-every 1 --resume > /dev/null 2>&1 &
    sleep $wait
    if kill -9 $! 2> /dev/null; then
        kills=$((kills + 1))
    fi
    wait $! || true
done
armc run ../tiny.arm --quiet --resume > results
echo "killed $kills times"

cmp net.safetensors ../whole/net.safetensors
cmp net.best.safetensors ../whole/net.best.safetensors
cmp samples.csv ../whole/samples.csv

# The metrics too, but for the seconds and for the flags in their head.
rows() { grep -v '^#' "$1" | sed 's/,[^,]*$//'; }
rows net.csv > rows
rows ../whole/net.csv > ../whole/rows
cmp rows ../whole/rows

# What is trained already is not trained again.
cp net.safetensors before
armc run ../tiny.arm --resume 2>&1 | grep -q 'trained already'
cmp net.safetensors before
