# colour=: coloured pictures train, validate, take labels, are sampled and completed, the same for any number of threads.
cat > tiny.arm << 'END'
digits = dataset "digits8" colour=2 limit=130 holdout=30
net = nade hidden=6 conditional=true
train net digits epochs=2 batch=20 lr=1e-2
eval net digits.test
sample net 100 to="samples.png"
complete net digits.test 3 to="completed.npy"
END
armc run tiny.arm --quiet --threads 1 > one
grep -q '^net: test .* D = 192 (digits8, coloured (2 bits a channel, seed 0), 4 levels' one
mv net.safetensors one.safetensors
armc run tiny.arm --quiet --threads 2 > /dev/null
cmp net.safetensors one.safetensors
armc eval net.safetensors --json > told
grep -q '"dims": 192' told
test "$(od -An -tu1 -j25 -N1 samples.png | tr -d ' ')" = 2 # RGB
# Fewer levels than the colours have are fewer colours; more are refused.
printf 'd = dataset "digits8" colour=4 levels=4 limit=10\neval independent d.test\n' > levels.arm
armc run levels.arm --quiet > told
grep -q 'coloured (4 bits a channel, seed 0), 4 levels' told
