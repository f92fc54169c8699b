#!/bin/bash
# The main job on the reference host: what headroom sees of an exhausted overlay, what it plans, and that the move and
# its undo change the network and nothing else.
. "$(dirname "$0")/lib.sh"

# The addresses that headroom says are owned, the gateway included.
addresses() { { hr proxy --format json || true; } | jq -r '.[] | select(.Address != null and .Address != "") | .Address' | sort; }
# The exit code tells of the findings, not of how the asking went.
pool() { { hr --format json || true; } | jq -c '.[] | select(.Network == "proxy")'; }
bitmap() { "$lab/bitmap" --name "$lab_name" "$1" | sort; }
count() { wc -l <"$1"; }

redeploy_stacks() {
  local stack
  for stack in traefik warm-keycloak backups drone ccci-bridge ccci-dashboard ccci-reports; do
    docker stack deploy --resolve-image never --compose-file "$lab/cc-ci.d/$stack.yml" "$stack" >/dev/null || return 1
  done
  docker stack deploy --resolve-image never --compose-file "$lab/cc-ci.d/recipe.yml" ci-gitea >/dev/null
}

# What a person would look at afterwards: is it the network that changed, and only it?
check_moved() {
  local when=$1 subnet=$2
  wait_until 60 all_running >/dev/null || true
  check "${when}_every_service_runs" all_running
  equal "${when}_proxy_has_its_subnet" "$(subnet_of proxy)" "$subnet"
  engine_state specs proxy >"$work/specs"
  same "${when}_specs_are_the_same_bytes" "$work/specs.before" "$work/specs"
  engine_state network proxy >"$work/network"
  same "${when}_proxy_is_otherwise_as_it_was" "$work/network.before" "$work/network"
  check "${when}_nothing_of_headroom_is_left" nothing_of_headroom
  bitmap proxy >"$work/bitmap"
  engine_state owned proxy | sort >"$work/owned"
  same "${when}_nothing_has_leaked_on_proxy" "$work/owned" "$work/bitmap"
  bitmap traefik_internal >"$work/bitmap"
  engine_state owned traefik_internal | sort >"$work/owned"
  same "${when}_nothing_has_leaked_beside_proxy" "$work/owned" "$work/bitmap"
  engine_state tasks >"$work/tasks.before"
  check "${when}_stacks_deploy_again" redeploy_stacks
  check "${when}_orchestrator_caught_up" orchestrator_caught_up
  engine_state tasks >"$work/tasks"
  same "${when}_deploying_unchanged_files_recreates_no_task" "$work/tasks.before" "$work/tasks"
}

# ---- seeing ----

reference_host "mj$$"

docker run --detach --name standalone --network proxy busybox:lab sh -c "trap 'exit 0' TERM; sleep 1000 & wait" >/dev/null
bitmap proxy >"$work/held.clean"
engine_state owned proxy | sort >"$work/owned"
same test_accounts_for_every_address_of_a_clean_host "$work/held.clean" "$work/owned"
addresses >"$work/addresses"
same owned_is_the_bitmap_of_a_clean_host "$work/held.clean" "$work/addresses"
docker rm -f standalone >/dev/null
"$lab/leak" --name "$lab_name" proxy 5
bitmap proxy >"$work/held"
engine_state owned proxy | sort >"$work/owned"
addresses >"$work/addresses"
same owned_leaves_out_exactly_what_leaked "$work/owned" "$work/addresses"
equal five_leaks_are_five "$(($(count "$work/held") - $(count "$work/addresses")))" 5
equal nothing_owned_is_free "$(comm -23 "$work/addresses" "$work/held")" ""
equal leaked_is_unknown_while_addresses_are_given "$(pool | jq .Leaked)" null
before_exhausting=$(count "$work/held")

"$lab/cc-ci" --name "$lab_name" --engine "$test_engine" --exhaust 2>"$work/up.log" ||
  give_up exhausted_host "$(tail -5 "$work/up.log")"
bitmap proxy >"$work/held"
equal exhausted_means_every_address_is_held "$(count "$work/held")" 254
engine_state owned proxy | sort >"$work/owned"
addresses >"$work/addresses"
same owned_is_the_bitmap_minus_the_leaks "$work/owned" "$work/addresses"
equal the_rest_is_what_was_leaked "$((254 - $(count "$work/addresses")))" "$((5 + 254 - before_exhausting))"

