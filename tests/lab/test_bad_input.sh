#!/bin/bash
# Whatever is wrong, headroom says it in a sentence that names the matter, ends with the documented exit code (1 failed,
# 2 refused, 3 usage; `headroom` and `headroom NET`: 3 when the state could not be learnt), and changes nothing.
. "$(dirname "$0")/lib.sh"

nothing_changed() { engine_state versions | diff "$work/versions" -; }

# verdict_on NAME STATUS WANTED_STATUS PATTERN FOLDER: judges what a command left in FOLDER.
verdict_on() {
  local what=$1 status=$2 wanted=$3 pattern=$4 folder=$5
  if [[ $status != "$wanted" ]]; then
    fail "$what" "exit code $status, not $wanted: $(cat "$folder/err")"
  elif ! head -1 "$folder/err" | grep -qE "^headroom: .*$pattern"; then
    fail "$what" "no sentence with '$pattern': $(cat "$folder/err")"
  else
    pass "$what"
  fi
}

# bad NAME STATUS PATTERN COMMAND...: as run on the node.
bad() {
  local what=$1 wanted=$2 pattern=$3 status=0
  shift 3
  mkdir -p "$work/$what"
  on_node 1 timeout 90 "$@" >"$work/$what/out" 2>"$work/$what/err" || status=$?
  verdict_on "$what" "$status" "$wanted" "$pattern" "$work/$what"
  check "${what}_changes_nothing" nothing_changed
}

h=(env "HEADROOM_STATE=$work/state" "$headroom")
p=("${h[@]}" plan)

# ---- the scene ----

lab_up "bi$$" --nodes 2 --managers 1
second_socket=$lab_dir/n2/docker.sock
docker network create --driver overlay --attachable --subnet 10.60.0.0/24 shared >/dev/null
docker network create --driver overlay --subnet 10.61.0.0/24 neighbour >/dev/null
docker network create --driver bridge --subnet 10.62.0.0/24 town >/dev/null
small_service web --network shared --replicas 6
wait_until 60 all_running >/dev/null || give_up scene "$(docker service ls)"
check planning_works_in_the_scene hr plan shared --size 20 -o "$work/good.plan"

# Both lists may show a node's state late.
quiet() { engine_state versions >"$work/versions" && sleep 0.5 && nothing_changed >/dev/null; }
wait_until 30 quiet || give_up scene "the scene does not come to rest"

# ---- engines that are not there, not for us, or no manager ----

elsewhere=$work/nosuch.sock
bad no_socket 1 "no engine at unix://$elsewhere" env DOCKER_HOST="unix://$elsewhere" "${p[@]}" shared --size 16
bad no_socket_for_the_table 3 "no engine at unix://$elsewhere" env DOCKER_HOST="unix://$elsewhere" "${h[@]}"
bad no_socket_for_a_network 3 "no engine at unix://$elsewhere" env DOCKER_HOST="unix://$elsewhere" "${h[@]}" shared
bad no_socket_for_apply 1 "no engine at unix://$elsewhere" env DOCKER_HOST="unix://$elsewhere" "${h[@]}" apply "$work/good.plan"
bad no_engine_address 2 'nonsense://x' env DOCKER_HOST=nonsense://x "${p[@]}" shared --size 16

# The socket is its owner's and group's only; and the program must be readable for somebody else.
install -m 755 "$headroom" "$work/headroom"
chmod 755 "$work"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
bad no_rights 1 "may not use the socket $socket" "${nobody[@]}" "$work/headroom" plan shared --size 16
bad no_rights_for_the_table 3 "may not use the socket $socket" "${nobody[@]}" "$work/headroom"

bad a_worker 2 'not a (swarm )?manager' env DOCKER_HOST="unix://$second_socket" "${p[@]}" shared --size 16
bad a_worker_for_the_table 3 'not a (swarm )?manager' env DOCKER_HOST="unix://$second_socket" "${h[@]}"
bad a_worker_for_apply 2 'not a (swarm )?manager' env DOCKER_HOST="unix://$second_socket" "${h[@]}" apply "$work/good.plan"

# ---- networks that can't be meant ----

