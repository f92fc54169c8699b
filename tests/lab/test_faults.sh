#!/bin/bash
# What can have happened on the reference host between a plan and its move: each is made, caught by headroom check with
# its reason, and unmade; and reviews that don't count are told as what they are.
. "$(dirname "$0")/lib.sh"
. "$tests_here/operator.sh"

# fault NAME PATTERN: a point that fails must tell it.
fault() {
  run "$1" check "$plan"
  if [[ $status == 1 ]] && grep -E '^FAIL' "$work/$1" | grep -qE -- "$2"; then
    pass "caught: $1"
  else
    fail "caught: $1" "exit status $status, no '$2' in: $(grep -E '^FAIL' "$work/$1" || tail -5 "$work/$1")"
  fi
}
unmade() {
  run unmade check "$plan"
  if grep -q '^pass' "$work/unmade" && ! grep -E '^FAIL' "$work/unmade" | grep -v 'number of reviews' >"$work/left"; then
    pass "unmade: $1"
  else
    fail "unmade: $1" "$(if [[ -s $work/left ]]; then cat "$work/left"; else tail -5 "$work/unmade"; fi)"
  fi
}

forever=(sh -c "trap 'exit 0' TERM; sleep 100000 & wait")

reference_host "flt$$" --systemd
operators_arrive
plan_move planning_works
unmade "nothing has happened yet"

# ---- the host is at work ----

docker run --detach --name ci-run-7 busybox:lab "${forever[@]}" >/dev/null
fault "a busy container appears" 'container ci-run-7'
docker rm --force ci-run-7 >/dev/null
on_boot touch /run/ci-running
fault "the operator's own command says so" 'test ! -e /run/ci-running'
on_boot rm /run/ci-running
unmade "the host is quiet again"

# ---- the subnet ----

docker network create --driver overlay --subnet 10.10.5.0/24 taker >/dev/null
fault "a new overlay takes the subnet" 'subnet 10\.10\.0\.0/16 .*taker'
docker network rm taker >/dev/null
on_node 1 ip route add 10.10.3.0/24 via 192.0.2.254
fault "a route appears" 'subnet 10\.10\.0\.0/16 .*route on lab0'
on_node 1 ip route del 10.10.3.0/24
on_node 1 ip address add 10.10.9.9/32 dev tailscale0
fault "a VPN's address appears" 'subnet 10\.10\.0\.0/16 .*address on tailscale0'
on_node 1 ip address del 10.10.9.9/32 dev tailscale0
unmade "the subnet is free again"

# ---- services and pages ----

docker service create --quiet --detach --no-resolve-image --name late --network proxy busybox:lab "${forever[@]}" >/dev/null
fault "a service joined the network since" 'service late .*joined proxy'
docker service rm late >/dev/null
on_boot sh -c 'cp /etc/hosts /root/ && sed "s/ ccci-dashboard / /" /root/hosts >/etc/hosts'
fault "a page fails" 'page http://ccci-dashboard/'
plan_move a_plan_is_made_of_what_fails
fault "a page failed before it was planned" 'page http://ccci-dashboard/ .*failing already when this was planned'
on_boot cp /root/hosts /etc/hosts
plan_move planning_works_again
unmade "the pages answer again"

# ---- the way it is deployed ----

units=/etc/systemd/system
on_boot sh -c "mv $units/deploy-reports.service /root/ && systemctl -q stop deploy-reports && systemctl daemon-reload" 2>/dev/null
fault "a unit is missing" 'deploy-reports'
on_boot sh -c "mv /root/deploy-reports.service $units/ && systemctl daemon-reload && systemctl start deploy-reports" 2>/dev/null
on_boot sh -e <<SH
mkdir $units/deploy-proxy.service.d
cat >$units/deploy-proxy.service.d/wait.conf <<'UNIT'
[Service]
ExecStartPost=/bin/sh -c 'until curl -sf -o /dev/null http://ccci-dashboard/; do sleep 1; done'
UNIT
systemctl daemon-reload
SH
fault "a unit waits for one that is ordered after it" 'deploy-proxy.*dashboard|dashboard.*deploy-proxy'
on_boot sh -c "rm -r $units/deploy-proxy.service.d && systemctl daemon-reload"
on_boot cp "$nix" /root/swarm.nix
on_boot sed -i 's/--attachable proxy/--attachable --label mine=1 proxy/' "$nix"
fault "the file to be patched was edited" "declaration in $nix"
on_boot cp /root/swarm.nix "$nix"
unmade "everything can be deployed again"

# ---- reviews ----

# refused NAME PATTERN: apply demands a review; the one that lies beside the plan does not count, for this reason.
refused() {
  runs "no move: $1" 2 apply --yes "$plan"
  run why check "$plan"
  matches "told: $1" "^FAIL +review.*$2" "$work/why"
  on_boot sh -c "rm -f $plan.review-*"
}

run signed check --sign /root/stranger "$plan"
refused "a review by an unknown key" 'does not count'
run signed check --sign /root/planner "$plan"
refused "a review by who planned" 'is by the key that planned'
on_boot cp "$plan" /root/earlier.plan
run signed check --sign /root/reviewer /root/earlier.plan
plan_move planning_once_more
on_boot sh -c "for file in /root/earlier.plan.review-*; do cp \$file $plan.\${file#*plan.}; done"
refused "a review of another plan" 'is of another plan'
equal nothing_has_moved "$(subnet_of proxy)" 10.0.1.0/24

verdict
