#!/bin/bash
# headroom ensure on a real engine: what is missing is created once however many ask, what differs is named and left
# alone, what can't be is refused before anything is created, and an engine that comes later is waited for.
. "$(dirname "$0")/lib.sh"

ensure() { hr --config /dev/null ensure "$@"; }

# ends NAME STATUS PATTERN COMMAND...: its exit status, and a line that its output or its errors must have.
ends() {
  local what=$1 wanted=$2 pattern=$3 status=0
  shift 3
  "$@" >"$work/out" 2>&1 || status=$?
  if [[ $status != "$wanted" ]]; then
    fail "$what" "exit status $status, not $wanted: $(cat "$work/out")"
  else
    matches "$what" "$pattern" "$work/out"
  fi
}

# declare_to FILE LINE...: the lines as the network `n`.
declare_to() {
  local file=$1
  shift
  printf 'networks:\n  n:\n' >"$file"
  printf '    %s\n' "$@" >>"$file"
}

list() { docker network ls --no-trunc --format '{{.ID}} {{.Name}}' | sort; }
unchanged() { list | diff "$work/before" -; }
remove() { docker network rm "$1" >/dev/null; }
gone() { ! docker network inspect "$1" >/dev/null 2>&1; }

lab_up "en$$"

# ---- creating, and finding it as declared ----

cat >"$work/networks.yaml" <<'YAML'
networks:
  proxy:
    attachable: true
    ipam:
      config:
        - subnet: 10.10.0.0/16
  full:
    name: all_of_it
    driver: overlay
    attachable: true
    internal: true
    driver_opts: {encrypted: "", com.docker.network.driver.mtu: 1400}
    labels: [who=ops, empty]
    ipam: {config: [{subnet: 10.20.0.0/24, ip_range: 10.20.0.128/25, gateway: 10.20.0.5}]}
  plain:
  theirs:
    external: true
YAML
ends missing_networks_are_created 0 '^proxy +created +10.10.0.0/16' ensure "$work/networks.yaml"
matches an_external_one_is_skipped '^theirs +external, skipped' "$work/out"
equal it_is_what_was_declared "$(docker network inspect all_of_it | jq -c '.[0] | [.Driver, .Scope, .Attachable, .Internal,
  (.IPAM.Config[0] | [.Subnet, .IPRange, .Gateway]), .Options.encrypted, .Options["com.docker.network.driver.mtu"], .Labels]')" \
  '["overlay","swarm",true,true,["10.20.0.0/24","10.20.0.128/25","10.20.0.5"],"","1400",{"empty":"","who":"ops"}]'
equal the_engine_chose_where_nothing_was_declared "$(subnet_of plain | cut -d. -f1)" 10
list >"$work/before"
ends a_second_run_finds_all_as_declared 0 '^all_of_it +as declared +10.20.0.0/24' ensure "$work/networks.yaml"
check a_second_run_changes_nothing unchanged
equal as_json "$(ensure --format json "$work/networks.yaml" | jq -r '[.[].State] | unique | join(",")')" 'as declared,external, skipped'

# ---- drift ----

base=('attachable: true' 'labels: {who: ops}' 'driver_opts: {com.docker.network.driver.mtu: 1400}'
  'ipam: {config: [{subnet: 10.30.0.0/24, gateway: 10.30.0.5}]}')
declare_to "$work/base.yaml" "${base[@]}"
check the_base_of_drift ensure "$work/base.yaml"
list >"$work/before"

# drifts NAME PATTERN LINE...: what is declared instead, and the row that names it.
drifts() {
  local what=$1 pattern=$2
  shift 2
  declare_to "$work/drift.yaml" "$@"
  ends "drift_of_$what" 4 "^n +drift +10.30.0.0/24 +$pattern *$" ensure "$work/drift.yaml"
  check "drift_of_${what}_is_left_alone" unchanged
}
drifts subnet 'ipam.subnet +10.31.0.0/16 +10.30.0.0/24' "${base[@]:0:3}" 'ipam: {config: [{subnet: 10.31.0.0/16}]}'
matches the_plan_that_mends_it 'next: headroom plan --config /dev/null n --subnet 10.31.0.0/16 -o n.plan$' "$work/out"
drifts gateway 'ipam.gateway +10.30.0.9 +10.30.0.5' "${base[@]:0:3}" 'ipam: {config: [{subnet: 10.30.0.0/24, gateway: 10.30.0.9}]}'
matches what_no_plan_mends 'next: .*docker network rm n' "$work/out"
drifts ip_range 'ipam.ip_range +10.30.0.128/25 +none' "${base[@]:0:3}" \
  'ipam: {config: [{subnet: 10.30.0.0/24, ip_range: 10.30.0.128/25, gateway: 10.30.0.5}]}'
