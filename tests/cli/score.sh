# score: the nats of each example, in order; their mean is what eval tells.
cat > tiny.arm << 'END'
digits = dataset "digits8" limit=130 holdout=30
net = nade hidden=4
train net digits epochs=2 batch=20 lr=1e-2
eval net digits.test
score net digits.test to="test.csv"
END
armc run tiny.arm --quiet > results
grep -q '^net: 130 scores: test.csv' results
test "$(head -n 1 test.csv)" = "example,nats"
test "$(wc -l < test.csv)" = 131
mean=$(awk -F, 'NR > 1 { sum += $2 } END { printf "%.4f", sum / (NR - 1) }' test.csv)
grep -q "^net: test $mean nats" results

# A checkpoint scores any split, and the size of the batch makes no difference beyond rounding.
armc score net.safetensors digits.test to=again.csv batch=7 > /dev/null
paste -d, test.csv again.csv |
    awk -F, 'NR > 1 && ($2 - $4 > 1e-3 || $4 - $2 > 1e-3) { print; bad = 1 } END { exit bad }'
armc score net.safetensors digits.train to=train.npy | grep -q '^net: train'
test "$(head -c 6 train.npy | tail -c 5)" = NUMPY
header=$((10 + $(od -An -tu2 -j8 -N2 train.npy)))
grep -a -q "'<f[48]'.*(130,)" train.npy
size=$(LC_ALL=C sed -n "s/.*'<f\([48]\)'.*/\1/p" train.npy | head -n 1)
test "$(wc -c < train.npy)" = $((header + 130 * size))
armc score net.safetensors digits.valid to=valid.csv --json |
    grep -q '"event": "score", "split": "validation"'
test "$(wc -l < valid.csv)" = 31
