#!/bin/bash
# Killed at any point, the same command ends exactly new, and --undo exactly old.
#
# An undisturbed run tells how many lines its journal has. Then, at each chosen line, a move is killed and undone, a move
# is killed and resumed, and an undo is killed and resumed. Most of that is waiting, so three labs share the lines.
# HEADROOM_SEED replays a choice; HEADROOM_KILL_POINTS says how many lines, or "all", or which, as in "34-53".
. "$(dirname "$0")/lib.sh"

seed=${HEADROOM_SEED:-$((RANDOM * 32768 + RANDOM))}
points=${HEADROOM_KILL_POINTS:-3}
delay_max_ms=400
old_subnet=10.60.0.0/24 new_subnet=10.70.0.0/20
echo "HEADROOM_SEED=$seed HEADROOM_KILL_POINTS=$points"

snapshot() {
  engine_state specs shared && engine_state network shared && engine_state container tool && engine_state container guest
}

# Not by wget: a static busybox's dies of an address that is not its own.
tool_reaches() {
  local address
  address=$(docker exec tool nslookup "tasks.$1" | sed -n 's/^Address: *\([0-9.]*\)$/\1/p' | tail -1) &&
    docker exec tool sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 $address 80" | grep -q '^up$'
}

# Says what is not as it was before the first move, but for the subnet.
exactly() {
  local subnet=$1 found
  found=$(subnet_of shared)
  [[ $found == "$subnet" ]] || { echo "shared has $found, not $subnet" && return 1; }
  wait_until 30 all_running >/dev/null || { echo "not running: $(all_running)" && return 1; }
  snapshot >"$work/snapshot-$lab_name"
  sed "s/10\\.60\\.0\\./${subnet%.*}./g" "$work/before-$lab_name" | diff - "$work/snapshot-$lab_name" || return 1
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

# What would be looked at if the lab were still there.
evidence() {
  docker network ls --no-trunc --filter name=shared --format '{{.Name}} {{.ID}} {{.Scope}}'
  docker network inspect --format '{{json .IPAM.Config}} {{json .Containers}}' shared 2>&1 || true
  docker ps --format '{{.Names}} {{.Status}}'
  grep -aE 'level=(error|warning)' "$lab_dir/n1/dockerd.log" | grep -aE 'network|endpoint|sandbox' | tail -5 | cut -c1-400
}

# apply NAME OPTION...: in full, and it must succeed.
apply() {
  local what=$1
  shift
  timeout 300 "$lab/exec" --name "$lab_name" 1 env HEADROOM_STATE="$state" "$headroom" apply "$@" "$plan" \
    >"$work/out-$lab_name" 2>&1 || give_up "$what" "$(grep -v '^ok' "$work/out-$lab_name" | tail -3)" "$(evidence)"
}

# killed LINE DELAY_MS OPTION...: LINE counts from what the journal has now. Where it stopped is in `where`. How often a
# step is tried is the engine's doing, so a run may have a few lines less than the undisturbed one.
killed() {
  local line=$(($(lines) + $1)) delay_ms=$2 said status=0
  shift 2
  said=$(on_node 1 env HEADROOM_STATE="$state" "$tests_here/kill_at" "$journal" "$line" "$delay_ms" \
    "$headroom" apply "$@" "$plan" 2>&1 >/dev/null) || status=$?
  case $status in
    0) where="killed ${delay_ms} ms after \"$(sed -n "${line}s/^[^ ]* //p" "$journal")\"" ;;
    2) where="at its end before it was killed" ;;
    *) give_up "killed_at_line_$line" "$(tail -2 <<<"$said")" "$(evidence)" ;;
  esac
}

check_exactly() { check "$1 ($where)" exactly "$2"; }

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
  elif [[ $points == *-* ]]; then
    seq "${points%-*}" $((last < ${points#*-} ? last : ${points#*-}))
  else
    shuf --random-source=<(yes "$seed") -n "$points" < <(seq "$last")
  fi | while read -r n; do
    echo "$n $(((seed / 7 + n * 7919) % delay_max_ms))"
  done
}

killed_and_undone() {
  new_plan
  killed "$1" "$2"
  apply "undo $where" --undo
  check_exactly "a move that is undone ends exactly old" $old_subnet
}
killed_and_resumed() {
  new_plan
  killed "$1" "$2"
  apply "resume $where"
  check_exactly "a move that is resumed ends exactly new" $new_subnet
}
undo_killed_and_resumed() {
  killed "$1" "$2" --undo
  apply "resume the undo $where" --undo
  check_exactly "an undo that is resumed ends exactly old" $old_subnet
}

# The lab of the undisturbed run is at the new subnet when it begins, the others are at the old one.
work_at() {
  [[ $at != new ]] || undo_killed_and_resumed "$@"
  killed_and_undone "$@"
  killed_and_resumed "$@"
  [[ $at == new ]] || undo_killed_and_resumed "$@"
}

points_are_known() { [[ -e $work/journal_lines ]]; }

# worker NUMBER LAB: every third of the points.
worker() {
  local line delay_ms
  scene "$2"
  at=old
  (($1 > 0)) || { undisturbed && at=new; }
  wait_until 300 points_are_known || give_up "points_for_$2" "the undisturbed run has not ended"
  while read -r line delay_ms <&3; do
    work_at "$line" "$delay_ms"
  done 3< <(choose_points | awk -v n="$1" 'NR % 3 == n')
  exit $((failed > 0))
}

labs=("ka$$" "kb$$" "kc$$")
for number in 0 1 2; do
  (worker "$number" "${labs[number]}") &
  workers+=($!)
done
for worker in "${workers[@]}"; do
  wait "$worker" || failed=$((failed + 1))
done

verdict