drifts attachable 'attachable +false +true' "${base[@]:1}"
drifts internal 'internal +true +false' "${base[@]}" 'internal: true'
drifts label 'labels.who +dev +ops' "${base[0]}" 'labels: {who: dev}' "${base[@]:2}"
drifts label_undeclared 'labels.who +none +ops' "${base[0]}" "${base[@]:2}"
drifts option 'driver_opts.com.docker.network.driver.mtu +1450 +1400' "${base[@]:0:2}" \
  'driver_opts: {com.docker.network.driver.mtu: 1450}' "${base[3]}"
docker network create --driver bridge --subnet 10.39.0.0/24 local >/dev/null
printf 'networks:\n  local:\n' >"$work/local.yaml"
ends drift_of_driver 4 '^local +drift +10.39.0.0/24 +driver +overlay +bridge *$' ensure "$work/local.yaml"
matches drift_of_scope '^local +drift +10.39.0.0/24 +scope +swarm +local *$' "$work/out"
remove local

# The plan that is named does mend it.
declare_to "$work/drift.yaml" "${base[@]:0:3}" 'ipam: {config: [{subnet: 10.31.0.0/16}]}'
check the_named_plan_can_be_made hr plan n --subnet 10.31.0.0/16 -o "$work/n.plan"
check the_named_plan_runs hr apply "$work/n.plan"
ends the_named_plan_mends_the_drift_of_the_subnet 0 '^n +as declared +10.31.0.0/16' ensure "$work/drift.yaml"

# ---- several at once ----

printf 'networks:\n  many: {ipam: {config: [{subnet: 10.40.0.0/24}]}}\n  more: {}\n' >"$work/many.yaml"
for round in 1 2 3; do
  for who in 1 2 3; do
    ensure "$work/many.yaml" >"$work/at-once$who" 2>&1 &
    workers+=($!)
  done
  bad=0
  for worker in "${workers[@]}"; do wait "$worker" || bad=$((bad + 1)); done
  workers=()
  equal "three_at_once_all_succeed_$round" "$bad" 0
  equal "three_at_once_make_one_of_each_$round" "$(docker network ls --format '{{.Name}}' | grep -cE '^(many|more)$')" 2
  remove many && remove more
  wait_until 20 gone many || fail removal "many stays"
  wait_until 20 gone more || fail removal "more stays"
done

# ---- refused before anything is created ----

on_node 1 ip route add 10.71.0.0/16 dev lab0
list >"$work/before"
# refuses NAME STATUS PATTERN LINE...: a file with these lines.
refuses() {
  local what=$1 wanted=$2 pattern=$3
  shift 3
  printf '%s\n' "$@" >"$work/bad.yaml"
  ends "$what" "$wanted" "$pattern" ensure "$work/bad.yaml"
  check "${what}_changes_nothing" unchanged
}
good='  good: {attachable: true}'
refuses overlap_with_a_route 2 '10.71.4.0/24 overlaps route on lab0' networks: "$good" '  bad: {ipam: {config: [{subnet: 10.71.4.0/24}]}}'
refuses overlap_with_an_overlay 2 '10.10.8.0/24 overlaps overlay proxy' networks: "$good" '  bad: {ipam: {config: [{subnet: 10.10.8.0/24}]}}'
refuses overlap_within_the_file 3 'bad.yaml:4: 10.50.1.0/24 overlaps 10.50.0.0/16' networks: "$good" \
  '  a: {ipam: {config: [{subnet: 10.50.0.0/16}]}}' '  b: {ipam: {config: [{subnet: 10.50.1.0/24}]}}'
