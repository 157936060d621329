# ARMC_STDLIB: a folder in place of the standard library inside the program.
mkdir lib
cat > lib/mine.arm << 'EOF'
## Twice the value.
block twice(it) { it + it }
EOF
cat > a.arm << 'EOF'
import mine
input image 4x4x1 levels=2
image | scale | flatten | shift 1 | twice
param weight [1, 1]
matmul(it, weight)
image ~ bernoulli
EOF
ARMC_STDLIB=lib armc check a.arm | grep -q twice
if armc check a.arm > out 2>&1; then exit 1; fi
grep -q 'stdlib has no `mine`' out

# What it lacks is not there; a mistake in it is shown where it is.
echo 'image | dense 3' >> a.arm
if ARMC_STDLIB=lib armc check a.arm > out 2>&1; then exit 1; fi
grep -q 'nothing is called `dense`' out
echo 'block dense(it, n) { it + }' > lib/layers.arm
if ARMC_STDLIB=lib armc check a.arm > out 2>&1; then exit 1; fi
grep -q '^lib/layers.arm:1:' out

status=0
ARMC_STDLIB=nowhere armc check a.arm > out 2>&1 || status=$?
test $status = 3
grep -q 'nowhere: No such file' out
