# Models of p(x | label): every class is learned, a checkpoint samples the one that is asked for, and a resumed training ends in
# the same bytes.
cat > net.arm << 'END'
option kind = "nade"
option epochs = 4
digits = dataset "digits8" levels=2
if kind == "nade" { net = nade hidden=30 conditional=true } else { net = made_net hidden=60 conditional=true }
train net digits epochs=epochs batch=20 lr=1e-2
END
mean() { # of each pixel, over the lines of a table
    awk -F, '{ for (i = 1; i <= NF; i++) s[i] += $i } END { for (i = 1; i <= NF; i++) printf "%.3f\n", s[i] / NR }' "$1"
}
distance() { # between two lists of means
    paste "$1" "$2" | awk '{ d += ($1 - $2) * ($1 - $2) } END { print d }'
}
for kind in nade made; do
    armc run net.arm kind=$kind --quiet > out
    grep -q ' nats ' out
    for label in 3 5; do
        armc sample net.safetensors 200 label=$label to=$label.csv > /dev/null
        mean $label.csv > $label.mean
    done
    armc sample net.safetensors 200 label=3 to=again.csv --seed 1 > /dev/null
    mean again.csv > again.mean
    # Samples of a class are like those of the same class, unlike those of another.
    test "$(distance 3.mean 5.mean | awk '{ print ($1 > 0.5) }')" = 1
    test "$(distance 3.mean again.mean | awk '{ print ($1 < 0.25) }')" = 1
    # Classes take turns: sample 5 has class 5 in all of these.
    armc sample net.safetensors 20 to=all.csv > /dev/null
    armc sample net.safetensors 20 'label=[0,1,2,3,4,5,6,7,8,9]' to=turns.csv > /dev/null
    cmp all.csv turns.csv
    test "$(sed -n 6p all.csv)" = "$(sed -n 6p 5.csv)"
    test "$(sed -n 7p all.csv)" != "$(sed -n 7p 5.csv)"
    # What is evaluated is p(x | label).
    armc eval net.safetensors digits.test | grep -q '(digits8, 2 levels, given label)'
    armc eval net.safetensors digits.test --json --quiet | grep -q '"given": "label"'
    armc complete net.safetensors digits.test 4 to=half.npy > /dev/null
done
if armc sample net.safetensors 4 label=10 to=x.csv 2> err; then exit 1; fi
grep -q 'there is no class 10' err
test ! -e x.csv

# The number of classes is part of what a training goes on from.
mkdir a b
(cd a && armc run ../net.arm epochs=2 --quiet > /dev/null)
(cd b && armc run ../net.arm epochs=2 --quiet --stop-after 40 > /dev/null && armc run ../net.arm epochs=2 --quiet --resume > /dev/null)
cmp a/net.safetensors b/net.safetensors
grep -aq 'data.classes' a/net.safetensors
