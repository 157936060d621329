# A checkpoint alone is enough to sample, evaluate and plot: the script lies in it.
mkdir elsewhere
cat > blocks.arm << 'END'
block head(it, n) { site_dense n }
END
cat > own.arm << 'END'
import "blocks.arm"
option hidden = 4
model own() {
    input image
    image | scale | flatten
    site_dense hidden | sum_before | bias | sigmoid | head levels
    image ~ categorical
}
digits = dataset "digits8" limit=100 holdout=20
net = own
train net digits epochs=2 lr=1e-2
eval net digits.test
sample net 30 to="a.csv"
END
armc run own.arm hidden=7 --quiet > results
mv net.safetensors elsewhere
rm own.arm blocks.arm
cd elsewhere

armc sample net.safetensors 30 to=a.csv > /dev/null
cmp a.csv ../a.csv
test "$(wc -l < a.csv)" = 30

# A sample is the same in any batch, and another at another seed.
armc sample net.safetensors n=130 to=many.csv > /dev/null
head -n 30 many.csv | cmp - a.csv
armc sample net.safetensors 30 to=b.csv --seed 1 > /dev/null
if cmp -s a.csv b.csv; then exit 1; fi
armc sample net.safetensors 30 to=c.csv temperature=0.1 > /dev/null
if cmp -s a.csv c.csv; then exit 1; fi
armc sample net.safetensors 9 to=a.png > /dev/null
test "$(od -An -c -j1 -N3 a.png | tr -d ' ')" = PNG

# eval names the data of the script, or takes its own; both tell what the run told.
test "$(armc eval net.safetensors digits.test)" = "$(grep '^net: test' ../results | tail -n 1)"
armc eval net.safetensors > both
grep -q '^net: validation' both
grep -q '^net: test' both
armc eval net.safetensors data=digits.train | grep -q '^net: train'

if command -v gnuplot > /dev/null; then
    armc plot net.safetensors to=loss.svg > /dev/null
    grep -q '<svg' loss.svg
fi

status=0
armc sample net.safetensors 9 too=a.png > out 2>&1 || status=$?
test $status = 1
grep -q 'did you mean `to`' out
status=0
armc sample nothing.safetensors 9 to=a.png > out 2>&1 || status=$?
test $status != 0
grep -q 'nothing.safetensors' out

# losses: what the run's lines told, but for the seconds; columns of other lengths; figures of no epoch.
armc losses net.safetensors 'beside=[["theirs",3,4,5.5],["independent pixels",7]]' > out
grep -o 'train [0-9.]*  validation [0-9.]*  test [0-9.]*' ../results | awk '{ print $2, $4, $6 }' > told
awk 'NR > 2 && NR < 5 { print $2, $3, $4 }' out | cmp - told
test "$(wc -l < told)" = 2
grep -q '^  epoch  *train  validation  *test  bits/dim  seconds  theirs$' out
grep -q '^      3  *-  *-  *-  *-  *-   5.500$' out
test "$(tail -n 1 out)" = '  independent pixels: 7.000'
armc losses net.safetensors 'beside=[["theirs",3]]' --json > out
test "$(wc -l < out)" = 3
grep -q '"epoch": 2, "train": [0-9.]*, "validation": .*, "proved": true}$' out
test "$(tail -n 1 out)" = '{"event": "losses", "model": "net", "beside": {"theirs": 3.000000}}'
