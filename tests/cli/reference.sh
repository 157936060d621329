# docs/ops.md is what the program says about itself.
set -e
"$ARMC" reference > reference.md
diff "$ARMC_ROOT/docs/ops.md" reference.md || {
    echo "docs/ops.md is out of step: ./armc reference > docs/ops.md"
    exit 1
}
