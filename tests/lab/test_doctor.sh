#!/bin/bash
# headroom doctor against ten labelled states of one real swarm, five healthy and five sick: no false alarm, no false OK.
# Each state is made, judged by its label alone, and unmade. The sick ones come last, because a leak can't be unmade.
. "$(dirname "$0")/lib.sh"

engine_log() { echo "$lab_dir/n1/dockerd.log"; }

# doctor OPTION...: its exit status; what it found is in $work/found, a line each.
doctor() {
  local status=0
  hr doctor --log "$(engine_log)" "$@" --format '{{.Severity}} {{.Kind}} {{.Subject}}' >"$work/found" 2>"$work/said" ||
    status=$?
  echo "$status"
}

# healthy STATE [OPTION...]: exit status 0, and nothing but notes.
healthy() {
  local state=$1 status
  shift
  status=$(doctor "$@")
  if [[ $status == 0 ]] && ! grep -v '^note ' "$work/found" >/dev/null; then
    pass "healthy: $state"
  else
    fail "healthy: $state" "exit status $status: $(grep -v '^note' "$work/found") $(cat "$work/said")"
  fi
}

# sick STATE STATUS FINDING: that exit status, and that finding among them.
sick() {
  local status
  status=$(doctor)
  if [[ $status == "$2" ]] && grep -qx "$3" "$work/found"; then
    pass "sick: $1"
  else
    fail "sick: $1" "exit status $status, found: $(cat "$work/found" "$work/said")"
  fi
}

service() {
  local name=$1
  shift
  docker service create --quiet --detach --no-resolve-image --name "$name" --stop-grace-period 2s "$@" \
    busybox:lab sh -c "trap 'exit 0' TERM; sleep 100000 & wait" >/dev/null
}

network() { docker network create --driver overlay --attachable --subnet "$2" "${@:3}" "$1" >/dev/null; }
network_gone() { ! docker network inspect "$1" >/dev/null 2>&1; }
network_remove() { wait_until 30 docker network rm "$1" >/dev/null 2>&1 && wait_until 30 network_gone "$1"; }
tasks_in() { docker service ps --no-trunc --format '{{.CurrentState}}' "$1" 2>/dev/null | grep -c "^$2" || true; }
tasks_are() { [[ $(tasks_in "$1" "$2") == "$3" ]]; }
tasks_at_least() { (($(tasks_in "$1" "$2") >= $3)); }
# older_than SERVICE SECONDS
older_than() {
  local created
  created=$(docker service inspect --format '{{.CreatedAt.Unix}}' "$1")
  (($(date +%s) - created >= $2))
}

lab_up "doctor$$"

# ---- healthy ----

healthy "a fresh swarm"
status=0
hr doctor --format '{{.Severity}} {{.Kind}}' >"$work/found" 2>&1 || status=$?
equal "without a journal and without --log the log is not called quiet, and the rest is fine" \
  "$status $(grep -c '^note not-looked-at' "$work/found")" "0 1"

network busy 10.50.0.0/24
service web --network busy --replicas 5
healthy "a service that deploys normally, at once"
wait_until 60 tasks_are web Running 5 || give_up web "$(docker service ps web)"
healthy "the same service when all its tasks run"

docker service create --quiet --detach --no-resolve-image --name noimage --network busy busybox:missing >/dev/null 2>&1
wait_until 60 tasks_at_least noimage Rejected 2 || give_up noimage "$(docker service ps noimage)"
healthy "a service whose image is missing"
matches "the missing image is told of, as what it is" '^note tasks-other noimage$' "$work/found"
docker service rm noimage >/dev/null

network history 10.51.0.0/28
docker service create --quiet --detach --no-resolve-image --name once --network history --replicas 10 \
  --restart-condition none busybox:lab true >/dev/null
wait_until 90 tasks_are once Complete 10 || give_up once "$(docker service ps once)"
healthy "a small network with nothing but ended tasks"
docker service rm once >/dev/null

# Errors of three hours ago: about a network that has given out addresses since, a service that has its VIP, one that is gone.
old_log() {
  local when service_id network_id
  when=$(date -u -d '-3 hours' +%FT%T.123456789Z)
  service_id=$(docker service inspect --format '{{.ID}}' web)
  network_id=$(docker network inspect --format '{{.Id}}' busy)
  cat <<LOG
time="$when" level=error msg="Failed allocation for service $service_id" error="could not find an available IP while allocating VIP" module=node node.id=x
time="$when" level=error msg="Failed allocation for service nolongerthere" error="could not find an available IP while allocating VIP" module=node node.id=x
time="$when" level=error msg="task allocation failure" error="failed to allocate network IP for task gone network $network_id: could not find an available IP" module=node node.id=x
time="$when" level=error msg="Failed allocation for network gonetoo" error="failed allocating pools and gateway IP for network gonetoo: Pool overlaps with other one on this address space" module=node
time="$when" level=warning msg="Error (Unable to complete atomic operation, key modified) deleting object [endpoint a b], retrying...."
time="$when" level=error msg="network proxy remove failed: error while removing network: unknown network proxy id gone"
LOG
}
old_log >"$work/old.log"
healthy "a log with errors that are mended" --log "$work/old.log"
matches "mended errors are notes, with what they were" '^note log-refused web$' "$work/found"

# ---- sick ----

network tiny 10.52.0.0/29
service pair --network tiny --replicas 2
wait_until 60 tasks_are pair Running 2 || give_up pair "$(docker service ps pair)"
sick "a /29 with one address left" 1 'warning pool-near-full tiny'
docker service rm pair >/dev/null
network_remove tiny || give_up tiny "the network stays"

on_node 1 ip route add 10.50.0.0/23 via 192.0.2.254
sick "a route of the host that was added later, over an overlay" 1 'warning overlap busy'
on_node 1 ip route del 10.50.0.0/23 via 192.0.2.254

network headroom-hop-busy 10.53.0.0/24 --label headroom.net=busy --label headroom.move=0123456789ab \
  --label "headroom.holder=$lab_name-n1 pid 999999"
sick "a hop network that a dead run left" 2 'critical move-unfinished busy'
docker create --name headroom-anchor-0123456789ab-hop busybox:lab true >/dev/null
sick "the same with its anchor" 2 'critical move-unfinished busy'
equal "an anchor of an unfinished move is no finding of its own" "$(grep -c leftover "$work/found")" 0
network_remove headroom-hop-busy || give_up hop "the network stays"
sick "an anchor of no move" 1 'warning leftover.*'
docker rm headroom-anchor-0123456789ab-hop >/dev/null

network clash 10.50.0.0/25
service onclash --network clash
wait_until 60 older_than onclash 6
sick "a network that was never allocated, because it overlaps" 2 'critical network-unallocated clash'
docker service rm onclash >/dev/null
network_remove clash || give_up clash "the network stays"

network small 10.54.0.0/28
"$lab/leak" --name "$lab_name" small 13 2>"$work/leak.log" || give_up leak "$(tail -3 "$work/leak.log")"
service late --network small
service after --network busy
wait_until 60 older_than late 12
sick "a pool used up by leaks, with a service stuck" 2 'critical pool-refuses small'
matches "the log and the swarm agree" '^critical log-refused late$' "$work/found"

verdict
