# shellcheck shell=bash disable=SC2034 # used by who reads this file
# What the tests that run headroom on a real engine share: verdicts, labs that end with their test, a small scene.
#
# A test reads this file, brings its labs up with lab_up or reference_host, calls pass, fail or a check for every
# behaviour it protects, and ends with verdict. However it ends, its labs are taken down and its folder is removed.

set -euo pipefail

tests_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=$(cd "$tests_here/../../lab" && pwd)
headroom=${HEADROOM_BIN:-$tests_here/../../build/src/cli/headroom}
[[ -x $headroom ]] || { echo "no program at $headroom (HEADROOM_BIN)" >&2 && exit 2; }
headroom=$(cd "$(dirname "$headroom")" && pwd)/headroom

test_name=$(basename "$0" .sh)
test_engine=${HEADROOM_ENGINE:-20.10}
work=$(mktemp -d "/var/tmp/$test_name.XXXXXX")
passed=0 failed=0 complete=false
labs=()
workers=()

# ---- verdicts ----

pass() { passed=$((passed + 1)) && echo "PASS $1"; }
fail() { failed=$((failed + 1)) && echo "FAIL $1: ${*:2}" | head -c 4000 | tr '\n' '|' | sed 's/|*$/\n/'; }

# check NAME COMMAND...: what the command prints is why it failed.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then pass "$name"; else fail "$name" "${said:-$* failed}"; fi
}

# same NAME FILE FILE: the first differences are why it failed.
same() {
  local difference
  if difference=$(diff "$2" "$3"); then pass "$1"; else fail "$1" "$(head -20 <<<"$difference")"; fi
}
equal() { if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1" "'$2', not '$3'"; fi; }
matches() { if grep -qE -- "$2" "$3"; then pass "$1"; else fail "$1" "no '$2' in: $(tail -5 "$3")"; fi; }

# For what the rest of the test builds on.
give_up() { fail "$@" && exit 1; }

verdict() { complete=true && exit $((failed > 0)); }

# Parts of a test that run in the background: the test itself notes them in `workers`, and their labs in `labs`.
end_workers() {
  local worker
  for worker in "${workers[@]}"; do kill "$worker" 2>/dev/null || true; done
}

finish() {
  local status=$? name
  trap '' INT TERM HUP
  end_workers
  $complete || echo "FAIL $test_name: ended early (status $status)"
  for name in "${labs[@]}"; do "$lab/down" --name "$name" || status=1; done
  rm -rf --one-file-system "$work"
  ((failed == 0)) || status=1
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# wait_until SECONDS COMMAND...: 0 as soon as COMMAND succeeds, 1 when the time is over.
wait_until() {
  local limit_s=$1 end_us
  shift
  end_us=$((${EPOCHREALTIME/./} + limit_s * 1000000))
  until "$@"; do
    ((${EPOCHREALTIME/./} < end_us)) || return 1
    sleep 0.1
  done
}

# ---- labs ----

# lab_use NAME: the lab that what follows is about. A name is unique to the test's process.
lab_use() {
  lab_name=$1
  labs+=("$lab_name")
  lab_dir=${HEADROOM_LAB:-/var/tmp/headroom-lab}/$lab_name
  socket=$lab_dir/n1/docker.sock
  state=$work/state-$lab_name
}

lab_up() {
  lab_use "$1"
  shift
  "$lab/up" --name "$lab_name" --engine "$test_engine" "$@" 2>"$work/up.log" || give_up lab_up "$(tail -5 "$work/up.log")"
  bin=$("$lab/env" --name "$lab_name" | sed -n 's/^export PATH=\([^:]*\):.*/\1/p')
}

reference_host() {
  lab_use "$1"
  shift
  "$lab/cc-ci" --name "$lab_name" --engine "$test_engine" "$@" 2>"$work/up.log" ||
    give_up reference_host "$(tail -5 "$work/up.log")"
  bin=$("$lab/env" --name "$lab_name" | sed -n 's/^export PATH=\([^:]*\):.*/\1/p')
}

on_node() { "$lab/exec" --name "$lab_name" "$@"; }
on_boot() { on_node boot "$@"; } # the machine that cc-ci --systemd boots
docker() { DOCKER_HOST=unix://$socket DOCKER_CONFIG=$lab_dir/docker-config "$bin/docker" "$@"; }
api() { curl -sf --max-time 30 --unix-socket "$socket" "http://d/v1.40$1"; }
hr() { on_node 1 env HEADROOM_STATE="$state" "$headroom" "$@"; }
engine_state() { "$tests_here/engine_state" "$socket" "$@"; }

journal_of() { echo "$state/$(jq -r .headroom_plan.id "$1")/journal"; }

# Tasks made by an update of a service exist before those of a service that was made after it: once the task of a
# new service runs, what earlier requests started has begun.
orchestrator_caught_up() {
  docker service create --quiet --detach=false --no-resolve-image --name barrier busybox:lab \
    sh -c "trap 'exit 0' TERM; sleep 1000 & wait" >/dev/null && docker service rm barrier >/dev/null
}

# Says which services do not have all their tasks.
all_running() {
  local replicas
  replicas=$(docker service ls --format '{{.Name}} {{.Replicas}}') || return 1
  ! grep -vE ' ([0-9]+)/\1( |$)' <<<"$replicas"
}

nothing_of_headroom() { engine_state leftovers | sed 's/^/left: /' | grep . && return 1 || return 0; }

subnet_of() { docker network inspect --format '{{(index .IPAM.Config 0).Subnet}}' "$1"; }

# ---- a small scene ----

small_service() {
  local service=$1
  shift
  docker service create --quiet --detach --no-resolve-image --name "$service" --stop-grace-period 5s \
    --update-monitor 1s "$@" busybox:lab sh -c 'httpd -f -p 80 -h /www & trap "exit 0" TERM; wait' >/dev/null
}

healthy=(--health-cmd "wget -q -O /dev/null http://127.0.0.1/index.html" --health-interval 1s --health-timeout 2s
  --health-retries 15)

# One network, three services that move in different ways, the edge, and two containers that are no tasks: one asked for
# its address, the other was given one. While they run, an engine's API does not tell which is which.
small_scene() {
  docker network create --driver overlay --attachable --subnet 10.60.0.0/24 --label who=test shared >/dev/null
  echo up >"$work/index.html"
  docker config create page "$work/index.html" >/dev/null
  small_service first --config source=page,target=/www/index.html "${healthy[@]}" --network shared --update-order start-first \
    --update-failure-action rollback
  small_service second --config source=page,target=/www/index.html "${healthy[@]}" \
    --network name=shared,alias=deuxieme --label 'why=<&"> and é'
  small_service third --network shared --env SECRET=none
  small_service edge --network shared --publish mode=host,target=80,published=8081
  docker run --detach --name tool --network shared --network-alias hammer --ip 10.60.0.200 busybox:lab \
    sh -c "trap 'exit 0' TERM; sleep 100000 & wait" >/dev/null
  wait_until 60 all_running >/dev/null || give_up small_scene "$(docker service ls)"
  docker run --detach --name guest --network shared busybox:lab sh -c "trap 'exit 0' TERM; sleep 100000 & wait" >/dev/null
}
