# shellcheck shell=bash disable=SC2034,SC2154 # used by, and of, the demo that reads this file
# The demo on a real engine: a lab of its own, with its own network namespace, data root and socket.

name=demo-$$

stage_folder() { printf '/var/tmp\n'; }

# The downloaded engine is kept only where it was kept before.
lab_open() {
  local cache=${HEADROOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/headroom}
  [[ -d $cache ]] || cache=$work/cache
  export HEADROOM_CACHE=$cache HEADROOM_LAB=$work/lab
  quietly "starting a Docker engine with the reference host's stacks, and leaking its addresses away" \
    lab/cc-ci --name "$name" --exhaust
}

# A task in New is no proof yet; headroom waits for half a minute of it before it calls a pool full, and exits with 2.
until_refused() {
  local tries
  printf 'waiting until the engine has surely refused addresses ... '
  for ((tries = 0; tries < 90 && shown != 2; tries++)); do
    sleep 1
    shown=0
    begin "${headroom[@]}" >/dev/null 2>&1
    finish || shown=$?
  done
  expect 2
  printf '%d s\n' "$tries"
}

stage_open() {
  local packages
  printf 'This takes about 5 minutes: two for packages, build and engine, three for the move itself.\n'
  mapfile -t packages < <(packages_of build && lab_packages packages)
  packages_install "${packages[@]}"
  quietly "preparing the build" tools/configure "$work/build"
  quietly "building headroom" ninja -C "$work/build" src/cli/headroom
  headroom=(lab/exec --name "$name" n1 "$work/build/src/cli/headroom")
  lab_open
  until_refused
}

stage_close() {
  [[ -d $work/lab ]] || return 0
  lab/down --name "$name" || printf 'demo: %s could not be removed\n' "$work/lab/$name" >&2
}
