#!/bin/bash
# ./demo as anybody runs it: what it shows, how long it takes, and that nothing of it is left however it ends.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd -P)
took_max_s=15

export TMPDIR=$work/tmp
mkdir -m 1777 "$TMPDIR"
chmod 755 "$work"

processes() { pgrep -af "headroom.* .*$TMPDIR/" || true; } # the engine, and what runs in front of it
nothing_left() { [[ -z $(ls -A "$TMPDIR") && -z $(processes) ]]; }
what_is_left() { ls -A "$TMPDIR" && processes; }

# ended NAME: nothing is left of the demo.
ended() {
  if wait_until 10 nothing_left; then pass "$1"; else fail "$1" "left: $(what_is_left)"; fi
}

# ---- the whole of it ----

# told NAME FILE: the story from the full pool to the large one.
told() {
  matches "$1_shows_the_full_pool" '^proxy +10\.0\.1\.0/24 +253 +6 +6 +1 +0 +240 +0 .*FULL' "$2"
  matches "$1_shows_the_finding" '^critical: proxy refuses addresses: 2 tasks .* only 13 of 253 addresses have an owner; 240 are leaked' "$2"
  matches "$1_shows_the_plan" '^Plan [0-9a-f]{12}: network proxy from 10\.0\.1\.0/24 to 10\.[0-9]+\.0\.0/16' "$2"
  matches "$1_shows_the_end_of_the_move" '^proxy has the subnet 10\.[0-9]+\.0\.0/16\. Every service of the plan is settled' "$2"
  matches "$1_shows_the_large_pool" '^proxy +10\.[0-9]+\.0\.0/16 +65533 +8 +8 +1 ' "$2"
}

began=$SECONDS status=0
"$root/demo" >"$work/said" 2>&1 || status=$?
took_s=$((SECONDS - began))
equal the_demo_succeeds "$status" 0
told the_demo "$work/said"
check the_demo_takes_less_than_15_s_once_it_is_built [ "$took_s" -lt "$took_max_s" ]
ended the_demo_leaves_nothing

as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent)
if ((EUID)); then
  echo "(this is no root: the run above was an ordinary user's)"
elif ! "${as_nobody[@]}" test -r "$root/build/src/cli/headroom" -a -x "$root/demo"; then
  echo "(no other user can read $root: the run of an ordinary user is left out)"
else
  status=0
  "${as_nobody[@]}" "$root/demo" >"$work/said" 2>&1 || status=$?
  equal the_demo_needs_no_root "$status" 0
  told an_ordinary_user "$work/said"
  ended an_ordinary_user_leaves_nothing
fi

status=0 && "$root/demo" --wrong >"$work/said" 2>&1 || status=$?
equal another_word_is_refused "$status" 3
matches the_words_are_told 'usage: ./demo \[--real\]' "$work/said"

# ---- cut short ----

# A background job ignores ^C unless it is told not to.
demo_start() {
  env --default-signal=INT "$root/demo" >"$work/said" 2>&1 &
  demo=$!
}
said() { grep -qF -- "$1" "$work/said"; }

# interrupted NAME SIGNAL STATUS TEXT: the signal comes when the text has been shown.
interrupted() {
  local status=0
  demo_start
  wait_until 60 said "$4" || give_up "$1" "'$4' was not shown: $(tail -3 "$work/said")"
  kill -s "$2" "$demo"
  wait "$demo" || status=$?
  equal "$1_says_so" "$status" "$3"
  ended "$1_leaves_nothing"
}

interrupted the_demo_interrupted_at_its_beginning INT 130 'A simulated engine answers'
interrupted the_demo_interrupted_in_the_move INT 130 'ok   5/'
interrupted the_demo_terminated_in_the_move TERM 143 'ok  14/'

demo_start
wait_until 60 said 'ok   3/' || give_up the_demo_killed "the move has not begun"
kill -KILL "$demo"
wait "$demo" 2>/dev/null || true
no_process() { [[ -z $(processes) ]]; }
check what_a_demo_that_is_killed_had_running_ends_too wait_until 20 no_process

verdict
