# A signal ends the step, writes the checkpoint and says how to go on.
cat > long.arm << 'END'
option epochs = 1000000
digits = dataset "digits8" limit=100
net = nade hidden=8
train net digits epochs=epochs batch=10 schedule=constant
END
armc run long.arm > out 2> err &
process=$!
for i in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.5
    test -s out && break
done
kill -TERM $process
status=0
wait $process || status=$?
test $status = 143
grep -q 'armc run long.arm --resume' err
test -s net.safetensors

armc run long.arm --resume > out2 2> err2 &
process=$!
for i in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.5
    test -s out2 && break
done
kill -TERM $process
wait $process || true
# It went on behind the last epoch that was finished.
last=$(tail -n 1 out | sed 's/epoch \([0-9]*\).*/\1/')
next=$(head -n 1 out2 | sed 's/epoch \([0-9]*\).*/\1/')
test "$next" = $((last + 1))
