# check and plan compute nothing and write nothing; with --input they need no data.
armc check nade.arm > out
grep -q '64 variables of 17 levels' out
grep -q 'site_dense' out
armc check nade.arm data=nowhere --input 28x28x1 --levels 10 | grep -q '784 variables of 10 levels'
if armc check nade.arm data=nowhere > out 2>&1; then exit 1; fi
grep -q 'E0501' out
grep -q -e '--input 28x28x1' out

armc plan nade.arm batch=50 > out
grep -q 'batch 50' out
grep -q 'peak' out
armc plan nade.arm --steps | grep -q site_matmul

# A file that only defines models is checked by the shape.
cat > defines.arm << 'END'
model first(hidden = 3) {
    input image
    image | scale | flatten
    site_dense hidden | sum_before | bias | sigmoid | site_dense levels
    image ~ categorical
}
second = nade hidden=5
END
armc check defines.arm 2>&1 | grep -q -e '--input'
armc check defines.arm --input 4x4x1 --levels 3 > out
grep -q '^first' out
grep -q '^second' out
test "$(ls | sort | tr '\n' ' ')" = "defines.arm out " || { ls; exit 1; }
