#!/bin/sh
# The main job from beginning to end: builds windlass and the laboratory, fills a laboratory with real messages, moves its
# mailboxes to another server with runbooks/move-mailboxes.yaml while new mail keeps coming in, and audits every message.
#
#   examples/first-run.sh [MAILBOXES [MESSAGES]]
set -eu
cd "$(dirname "$0")/.."
mailboxes=${1:-40}
messages=${2:-25}

command -v cc >/dev/null || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
cargo build --release --locked --bin windlass --example maillab

target=${CARGO_TARGET_DIR:-$PWD/target}
home=$target/first-run
rm -rf "$home"
mkdir -p "$home"
cat >"$home/env" <<END
export PATH="$target/release:$target/release/examples:\$PATH"
export MAILLAB_DIR="$home/laboratory"
export WINDLASS_STATE_DIR="$home/state"
# The servers are this laboratory's alone, and so are their locks: an earlier run that was cut off is in nobody's way.
export WINDLASS_LOCKS_DIR="$home/locks"
END
. "$home/env"

echo
echo "== a laboratory with $mailboxes mailboxes of $messages messages each, on the server \`old\`"
maillab init --mailboxes "$mailboxes" --messages "$messages" >"$home/init.json"
maillab list >"$home/mailboxes.txt"

echo
echo "== the mailboxes move to the server \`new\` while new mail keeps coming in"
maillab drip --every 100ms --until-file "$home/enough" >"$home/drip.log" 2>&1 &
drip=$!
code=0
windlass run runbooks/move-mailboxes.yaml -p mailboxes=@"$home/mailboxes.txt" -p source=old -p target=new --jobs 4 || code=$?
touch "$home/enough"
wait "$drip"

echo
echo "== every message that was ever accepted, looked for at its home"
maillab audit || code=$?

cat <<END

where to look next, after \`. $home/env\`:
  windlass status              how the run stands
  windlass show latest 'waves[wave_1].mailboxes[$(head -n 1 "$home/mailboxes.txt")].move'
  windlass logs latest         what every step printed
  maillab locate $(head -n 1 "$home/mailboxes.txt")
END
exit "$code"