bad unknown_network 3 'no network nosuch' "${p[@]}" nosuch --size 16
bad unknown_network_for_the_table 3 'no network nosuch' "${h[@]}" nosuch
bad ingress 2 'ingress' "${p[@]}" ingress --size 16
bad local_bridge 2 'docker_gwbridge is a local bridge network' "${p[@]}" docker_gwbridge --size 16
bad local_bridge_for_the_table 3 'docker_gwbridge is a local bridge network' "${h[@]}" docker_gwbridge
bad host_network 2 'host is a local host network' "${p[@]}" host --size 16
bad other_case 3 'no network Shared.*did you mean shared' "${p[@]}" Shared --size 16
bad other_case_for_the_table 3 'no network Shared.*did you mean shared' "${h[@]}" Shared

# The manager takes SHARED for shared and refuses it, but a node's bridge may be called so.
docker network create --driver overlay SHARED >/dev/null 2>"$work/case" && fail names_are_case_insensitive "two overlays"
docker network create --driver bridge --subnet 10.63.0.0/24 SHARED >/dev/null
engine_state versions >"$work/versions"
bad the_bridge_of_that_name 2 'SHARED is a local bridge network' "${p[@]}" SHARED --size 16
check the_overlay_beside_a_bridge_that_differs_in_case hr plan shared --size 20
bad neither_of_the_two 3 'no network sHaReD.*did you mean' "${p[@]}" sHaReD --size 16
docker network rm SHARED >/dev/null

# Two of one name: only without the check that the engine's own client asks for.
for subnet in 10.64.0.0/24 10.65.0.0/24; do
  curl -sf --unix-socket "$socket" -H 'Content-Type: application/json' http://d/v1.40/networks/create -d \
    '{"Name": "twin", "CheckDuplicate": false, "IPAM": {"Config": [{"Subnet": "'$subnet'"}]}}' >/dev/null
done
engine_state versions >"$work/versions"
twins=$(docker network ls --no-trunc --filter name=twin --format '{{.ID}}')
bad ambiguous_name 3 'two networks are named twin' "${p[@]}" twin --size 16
bad ambiguous_name_for_the_table 3 'two networks are named twin' "${h[@]}" twin
xargs -n 1 "$tests_here/../../lab/exec" --name "$lab_name" 1 docker network rm <<<"$twins" >/dev/null

# Two IDs that begin alike are found, not made: one network more until there are.
alike() { docker network ls --no-trunc --format '{{.ID}}' | cut -c1 | sort | uniq -d | sed -n 1p; }
for n in {1..40}; do
  prefix=$(alike)
  [[ -z $prefix ]] || break
  docker network create --driver overlay "more$n" >/dev/null
done
engine_state versions >"$work/versions"
bad ambiguous_id 3 "$prefix begins the ID of more than one network" "${p[@]}" "$prefix" --size 16

# ---- networks that headroom does not move ----

docker network create --driver overlay --subnet 10.66.0.0/24 --ip-range 10.66.0.128/25 ranged >/dev/null
engine_state versions >"$work/versions"
bad ip_range 2 'ranged hands out addresses from the range 10.66.0.128/25 only' "${p[@]}" ranged --size 16

if docker network create --driver overlay --subnet 10.67.0.0/24 --subnet 10.68.0.0/24 double >/dev/null 2>"$work/double"; then
  engine_state versions >"$work/versions"
  bad two_subnets 2 'double has 2 subnets' "${p[@]}" double --size 16
else
  pass "two_subnets (the engine refuses such a network: $(cat "$work/double"))"
fi

if docker network create --driver overlay --ipv6 --subnet fd00:67::/64 six >/dev/null 2>"$work/six"; then
  engine_state versions >"$work/versions"
  bad ipv6_network 2 'six has .*IPv6' "${p[@]}" six --size 16
else
  pass "ipv6_network (the engine refuses such a network: $(cat "$work/six"))"
fi

# An overlap does not fail the creation: the network is there and never gets a pool.
if docker network create --driver overlay --subnet 10.60.0.128/25 poolless >/dev/null 2>"$work/poolless"; then
  engine_state versions >"$work/versions"
  bad unallocated_network 2 'poolless has no pool of its own' "${p[@]}" poolless --size 16
