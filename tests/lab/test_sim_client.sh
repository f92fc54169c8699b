#!/bin/bash
# Debian's docker client against the simulated engine: the same commands as against a real one, and the same answers -
# exit code, columns, texts, JSON's keys - but for what names or times a thing of its own.
. "$(dirname "$0")/lib.sh"

sim=${HEADROOM_SIM_BIN:-$tests_here/../../build/src/sim/front/headroom-sim}
[[ -x $sim ]] || give_up headroom-sim "no program at $sim (HEADROOM_SIM_BIN)"

# ---- both engines ----

lab_up "sc$$" --images busybox
node=$(docker info --format '{{.Name}}')
cat >"$work/swarm.yaml" <<YAML
engine: "20.10"
nodes:
  - $node
images:
  busybox:lab: {}
YAML
sim_socket=$work/sim.sock
"$sim" --scenario "$work/swarm.yaml" --socket "$sim_socket" >"$work/ready" 2>"$work/sim.err" &
workers+=($!)
sim_ready() { grep -q ^ready "$work/ready"; }
wait_until 10 sim_ready || give_up ready "$(cat "$work/sim.err")"

# on real|sim COMMAND...: the docker client there.
on() {
  local host=$socket
  [[ $1 == real ]] || host=$sim_socket
  DOCKER_HOST=unix://$host DOCKER_CONFIG=$lab_dir/docker-config "$bin/docker" "${@:2}"
}
ask() { # real|sim METHOD PATH [CURL OPTION...]
  local host=$socket
  [[ $1 == real ]] || host=$sim_socket
  curl -s --max-time 30 --unix-socket "$host" -X "$2" -w '\n%{http_code} %{content_type}\n' "http://d$3" "${@:4}"
}

# ---- comparing ----

# What names or times one thing becomes a word that says what it was; blanks that only align become one.
plainly() {
  sed -E \
    -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\.[0-9]+)?(Z| \+0000( UTC| utc)?)?/TIME/g' \
    -e 's/\b(sha256:)?[0-9a-f]{64}\b/HEX/g' -e 's/\b[0-9a-f]{12}\b/HEX/g' -e 's/\b[0-9a-z]{25}\b/ID/g' \
    -e 's/\b[0-9a-z]{12}( +[A-Za-z0-9_.-]+ +(overlay|swarm))/ID\1/' -e 's/^[0-9a-z]{12}\b/ID/' \
    -e 's/([Ll]ess than a|About a|[0-9]+) (second|minute)s?( ago)?/AGE/g' -e 's/\+dfsg[0-9.]*//g' \
    -e 's/lookup registry-1.docker.io.*/lookup registry/' \
    -e 's/\b(10|172|192)(\.[0-9]+){3}\b/ADDRESS/g' -e 's/[ \t]+/ /g' -e 's/ +$//'
}

# Each path of a JSON text with the type of what stands there.
shape() { jq -r '[paths(true) as $p | ($p | map(if type == "number" then "[]" else tostring end) | join(".")) + " " + (getpath($p) | type)] | unique[]'; }

# both NAME FILTER FUNCTION ARGUMENT...: the function with the engine before its arguments, and what it says filtered.
both() {
  local name=$1 filter=$2 function=$3 engine status
  shift 3
  for engine in real sim; do
    status=0
    "$function" "$engine" "$@" >"$work/$name.$engine.out" 2>"$work/$name.$engine.err" </dev/null || status=$?
    {
      echo "exit $status"
      $filter <"$work/$name.$engine.out"
      plainly <"$work/$name.$engine.err"
    } >"$work/$name.$engine" 2>&1
  done
  if (($(wc -l <"$work/$name.real") < 2)); then
    fail "$name" "the real engine's client says nothing"
  else
    same "$name" "$work/$name.real" "$work/$name.sim"
  fi
}

