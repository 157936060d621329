# Receptive fields: of a script's model, of a checkpoint, of a table, as text, JSON and picture.
cat > net.arm << 'END'
digits = dataset "digits8" limit=40 holdout=10 levels=4
model rows() {
    input image
    image | scale | as_features
    masked_dense (dims * levels) mask=outer(range(dims), range(dims * levels) // levels, above)
    image ~ categorical
}
block above(a, b) { (b // 8 - a // 8 == 1) * (b % 8 - a % 8 <= 1) * (a % 8 - b % 8 <= 1) }
net = rows
train net digits epochs=1
field net at=[2,0] to="a.png"
field net
END
armc run net.arm --quiet > results
grep -q -x 'net: image(2,0) sees 2 of the 16 variables before it, 14 are its blind spot' results
grep -q -x '  with random weights, log p has a gradient at 2 of these 2 and nowhere else' results
grep -q -x 'net: field: a.png' results
cat > wanted << 'END'
net: image(4,4) sees 3 of the 36 variables before it, 33 are its blind spot
  ........
  ........
  ........
  ...###..
  ....@
  @ itself  # seen  . before it, not seen
  with random weights, log p has a gradient at 3 of these 3 and nowhere else
END
tail -n 8 results | cmp - wanted
test "$(od -An -c -j1 -N3 a.png | tr -d ' ')" = PNG

# A checkpoint gives the same, whatever its weights are.
armc field net.safetensors at=[2,0] to=b.png > /dev/null
cmp a.png b.png
test "$(armc field net.safetensors at=[2,0,0] to=c.png --json)" = '{"event": "field", "model": "net", "at": [2, 0, 0], "legal": 16, "seen": 2, "blind": 14, "leaks": 0, "proved": true, "gradient": 2, "to": "c.png"}'
status=0
armc field net.safetensors at=[2,8] > out 2>&1 || status=$?
test $status = 1
grep -q 'names no variable' out

# check tells the middle and the last one, and writes nothing.
rm a.png
test "$(armc check net.arm --field | grep -c 'before it, .* blind spot')" = 2
test ! -e a.png
armc check net.arm --field --json | tail -n 1 | grep -q '"at": \[7, 7, 0\], "legal": 63, "seen": 2, "blind": 61, "leaks": 0, "proved": true}'

# A table has no picture: its entries are listed. A picture that is too wide is drawn in squares.
cat > other.arm << 'END'
model odd() {
    input x
    x | as_features | scale
    masked_dense dims mask=outer(range(dims), range(dims), less) * outer(range(dims) % 2, range(dims) % 2, equal)
    x ~ bernoulli
}
END
armc check other.arm --field --input 9 --levels 2 > out
grep -q -x 'odd: x(4) sees 2 of the 4 variables before it, 2 are its blind spot' out
grep -q -x '  seen: x(0), x(2)' out
grep -q -x '  not seen: x(1), x(3), x(5), x(7)' out
armc check other.arm --field --input 3x100x1 --levels 2 > out
grep -q -x '  +\{50\}' out
grep -q '(a character is 2x2 pixels)' out