else
  pass "unallocated_network (the engine refuses such a network: $(cat "$work/poolless"))"
fi

docker network create --driver bridge --subnet 10.68.0.0/24 headroom-hop-shared >/dev/null
engine_state versions >"$work/versions"
bad hop_name_taken 2 'a network headroom-hop-shared, which is of no move' "${p[@]}" shared --size 16
docker network rm headroom-hop-shared >/dev/null

# ---- subnets that will not do ----

on_node 1 ip route add 10.71.0.0/16 dev lab0
on_node 1 ip addr add 10.72.3.4/32 dev lo
on_node 1 sh -c 'mkdir -p /run/systemd/resolve && echo nameserver 10.73.0.53 >/run/systemd/resolve/resolv.conf'
engine_state versions >"$work/versions"
bad overlaps_an_overlay 2 'overlaps overlay neighbour \(10.61.0.0/24\)' "${p[@]}" shared --subnet 10.61.0.0/16
bad overlaps_a_bridge 2 'overlaps bridge town \(10.62.0.0/24\)' "${p[@]}" shared --subnet 10.62.0.0/16
bad overlaps_a_route 2 '10.71.128.0/17 overlaps .*10.71.0.0/16' "${p[@]}" shared --subnet 10.71.128.0/17
bad overlaps_an_address 2 '10.72.0.0/16 overlaps .*10.72.3.4' "${p[@]}" shared --subnet 10.72.0.0/16
bad overlaps_a_resolver 2 '10.73.0.0/16 overlaps .*10.73.0.53' "${p[@]}" shared --subnet 10.73.0.0/16
bad overlaps_a_reserved_range 2 'overlaps --reserve 10.74.0.0/16' "${p[@]}" shared --subnet 10.74.8.0/21 --reserve 10.74.0.0/16
bad overlaps_loopback 2 '127.0.0.0' "${p[@]}" shared --subnet 127.16.0.0/16
bad host_bits 3 '10.80.0.1/16 has host bits set.*10.80.0.0/16' "${p[@]}" shared --subnet 10.80.0.1/16
bad the_subnet_it_has 2 'shared has the subnet 10.60.0.0/24 already' "${p[@]}" shared --subnet 10.60.0.0/24
check growing_in_place_is_no_overlap hr plan shared --subnet 10.60.0.0/20
bad too_small 2 'a /28 has 13 usable addresses; what is attached to shared' "${p[@]}" shared --size 28
bad too_small_by_name 2 'a /29 has 5 usable addresses; what is attached to shared' "${p[@]}" shared --subnet 10.80.0.0/29
bad ipv6_subnet 2 'fd00:60::/64 is IPv6' "${p[@]}" shared --subnet fd00:60::/64
bad no_subnet 3 'lots is no subnet' "${p[@]}" shared --subnet lots
bad reserve_garbage 3 '\-\-reserve .*lots' "${p[@]}" shared --size 16 --reserve lots
for size in 0 7 30 33 -1 sixteen 1e1 99999999999999999999 ''; do
  bad "size_${size:-empty}" 3 '.' "${p[@]}" shared "--size=$size"
done
bad size_and_subnet 3 'either --size BITS or --subnet' "${p[@]}" shared --size 16 --subnet 10.80.0.0/16
bad neither_size_nor_subnet 3 'either --size BITS or --subnet' "${p[@]}" shared
bad no_network_named 3 'name a network' "${p[@]}" --size 16
bad unknown_option 3 'sise' "${p[@]}" shared --sise 16
bad unknown_command 3 'aply' "${h[@]}" aply "$work/good.plan" x

# ---- plans that are none, or none for here ----

