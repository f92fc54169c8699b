# shellcheck shell=bash disable=SC2034 # used by who reads this file
# What every lab command shares: messages, bounded waiting, where a lab keeps its state, processes by id.
#
# A node of a lab is a machine as far as Docker can tell: namespaces of its own for network, host name, mounts and
# processes, held by one init process. Everything that runs in a node is inside its process namespace, and everything
# it mounts or configures is inside the others. So a lab is removed by ending its inits: the kernel ends what is left
# of dockerd, containerd, the shims and the containers, and with the last of them go mounts, interfaces and rules.
# What the kernel cannot know to be ours are the folders and the control groups; lab/down removes those.

set -euo pipefail

lab_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_root=${HEADROOM_LAB:-/var/tmp/headroom-lab}
lab_cache=${HEADROOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/headroom}
lab_subnet=192.0.2 # of the switch: node N is .N; every lab has a switch of its own, so all use the same
export lab_cache

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }
usage() { say "usage: lab/${0##*/} $1"; exit 3; }

# wait_until SECONDS COMMAND...: 0 as soon as COMMAND succeeds, 1 when the time is over.
wait_until() {
  local limit_s=$1 end_us
  shift
  end_us=$((${EPOCHREALTIME/./} + limit_s * 1000000))
  until "$@"; do
    ((${EPOCHREALTIME/./} < end_us)) || return 1
    sleep 0.05
  done
}

# ---- names ----

lab_use() {
  [[ $1 =~ ^[a-z0-9][a-z0-9-]{0,19}$ ]] || die "a lab's name has at most 20 of a-z, 0-9 and -: '$1'"
  lab_name=$1
  lab_dir=$lab_root/$1
}
lab_use "${HEADROOM_LAB_NAME:-lab}"

# lab_options "$@": takes a leading --name NAME; the rest is in lab_args.
lab_options() {
  if [[ ${1:-} == --name ]]; then
    (($# >= 2)) || die "--name needs a name"
    lab_use "$2"
    shift 2
  fi
  lab_args=("$@")
  export lab_args
}

# One command at a time on a lab. The descriptor must not leak into what is started (9>&-), or the lock would be
# held as long as the lab runs. lab/down removes the file: who waited for the old one must take the new one.
lab_lock() {
  local lock=$lab_root/.$lab_name.lock
  mkdir -p "$lab_root"
  until [[ -e $lock && /proc/self/fd/9 -ef $lock ]]; do
    exec 9>"$lock"
    flock -w 120 9 || die "another command holds the lab '$lab_name'"
  done
}

lab_conf() { sed -n "s/^$1=//p" "$lab_dir/conf"; }
lab_exists() { [[ -f $lab_dir/conf ]] || die "there is no lab '$lab_name' (lab/up --name $lab_name)"; }

node_number() {
  local n=${1#n}
  [[ $n =~ ^[1-9][0-9]*$ && -d $lab_dir/n$n ]] || die "lab '$lab_name' has no node '$1'"
  printf '%s\n' "$n"
}

# ---- processes ----

# A process id alone may have been given to somebody else; with its start time it names one process for ever.
# A zombie counts as gone: it holds nothing, and not every machine has an init that reaps.
process_start() {
  local stat fields
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} == Z ]] || printf '%s\n' "${fields[19]}"
}

process_note() { printf '%s %s\n' "$1" "$(process_start "$1")" >"$2.new" && mv "$2.new" "$2"; }

# process_of FILE: the id in FILE if that very process still runs.
process_of() {
  local pid start
  read -r pid start 2>/dev/null <"$1" || return 1
  [[ -n $start && $(process_start "$pid") == "$start" ]] || return 1
  printf '%s\n' "$pid"
}

process_end() {
  local pid
  pid=$(process_of "$1") || return 0
  kill -9 "$pid" 2>/dev/null || true
  wait_until 20 process_gone "$1" || die "process $pid does not end"
}
process_gone() { ! process_of "$1" >/dev/null; }

# ---- nodes ----

node_init() { process_of "$lab_dir/n$1/init.pid"; }
boot_init() { process_of "$lab_dir/boot/init.pid"; }
node_socket() { printf '%s\n' "$lab_dir/n$1/docker.sock"; }

# in_node N COMMAND...: in all of the node's namespaces, in the caller's folder.
in_node() {
  local pid
  pid=$(node_init "$1") || die "node n$1 of lab '$lab_name' is down"
  shift
  nsenter --target "$pid" --net --uts --mount --root --pid --wdns="$PWD" -- "$@"
}

# Entering a machine is two things: a command line that ends in an env, and what that env is to set.

# boot_enter: the machine that lab/boot booted. As after a login, nothing of the caller's environment is left.
boot_enter() {
  local pid
  pid=$(boot_init) || die "nothing is booted on n1 of lab '$lab_name' (lab/boot --name $lab_name)"
  entry=(nsenter --target "$pid" --net --uts --ipc --mount --root --pid --cgroup --wdns=/ -- env -i)
  settings=("HOME=/root" "TERM=${TERM:-dumb}" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

in_boot() {
  local entry settings
  boot_enter
  "${entry[@]}" "${settings[@]}" "$@"
}

# docker_on N ARGUMENT...: the engine's own client; a client's config or context of the machine must not interfere.
docker_on() {
  local n=$1
  shift
  DOCKER_CONFIG=$lab_dir/docker-config DOCKER_HOST=unix://$lab_dir/n$n/docker.sock "$(lab_conf bin)/docker" "$@"
}
