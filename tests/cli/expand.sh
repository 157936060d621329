# An unfolded model has the same parameters under the same paths, the same order, and so the same samples.
for model in "nade hidden=4" "nade hidden=4 conditional=true" "made_net hidden=9 conditional=true" "nade hidden=4 order=hilbert" "made_net hidden=9 order=random order_seed=3"; do
    cat > short.arm << END
net = $model
digits = dataset "digits8" limit=50
train net digits epochs=1
sample net 10 to="short.csv"
END
    armc run short.arm --quiet > short.out
    armc expand short.arm > long.arm
    sed -e 1d -e 's/short/long/' short.arm >> long.arm
    armc run long.arm --quiet > long.out
    cmp short.csv long.csv || exit 1
done