# The table may not call a pool refusing before a task has waited long enough to prove it.
refuses() { pool >"$work/pool" && jq -e '.Verdict == "full" or (.Leaked != null)' "$work/pool" >/dev/null; }
check the_refusing_pool_is_recognised wait_until 60 refuses
owned=$(jq .Owned "$work/pool")
equal leaked_is_exactly_the_rest "$(jq .Leaked "$work/pool")" "$((253 - owned))"
equal owned_counts_what_is_listed "$owned" "$(($(count "$work/addresses") - 1))"
equal nothing_is_free "$(jq -c '[.Free, .FreeMax]' "$work/pool")" '[0,0]'
status=0 && hr >"$work/table" 2>&1 || status=$?
equal a_refusing_pool_is_critical "$status" 2
matches the_finding_names_the_next_command 'next: headroom plan proxy' "$work/table"

# ---- choosing and planning ----

plan=$work/proxy.plan
engine_state versions >"$work/versions.before"
check planning_works hr plan proxy --size 16 -o "$plan"
engine_state versions >"$work/versions"
same planning_changes_nothing "$work/versions.before" "$work/versions"
p() { jq -r ".headroom_plan | $1" "$plan"; }
equal plan_chooses_10_10 "$(p .new_subnet)" 10.10.0.0/16
equal every_site_answers_in_the_baseline "$(p '[.pages[] | select(.status == 200 and .length > 0) | .url] | join(" ")')" \
  "http://ccci-bridge/ http://ccci-dashboard/ http://ccci-reports/ http://drone/ http://warm-keycloak/"
equal so_do_the_ports_of_the_edge "$(p '[.pages[] | select(.origin | startswith("port")) | .origin] | join(" ")')" \
  "port 80 of traefik_app port 8080 of traefik_app"
p .reason >"$work/reason"
matches plan_gives_its_reason 'clear of every overlay, bridge, route, address and resolver.*inside the default pool' "$work/reason"
equal every_rejected_subnet_has_a_reason "$(p '[.rejected[] | select(.reason == "" or .reason == null)] | length')" 0
equal the_nine_before_it_were_rejected "$(p '[.rejected[].subnet] | join(" ")')" \
  "$(printf '10.%d.0.0/16 ' {0..9} | sed 's/ $//')"
equal six_services_and_the_stuck_are_on_it "$(p '[.services[].name] | sort | join(" ")')" \
  "ccci-bridge_app ccci-dashboard_app ccci-reports_app ci-gitea_app ci-probe drone_app traefik_app warm-keycloak_app"
equal the_stuck_are_known "$(p '[.services[] | select(.stuck) | .name] | sort | join(" ")')" "ci-gitea_app ci-probe"
equal the_others_are_left_alone "$(p '.bystanders | sort | join(" ")')" \
  "backups_app ci-gitea_db traefik_socket-proxy warm-keycloak_db"
equal the_edge_is_last "$(p '[.services[] | select(.edge) | .name] + [.services[-1].name] | join(" ")')" "traefik_app traefik_app"
equal no_secret_is_in_the_plan "$(grep -c not-a-secret "$plan")" 0

# ---- the same host, simulated ----

# What headroom says of the scenario is what it says of this engine: one text for both.
headroom_sim=${HEADROOM_SIM_BIN:-${headroom%/cli/headroom}/sim/front/headroom-sim}
"$headroom_sim" --scenario "$lab/../scenarios/cc-ci.yaml" --socket "$work/sim.sock" >"$work/sim.log" 2>&1 &
workers+=($!)
check the_scenario_is_served wait_until 20 grep -q '^ready: ' "$work/sim.log"
on_sim=(env HEADROOM_STATE="$work/state.sim" HEADROOM_CONFIG=/dev/null DOCKER_HOST="unix://$work/sim.sock" "$headroom")
"${on_sim[@]}" >"$work/table.sim" || true
same the_scenario_has_the_same_table_and_findings "$work/table" "$work/table.sim"
check planning_works_on_the_scenario "${on_sim[@]}" plan proxy --size 16 -o "$work/sim.plan"
decisions() { jq -c '.headroom_plan | [.services[] | [.name, .way, .edge, .stuck]] + [.bystanders | sort]' "$1"; }
decisions "$plan" >"$work/decisions" && decisions "$work/sim.plan" >"$work/decisions.sim"
same the_scenario_leads_to_the_same_decisions "$work/decisions" "$work/decisions.sim"

# ---- moving ----

engine_state specs proxy >"$work/specs.before"
engine_state network proxy >"$work/network.before"

check apply_succeeds timeout 600 "$lab/exec" --name "$lab_name" 1 env HEADROOM_STATE="$state" "$headroom" apply "$plan"
check_moved applied 10.10.0.0/16
check apply_again_succeeds hr apply "$plan"
check undo_succeeds timeout 600 "$lab/exec" --name "$lab_name" 1 env HEADROOM_STATE="$state" "$headroom" apply --undo "$plan"
check_moved undone 10.0.1.0/24

verdict
