#!/bin/bash
# What can have happened on the reference host between a plan and its move, and after the move: each is made, told by
# headroom check with its reason and by no other point, refused by headroom apply with nothing changed, and unmade.
. "$(dirname "$0")/lib.sh"
. "$tests_here/operator.sh"

units=/etc/systemd/system
reviewed=/etc/headroom/reviewed.yaml # the configuration that demands a review; the usual one demands none here

# ---- the host ----

forever=(sh -c "trap 'exit 0' TERM; sleep 100000 & wait")
create() { docker service create --quiet --detach --no-resolve-image "${@:2}" --name "$1" busybox:lab "${forever[@]}" >/dev/null; }
reload() { on_boot systemctl daemon-reload; }

# Beside what the host has: a service that is paused for a move, one that also is on a network with 13 addresses and
# whose node can be taken from it, and one without tasks, which can come and go at once.
scene() {
  reference_host "chk$$" --systemd
  docker node update --label-add rack=1 "$(docker node ls --quiet)" >/dev/null
  docker network create --driver overlay --subnet 172.30.0.0/28 tiny >/dev/null
  create worker
  create probe --network proxy --network tiny --constraint node.labels.rack==1 --label kind=probe \
    --update-order start-first --health-cmd true --health-interval 1s
  create idle --network proxy --replicas 0
  operators_arrive
  on_boot sed -i -e '/^quiet:/a\  wait: 2' -e '/^pause:/a\  services: [worker]' /etc/headroom/headroom.yaml
  on_boot cp /etc/headroom/headroom.yaml "$reviewed"
  on_boot sed -i 's/^require_reviews: 1/require_reviews: 0/' /etc/headroom/headroom.yaml
  wait_until 60 all_running >/dev/null || give_up scene "$(all_running)"
}

# ---- verdicts ----

# told FILE: the points that fail.
told() { grep -a '^FAIL' "$1" || true; }

# caught NAME PATTERN [PATTERN]: check has a point that fails for this reason, and none that fails for a reason that is
# neither this nor the other, which follows from it.
caught() {
  local others
  others=$(told "$work/check" | grep -vE -- "$2${3:+|$3}") || true
  if [[ $(<"$work/check.status") == 1 && -z $others ]] && told "$work/check" | grep -qE -- "$2"; then
    pass "caught: $1"
  else
    fail "caught: $1" "exit status $(<"$work/check.status"), wanted '$2' in: $(told "$work/check" | grep . || tail -5 "$work/check")"
  fi
}

# refused NAME PATTERN: apply ends with 2, says why, and has changed nothing.
refused() {
  local difference
  difference=$(engine_state versions | diff "$work/versions" -) || true
  if [[ $(<"$work/apply.status") == 2 && -z $difference ]] && grep -qE -- "$2" "$work/apply"; then
    pass "refused: $1"
  else
    fail "refused: $1" "exit status $(<"$work/apply.status"), wanted '$2' in: $(tail -5 "$work/apply")" "$difference"
  fi
}

# ask NAME ARGUMENT...: what headroom says on the host is in $work/NAME, and its exit status beside it.
ask() {
  local status=0
  on_boot headroom "${@:2}" >"$work/$1" 2>&1 || status=$?
  echo "$status" >"$work/$1.status"
}

# What stops or starts does so a while after it was asked to; what becomes of a removed service's tasks shows later still.
# (Tasks and services that are the same before and after were the same in between, where it is asked what is on its way.)
at_rest() {
  engine_state versions >"$work/versions" && sleep 0.5 && [[ -z $(engine_state moving) ]] &&
    engine_state versions | diff "$work/versions" - >/dev/null
}

# fault NAME PATTERN [PATTERN]: what was made is caught and refused. Both only look, so they look at the same time.
configured=()
fault() {
  engine_state versions >"$work/versions"
  ask check check "${configured[@]}" "$plan" &
  ask apply apply "${configured[@]}" --yes "$plan"
  wait $!
  caught "$@"
  refused "$1" "$2"
}

fine() {
  ask check check "$plan"
  if [[ $(<"$work/check.status") == 0 ]]; then pass "fine: $1"; else fail "fine: $1" "$(told "$work/check" | grep . || tail -5 "$work/check")"; fi
}

scene
plan_move planning
fine "nothing has happened yet"

# ---- the host is at work ----

