# shellcheck shell=bash disable=SC2034,SC2154 # used by, and of, the demo that reads this file
# The demo on a simulated swarm: headroom-sim serves the reference host on a socket, and its time passes faster.

speed=100
ready_max_s=20
programs=(src/cli/headroom src/sim/front/headroom-sim)
build=build
engine=''                              # its process
with_us=(setpriv --pdeathsig TERM) # a command that ends when the demo does, whatever ends that

stage_folder() { printf '%s\n' "${TMPDIR:-/tmp}"; }

# ---- building ----

is_built() {
  is_configured build && [[ $(ninja -C build -n "${programs[@]}") == *"no work to do"* ]]
}

# Into the build folder, or beside it where that is somebody else's.
build_programs() {
  local packages
  ! is_built || return 0
  mapfile -t packages < <(packages_of build)
  packages_install "${packages[@]}"
  mkdir -p build 2>/dev/null && [[ -w build ]] || build=$work/build
  is_configured "$build" || quietly "preparing the build" tools/configure "$build"
  quietly "building headroom and headroom-sim" ninja -C "$build" "${programs[@]}"
}

# ---- the engine ----

is_ready() { grep -q '^ready: ' "$work/engine.log"; }

# In a session of its own, so that the terminal's ^C reaches only us.
engine_start() {
  local tries
  setsid "${with_us[@]}" "$build/src/sim/front/headroom-sim" --scenario scenarios/cc-ci.yaml \
    --socket "$work/docker.sock" --speed "$speed" </dev/null >"$work/engine.log" 2>&1 &
  engine=$!
  for ((tries = 0; tries < ready_max_s * 20; tries++)); do
    ! is_ready || return 0
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.05
  done
  die "the simulated engine did not come up: $(cat "$work/engine.log")"
}

stage_open() {
  build_programs
  engine_start
  export DOCKER_HOST=unix://$work/docker.sock
  headroom=("${with_us[@]}" "$build/src/cli/headroom")
  printf 'A simulated engine answers at %s: the reference host, where %s seconds pass in one.\n' "$DOCKER_HOST" "$speed"
}

stage_close() {
  [[ -n $engine ]] || return 0
  kill -TERM "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
}