refuses another_case 2 'there is a network proxy already' networks: "$good" '  Proxy:'
refuses unknown_key 3 'bad.yaml:4: a network has no key atachable' networks: "$good" '  bad:' '    atachable: true'
refuses no_yaml 3 'bad.yaml:[34]: this is not YAML' networks: "$good" '  bad: {'
refuses no_networks 3 'declares no network' 'services: {}'
refuses an_unknown_section 3 'bad.yaml:1: a Compose file has no section netwroks' 'netwroks:' "$good"
ends a_reserved_range 2 '10.45.0.0/24 overlaps --reserve 10.45.0.0/16' ensure --reserve 10.45.0.0/16 <(
  echo 'networks: {bad: {ipam: {config: [{subnet: 10.45.0.0/24}]}}}')
echo 'reserve: [10.46.0.0/16]' >"$work/headroom.yaml"
echo 'networks: {bad: {ipam: {config: [{subnet: 10.46.0.0/24}]}}}' >"$work/bad.yaml"
ends a_range_reserved_by_the_configuration 2 "10.46.0.0/24 overlaps reserve at $work/headroom.yaml:1 10.46.0.0/16" \
  hr --config "$work/headroom.yaml" ensure "$work/bad.yaml"
ends a_plan_keeps_clear_of_it_too 2 "overlaps reserve at $work/headroom.yaml:1" \
  hr --config "$work/headroom.yaml" plan proxy --subnet 10.46.0.0/16
ends a_file_that_is_missing 1 'nosuch.yaml: No such file' ensure "$work/nosuch.yaml"
ends a_folder_for_a_file 1 'is a folder' ensure "$work"
ends a_broken_configuration 3 ':1: there is no key resreve' hr --config <(echo 'resreve: []') ensure "$work/networks.yaml"
ends no_timeout 3 'timeout takes seconds' ensure --timeout 0 "$work/networks.yaml"
check refusals_change_nothing unchanged

# The engine takes a subnet that overlaps another of the same moment, and gives it no addresses.
curl -sf --unix-socket "$socket" -H 'Content-Type: application/json' http://d/v1.40/networks/create \
  -d '{"Name": "lap", "Driver": "overlay", "IPAM": {"Config": [{"Subnet": "10.10.0.0/25"}]}}' >/dev/null
printf 'networks:\n  lap:\n' >"$work/lap.yaml"
ends a_network_that_never_gets_addresses 1 'lap exists, but the engine has given it no addresses in 2 s' ensure --timeout 2 "$work/lap.yaml"
remove lap

# ---- engines that come later, or never ----

ends an_engine_that_never_comes 1 "no engine at unix://$work/none.sock" hr --host "unix://$work/none.sock" ensure --timeout 1 "$work/networks.yaml"

mv "$socket" "$socket.aside"
ensure --timeout 60 "$work/networks.yaml" >"$work/later" 2>&1 &
workers+=($!)
wait_until 20 grep -q 'waiting: no engine' "$work/later" || fail it_says_what_it_waits_for "$(cat "$work/later")"
mv "$socket.aside" "$socket"
if wait "${workers[0]}"; then pass an_engine_that_comes_later_is_waited_for; else
  fail an_engine_that_comes_later_is_waited_for "$(cat "$work/later")"; fi
workers=()

docker swarm leave --force >/dev/null
ends an_engine_without_a_swarm 2 'not a swarm manager|not part of a swarm' ensure --timeout 2 "$work/networks.yaml"
ensure --timeout 60 "$work/networks.yaml" >"$work/later" 2>&1 &
workers+=($!)
wait_until 20 grep -q 'waiting: ' "$work/later" || fail it_says_what_it_waits_for "$(cat "$work/later")"
docker swarm init --advertise-addr lab0 >/dev/null
if wait "${workers[0]}"; then pass a_swarm_that_is_made_later_is_waited_for; else
  fail a_swarm_that_is_made_later_is_waited_for "$(cat "$work/later")"; fi
workers=()
equal the_networks_are_there_then "$(subnet_of proxy)" 10.10.0.0/16

verdict
