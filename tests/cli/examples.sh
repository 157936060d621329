# Every example passes its check, and runs for an epoch.
for script in "$ARMC_ROOT"/examples/*/*.arm; do
    armc check "$script"
    armc run "$script" epochs=1 hidden=8 --quiet
done
test -s samples.png
