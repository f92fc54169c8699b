#!/bin/bash
# A lab works below a chroot, a plain one and one on a mount: what is executed in a container finds the container's files,
# not those of the machine outside the chroot.
. "$(dirname "$0")/lib.sh"

# The folders of this machine at their places in a new root, which the script alone sees. /marker is only there.
# shellcheck disable=SC2016
below='
  kind=$1 root=$2 && shift 2
  mkdir "$root" && mount -t tmpfs chroot "$root"
  [ "$kind" = mounted ] || { root=$root/plain && mkdir "$root"; }
  for entry in /*; do
    if [ -L "$entry" ]; then cp -d "$entry" "$root/"; elif [ -d "$entry" ]; then mkdir "$root$entry" && mount --rbind "$entry" "$root$entry"; fi
  done
  touch "$root/marker"
  exec chroot "$root" "$@"'

# shellcheck disable=SC2016
in_lab='
  cd "$1" && lab/up --name "$2" && lab/exec --name "$2" n1 ls /marker &&
    lab/exec --name "$2" n1 docker run --detach --name box busybox:lab sleep 1000 >/dev/null &&
    lab/exec --name "$2" n1 docker exec box sh -c "echo box: /*"
  status=$?
  lab/down --name "$2" && exit "$status"'

for kind in plain mounted; do
  lab_use "ch$kind$$"
  unshare --mount --propagation unchanged "$lab/own-root" bash -c "set -e; $below" below "$kind" "$work/$kind" \
    bash -c "$in_lab" in_lab "$lab/.." "$lab_name" >"$work/said" 2>&1 || echo "status $?" >>"$work/said"
  check "the node has the chroot's root ($kind)" grep -x /marker "$work/said"
  matches "what is executed in a container finds its files ($kind)" '^box: /bin /dev /etc /proc /sys /tmp /www$' "$work/said"
  ! grep -q '^status' "$work/said" || fail "the lab ($kind)" "$(tail -5 "$work/said")"
done
verdict
