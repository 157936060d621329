# A disk that is full: status 3 with path and reason, nothing half written, the old checkpoint stands.
cat > tiny.arm << 'END'
option epochs = 1
digits = dataset "digits8" limit=100
net = nade hidden=40
train net digits epochs=epochs
END
armc run tiny.arm --quiet > results
cp net.safetensors before
status=0
(ulimit -f 20; exec armc run tiny.arm epochs=2 --quiet) > out 2> err || status=$?
test $status = 3
grep -q 'net.*safetensors.*too large' err
cmp net.safetensors before
test "$(ls | sort | tr '\n' ' ')" = "before err net.best.safetensors net.csv net.safetensors out results tiny.arm " || {
    ls
    exit 1
}

# A folder that is not there is found before the training.
sed 's/epochs=epochs/epochs=100000 to="no\/net.safetensors"/' tiny.arm > other.arm
status=0
timeout 60 armc run other.arm --quiet > out 2>&1 || status=$?
test $status = 3
grep -q 'E0902.*no/net' out