text() { both "$1" plainly on "${@:2}"; }          # NAME WORD...: a command whose words count
keys() { both "$1" shape on "${@:2}"; }            # NAME WORD...: a command that tells JSON
request() { both "$1" plainly ask "${@:2}"; }      # NAME METHOD PATH [CURL OPTION...]
silent() { both "$1" 'sed s/^/said:/' quiet "${@:2}"; } # NAME WORD...: a command that may say nothing
quiet() { on "$@" && echo "it is done"; }

settled() { [[ $(on "$1" service ls --format '{{.Replicas}}' | sort -u | grep -cvE '^([0-9]+)/\1') == 0 ]]; }
settle() { # until both are
  wait_until 60 settled real || give_up settle "real: $(on real service ls)"
  wait_until 60 settled sim || give_up settle "sim: $(on sim service ls)"
}

# ---- nodes and the engine ----

text node_ls node ls
text node_ls_quiet node ls -q
text node_ls_filter node ls --filter role=worker
text node_ls_bad_filter node ls --filter nonsense=x
keys node_inspect node inspect self
titles() { sed -nE 's/^( *[A-Za-z ]+):.*/\1/p'; }
both node_pretty titles on node inspect --pretty self
text node_ps node ps
text node_unknown node inspect nosuch
silent node_label node update --label-add rack=1 "$node"
text node_label_shown node inspect --format '{{json .Spec.Labels}}' self
text node_demote_last node demote "$node"
text node_promote_again node promote "$node"
text node_rm_manager node rm "$node"
text node_rm_unknown node rm nosuch
silent node_drain node update --availability drain "$node"
text node_drained node ls
silent node_active node update --availability active "$node"
keys info info --format '{{json .}}'
keys version version --format '{{json .Server}}'
words() { sed -E 's/:.*//; s/^ +[0-9.]+$/ADDRESS/' | grep -vxF "$(printf '%s\n' WARNING ' WARNING')"; }
both info_lines words on info
both version_lines words on version

# ---- networks ----

network_create() { on "$1" network create --driver overlay "${@:2}"; }
both network_create plainly network_create --attachable --label who=test --subnet 10.60.0.0/24 shared
both network_create_plain plainly network_create other
both network_create_again plainly network_create shared
both network_create_bad_subnet plainly network_create --subnet 10.60.0.0/99 bad
both network_create_host_bits plainly network_create --subnet 10.61.0.1/24 bits
text network_host_bits network inspect --format '{{json .IPAM.Config}}' bits
both network_create_gateway_outside plainly network_create --subnet 10.61.0.0/24 --gateway 10.62.0.1 bad
text network_ls network ls
text network_ls_filter network ls --filter name=shared --filter driver=overlay
text network_ls_label network ls --filter label=who=test -q
text network_ls_bad_filter network ls --filter nonsense=x
keys network_inspect network inspect shared
keys network_inspect_ingress network inspect ingress
bridge() { on "$1" network inspect bridge docker_gwbridge | jq 'del(.[].IPAM.Config[0].Gateway, .[].Containers)'; } # as its bridge came up
both network_inspect_bridge shape bridge
text network_unknown network inspect nosuch
text network_rm_unknown network rm nosuch
text network_rm_ingress_asks network rm ingress
text network_rm_builtin network rm bridge

# ---- services ----

service() { on "$1" service create --detach --no-resolve-image "${@:2}"; }
sleeper=(busybox:lab sh -c "trap 'exit 0' TERM; sleep 1000 & wait")
both service_create plainly service --name web --network shared --replicas 2 --stop-grace-period 1s --update-parallelism 0 --label who=test \
  "${sleeper[@]}"
