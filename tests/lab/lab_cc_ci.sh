#!/bin/bash
# The reference host comes up as described, gets stuck as described, and the known way to enlarge works on it.
set -euo pipefail
lab=$(cd "$(dirname "$0")/../../lab" && pwd)
name=ccci$$
work=$(mktemp -d)
trap '"$lab/down" --name "$name"; rm -rf "$work"' EXIT

fail() { echo "not ok - $*"; exit 1; }
ok() { echo "ok - $*"; }

"$lab/cc-ci" --name "$name" --engine "${HEADROOM_ENGINE:-20.10}" 2>/dev/null
ok "networks have the reference host's subnets, and the edge serves every site"

eval "$("$lab/env" --name "$name")"
"$lab/exec" --name "$name" n1 "$lab/load" --seconds 3 >"$work/quiet" || fail "$(cat "$work/quiet")"
ok "no request fails when nothing happens"

"$lab/exec" --name "$name" n1 "$lab/load" --json "$work/report" &
load=$!
"$lab/known-procedure" --name "$name" >/dev/null
kill "$load"
wait "$load" || true
jq -e '.failed > 0 and .longest_gap_s > 1 and (.sites | length) == 5' "$work/report" >/dev/null || fail "$(cat "$work/report")"
[[ $(docker network inspect --format '{{(index .IPAM.Config 0).Subnet}}' proxy) == 10.10.0.0/16 ]] || fail "the subnet"
ok "the known procedure enlarges proxy, and the load sees its gap"

"$lab/down" --name "$name"
"$lab/cc-ci" --name "$name" --engine "${HEADROOM_ENGINE:-20.10}" --exhaust 2>/dev/null
[[ $("$lab/bitmap" --name "$name" proxy | wc -l) == 254 ]] || fail "proxy is not full"
[[ $(docker service ps --format '{{.CurrentState}}' ci-gitea_app) == New* ]] || fail "the recipe is not stuck"
endpoints=$(docker network inspect proxy | jq '.[0].Containers | length')
((endpoints < 10)) || fail "network inspect shows $endpoints endpoints"
ok "exhausted: every address held, a handful of endpoints to be seen, services stuck in New"
