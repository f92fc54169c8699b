#!/bin/bash
# The whole procedure on the reference host, unattended and on a real systemd: found exhausted, diagnosed, planned with a
# patch, reviewed by a second person, moved while what makes work is paused, deployed again by the host's own units,
# verified, written down, and undone.
. "$(dirname "$0")/lib.sh"
. "$tests_here/operator.sh"

invocations() { for unit in swarm-init "${roads[@]}"; do echo "$unit $(unit_is "$unit" InvocationID)"; done; }
site() { [[ $(on_boot curl -s --max-time 5 "http://$1/") == "$1 "* ]]; }
sites() { for name in drone ccci-bridge ccci-dashboard ccci-reports warm-keycloak; do site "$name" || return 1; done; }
doctor_says() { run doctor doctor && grep -E "$1" "$work/doctor"; }
holds_but_for_reviews() { run held check "$plan" && ! grep '^FAIL' "$work/held" | grep -v 'number of reviews'; }
stack_gone() { ! docker service ls --format '{{.Name}}' | grep "^$1_"; }

# ---- diagnosis ----

reference_host "host$$" --systemd --exhaust
operators_arrive
# A task has to wait for a while before its waiting proves anything.
check doctor_names_the_cause wait_until 60 doctor_says '^critical: proxy refuses addresses: .*are leaked$'
runs doctor_is_critical 2 doctor
matches doctor_has_it_from_the_journal "^critical: the engine's log says \"could not find an available IP" "$work/doctor_is_critical"
matches doctor_names_the_next_command 'next: headroom plan proxy' "$work/doctor_is_critical"

# ---- planning and review ----

runs a_plan_to_be_reviewed_needs_its_planner 3 plan proxy --size 16 --patch "$nix" --in-place -o "$plan"
plan_move planning_works
runs a_recipe_under_test_is_not_quiet 1 check "$plan"
matches the_refusal_names_it '^FAIL .*ci-gitea' "$work/a_recipe_under_test_is_not_quiet"
on_boot docker stack rm ci-gitea >/dev/null
check the_recipe_goes wait_until 60 stack_gone ci-gitea
plan_move planning_again_works
check the_host_becomes_quiet wait_until 60 holds_but_for_reviews
runs no_move_without_a_review 2 apply --yes "$plan"
run check check --sign /root/planner "$plan"
runs no_move_with_the_planners_own_review 2 apply --yes "$plan"
runs every_point_holds_for_the_reviewer 0 check --sign /root/reviewer "$plan"
equal nothing_has_moved_yet "$(subnet_of proxy)" 10.0.1.0/24

# ---- the move ----

# arrived WHEN SUBNET: what a person would look at afterwards.
arrived() {
  wait_until 60 all_running >/dev/null || true
  check "$1_every_service_runs" all_running
  equal "$1_proxy_has_its_subnet" "$(subnet_of proxy)" "$2"
  check "$1_every_site_answers" wait_until 30 sites
  check "$1_nothing_of_headroom_is_left" nothing_of_headroom
  equal "$1_the_timer_is_active_again" "$(unit_is ci-poll.timer ActiveState)" active
  invocations >"$work/invocations"
  equal "$1_every_unit_has_run_again" "$(grep -cxFf "$work/invocations" "$work/invocations.before")" 0
  equal "$1_every_unit_is_active" "$(for unit in swarm-init "${roads[@]}"; do unit_is "$unit" ActiveState; done | sort -u)" active
  equal "$1_the_units_ran_in_order" "$(for unit in swarm-init "${roads[@]}"; do
    echo "$(unit_is "$unit" InactiveExitTimestampMonotonic) $unit"
  done | sort -n | cut -d' ' -f2 | xargs)" "swarm-init ${roads[*]}"
}
init_program() { on_boot sh -c "cat \"\$(sed -n 's/^ExecStart=//p' /etc/systemd/system/swarm-init.service)\""; }

# The longest time without work between two moments.
longest_pause() {
  on_boot cat /var/lib/ci-poll/runs | awk -v from="$1" -v to="$2" '
    function gap(at) { if (at - last > longest) longest = at - last; last = at }
    BEGIN { last = from } $1 > from && $1 < to { gap($1) } END { gap(to); printf "%d\n", longest }'
}

on_boot cat "$nix" >"$work/nix.before"
invocations >"$work/invocations.before"
began=$EPOCHREALTIME
runs apply_succeeds 0 apply --yes "$plan"
ended=$EPOCHREALTIME
((status == 0)) || exit
arrived applied 10.10.0.0/16
took_s=$((${ended%.*} - ${began%.*}))
check no_work_was_made_meanwhile test "$(longest_pause "$began" "$ended")" -ge $((took_s * 3 / 4))
on_boot cat "$nix" >"$work/nix"
equal one_line_of_the_declaration_changed "$(diff "$work/nix.before" "$work/nix" | grep -c '^<')" 1
matches the_declaration_has_the_subnet 'docker network create .*--subnet[ =]10\.10\.0\.0/16.* proxy' "$work/nix"
init_program >"$work/swarm-init"
matches swarm_init_was_rebuilt_from_it 'docker network create .*--subnet[ =]10\.10\.0\.0/16.* proxy' "$work/swarm-init"
runs check_verifies_the_move 0 check "$plan"
matches the_move_has_arrived_whole 'The move has arrived whole' "$work/check_verifies_the_move"
run doctor doctor
matches doctor_finds_no_refusal_any_more '^0 critical' "$work/doctor"

# ---- what was written down ----

