# help finds ops, blocks, models, commands and scripts; the reference has all of them.
armc help > names
for name in nade dense add categorical train sample; do
    grep -q "^  $name " names
    armc help $name | grep -q "$name"
done
armc help nade --source | grep -q '^model nade'
armc help nade.arm | grep -q epochs
status=0
armc help sampel > out 2>&1 || status=$?
test $status = 1
grep -q 'did you mean `sample`' out
armc reference | grep -q '^### train'