docker run --detach --name ci-run-7 busybox:lab "${forever[@]}" >/dev/null
fault "a busy container runs" 'container ci-run-7 runs \(quiet\.busy: ci-run-\*\)'
docker rm --force ci-run-7 >/dev/null

create ci-gitea_app --replicas 0 --label com.docker.stack.namespace=ci-gitea
fault "a stack that is not expected runs" 'stack ci-gitea runs, which quiet\.stacks does not expect'
docker service rm ci-gitea_app >/dev/null

on_boot touch /run/ci-running
# shellcheck disable=SC2016
fault "the operator's command says that the host is at work" '`test ! -e /run/ci-running` ended with 1'
on_boot rm /run/ci-running

create stairs --replicas 2 --update-delay 1h
wait_until 30 all_running >/dev/null || give_up stairs "$(all_running)"
docker service update --quiet --detach --no-resolve-image --env-add step=2 stairs >/dev/null
half_updated() { [[ $(docker service ps --filter desired-state=running --format '{{.ID}} {{.CurrentState}}' stairs | grep -c Running) == 2 &&
  $(docker service ps --quiet stairs | wc -l) == 3 ]]; }
wait_until 60 half_updated || give_up half_updated "$(docker service ps stairs)"
fault "a service is being updated" 'service stairs is being updated'
docker service rm stairs >/dev/null
wait_until 30 at_rest

create unwell --health-cmd false --health-interval 1h --health-start-period 1h
starting() { docker ps --filter name=unwell --format '{{.Status}}' | grep -q '^Up'; }
wait_until 30 starting || give_up starting "$(docker service ps unwell)"
fault "a task is on its way" 'a task of unwell is starting'
docker service rm unwell >/dev/null
wait_until 30 at_rest

# ---- the subnet ----

docker network create --driver overlay --subnet 10.10.5.0/24 taker >/dev/null
fault "an overlay takes the subnet" 'subnet 10\.10\.0\.0/16 .*overlay taker'
docker network rm taker >/dev/null

docker network create --subnet 10.10.7.0/24 village >/dev/null
fault "a bridge takes the subnet" 'subnet 10\.10\.0\.0/16.* bridge village'
docker network rm village >/dev/null

on_node 1 ip route add 10.10.3.0/24 via 192.0.2.254
fault "a route appears in the subnet" 'subnet 10\.10\.0\.0/16.* route.*10\.10\.3\.0/24'
on_node 1 ip route del 10.10.3.0/24

on_node 1 ip address add 10.10.9.9/32 dev tailscale0
fault "a VPN's address appears in the subnet" 'subnet 10\.10\.0\.0/16.*10\.10\.9\.9'
on_node 1 ip address del 10.10.9.9/32 dev tailscale0

on_boot sh -c 'cp /etc/resolv.conf /root/ && echo nameserver 10.10.53.53 >>/etc/resolv.conf'
fault "a resolver appears in the subnet" 'subnet 10\.10\.0\.0/16.*10\.10\.53\.53'
on_boot cp /root/resolv.conf /etc/

docker network create --driver overlay --subnet 10.20.1.0/24 taker >/dev/null
fault "an overlay takes the hop's subnet" 'subnet 10\.20\.0\.0/22.* overlay taker'
docker network rm taker >/dev/null

docker network create --driver overlay headroom-hop-proxy >/dev/null
fault "a network has the hop's name" 'network headroom-hop-proxy .*that no move has made, .*docker network rm headroom-hop-proxy'
docker network rm headroom-hop-proxy >/dev/null

fine "the host is quiet, and the subnet free"

# ---- what is on the network ----

create late --network proxy --replicas 0
fault "a service joined the network" 'service late .*joined proxy since'
docker service rm late >/dev/null

docker run --detach --name visitor --network proxy busybox:lab "${forever[@]}" >/dev/null
fault "a container joined the network" 'container visitor .*joined proxy since'
docker rm --force visitor >/dev/null

docker service update --quiet --detach --no-resolve-image --label-add kind=other probe >/dev/null
fault "a service was changed" 'service probe .*was changed by somebody else since it was planned: .*'
docker service update --quiet --detach --no-resolve-image --label-add kind=probe probe >/dev/null

docker service scale --detach worker=2 >/dev/null
wait_until 60 all_running >/dev/null && wait_until 30 at_rest
fault "a service that is to be paused was scaled" 'service worker, to be paused .*2 replicas'
docker service scale --detach worker=1 >/dev/null
wait_until 30 at_rest

