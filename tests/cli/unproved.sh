# A model that is not autoregressive runs where the script says `unproved`, and every report line on it says so.
cat > bad.arm << 'END'
digits = dataset "digits8" levels=2 limit=60
model leaks {
    input image
    unproved
    image | scale | flatten | site_dense 1
    image ~ bernoulli
}
bad = leaks
train bad digits epochs=2
eval bad digits.test
score bad digits.test to="scores.csv"
sample bad 3 to="samples.csv"
complete bad digits.test 2 known=upper to="completed.csv"
END
armc check bad.arm > out 2> err
grep -q 'NOT autoregressive: unproved; 64 variables' out
grep -q '^bad.arm:5:31: warning\[E0710\]: NOT autoregressive: the distribution of image(0,0) depends on image(0,0)' err
grep -q 'path: bernoulli' err

armc run bad.arm --exact > out 2> err
test "$(grep -c warning err)" = 1
test "$(grep -c unproved out)" = "$(wc -l < out)"
test "$(wc -l < out)" = 8
grep -q '^# unproved' bad.csv

# The same as JSON, also on a checkpoint.
armc run bad.arm --exact --json --quiet > out 2> err
test "$(grep -c '"proved": false' out)" = "$(wc -l < out)"
armc eval bad.safetensors | grep -q unproved
armc sample bad.safetensors 3 to=again.csv --exact | grep -q unproved
cmp samples.csv again.csv
armc field bad.safetensors at=[4,3] | grep -q unproved
armc field bad.safetensors at=[4,3] --json | grep -q '"proved": false'
armc run bad.arm --exact --stop-after 1 | grep '^step' | grep -q unproved

# What is proved says nothing of it in text, and so in JSON.
sed 's/site_dense 1/site_dense 4 | sum_before | relu | site_dense 1/' bad.arm > good.arm
armc run good.arm > out 2> err
test "$(cat out err | grep -c unproved)" = 0
armc check good.arm --json | grep -q '"proved": true'

# Layout, unfolding and help know the word; at the prompt it makes a warning of the error.
armc fmt bad.arm | grep -q '^    unproved$'
armc expand bad.arm > unfolded.arm
grep -q '^    unproved$' unfolded.arm
armc help unproved | grep -q '^unproved    (statement)'
printf 'input x 4 levels=2\nunproved\nx | scale\nx ~ bernoulli\n' | armc > out 2>&1
grep -q 'NOT autoregressive: unproved; 4 variables' out
grep -q 'warning\[E0710\]' out