a=("${h[@]}" apply)
head -c 2000 "$work/good.plan" >"$work/truncated.plan"
bad truncated_plan 2 'truncated.plan is no plan, or a truncated one' "${a[@]}" "$work/truncated.plan"
bad truncated_plan_to_show 2 'truncated.plan is no plan, or a truncated one' "${p[@]}" --show "$work/truncated.plan"
: >"$work/empty.plan"
bad empty_plan 2 'empty.plan is no plan' "${a[@]}" "$work/empty.plan"
new_subnet=$(jq -r .headroom_plan.new_subnet "$work/good.plan")
sed "s|$new_subnet|10.99.0.0/20|g" "$work/good.plan" >"$work/edited.plan"
bad edited_plan 2 'edited.plan was changed after it was written' "${a[@]}" "$work/edited.plan"
echo '{"some": "json"}' >"$work/other.plan"
bad not_a_plan 2 'other.plan is no plan' "${a[@]}" "$work/other.plan"
bad a_folder_for_a_plan 1 "$work is a folder" "${a[@]}" "$work"
bad no_such_plan 1 'nosuch.plan: No such file' "${a[@]}" "$work/nosuch.plan"
bad nothing_to_recover 1 'no unfinished move of shared' "${a[@]}" --recover shared
bad no_plan_named 3 'needs 1 word' "${a[@]}"

# ---- disks that are full, folders that can't be written ----

small_disk=$work/disk
mkdir "$small_disk"
# Mounted in the node only: it ends with the lab.
on_node 1 mount -t tmpfs -o size=64k none "$small_disk"
on_node 1 sh -c "head -c 100000 /dev/zero >$small_disk/filler" 2>/dev/null || true
bad state_on_a_full_disk 1 "$small_disk/state.*No space left" env HEADROOM_STATE="$small_disk/state" "$headroom" apply "$work/good.plan"
bad plan_to_a_full_disk 1 "$small_disk/new.plan: No space left" "${p[@]}" shared --size 20 -o "$small_disk/new.plan"
equal no_part_of_a_plan_is_left "$(on_node 1 find "$small_disk" -name 'new.plan*')" ""
on_node 1 mount -o remount,ro "$small_disk"
bad read_only_state 1 "$small_disk/state2.*Read-only" env HEADROOM_STATE="$small_disk/state2" "$headroom" apply "$work/good.plan"
bad plan_to_a_read_only_folder 1 "$small_disk/new.plan: Read-only" "${p[@]}" shared --size 20 -o "$small_disk/new.plan"
bad state_below_a_file 1 'good.plan' env HEADROOM_STATE="$work/good.plan/state" "$headroom" apply "$work/good.plan"
bad plan_in_place_of_a_folder 1 "$small_disk" "${p[@]}" shared --size 20 -o "$small_disk"
bad plan_into_no_folder 1 'nosuch/new.plan: No such file' "${p[@]}" shared --size 20 -o "$work/nosuch/new.plan"
bad snapshot_that_is_none 3 'edited.plan' "${h[@]}" --from "$work/edited.plan"
# shellcheck disable=SC2016
through() { echo sh -c "$1" sh; }
read -ra closed < <(through '"$@">&-')
read -ra full < <(through '"$@">/dev/full')
bad output_closed 3 'output could not be written' "${closed[@]}" "${h[@]}"
bad output_full 3 'output could not be written' "${full[@]}" "${h[@]}"
bad holders_to_a_full_disk 3 'output could not be written' "${full[@]}" "${h[@]}" shared
bad plan_shown_on_a_full_disk 1 'output could not be written' "${full[@]}" "${p[@]}" --show "$work/good.plan"

# ---- engines that misbehave ----

# Each runs in the background, because a client that waits for an engine waits for long.
fakes=0
# fake BEHAVIOUR: starts one that ends with this test, which holds its standard input open; its socket is in
# fake_socket.
# shellcheck disable=SC2034
fake() {
  fakes=$((fakes + 1))
  fake_socket=$work/fake$fakes.sock
  mkfifo "$work/fake$fakes.in"
  "$tests_here/fake_engine" "$fake_socket" "$@" <"$work/fake$fakes.in" >"$work/fake$fakes.out" 2>&1 &
  exec {fake_in}>"$work/fake$fakes.in"
  wait_until 10 grep -qs ready "$work/fake$fakes.out" || give_up fake_engine "$(cat "$work/fake$fakes.out")"
}