# The facts of the reference host, each as a line of the journal has it: its name, and what that line matches.
facts() {
  cat <<'FACTS'
the cause, from the pool	^- critical: proxy refuses addresses: .* are leaked
the cause, from the log	^\| `could not find an available IP while allocating VIP` \| `ci-probe` \|
the overlay ingress	^\| `ingress` \| `10\.0\.0\.0/24` \|.*ingress
the overlay proxy	^\| `proxy` \| `10\.0\.1\.0/24` \|.*attachable
the overlay traefik_internal	^\| `traefik_internal` \| `10\.0\.2\.0/24` \|
the overlay warm-keycloak_internal	^\| `warm-keycloak_internal` \| `10\.0\.3\.0/24` \|
the overlay backups_default	^\| `backups_default` \| `10\.0\.4\.0/24` \|
the bridge docker0	^\| `bridge` \| `172\.17\.0\.0/16` \|.*docker0
the bridge docker_gwbridge	^\| `docker_gwbridge` \| `172\.18\.0\.0/16` \|
the host's address	^\| `91\.98\.47\.73/32` \| address on eth0 \|
Tailscale's address	^\| `100\.95\.31\.88/32` \| address on tailscale0 \|
no route there	no route, address or resolver in 10\.10\.0\.0/16
the default address pool	^\| `10\.0\.0\.0/8` \| `/24` \|
on proxy: the edge	^\| `traefik_app` \| `traefik` \| 1/1 \|.*\| edge \|
on proxy: drone	^\| `drone_app` \| `drone` \| 1/1 \| `10\.0\.1\.
on proxy: the bridge	^\| `ccci-bridge_app` \| `ccci-bridge` \| 1/1 \| `10\.0\.1\.
on proxy: the dashboard	^\| `ccci-dashboard_app` \| `ccci-dashboard` \| 1/1 \| `10\.0\.1\.
on proxy: the reports	^\| `ccci-reports_app` \| `ccci-reports` \| 1/1 \| `10\.0\.1\.
on proxy: keycloak	^\| `warm-keycloak_app` \| `warm-keycloak` \| 1/1 \| `10\.0\.1\.
not on proxy: backups	^\| `backups_app` \| `backups` \| 1/1 \| `GET
not on proxy: the socket proxy	^\| `traefik_socket-proxy` \| `traefik` \| 1/1 \| `GET
not on proxy: keycloak's database	^\| `warm-keycloak_db` \| `warm-keycloak` \| 1/1 \| `GET
seven stacks	^7 stacks run completely: backups, ccci-bridge, ccci-dashboard, ccci-reports, drone, traefik, warm-keycloak\.$
the unit swarm-init	^\| `swarm-init\.service` \| oneshot, remains after exit \| active
the unit deploy-proxy	^\| `deploy-proxy\.service` \| oneshot, remains after exit \| active
the unit deploy-drone	^\| `deploy-drone\.service` \| oneshot, remains after exit \| active
the unit deploy-bridge	^\| `deploy-bridge\.service` \| oneshot, remains after exit \| active
the unit deploy-dashboard	^\| `deploy-dashboard\.service` \| oneshot, remains after exit \| active
the unit deploy-reports	^\| `deploy-reports\.service` \| oneshot, remains after exit \| active
the unit warm-keycloak	^\| `warm-keycloak\.service` \| oneshot, remains after exit \| active
a rebuild restarts no unchanged unit	not run again by a rebuild that leaves its unit unchanged
where it is declared	^\| `/etc/cc-ci/nix/modules/swarm\.nix` \| 13 \| .*docker network create --driver overlay --attachable proxy
the subnet that was chosen	^## Why 10\.10\.0\.0/16
about 65k addresses	65,533 addresses
258 times as many	258 times as many
clear of the pool's next subnets	outside 10\.0\.[0-9.]*-10\.8\.[0-9.]* from which the swarm cuts its next
inside the default pool	inside the default pool 10\.0\.0\.0/8
the patch	^\+ .*docker network create .*--subnet 10\.10\.0\.0/16 proxy$
quiet: only infrastructure and warm-*	stacks other than these: traefik, warm-
the procedure	^[0-9]+\. create proxy anew$
the rebuild	^[0-9]+\. deploy again: /usr/local/bin/rebuild$
the units after it	^[0-9]+\. deploy again: deploy-reports\.service$
a second reader	^A second, independent reader asks everything again
afterwards: the log	no allocation error in the engine's log since the start
afterwards: the pages	^\| `http://ccci-dashboard/` \| 200 \|
FACTS
}
on_boot cat "$plan.journal.md" >"$work/journal"
while IFS=$'\t' read -r fact pattern; do matches "journal: $fact" "$pattern" "$work/journal"; done < <(facts)
equal "journal: the stack that was removed is not in it" "$(grep -c ci-gitea_app "$work/journal")" 0
equal "journal: no secret is in it" "$(grep -c not-a-secret "$work/journal")" 0

on_boot cat "$plan.status.md" >"$work/status"
matches "status: the check before" '^## Checks' "$work/status"
matches "status: who reviewed it" '^\| pass \| review by reviewer@example\.org \|' "$work/status"
equal "status: no step is left to do" "$(grep -cE '^\| [0-9]+ \|.*\| to do \|' "$work/status")" 0
matches "status: each step with its times" '^\| [0-9]+ \| create proxy anew \| done \| .*[0-9Z] \| .*[0-9Z] \|' "$work/status"

# ---- and back ----

invocations >"$work/invocations.before"
runs undo_succeeds 0 apply --undo --yes "$plan"
arrived undone 10.0.1.0/24
on_boot cat "$nix" >"$work/nix"
same undone_the_declaration_is_as_it_was "$work/nix.before" "$work/nix"
init_program >"$work/swarm-init"
equal undone_swarm_init_has_no_subnet "$(grep -c subnet "$work/swarm-init")" 0

verdict
