#!/bin/sh
# Takes the picture of the README: runs examples/first-run.sh in a terminal of 80 by 24 and keeps what it shows in the middle.
# Needs tmux.
set -eu
cd "$(dirname "$0")/.."
command -v tmux >/dev/null || { apt-get update && apt-get install -y --no-install-recommends tmux; }
cargo build --release --locked --bin windlass --example maillab --example picture

target=${CARGO_TARGET_DIR:-$PWD/target}
socket=$target/picture.tmux
tmux -S "$socket" -f /dev/null new-session -d -x 80 -y 24 "examples/first-run.sh"
trap 'tmux -S "$socket" kill-server 2>/dev/null || true' EXIT
# Half of the moves are done once that many records stand in the journal.
until [ "$(cat "$target"/first-run/state/runs/*/journal.jsonl 2>/dev/null | wc -l)" -ge 250 ]; do :; done
tmux -S "$socket" capture-pane -e -p | "$target/release/examples/picture" >examples/first-run.svg
echo "examples/first-run.svg"
