# --stop-after N: N steps, each of which is told in all digits; the same bits whatever the kernels, and --resume goes on.
cat > tiny.arm << 'END'
digits = dataset "digits8" limit=200
net = made_net hidden=[20, 30] direct=true
train net digits adamw lr=3e-3 epochs=3 batch=30 warmup=2
eval net digits.test
END
sed -i '1i import made' tiny.arm
steps() { armc run tiny.arm --quiet --exact "$@" | grep '^step '; }

steps --stop-after 10 > ten
test "$(wc -l < ten)" = 10
sed -n 1p ten | grep -qx 'step 1/21  train [0-9.]* nats'
# What comes after the training is left out; the exit status is that of work done.
armc run tiny.arm --stop-after 4 > four 2> notes
test "$(grep -c '^net:' four)" = 0
grep -q 'to go on: armc run tiny.arm --stop-after 4 --resume' notes

# Four steps, four more, and two: those of ten.
rm net.safetensors
{ steps --stop-after 4; steps --stop-after 4 --resume; steps --stop-after 2 --resume; } | cmp - ten
armc run tiny.arm --quiet --exact --resume | grep -q '^net: test'

for cpu in generic avx2 avx512 neon; do
    if ARMC_CPU=$cpu armc version > /dev/null 2>&1; then
        ARMC_CPU=$cpu steps --stop-after 10 --threads 2 | cmp - ten
    fi
done

armc run tiny.arm --quiet --exact --stop-after 2 --json > json
test "$(grep -c '"event": "step", "split": "train"' json)" = 2
nats=$(sed -n '1s/.*train \([0-9.]*\) nats/\1/p' ten)
sed -n 1p json | grep -q "\"step\": 1, \"steps\": 21, \"nats\": $nats[,}]"
