#!/bin/bash
# The pages of a plan on the reference host, exhausted and on a booted systemd: the journal holds every fact of that host
# beside what shows it, the status page follows the move, and a page that can't be written is told.
. "$(dirname "$0")/lib.sh"

folder=/root/plans
plan=$folder/proxy.plan
journal=$work/journal.md status=$work/status.md

# fact NAME TEXT...: each of the texts stands in one line of the journal, which names what shows it.
fact() {
  local name=$1 line=''
  shift
  line=$(cat "$journal")
  for text in "$@"; do line=$(grep -F -- "$text" <<<"$line") || break; done
  if [[ -n $line ]]; then pass "$name"; else fail "$name" "no line with: $*"; fi
}
said() { if grep -qF -- "$2" "$journal"; then pass "$1"; else fail "$1" "not said: $2"; fi; }
fetch() { on_boot cat "$plan.journal.md" >"$journal" && on_boot cat "$plan.status.md" >"$status"; }

reference_host "jr$$" --exhaust --systemd

# shellcheck disable=SC2016 # for the shell there
on_boot sh -c 'mkdir "$1" && cat >"$1/headroom.yaml"' sh "$folder" <<'YAML'
reserve: [10.200.0.0/16]
pause:
  units: [ci-poll.timer]
roads:
  rebuild: /usr/local/bin/rebuild
  units: [deploy-proxy, deploy-drone, deploy-bridge, deploy-dashboard, deploy-reports, warm-keycloak]
YAML
booted() { on_boot headroom --config "$folder/headroom.yaml" "$@"; }
# Nobody can tell at once whether a task waits because its network refuses it.
refuses() { { booted doctor 2>/dev/null || true; } | grep -q 'proxy refuses addresses'; }
wait_until 90 refuses || give_up refuses "$(booted doctor 2>&1 | head -5)"
booted plan proxy --size 16 -o "$plan" --patch /etc/cc-ci/nix/modules/swarm.nix --in-place >"$work/said" 2>&1 ||
  give_up plan "$(tail -5 "$work/said")"
fetch

# ---- the facts of that host ----

for net in ingress:10.0.0.0/24 proxy:10.0.1.0/24 traefik_internal:10.0.2.0/24 warm-keycloak_internal:10.0.3.0/24 \
  backups_default:10.0.4.0/24; do
  fact "overlay_${net%:*}" "\`${net%:*}\`" "\`${net#*:}\`" overlay 'GET /networks'
done
fact bridge_docker0 docker0 172.17.0.0/16 'GET /networks'
fact bridge_docker_gwbridge docker_gwbridge 172.18.0.0/16 'GET /networks'
fact address_eth0 eth0 91.98.47.73/32 'ip -4 addr'
fact address_tailscale tailscale0 100.95.31.88/32 'ip -4 addr'
fact no_route_there 'no route' 10.10.0.0/16 'ip -4 route'
fact default_pool 10.0.0.0/8 /24 'GET /info'
fact reserved_range 10.200.0.0/16 headroom.yaml
on=$(sed -n '/^### Services on proxy/,/^### Services not on/p' "$journal")
off=$(sed -n '/^### Services not on proxy/,/^### Stacks/p' "$journal")
for service in traefik_app drone_app ccci-bridge_app ccci-dashboard_app ccci-reports_app warm-keycloak_app; do
  check "on_proxy_$service" grep -qF "| \`$service\` |" <<<"$on"
done
for service in backups_app traefik_socket-proxy warm-keycloak_db; do
  check "not_on_proxy_$service" grep -qF "| \`$service\` |" <<<"$off"
done
said seven_stacks '7 stacks run completely: backups, ccci-bridge, ccci-dashboard, ccci-reports, drone, traefik, warm-keycloak.'
fact unit_swarm_init swarm-init.service oneshot 'creates the network' 'systemctl cat swarm-init.service'
for unit in deploy-proxy deploy-drone deploy-bridge deploy-dashboard deploy-reports warm-keycloak; do
  fact "unit_$unit" "$unit.service" 'oneshot, remains after exit' 'restarted after the move' "systemctl cat $unit.service"
done
said units_in_order 'each is restarted by name, in this order'
fact declared_in swarm.nix 'docker network create --driver overlay --attachable proxy' 'sed -n'
said chosen_fix '# Journal: proxy from 10.0.1.0/24 to 10.10.0.0/16'
fact how_many '65,533' '258 times as many' 253
fact why_this_subnet 'clear of every overlay, bridge, route, address and resolver' 'inside the default pool 10.0.0.0/8' \
  'outside 10.0.6.0'
fact a_rejected_candidate 10.1.0.0/16 'cuts its next'
said the_patch '|| docker network create --driver overlay --attachable --subnet 10.10.0.0/16 proxy'
fact first_step '1. ' 'pause unit ci-poll.timer'
fact a_second_reader 'A second, independent reader'
fact looked_at_afterwards 'no allocation error in the engine'
fact a_page http://drone/ 200 'drone_app'

# ---- the cause ----

fact the_pool_refuses 'proxy refuses addresses'
fact leaked 'leaked' 240 'headroom proxy'
fact a_waiting_task ci-probe.1 new proxy 'GET /tasks'
fact the_log_of_the_engine 'could not find an available IP while allocating VIP' ci-probe

# ---- the status page ----

matches planned_and_not_begun 'The move is planned, and not begun' "$status"
booted check "$plan" >"$work/said" 2>&1 || fail check "$(tail -5 "$work/said")"
fetch
matches the_check_is_told '^### Before the move, .*: passed' "$status"
cp "$journal" "$work/before.md"
booted apply "$plan" >"$work/said" 2>&1 || fail apply "$(tail -5 "$work/said")"
fetch
matches it_is_finished 'The move is finished at .*: proxy has 10.10.0.0/16' "$status"
matches steps_have_their_times '\| remove proxy \| done \| 20[0-9T:-]*Z \| 20' "$status"
matches the_result_is_told '^### After the move, .*: passed' "$status"
same the_journal_stays_as_it_was "$work/before.md" "$journal"

# ---- where a page can't be written ----

# full KB: a plan into a folder with that much room; its exit status, and what it said in $work/said.
# shellcheck disable=SC2016
full='mount -t tmpfs -o size=1m none "$1" && head -c $((1048576 - $2 * 1024)) /dev/zero >"$1/fill" && shift 2 && exec "$@"'
mkdir "$work/small"
hr plan proxy --size 20 -o "$work/sized.plan" >"$work/said" 2>&1 || give_up sized_plan "$(tail -3 "$work/said")"
pages=$((($(stat -c %s "$work/sized.plan") + 4095) / 4096))
room_kb=$((pages * 4 + 8))
code=0
on_node 1 unshare --mount sh -c "$full; cat" sh "$work/small" "$room_kb" env HEADROOM_STATE="$state" "$headroom" plan proxy \
  --size 20 -o "$work/small/plan" >"$work/said" 2>&1 || code=$?
equal a_full_disk_is_exit_1 "$code" 1
matches a_full_disk_is_told 'the plan is written, its journal is not: cannot .*plan.journal.md: No space left' "$work/said"
code=0
rm "$work/sized.plan.status.md" && mkdir "$work/sized.plan.status.md"
hr check "$work/sized.plan" >"$work/said" 2>&1 || code=$?
equal a_check_does_not_depend_on_its_page "$code" 0
matches but_tells_of_it 'the status page is not up to date' "$work/said"

verdict