docker node update --label-rm rack "$(docker node ls --quiet)" >/dev/null
evicted() { ! docker ps --quiet --filter name=probe | grep -q .; }
wait_until 30 evicted || give_up evicted "$(docker service ps probe)"
wait_until 30 at_rest
fault "a service does not run completely" 'service probe .*runs 0 of 1 tasks'
docker node update --label-add rack=1 "$(docker node ls --quiet)" >/dev/null
wait_until 60 all_running >/dev/null || give_up all_running "$(all_running)"

for n in {1..12}; do create "guest$n" --replicas 0 --network tiny; done
fault "there is no room for start-first on another network" 'room for probe on tiny .*0 to 0 free'
for n in {1..12}; do docker service rm "guest$n" >/dev/null; done
wait_until 30 at_rest

docker service update --quiet --detach --no-resolve-image --network-rm proxy idle >/dev/null
fault "a service was taken off the network" 'service idle .*was taken off the network since'

docker service rm idle >/dev/null
fault "a service was removed" 'service idle .*was removed since'
create idle --network proxy --replicas 0
plan_move planning_again
fine "planned again"

# ---- how it is deployed again ----

on_boot mv "$units/deploy-reports.service" /root/ && reload
fault "a unit is missing" 'unit deploy-reports\.service .*does not exist on this host'
on_boot ln -s /dev/null "$units/deploy-reports.service" && reload
fault "a unit is masked" 'unit deploy-reports\.service .*is masked'
on_boot mv /root/deploy-reports.service "$units/" && reload

# drop_in UNIT LINE...: what the unit has beside its file, until there is none.
drop_in() {
  # shellcheck disable=SC2016
  on_boot sh -c 'mkdir -p "$1" && cat >"$1/test.conf"' sh "$units/$1.service.d" < <(printf '%s\n' "${@:2}")
  reload
}
drop_out() { on_boot rm -r "$units/$1.service.d" && reload; }

drop_in deploy-proxy '[Service]' "ExecStart=/bin/sh -c 'until curl -sf -o /dev/null http://ccci-dashboard/; do sleep 1; done'"
fault "a unit waits for a page of one that is ordered after it" \
  'unit deploy-proxy\.service .*would wait for deploy-dashboard\.service.* only after it .*waits for "ccci-dashboard" \(curl\)'
drop_out deploy-proxy

on_boot sh -c 'cat >/usr/local/bin/await && chmod +x /usr/local/bin/await' <<'SH'
#!/bin/sh
# The dashboard shows what the edge has done.
systemctl is-active --wait deploy-dashboard.service
SH
drop_in deploy-proxy '[Service]' 'ExecStartPost=/usr/local/bin/await'
fault "a unit's script waits for a unit that is ordered after it" \
  'unit deploy-proxy\.service .*would wait for deploy-dashboard\.service.*line 3 of /usr/local/bin/await'
drop_out deploy-proxy

drop_in warm-keycloak '[Unit]' 'After=deploy-reports.service'
fault "the declared order contradicts systemd's" \
  'unit warm-keycloak\.service .*comes before deploy-reports\.service in the declared order, but systemd starts it after'
drop_out warm-keycloak

on_boot mv /usr/local/bin/rebuild /root/
# shellcheck disable=SC2016
fault "a road's program does not exist" 'road `/usr/local/bin/rebuild` .*there is no program /usr/local/bin/rebuild'
on_boot mv /root/rebuild /usr/local/bin/

on_boot mv "$units/ci-poll.timer" /root/ && reload
fault "a unit to be paused is missing" 'unit ci-poll\.timer .*not-found'
on_boot mv /root/ci-poll.timer "$units/" && reload

# ---- the declaration ----

on_boot cp -p "$nix" /root/swarm.nix
on_boot sed -i 's/description = .*/description = "Docker";/' "$nix"
fault "the file to be patched was edited" "declaration in $nix .*was edited by somebody since it was planned"
on_boot rm "$nix"
fault "the file to be patched was removed" "declaration in $nix .*was removed since it was planned"
on_boot ln -s /root/swarm.nix "$nix"
fault "the file to be patched is a link" "declaration in $nix .*is no plain file any more"
on_boot sh -c "rm $nix && cp -p /root/swarm.nix $nix"
fine "everything can be deployed again"

# ---- pages ----

