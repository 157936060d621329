# What is typed and what a file says make the same: parameters under the same paths, the same training, the same samples.
# Mistakes on the way, amended lines and lines that were broken up leave no trace.
mkdir file prompt
cat > file/model.arm << 'END'
block twice(it, n) { dense n | relu | dense n | relu }
digits = dataset "digits8" levels=2 limit=100
input image 8x8 levels=2
shared mix = { dense 4 | tanh }
h = image | flatten | scale | shift 1 | dense 4
h
residual { mix } | mix
repeat 2 as i { twice 3 }
if levels > 2 { dense 5 } else { dense 2 }
dense 1
image ~ bernoulli
train digits epochs=2 batch=10 to="net.safetensors"
sample 3 to="samples.csv"
END
(cd file && armc run model.arm > ../file.out 2> ../file.err)

cat > typed << 'END'
block twice(it, n) { dense n | sigmoid }
digits = dataset "digits8" levels=2 limit=100
input image 8x8 levels=2
shared mix = {
    dense 4 | tanh
}
nosuch 3
h = image | flatten | scale
| shift 1
| nosuch
| dense 4
h
dense 9 | dense 4 | nosuch
residual { mix } | mix
param extra [3
    ] init=lecun decay=5
repeat 2 as i { twice 3 }
block twice(it, n) { dense n | relu | dense n | relu }
if levels > 2 { dense 5 }
else { dense 2 }
dense 1
image ~ categorical
image ~ bernoulli
train digits epochs=2 batch=10 to="net.safetensors"; nosuch
sample 3 to="samples.csv"
END
status=0
(cd prompt && armc < ../typed > ../prompt.out 2> ../prompt.err) || status=$?
test $status = 1 # the first mistake's

# Mistakes were told, each once.
test "$(grep -c 'error\[' prompt.err)" = 6
# The redefinition took place.
grep -q '  dense 2  *64x2' prompt.err

epochs() { sed -n 's/^epoch \(.*\))  [0-9.]* s$/\1/p' "$1"; }
epochs file.out > a
epochs prompt.out > b
test "$(wc -l < a)" = 2
cmp a b
cmp file/samples.csv prompt/samples.csv

paths() { grep -a -o '"[a-z0-9_./]*\.\(weight\|offset\|bias\)":{[^}]*}' "$1" | sed 's/,"data_offsets.*//' | sort -u; }
paths file/net.safetensors > a
paths prompt/net.safetensors > b
test "$(grep -c repeat a)" -gt 3
cmp a b

# The checkpoint carries what was typed, as a script.
armc eval prompt/net.safetensors > a
armc eval file/net.safetensors > b
cmp a b
