# What the arguments of `train` come to in a whole training.
begin() {
    cat > "$1.arm" << END
digits = dataset "digits8" limit=150 holdout=50
net = nade hidden=8
train net digits $2
eval net digits.valid
END
    armc run "$1.arm" > "$1" 2> "$1.notes"
}
# nats FILE LINE SPLIT: of a split, in the lines that begin so
nats() { sed -n "/^$2/s/.*$3 \([0-9.]*\).*/\1/p" "$1"; }
near() { test -n "$1" && test -n "$2" && awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d < 0.002 && d > -0.002) }'; }

# Four minibatches of 25 examples are a step of 100; the last of an epoch has 50.
begin whole "nesterov lr=1e-3 momentum=0.9 epochs=2 batch=100"
begin parts "nesterov lr=1e-3 momentum=0.9 epochs=2 batch=25 accumulate=4"
near "$(nats whole 'epoch 2' test)" "$(nats parts 'epoch 2' test)"
test "$(grep -c ',train,' net.csv)" = 4

# Every optimiser learns.
for optimizer in sgd nesterov adam adamw rmsprop; do
    begin $optimizer "$optimizer lr=2e-3 epochs=3 batch=10"
    awk -v first="$(nats $optimizer 'epoch 1' test)" -v last="$(nats $optimizer 'epoch 3' test)" \
        'BEGIN { exit !(last < first) }'
done

# Steps that are left out are counted: in each epoch, and in all.
begin skip "sgd lr=1e-3 epochs=4 batch=5 skip=1.05"
all=$(sed -n 's/^net: \([0-9]*\) of 120 steps were skipped.*/\1/p' skip.notes)
test "$all" -gt 0
test "$(sed -n 's/.* \([0-9]*\) skipped$/\1/p' skip | awk '{ n += $1 } END { print n }')" = "$all"
armc run skip.arm --json --quiet | grep '"event": "trained"' | grep -q "\"skipped\": $all"

# Patience: the training ends before its last epoch, and what follows uses the best one.
worse="adam lr=0.3 epochs=50 batch=10 patience=2 schedule=constant"
begin patience "$worse"
grep -q 'no better validation in the last 2 of [0-9]* epochs: stopped' patience.notes
grep -q 'was the best by validation, .*: what follows uses its weights, which are in net.best.safetensors' patience.notes
test "$(grep -c '^epoch' patience)" -lt 50
least=$(nats patience 'epoch' validation | sort -n | head -n 1)
near "$least" "$(nats patience net: validation)"
near "$least" "$(armc eval net.best.safetensors digits.valid | sed 's/.*validation \([0-9.]*\).*/\1/')"
# The end of the training tells the test likelihood of that epoch, and a training that is taken as it is gives the same.
test=$(grep "validation $least" patience | sed 's/.*test \([0-9.]*\).*/\1/')
near "$test" "$(nats patience net: test)"
armc run patience.arm --json --quiet | grep '"event": "trained"' | grep -q "\"nats\": $test"
echo 'plot net to="loss.png"' >> patience.arm
near "$least" "$(armc run patience.arm --resume --quiet | sed -n 's/^net: validation \([0-9.]*\).*/\1/p')"
test -s loss.png
rm net.best.safetensors
status=0
armc run patience.arm --resume --quiet 2> missing || status=$?
test $status = 3
grep -q 'net.best.safetensors' missing

# keep=last: the weights of the last epoch, as the checkpoint has them.
begin last "$worse keep=last"
near "$(nats last epoch validation | tail -n 1)" "$(nats last net: validation)"
near "$(nats last net: validation)" "$(armc eval net.safetensors digits.valid | sed 's/.*validation \([0-9.]*\).*/\1/')"

# A mean of the weights and the best epoch: the best epoch's mean.
begin mean "$worse ema=0.9"
near "$(nats mean epoch validation | sort -n | head -n 1)" "$(nats mean net: validation)"

# A mean of the weights is what is evaluated, and what the checkpoint holds.
begin ema "adam lr=1e-2 epochs=3 batch=10 ema=0.99"
last=$(nats ema 'epoch 3' validation)
near "$last" "$(nats ema net: validation)"
near "$last" "$(armc eval net.safetensors digits.valid | sed 's/.*validation \([0-9.]*\).*/\1/')"
grep -q 'raw/' net.safetensors
