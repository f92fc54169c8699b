#!/bin/bash
# What a forecast rests on, held to a real engine: a /29 on which recipe stacks come and go. The forecast says in which
# cycle an address is refused first, and how many a removal loses; then the engine goes through these cycles.
. "$(dirname "$0")/lib.sh"
sim=$(dirname "$headroom")/../sim/front/headroom-sim

engine_log() { echo "$lab_dir/n1/dockerd.log"; }
refused() { grep -qE 'could not find an available IP|Failed to allocate network resources for node' "$(engine_log)"; }
held() { "$lab/bitmap" --name "$lab_name" proxy | wc -l; }

deploy() {
  local detach=()
  [[ $test_engine == 20.10 ]] || detach=(--detach=true)
  docker stack deploy "${detach[@]}" --resolve-image never --compose-file "$lab/cc-ci.d/recipe.yml" recipe >/dev/null
}
tasks_gone() { [[ $(api /tasks | jq length) == 0 ]]; }

lab_up "whatif$$"
docker network create --driver overlay --attachable --subnet 10.50.0.0/29 proxy >/dev/null
hr survey -o "$work/snapshot" >/dev/null
equal "a pool without anybody holds its gateway" "$(held)" 1

cat >"$work/workload" <<'YAML'
stacks:
  recipe:
    deploys: 1 an hour
    arrivals: even
    lives: 10 min
    networks: [internal]
    services:
      app: {networks: [proxy, internal]}
      db: {networks: [internal]}
YAML
"$sim" --what-if "$work/snapshot" --workload "$work/workload" --days 2 --runs 5 --format json >"$work/forecast" 2>"$work/said" ||
  give_up "a forecast from a real engine's snapshot" "$(cat "$work/said")"
cycle=$(jq '.Rows[0].FullAfterDays * 24 | floor' "$work/forecast")
equal "the forecast: refused in the fourth cycle" "$cycle" 4
equal "the forecast: each of the three removals before has lost one" "$(jq '.Rows[0] | .LeaksADay * .FullAfterDays | round' "$work/forecast")" 3

for ((i = 1; i < cycle; i++)); do
  deploy
  wait_until 60 all_running >/dev/null || give_up "cycle $i" "$(docker service ps recipe_app)"
  docker stack rm recipe >/dev/null
  wait_until 60 tasks_gone || give_up "cycle $i" "tasks stay: $(docker service ls)"
  equal "after removal $i the engine holds one more" "$(held)" $((1 + i))
done
check "no address was refused before" bash -c "! grep -F 'could not find an available IP' '$(engine_log)'"
deploy
check "in the fourth cycle the engine refuses an address" wait_until 60 refused
verdict
