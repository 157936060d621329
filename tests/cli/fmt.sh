# fmt prints one layout; printing it again changes nothing; --in-place replaces the file.
cat > a.arm << 'END'
# a comment
option   epochs=3
net=nade(hidden = 4,extra=0)
END
armc fmt a.arm > b.arm
armc fmt b.arm | cmp - b.arm
grep -q '# a comment' b.arm
armc fmt --in-place a.arm
cmp a.arm b.arm
