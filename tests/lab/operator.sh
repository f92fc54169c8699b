# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh is read first; the tests use this
# The reference host on its own systemd, and its operators: their keys, what they tell headroom, and what they type.

nix=/etc/cc-ci/nix/modules/swarm.nix
plan=/root/proxy.plan
# In the order in which they are deployed again.
roads=(deploy-proxy warm-keycloak deploy-drone deploy-bridge deploy-dashboard deploy-reports)

# run NAME ARGUMENT...: headroom on the host; what it says is in $work/NAME, its exit status in `status`.
run() {
  local name=$1
  shift
  status=0
  on_boot headroom "$@" >"$work/$name" 2>&1 || status=$?
}

# runs NAME STATUS ARGUMENT...: and it ends with that status.
runs() {
  run "$1" "${@:3}"
  if [[ $status == "$2" ]]; then pass "$1"; else fail "$1" "exit status $status, not $2: $(tail -5 "$work/$1")"; fi
}

unit_is() { on_boot systemctl show --property "$2" --value "$1"; }

# The sites' names are the host's own: it asks itself.
operators_arrive() {
  on_boot sh -e <<'SH'
echo "91.98.47.73 drone ccci-bridge ccci-dashboard ccci-reports warm-keycloak" >>/etc/hosts
mkdir -p /etc/headroom
for who in planner reviewer stranger; do ssh-keygen -q -t ed25519 -N '' -C "$who@example.org" -f "/root/$who"; done
for who in planner reviewer; do
  echo "$who@example.org $(cut -d' ' -f1,2 "/root/$who.pub")"
done >/etc/headroom/allowed_signers
SH
  configuration | on_boot tee /etc/headroom/headroom.yaml >/dev/null
}

configuration() {
  cat <<YAML
checks:
  - http://drone/
  - {url: "http://ccci-dashboard/", status: 200}
quiet:
  stacks: [traefik, "warm-*", drone, "ccci-*", backups]
  busy: ["ci-run-*"]
  commands: ["test ! -e /run/ci-running"]
pause:
  units: [ci-poll.timer]
roads:
  rebuild: /usr/local/bin/rebuild
  units: [$(printf '%s.service, ' "${roads[@]}" | sed 's/, $//')]
require_reviews: 1
allowed_signers: /etc/headroom/allowed_signers
YAML
}

# plan_move NAME [OPTION...]: as the operator who plans would, and it has to work.
plan_move() {
  runs "$1" 0 plan proxy --size 16 --patch "$nix" --in-place --key /root/planner -o "$plan" "${@:2}"
  [[ $status == 0 ]] || exit
}
