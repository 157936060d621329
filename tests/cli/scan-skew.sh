# Cells along the diagonals of a picture have the bits of cells along the columns of the skewed one, the edge beside it included.
draw() { # NAME SHAPE: any numbers
    armc calc "range($(echo "$2" | tr x '*')) * 37 % 23 / 23 - 0.5 | reshape [$(echo "$2" | tr x ,)]" --out "$1.npy"
}
same() { # WHAT ONE OTHER FILES...
    what=$1 one=$2 other=$3
    shift 3
    armc calc "$one" --in "$@" --out one.npy
    armc calc "$other" --in "$@" --out other.npy
    cmp one.npy other.npy || { echo "$what differ"; exit 1; }
}

edge='lstm_idle(w, b, steps=shape(g)[0])'
draw w 2x3x12
draw b 12
for shape in 4x6x12 6x4x12 1x5x12 5x1x12; do
    draw g $shape
    same "diagonals from the left, $shape" "unskew(lstm_scan(skew(g), w, b, axis=1, taps=[0, (-1)]))" \
        "lstm_scan(g, w, b, $edge, axis=1, taps=[0, (-1)], skew=1)" g=g.npy w=w.npy b=b.npy
    same "diagonals from the right, $shape" "flip(lstm_scan(flip(g, 1), w, b, $edge, axis=1, taps=[0, (-1)], skew=1), 1)" \
        "lstm_scan(g, w, b, $edge, axis=1, taps=[0, (-1)], skew=-1)" g=g.npy w=w.npy b=b.npy
done
