#!/bin/bash
# A lab leaves nothing behind, however it ends, and labs do not disturb each other.
set -euo pipefail
lab=$(cd "$(dirname "$0")/../../lab" && pwd)
HEADROOM_LAB=$(mktemp -d /var/tmp/headroom-lifecycle.XXXXXX)
export HEADROOM_LAB
a=lc$$a b=lc$$b
cleanup() {
  "$lab/down" --name "$a" && "$lab/down" --name "$b" && rmdir "$HEADROOM_LAB"
}
trap cleanup EXIT

fail() { echo "not ok - $*"; exit 1; }
ok() { echo "ok - $*"; }
engine_of() { DOCKER_HOST=unix://$HEADROOM_LAB/$1/n$2/docker.sock "$("$lab/engine" 20.10)/docker" "${@:3}"; }

# A process of a lab has the lab's folder in its command line or its environment's working files; a mount its path.
nothing_left() {
  local left
  left=$(
    ls -A "$HEADROOM_LAB"
    grep -lsE "$1" /proc/[0-9]*/cmdline || true
    grep "$HEADROOM_LAB/$1" /proc/self/mountinfo || true
    find /sys/fs/cgroup -maxdepth 2 -name "headroom-$1"
  )
  [[ -z $left ]] || fail "left of $1: $left"
}

"$lab/up" --name "$a" 2>/dev/null &
first=$!
"$lab/up" --name "$b" --nodes 2 --managers 1 2>/dev/null
wait "$first"
[[ $(engine_of "$a" 1 node ls -q | wc -l) == 1 && $(engine_of "$b" 1 node ls -q | wc -l) == 2 ]] || fail "two labs at once"
ok "two labs run at the same time"

"$lab/up" --name "$a" 2>&1 | grep -q 'up already' || fail "the second up"
ok "up a second time does nothing"

engine_of "$a" 1 run -d --name lasting busybox:lab sleep 1000 >/dev/null
"$lab/exec" --name "$a" n1 pgrep -x sleep >"$HEADROOM_LAB/$a/before"

# A shim writes a file for every exec, and if it is killed the file stays: so that must be in the node's own folder.
watch_tmp() { for _ in {1..400}; do grep -ls "mark-$a" /tmp/runc-process* || true; sleep 0.005; done; }
watch_tmp >"$HEADROOM_LAB/$a/seen" &
watcher=$!
for _ in {1..3}; do engine_of "$a" 1 exec lasting true "mark-$a"; done
wait "$watcher"
[[ ! -s $HEADROOM_LAB/$a/seen ]] || fail "an exec's file is the machine's: $(sort -u "$HEADROOM_LAB/$a/seen")"
ok "an exec writes nothing into the machine's /tmp"

"$lab/node" --name "$a" kill n1
! engine_of "$a" 1 info >/dev/null 2>&1 || fail "the killed engine answers"
"$lab/exec" --name "$a" n1 pgrep -x sleep | cmp - "$HEADROOM_LAB/$a/before" || fail "containers ended with the engine"
"$lab/up" --name "$a" 2>/dev/null
engine_of "$a" 1 info >/dev/null || fail "the repaired engine"
ok "containers outlive a killed engine, and up starts it again"

"$lab/node" --name "$b" stop n2
! engine_of "$b" 2 info >/dev/null 2>&1 || fail "the stopped engine answers"
"$lab/node" --name "$b" start n2
engine_of "$b" 2 info >/dev/null || fail "the engine that was started again"
ok "an engine stops and starts"

status=0
"$lab/exec" --name "$a" n1 sh -c 'trap "exit 9" TERM; sleep 30 & wait' &
running=$!
sleep 0.5
kill "$running"
wait "$running" || status=$?
[[ $status == 9 ]] || fail "a signal to lab/exec: status $status"
ok "signals reach a command run on a node"

"$lab/node" --name "$b" kill n2
"$lab/down" --name "$b"
"$lab/node" --name "$a" kill n1
"$lab/down" --name "$a"
nothing_left "$a"
nothing_left "$b"
"$lab/down" --name "$a" || fail "the second down"
rm -f "$HEADROOM_LAB/.$a.lock"
ok "down removes everything, also after a crash, also twice"

for after in 0.2 0.6 1.0; do
  timeout --signal INT "$after" "$lab/up" --name "$a" --nodes 2 >/dev/null 2>&1 || true
  nothing_left "$a"
done
ok "an interrupted up leaves nothing"
