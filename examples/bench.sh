#!/bin/sh
# Measures windlass beside the peers that are installed (make, ninja, GNU parallel) and prints medians and ratios.
#
#   examples/bench.sh [--quick] [--only CASE]... [--times N] [--on FOLDER]
set -eu
cd "$(dirname "$0")/.."
cargo build --release --locked --bin windlass --example bench
release=${CARGO_TARGET_DIR:-$PWD/target}/release
exec "$release/examples/bench" --windlass "$release/windlass" "$@"
