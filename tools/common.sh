# shellcheck shell=bash
# What ./demo and ./check share: messages, packages, and children that end when we are told to end.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' faint=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' faint='' red='' green='' plain=''
fi
# shellcheck disable=SC2034 # for who reads this file
readonly root bold faint red green plain

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2 && exit 1; }

# ---- children ----

# A command runs in a session of its own, so that the terminal's ^C reaches only us: we decide what may be ended.
# A shell's background command ignores ^C, and a shell can't undo that: hence env.
child=''
begin() {
  env --default-signal=INT,QUIT setsid "$@" </dev/null &
  child=$!
}

# Returns what the command returned. A signal's trap exits in the midst of the wait.
finish() {
  local status=0
  wait "$child" || status=$?
  child=''
  return "$status"
}

# end_child SECONDS: ends the command with all that it started and has not set apart; KILL for what does not heed.
end_child() {
  local end_s=$((SECONDS + $1))
  [[ -n $child ]] || return 0
  kill -TERM -- "-$child" 2>/dev/null || true
  while kill -0 "$child" 2>/dev/null && ((SECONDS < end_s)); do sleep 0.1; done
  kill -KILL -- "-$child" 2>/dev/null || true
  wait "$child" 2>/dev/null || true
  child=''
}

# ---- builds ----

is_configured() {
  grep -qF "\"source\": \"$root\"" "$1/meson-info/meson-info.json" 2>/dev/null &&
    ninja -C "$1" -t query build.ninja >/dev/null 2>&1
}

# configure FOLDER COMPILER OPTION...: made anew when it is not complete, or is of a checkout that has been moved.
configure() {
  local folder=$1 compiler=$2
  shift 2
  ! is_configured "$folder" || return 0
  rm -rf "$folder/meson-info" "$folder/meson-private" "$folder/build.ninja"
  CC=$compiler meson setup "$folder" "$@"
}

# ---- packages ----

packages_of() { sed -n "s/^$1 //p" "$root/packages.apt"; }
lab_packages() { grep -v '^#' "$root/lab/$1"; } # of lab/packages or lab/packages.vm

packages_missing() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
  done
}

# A download may be cut off at any moment; dpkg may not, or the machine is left with half-installed packages. So the
# second half has a session of its own, is not `child`, and a trap waits until it is over.
packages_install() {
  local as_root=() apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300) missing
  mapfile -t missing < <(packages_missing "$@")
  ((${#missing[@]})) || return 0
  if ((EUID)); then
    sudo -n true 2>/dev/null || die "packages are missing: as root, apt-get install ${missing[*]}"
    as_root=(sudo -n)
  fi
  printf 'installing %s packages%s: %s\n' "${#missing[@]}" "${as_root:+ (with sudo)}" "${missing[*]}"
  begin "${as_root[@]}" "${apt[@]}" update
  finish || true # a list that can't be had need not be one that is needed
  begin "${as_root[@]}" "${apt[@]}" install --yes --no-install-recommends --download-only "${missing[@]}"
  finish
  setsid "${as_root[@]}" "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}