# misbehaves BEHAVIOUR PATTERN: the table, a plan and an apply against such an engine, all at the same time.
misbehaviours=()
misbehaves() {
  local behaviour=$1 command
  fake "$behaviour"
  misbehaviours+=("$behaviour:$2")
  for command in "table" "plan shared --size 16" "apply $work/good.plan"; do
    local folder=$work/fake-$behaviour-${command%% *}
    mkdir "$folder"
    # shellcheck disable=SC2086
    (
      status=0
      DOCKER_HOST=unix://$fake_socket HEADROOM_STATE=$folder/state timeout 90 "$headroom" ${command#table} \
        >"$folder/out" 2>"$folder/err" || status=$?
      echo "$status" >"$folder/status"
    ) &
    asking+=($!)
  done
}
asking=()
misbehaves hang "did not finish answering|has not sent"
misbehaves hang-ping "did not finish answering|has not sent"
misbehaves error 'the raft store is on fire'
misbehaves error-text '500'
misbehaves escape 'red .*alert'
misbehaves broken 'not valid JSON'
misbehaves garbage 'does not speak HTTP'
misbehaves wrong 'not a swarm manager' # it says so in no way, so it is none
misbehaves close 'broke off its answer'
misbehaves close-chunk 'broke off its answer'
misbehaves refuse 'closed the connection instead of answering'
misbehaves huge 'more than'
misbehaves old 'API 1.24'
for asked in "${asking[@]}"; do wait "$asked"; done
for misbehaviour in "${misbehaviours[@]}"; do
  behaviour=${misbehaviour%%:*}
  for command in table plan apply; do
    folder=$work/fake-$behaviour-$command
    wanted=1
    [[ $behaviour != old && $behaviour != wrong ]] || wanted=2
    [[ $command != table ]] || wanted=3
    verdict_on "engine_${behaviour}_for_$command" "$(cat "$folder/status")" "$wanted" "${misbehaviour#*:}" "$folder"
  done
done
equal no_escape_sequence_reaches_the_terminal "$(cat "$work"/fake-escape-*/err | tr -dc '\033\007' | wc -c)" 0
check misbehaving_engines_change_nothing nothing_changed

# ---- another swarm ----

docker_on_second() { DOCKER_HOST=unix://$second_socket DOCKER_CONFIG=$lab_dir/docker-config "$bin/docker" "$@"; }
docker_on_second swarm leave >/dev/null
# A node that is down holds its tasks' addresses, and what it runs is never seen to end; what ran there moves here.
remove_second() { docker node rm --force "$lab_name-n2" >/dev/null 2>&1; }
wait_until 30 remove_second || give_up scene "the second node stays"
wait_until 60 all_running >/dev/null || give_up scene "$(all_running)"
wait_until 60 quiet || give_up scene "the scene does not come to rest again"
bad no_swarm 2 'not a (swarm )?manager|not part of a swarm' env DOCKER_HOST="unix://$second_socket" "${p[@]}" shared --size 16
docker_on_second swarm init --advertise-addr lab0 >/dev/null
docker_on_second network create --driver overlay --attachable --subnet 10.60.0.0/24 shared >/dev/null
bad another_swarm 2 'the plan is for another swarm' env DOCKER_HOST="unix://$second_socket" "${a[@]}" "$work/good.plan"
equal another_swarm_is_left_alone "$(docker_on_second network ls --filter name=headroom -q)" ""

# ---- an engine that fails in the middle of a move ----

# Every update is carried out, but its answer is lost: what became of it shows in the swarm, and that is asked.
docker service scale --detach web=1 >/dev/null
one_task() { [[ $(engine_state tasks | grep -c '^web ') == 1 ]]; }
wait_until 60 one_task || give_up scene "web does not shrink"
check planning_for_one_task hr plan shared --size 20 -o "$work/last.plan"
fake lost-answer "$socket" POST /update
check a_lost_answer_does_not_stop_the_move on_node 1 timeout 200 env DOCKER_HOST="unix://$fake_socket" \
  HEADROOM_STATE="$work/state" "$headroom" apply "$work/last.plan"
equal the_move_is_complete_after_lost_answers "$(subnet_of shared)" "$(jq -r .headroom_plan.new_subnet "$work/last.plan")"
check nothing_is_left_after_lost_answers nothing_of_headroom

verdict
