# A bare name: the working folder first, then models/, then the models inside the program; .arm may be left out.
armc check nade --input 4x4x1 --levels 2 | grep -q '16 variables'
mkdir models
echo 'a = 1 +' > models/nade.arm
armc check nade 2>&1 | grep -q '^models/nade.arm:1:'
echo 'b = 2 +' > nade.arm
armc check nade 2>&1 | grep -q '^nade.arm:1:'