both service_create_again plainly service --name web "${sleeper[@]}"
both service_create_no_network plainly service --name lost --network nosuch "${sleeper[@]}"
both service_create_bad_name plainly service --name 'b d' "${sleeper[@]}"
both service_create_global plainly service --name every --mode global --network other --publish 8080:80 "${sleeper[@]}"
both service_create_port_taken plainly service --name second --publish 8080:80 "${sleeper[@]}"
both service_create_unresolved plainly on service create --detach --name resolve "${sleeper[@]}"
last() { tail -1 | plainly; }
both service_create_waiting last on service create --quiet --no-resolve-image --name waits "${sleeper[@]}"
settle
text service_ls service ls
text service_ls_filter service ls --filter label=who=test
text service_ls_bad_filter service ls --filter nonsense=x
text service_ps service ps web
text service_ps_filter service ps --filter desired-state=running web
text service_ps_unknown service ps nosuch
text node_ps_tasks node ps --format '{{.Image}} {{.DesiredState}}'
keys service_inspect service inspect web
keys service_inspect_ports service inspect every
text service_pretty service inspect --pretty web
text service_unknown service inspect nosuch
text inspect_any_unknown inspect nosuch
keys inspect_any inspect web
task() { on "$1" inspect --type task "$(on "$1" service ps -q web | head -1)"; }
both task_inspect shape task
silent service_scale service scale --detach web=3
silent service_label service update --detach --label-add more=1 web
silent service_force service update --detach --force every
settle
silent service_image_wait service update --quiet --env-add A=1 web
silent service_rollback service rollback --detach web
settle
keys service_inspect_updated service inspect web
text service_update_unknown service update --detach nosuch
text service_update_no_change_of_mode service update --detach --replicas 2 every
text network_rm_used network rm shared
text network_containers network inspect --format '{{len .Containers}}' shared
text service_rm_unknown service rm nosuch

# ---- stacks ----

cat >"$work/stack.yml" <<'YAML'
version: "3.8"
services:
  app: {image: "busybox:lab", command: ["sleep", "1000"], networks: [inner, shared], stop_grace_period: 1s}
networks:
  inner: {}
  shared: {external: true}
YAML
both stack_deploy plainly on stack deploy --resolve-image never -c "$work/stack.yml" ci
settle
text stack_ls stack ls
text stack_services stack services ci
text stack_ps stack ps ci
text stack_unknown stack ps nosuch
text stack_rm stack rm ci
text stack_rm_unknown stack rm nosuch
text stack_ls_none stack ls

# ---- requests as they are ----

json=(-H 'Content-Type: application/json')
request ping GET /_ping
request unknown_path GET /v1.41/nonsense
request wrong_method PUT /v1.41/networks
request too_new GET /v1.99/info
request too_old GET /v1.11/info
request no_version_at_all GET /v1.x/info
request network_malformed POST /v1.41/networks/create "${json[@]}" -d '{"Name":'
request network_no_json POST /v1.41/networks/create "${json[@]}" -d 'nonsense'
request network_other_type POST /v1.41/networks/create -d '{}'
request network_empty POST /v1.41/networks/create "${json[@]}" -d '{}'
request network_list_for_name POST /v1.41/networks/create "${json[@]}" -d '{"Name":["a"]}'
request service_malformed POST /v1.41/services/create "${json[@]}" -d '{"Name":'
request service_empty POST /v1.41/services/create "${json[@]}" -d '{}'
request service_nothing POST /v1.41/services/create "${json[@]}"
request update_no_version POST /v1.41/services/web/update "${json[@]}" -d '{}'
request update_bad_version POST '/v1.41/services/web/update?version=x' "${json[@]}" -d '{"Name":"web"}'
for engine in real sim; do ask "$engine" GET /v1.41/services/web | head -1 | jq -c .Spec >"$work/spec.$engine"; done
stale() { ask "$1" POST '/v1.41/services/web/update?version=1' "${json[@]}" -d "@$work/spec.$1"; }
both update_stale plainly stale
request bad_filters GET '/v1.41/services?filters=nonsense'
request bad_escape GET '/v1.41/networks/%zz'
request node_update_unknown POST '/v1.41/nodes/nosuch/update?version=1' "${json[@]}" -d '{"Role":"worker","Availability":"active"}'
request node_update_no_version POST "/v1.41/nodes/$node/update" "${json[@]}" -d '{"Role":"manager","Availability":"active"}'
request container_unknown GET /v1.41/containers/nosuch/json
request image_unknown GET /v1.41/images/nosuch/json
request task_unknown GET /v1.41/tasks/nosuch
request distribution GET /v1.41/distribution/busybox:lab/json
headers() {
  local host=$socket
  [[ $1 == real ]] || host=$sim_socket
  curl -s --max-time 10 -o /dev/null -D - --unix-socket "$host" "${@:2}" http://d/_ping | tr -d '\r' | grep -v ^Date: | cut -d: -f1 |
    tr '[:upper:]' '[:lower:]' | sort
}
both ping_headers cat headers
both ping_head_headers cat headers --head