# Its service has no health check that would have its task replaced.
in_reports() { docker exec "$(docker ps --quiet --filter name=ccci-reports_app)" "$@"; }
in_reports mv /www/index.html /www/index.old
fault "a page fails" 'page http://ccci-reports/ .*404.*; when this was planned: 200'
in_reports mv /www/index.old /www/index.html
on_boot sh -c 'cp /etc/hosts /root/ && sed "s/ ccci-dashboard / /" /root/hosts >/etc/hosts'
fault "a page of checks fails" 'page http://ccci-dashboard/ .*; when this was planned: 200'
plan_move planning_while_a_page_fails
fault "a page failed already when this was planned" \
  'page http://ccci-dashboard/ .*was failing already when this was planned'
on_boot cp /root/hosts /etc/
plan_move planning_when_it_answers
fine "the pages answer"

# ---- reviews ----

# uncounted NAME PATTERN: the reviews that are there don't count, for this reason.
uncounted() { fault "$@" 'number of reviews'; }
sign() {
  ask sign check --sign "/root/$1" "$plan"
  grep -q '^Signed as passed' "$work/sign" || give_up sign "$(tail -5 "$work/sign")"
}
unsign() { on_boot sh -c "rm -f $plan.review-*"; }

# resign SED: as who has the reviewer's key could write it.
resign() {
  on_boot sh -e <<SH
review=\$(ls $plan.review-????????)
sed -i '$1' "\$review" && rm "\$review.sig"
ssh-keygen -q -Y sign -f /root/reviewer -n headroom-review "\$review"
SH
}

configured=(--config "$reviewed")
fault "nobody has reviewed the plan" 'number of reviews .*0 of 0 count'
sign planner
uncounted "a review is by the key that planned" 'review .*is by the key that planned'
unsign && sign stranger
uncounted "a review is by a key that nobody allowed" 'review .*its key is not one of'
unsign && sign reviewer
resign "s/\"time\": \"[^\"]*\"/\"time\": \"$(date -u -d '-31 min' +%FT%TZ)\"/"
uncounted "a review is too old" 'review .*is 31 min old'
unsign && sign reviewer
plan_move planning_another_plan
uncounted "a review is of another plan" 'review .*is of another plan'
unsign && sign reviewer
fine "the plan is reviewed"

# ---- the move ----

ask apply apply "${configured[@]}" --yes "$plan"
equal "a reviewed plan of a host without faults is applied" "$(<"$work/apply.status") $(tail -5 "$work/apply" | grep -c '^The way back')" "0 1"
fine "the move is over"
matches "the move has arrived whole" '^The move has arrived whole\.$' "$work/check"

# ---- what can be wrong afterwards ----

# All at once, because what answers no more is waited for.
docker tag busybox:lab headroom-anchor:1
docker node update --label-rm rack "$(docker node ls --quiet)" >/dev/null
wait_until 30 evicted || give_up evicted "$(docker service ps probe)"
in_reports mv /www/index.html /www/index.old
on_boot cp "$nix" /root/moved.nix
on_boot cp /root/swarm.nix "$nix"
on_boot sh -c 'cat >/root/engine.log' <<LOG
time="$(date -u +%FT%T.000000000Z)" level=error msg="failed to allocate network IP for task ab3 network cd4" error="could not find an available IP"
LOG
ask check check --log /root/engine.log "$plan"
matches "the move has not arrived whole" '^The move has NOT arrived whole\.' "$work/check"
left=('this node +nothing of headroom left on it' 'service probe .*waiting for 1 of 1 tasks to run'
  'page http://ccci-reports/ .*404.*; when this was planned: 200' "declaration in $nix .*as it was when planned"
  'the engine.s log .*"failed to allocate network IP for task" 1 times')
others=$(IFS='|' && echo "${left[*]}")
caught "something of headroom is left" "${left[0]}" "$others"
caught "a task is missing" "${left[1]}" "$others"
caught "a page is another one" "${left[2]}" "$others"
caught "the file declares the old subnet again" "${left[3]}" "$others"
caught "the engine refused an address after the move" "${left[4]}" "$others"

docker image rm headroom-anchor:1 >/dev/null
docker node update --label-add rack=1 "$(docker node ls --quiet)" >/dev/null
in_reports mv /www/index.old /www/index.html
on_boot cp /root/moved.nix "$nix"
wait_until 60 all_running >/dev/null || give_up all_running "$(all_running)"
fine "all of it is mended"

verdict
