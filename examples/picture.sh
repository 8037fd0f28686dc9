#!/bin/sh
# Takes the picture of the README: runs examples/first-run.sh in a terminal of 80 by 24 and keeps what it shows in the middle of
# a wave, with mailboxes on their way. Needs tmux.
set -eu
cd "$(dirname "$0")/.."
command -v tmux >/dev/null || { apt-get update && apt-get install -y --no-install-recommends tmux; }
cargo build --release --locked --bin windlass --example maillab --example picture

target=${CARGO_TARGET_DIR:-$PWD/target}
socket=$target/picture.tmux
shown=$target/picture.txt
tmux -u -S "$socket" -f /dev/null new-session -d -x 80 -y 24 "examples/first-run.sh 40 200"
trap 'tmux -S "$socket" kill-server 2>/dev/null || true' EXIT

# The session ends with the run, and then there is nothing more to take a picture of.
while tmux -u -S "$socket" capture-pane -e -p >"$shown" 2>/dev/null; do
    # Four mailboxes are on their way, some copy messages, and a third of the first wave is done.
    if [ "$(grep -c 'copied .* messages' "$shown")" -ge 2 ] && grep -q 'mailboxes  *\(8\|9\|1[0-9]\)/25 items' "$shown"; then
        # Command substitution leaves out the empty lines below.
        printf '%s\n' "$(cat "$shown")" | "$target/release/examples/picture" >examples/first-run.svg
        echo "examples/first-run.svg"
        exit 0
    fi
done
echo "the run has ended before there was a picture to take; try again" >&2
exit 1
