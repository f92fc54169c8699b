# shellcheck shell=bash disable=SC2154 # lib.sh is read first
# A node's life: its namespaces, its cable to the lab's switch, its dockerd.

# The switch is a bridge in a network namespace of its own. In the machine's namespace an engine's FORWARD DROP, which
# bridge-nf-call-iptables applies to bridged frames too, would eat what the nodes send each other.
# The new process makes the bridge itself: from outside there is a moment in which its namespace is still the machine's.
switch_start() {
  # shellcheck disable=SC2016
  setsid unshare --net -- sh -c '
    ip link add sw type bridge && ip addr add "$1" dev sw && ip link set sw up && : >"$2" && exec sleep infinity
  ' sh "$lab_subnet.254/24" "$lab_dir/switch.ready" </dev/null >"$lab_dir/switch.log" 2>&1 9>&- &
  process_note $! "$lab_dir/switch.pid"
  wait_until 10 test -e "$lab_dir/switch.ready" || die "the switch does not start: $(cat "$lab_dir/switch.log")"
}

in_switch() {
  local pid
  pid=$(process_of "$lab_dir/switch.pid") || die "the switch of lab '$lab_name' is down"
  nsenter --target "$pid" --net -- "$@"
}

# The holder dies with its init and the init with its holder, so that either process id is enough to end the node.
node_create() {
  local dir=$lab_dir/n$1
  mkdir -p "$dir/data"
  setsid unshare --net --uts --mount --propagation unchanged --pid --fork --kill-child \
    -- "$lab_here/own-root" "$lab_here/node-init" "$dir" "$lab_name-n$1" "$(lab_conf bin)/docker-init" \
    </dev/null >"$dir/init.log" 2>&1 9>&- &
  process_note $! "$dir/holder.pid"
}

node_ready() { [[ -e $lab_dir/n$1/ready ]]; }

# No default route: with one, every look-up of an image at a registry would wait for an answer that can't come
# (48 s a task); without, it fails at once.
node_cable() {
  local pid
  wait_until 10 node_ready "$1" || die "node n$1 does not start: $(cat "$lab_dir/n$1/init.log")"
  pid=$(node_init "$1")
  in_switch ip link add "n$1" type veth peer name lab0 netns "$pid"
  in_switch ip link set "n$1" master sw up
  in_node "$1" ip addr add "$lab_subnet.$1/24" dev lab0
  in_node "$1" ip link set lab0 up
}

node_remove() {
  local file
  for file in holder.pid init.pid; do
    process_end "$lab_dir/n$1/$file"
  done
}

# ---- dockerd ----

# The node's /run is its own, so dockerd keeps its default places there, and finds no containerd of the machine's. So do
# temporary files: a shim that is killed in the midst of an exec or a health check leaves one.
# cgroupfs by name: on a machine with systemd and cgroup v2 it would ask a systemd that knows nothing of this node.
dockerd_start() {
  local dir=$lab_dir/n$1
  rm -f "$dir/docker.sock"
  # shellcheck disable=SC2016
  in_node "$1" env PATH="$(lab_conf bin):$PATH" TMPDIR=/run/tmp sh -c 'rm -f /run/docker.pid; exec setsid -f "$@"' sh \
    dockerd --host "unix://$dir/docker.sock" --data-root "$dir/data" --config-file "$dir/daemon.json" \
    --cgroup-parent "/headroom-$lab_name/n$1" --exec-opt native.cgroupdriver=cgroupfs \
    </dev/null >>"$dir/dockerd.log" 2>&1 9>&-
}

# The process id is one of the node's process namespace.
dockerd_pid() {
  # shellcheck disable=SC2016
  in_node "$1" sh -c '
    pid=$(cat /run/docker.pid) && [ "$(cat "/proc/$pid/comm")" = dockerd ] && echo "$pid"
  ' 2>/dev/null
}
dockerd_gone() { ! dockerd_pid "$1" >/dev/null; }

dockerd_answers() { curl -sf -o /dev/null --max-time 2 --unix-socket "$lab_dir/n$1/docker.sock" http://d/_ping; }

dockerd_wait() {
  wait_until 60 dockerd_answers "$1" || die "the engine of n$1 does not answer; its log ends:
$(tail -5 "$lab_dir/n$1/dockerd.log")"
}

# dockerd_end N SIGNAL: bounded by what an engine needs to stop its containers.
dockerd_end() {
  local pid
  pid=$(dockerd_pid "$1") || return 0
  in_node "$1" kill -s "$2" "$pid"
  wait_until 60 dockerd_gone "$1" || die "the engine of n$1 does not stop"
}

# ---- the booted machine ----

boot_remove() {
  local file
  for file in holder.pid init.pid; do
    process_end "$lab_dir/boot/$file"
  done
  cgroups_remove boot
  rm -rf --one-file-system "${lab_dir:?}/boot"
}

# ---- the lab as a whole ----

# runc removes a container's groups when it ends it; those of containers that were killed are left.
# cgroups_remove [GROUP]: of the lab as a whole, or of one part of it.
cgroups_remove() {
  local top group=headroom-$lab_name${1:+/$1}
  for top in /sys/fs/cgroup/"$group" /sys/fs/cgroup/*/"$group"; do
    [[ -d $top ]] || continue
    wait_until 10 find "$top" -depth -type d -exec rmdir {} + || say "left behind: $top"
  done
}

lab_remove() {
  local dir
  [[ -d $lab_dir ]] || return 0
  boot_remove
  for dir in "$lab_dir"/n[0-9]*; do
    [[ ! -d $dir ]] || node_remove "${dir##*/n}"
  done
  process_end "$lab_dir/switch.pid"
  cgroups_remove
  rm -rf --one-file-system "$lab_dir"
}

# For who holds the lock and gives the lab up.
lab_discard() {
  lab_remove
  rm -f "$lab_root/.$lab_name.lock"
}

# ---- the swarm ----

# leader_node: the number of the node that leads, asked of any manager that answers.
leader_node() {
  local n host
  for n in $(seq "$(lab_conf managers)"); do
    host=$(docker_on "$n" node ls --format '{{.ManagerStatus}} {{.Hostname}}' 2>/dev/null | sed -n 's/^Leader //p')
    [[ -z $host ]] || { printf '%s\n' "${host##*-n}" && return; }
  done
  die "no leader in lab '$lab_name'"
}

debug_is_on() { [[ $(docker_on "$1" info --format '{{.Debug}}') == true ]]; }

# The engine takes a new debug level without a restart.
dockerd_debug() {
  debug_is_on "$1" && return
  printf '{"debug": true}\n' >"$lab_dir/n$1/daemon.json"
  in_node "$1" kill -s HUP "$(dockerd_pid "$1")"
  wait_until 10 debug_is_on "$1" || die "the engine of n$1 does not log at debug level"
}

# node_interface N NAME ADDRESS: one more interface, its other end parked at the switch. (Not every kernel has dummies.)
node_interface() {
  in_node "$1" ip link show dev "$2" >/dev/null 2>&1 && return
  in_switch ip link add "n$1-$2" type veth peer name "$2" netns "$(node_init "$1")"
  in_switch ip link set "n$1-$2" up
  in_node "$1" ip addr add "$3" dev "$2"
  in_node "$1" ip link set "$2" up
}