# ---- events ----

# What a set of changes tells, kind by kind: the same types, actions, scopes and attributes, in the order of each object.
begin_s=$(($(date +%s) - 1)) # what happens before the client listens is told, too
listen() { on "$1" events --since "$begin_s" --format '{{json .}}' >"$work/events.$1" & workers+=($!); listeners+=($!); }
listeners=()
listen real
listen sim
heard() { [[ -s $work/events.$1 ]]; }
begin_events() { on "$1" network create --driver overlay heard >/dev/null && wait_until 10 heard "$1"; }
for engine in real sim; do begin_events "$engine" || give_up "events_$engine" "nothing is heard: $(cat "$work/events.$engine")"; done
ended() { ! on "$1" network inspect heard; } >/dev/null 2>&1
for engine in real sim; do
  service "$engine" --name told --network heard --stop-grace-period 1s "${sleeper[@]}" >/dev/null
done
settle
for engine in real sim; do
  on "$engine" service update --detach --replicas 2 told >/dev/null
done
settle
for engine in real sim; do
  on "$engine" service rm told >/dev/null
done
for engine in real sim; do
  removed() { on "$1" network rm heard; }
  wait_until 30 removed "$engine" >/dev/null 2>&1 || fail "removal_$engine" "the network stays"
  wait_until 30 ended "$engine" || fail "end_$engine" "the network is still there"
  tells_end() { grep -q '"remove".*"heard"' "$work/events.$1"; }
  wait_until 10 tells_end "$engine" || fail "events_end_$engine" "$(tail -3 "$work/events.$engine")"
done
# Of nodes, and of what was made for this. Containers that have ended are destroyed late by a real engine, and at once here.
told() { jq -r 'select(.Type != "container" or .Action != "destroy") | select(.Type == "node" or (.Actor.Attributes.name | test("told|heard"))) | [.Type, .Action, .scope, (.Actor.Attributes | keys | join(","))] | join(" ")' "$work/events.$1" | sort -u; }
both events_kinds cat told
replay() { on "$1" events --since 1h --until "$(($(date +%s) + 1))" --filter type=network --filter scope=swarm --filter network=heard --format '{{.Action}} {{.Actor.Attributes.name}}' | sort -u; }
both events_replayed cat replay
for listener in "${listeners[@]}"; do kill "$listener"; done

silent all_services_rm service rm web every resolve waits
gone() { [[ -z $(on "$1" service ls -q) ]]; }
for engine in real sim; do wait_until 30 gone "$engine" || fail "gone_$engine" "$(on "$engine" service ls)"; done
text service_ls_none service ls
ended_well() { kill -TERM "${workers[0]}" && wait "${workers[0]}"; }
if ended_well; then pass ends_by_a_signal; else fail ends_by_a_signal "exit status $?"; fi
check nothing_is_left test ! -e "$sim_socket"
equal nothing_said_but_one_line "$(cat "$work/sim.err" && wc -l <"$work/ready")" 1
verdict
