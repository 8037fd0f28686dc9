#!/bin/sh
# Measures windlass beside the peers that are installed (make, ninja, GNU parallel) and prints medians and ratios.
#
#   examples/bench.sh [--quick] [--only CASE]... [--times N] [--on FOLDER]
#   examples/bench.sh --instructions [--quick] [--only PATH]...
#
# The second form counts instructions with valgrind: they stay the same on a machine that has other work.
set -eu
cd "$(dirname "$0")/.."
case " $* " in
*" --instructions "*)
  command -v valgrind >/dev/null || { apt-get update && apt-get install -y --no-install-recommends valgrind; }
  ;;
esac
cargo build --release --locked --bin windlass --example bench
release=${CARGO_TARGET_DIR:-$PWD/target}/release
exec "$release/examples/bench" --windlass "$release/windlass" "$@"
