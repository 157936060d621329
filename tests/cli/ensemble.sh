# An ensemble from training to samples: members train by turns, the likelihood is their mixture's, and nothing is lost when
# a run is stopped and resumed.
cat > one.arm << 'END'
option order_seed = 0
option members = 1
digits = dataset "digits8" limit=100 holdout=0
net = nade hidden=8 order=random order_seed=order_seed members=members
train net digits sgd lr=1e-12 epochs=3 batch=100
END

# Step t is member t mod n's: the weights hardly move, so its loss is that of the single model.
armc run one.arm members=3 --quiet --stop-after 3 | grep '^step' > turns
for seed in 0 1 2; do
    armc run one.arm order_seed=$seed --quiet --stop-after 1 | sed -n "s/^step 1/step $((seed + 1))/p"
done > each
sed 's/\(\.[0-9]\{4\}\)[0-9]*/\1/' turns > a
sed 's/\(\.[0-9]\{4\}\)[0-9]*/\1/' each | cmp - a
test "$(sed 's/.*train//' a | sort -u | wc -l)" = 3

rm net.*
cat > tiny.arm << 'END'
digits = dataset "digits8" limit=60 holdout=20
net = made_net hidden=[9] order=random degrees=random direct=true members=4
train net digits lr=1e-2 epochs=3 batch=7
eval net digits.test
score net digits.test to="scores.csv"
sample net 9 to="samples.csv"
complete net digits.test 5 known=left to="completed.csv"
END
armc check tiny.arm | grep -q 'ensemble of 4 members'
armc plan tiny.arm | grep -q 'ensemble of 4 members'
armc check tiny.arm --json | grep -q '"members": 4'
mkdir whole
(cd whole && armc run ../tiny.arm --quiet > results)

# The mean of the scores is what `eval` tells, here and from the checkpoint.
cd whole
nats=$(awk -F, 'NR > 1 { sum += $2 } END { printf "%.4f", sum / (NR - 1) }' scores.csv)
grep -q "^net: test $nats nats" results
armc eval net.best.safetensors digits.test > eval
grep -q "^net: test $nats nats" eval

# Sample n is the same in any batch.
armc sample net.best.safetensors 4 to=few.csv --quiet
head -n 4 samples.csv | cmp - few.csv
cd ..

# Stopped again and again and resumed: the same bytes.
mkdir stopped
cd stopped
for stop in 1 2 1 5 3 1; do
    armc run ../tiny.arm --quiet --resume --stop-after $stop > /dev/null
done
armc run ../tiny.arm --quiet --resume > /dev/null
for file in net.safetensors net.best.safetensors samples.csv scores.csv completed.csv; do
    cmp $file ../whole/$file
done
