# profile tells where a step's time goes, and leaves nothing behind.
armc profile nade.arm hidden=20 limit=50 > out
grep -q '^net: steps of 16 examples' out
for part in data forward backward optimizer; do grep -q "%.* $part\$" out; done
grep -q '%.* site_matmul_dw  .*\* backward  stdlib/layers.arm' out
grep -q '%.* stdlib/nade.arm:[0-9]*: site_dense levels$' out

# Shares of the parts add up to the whole step; so do those of the ops to forward and backward.
awk '/part$/ { on = 1; next } /op  .*line$/ { on = 2; next } /line, with/ { on = 3 }
     on == 1 { all += $2 } on == 1 && /forward|backward/ { passes += $1 } on == 2 { ops += $1 }
     END { exit !(all > 99 && all < 101 && ops > 0.98 * passes && ops < 1.02 * passes) }' out

# Arithmetic is counted once: what lays a convolution's weights out has none, the way back has twice as much as the way there (but
# for the first layer, whose input has no gradient).
armc profile pixelcnn.arm filters=32 blocks=1 size=3 limit=50 > out
grep -q '%  *conv2d_packed ' out
awk '/part$/ { on = 1; next } /op  .*line$/ { exit } on && $5 == "forward" { there = $1 * $4 } on && $5 == "backward" { back = $1 * $4 }
     END { exit !(there > 0 && back > 1.6 * there && back < 2.1 * there) }' out

# Products of a masked network are counted as what is live.
armc profile made.arm 'hidden=[30]' limit=50 | grep -q '%  *[0-9.]*  matmul_dw_masked'
armc profile nade.arm hidden=5 limit=50 --json | grep -q '^{"event": "profile", "text": "net: steps'
if armc profile missing.arm > out 2>&1; then exit 1; fi
test "$(ls)" = "out"
