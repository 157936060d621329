# An unfolded model has the same parameters under the same paths, and so the same samples.
cat > short.arm << 'END'
net = nade hidden=4
digits = dataset "digits8" limit=50
train net digits epochs=1
sample net 10 to="short.csv"
END
armc run short.arm --quiet > short.out
armc expand short.arm > long.arm
sed -e 1d -e 's/short/long/' short.arm >> long.arm
armc run long.arm --quiet > long.out
cmp short.csv long.csv
