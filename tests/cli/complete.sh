# complete: what is known stays, what is missing is drawn; each form of output; a mask of the user's own.
cat > tiny.arm << 'END'
digits = dataset "digits8" limit=130 holdout=30
net = nade hidden=4
train net digits epochs=2 batch=20 lr=1e-2
complete net digits.test 12 to="half.png"
complete net digits.test 3 known=left to="left.csv"
complete net digits.test 3 to="upper.npy"
END
armc run tiny.arm --quiet > results
grep -q '^net: 12 examples completed, 32 of 64 variables known, in .* s: half.png' results
test -s half.png
test "$(wc -l < left.csv)" = 3

# Known variables are those of the data, whatever the known half.
armc complete net.safetensors digits.test 3 known=right to=right.csv > /dev/null
paste -d, left.csv right.csv | awk -F, '{
    for (i = 1; i <= 64; i++)
        if ((i - 1) % 8 < 4) { original[NR, i] = $i } else { original[NR, i] = $(i + 64) }
    line = ""
    for (i = 1; i <= 64; i++) line = line original[NR, i] (i < 64 ? "," : "")
    print line }' > true.csv
armc calc 'x * 0 + 1' --in x=upper.npy --out ones.npy --quiet
armc calc 'reshape(pick(x, range(64)), [8, 8, 1])' --in x=ones.npy --out mask.npy --quiet
armc complete net.safetensors digits.test 3 mask=mask.npy to=all.csv | grep -q '64 of 64 variables known'
cmp true.csv all.csv

# A mask of another shape, and data without halves.
if armc complete net.safetensors digits.test 3 mask=upper.npy to=x.csv 2> err; then exit 1; fi
grep -q 'has the shape 3x8x8x1, examples have 8x8x1' err
if armc complete net.safetensors digits 3 to=x.csv 2> err; then exit 1; fi
grep -q 'one split' err
test ! -e x.csv
armc complete net.safetensors digits.test 2 to=two.csv --json --quiet | grep -q '"event": "complete".*"known": 32'
