#!/bin/bash
# Killed at any point, the same command ends exactly new, and --undo exactly old.
#
# Two labs work at the same time. In one a move is run undisturbed, which tells how many lines its journal has; then
# at each chosen line an undo is killed and resumed, and a move is killed and resumed. In the other a move is killed at
# the same lines and undone. HEADROOM_SEED replays a choice; HEADROOM_KILL_POINTS says how many lines, or "all".
. "$(dirname "$0")/lib.sh"

seed=${HEADROOM_SEED:-$((RANDOM * 32768 + RANDOM))}
points=${HEADROOM_KILL_POINTS:-3}
delay_max_ms=400
old_subnet=10.60.0.0/24 new_subnet=10.70.0.0/20
echo "HEADROOM_SEED=$seed HEADROOM_KILL_POINTS=$points"

snapshot() { engine_state specs shared && engine_state network shared && engine_state container tool; }

# Two steps, because a static busybox's wget can't resolve names.
tool_reaches() {
  local address
  address=$(docker exec tool nslookup "tasks.$1" | sed -n 's/^Address: *\([0-9.]*\)$/\1/p' | tail -1) &&
    docker exec tool wget -q -T 2 -O /dev/null "http://$address/index.html"
}

# Says what is not as it was before the first move, but for the subnet.
exactly() {
  local subnet=$1 offset_from=10.60.0.200 offset_to=${1%.*}.200 found
  found=$(subnet_of shared)
  [[ $found == "$subnet" ]] || { echo "shared has $found, not $subnet" && return 1; }
  wait_until 30 all_running >/dev/null || { echo "not running: $(all_running)" && return 1; }
  snapshot >"$work/snapshot-$lab_name"
  sed "s/$offset_from/$offset_to/g" "$work/before-$lab_name" | diff - "$work/snapshot-$lab_name" || return 1
  nothing_of_headroom || return 1
  wait_until 10 tool_reaches second || { echo "tool does not reach second" && return 1; }
}

scene() {
  lab_up "$1"
  small_scene
  snapshot >"$work/before-$lab_name"
}

new_plan() {
  plan=$work/plan-$lab_name
  rm -f "$plan"
  hr plan shared --subnet $new_subnet -o "$plan" >"$work/out-$lab_name" 2>&1 || give_up "plan_on_$lab_name" "$(cat "$work/out-$lab_name")"
  journal=$(journal_of "$plan")
}

lines() { if [[ -e $journal ]]; then wc -l <"$journal"; else echo 0; fi; }

# apply NAME OPTION...: in full, and it must succeed.
apply() {
  local what=$1
  shift
  timeout 300 "$lab/exec" --name "$lab_name" 1 env HEADROOM_STATE="$state" "$headroom" apply "$@" "$plan" \
    >"$work/out-$lab_name" 2>&1 || give_up "$what" "$(grep -v '^ok' "$work/out-$lab_name" | tail -3)"
}

# killed LINE DELAY_MS OPTION...: LINE counts from what the journal has now. Where it stopped is in `where`.
killed() {
  local line=$(($(lines) + $1)) delay_ms=$2 said
  shift 2
  said=$(on_node 1 env HEADROOM_STATE="$state" "$tests_here/kill_at" "$journal" "$line" "$delay_ms" \
    "$headroom" apply "$@" "$plan" 2>&1 >/dev/null) ||
    give_up "killed_at_line_$line" "$(tail -2 <<<"$said")"
  where="killed ${delay_ms} ms after \"$(sed -n "${line}s/^[^ ]* //p" "$journal")\""
}

check_exactly() { check "$1 ($where)" exactly "$2"; }

# ---- the two labs' parts ----

undisturbed() {
  where=undisturbed
  new_plan
  apply apply
  check_exactly "a move ends exactly new" $new_subnet
  journal_lines=$(lines)
  echo "$journal_lines" >"$work/journal_lines.part"
  cp "$journal" "$work/journal"
  mv "$work/journal_lines.part" "$work/journal_lines"
}

# The last line says that it has finished.
choose_points() {
  local last=$(($(cat "$work/journal_lines") - 1)) n
  if [[ $points == all ]]; then
    seq "$last"
  else
    shuf --random-source=<(yes "$seed") -n "$points" < <(seq "$last")
  fi | while read -r n; do
    echo "$n $(((seed / 7 + n * 7919) % delay_max_ms))"
  done
}

resuming() {
  local line delay_ms
  while read -r line delay_ms <&3; do
    killed "$line" "$delay_ms" --undo
    apply "resume the undo $where" --undo
    check_exactly "an undo that is resumed ends exactly old" $old_subnet
    new_plan
    killed "$line" "$delay_ms"
    apply "resume $where"
    check_exactly "a move that is resumed ends exactly new" $new_subnet
  done 3< <(choose_points)
}

turning_round() {
  local line delay_ms
  while read -r line delay_ms <&3; do
    new_plan
    killed "$line" "$delay_ms"
    apply "undo $where" --undo
    check_exactly "a move that is undone ends exactly old" $old_subnet
  done 3< <(choose_points)
}

part_of_resuming() { scene "$1" && undisturbed && resuming && exit $((failed > 0)); }
points_are_known() { [[ -e $work/journal_lines ]]; }
part_of_turning_round() {
  scene "$1"
  wait_until 300 points_are_known || give_up points "the undisturbed run has not ended"
  turning_round
  exit $((failed > 0))
}

labs=("kr$$" "kt$$")
(part_of_resuming "kr$$") &
workers+=($!)
(part_of_turning_round "kt$$") &
workers+=($!)
for worker in "${workers[@]}"; do
  wait "$worker" || failed=$((failed + 1))
done

verdict
