#!/bin/bash
# Leaks are real, as many as asked for, and seen by the engine itself; HEADROOM_ENGINE chooses the engine.
set -euo pipefail
lab=$(cd "$(dirname "$0")/../../lab" && pwd)
name=leak$$
trap '"$lab/down" --name "$name"' EXIT

fail() { echo "not ok - $*"; exit 1; }
ok() { echo "ok - $*"; }
held() { "$lab/bitmap" --name "$name" "$1"; }

"$lab/up" --name "$name" --engine "${HEADROOM_ENGINE:-20.10}" 2>/dev/null
eval "$("$lab/env" --name "$name")"
docker network create --driver overlay --attachable --subnet 10.20.0.0/26 small >/dev/null
docker network create --driver overlay --attachable --subnet 10.30.0.0/16 large >/dev/null

[[ $(held small) == 10.20.0.1 ]] || fail "a fresh network holds its gateway: $(held small)"
ok "the bitmap of a fresh network shows the gateway only"

docker service create --quiet --detach=false --no-resolve-image --network small --name web busybox:lab \
  sleep 1000 >/dev/null
# The engine goes on from the address it gave last, so which they are depends on the probes before.
[[ $(held small | wc -l) == 4 ]] || fail "gateway, VIP, task and the node's endpoint: $(held small)"
vip=$(docker service inspect --format '{{(index .Endpoint.VirtualIPs 0).Addr}}' web)
held small | grep -qFx "${vip%/*}" || fail "the VIP $vip is not among: $(held small)"
ok "the bitmap shows VIP, task and endpoint"

"$lab/leak" --name "$name" small 7
[[ $(held small | wc -l) == 11 ]] || fail "7 leaks on 4 held: $(held small | wc -l)"
ok "7 leaks leak 7"

"$lab/leak" --name "$name" small 51
[[ $(held small | wc -l) == 62 ]] || fail "a full /26 holds 62: $(held small | wc -l)"
docker service create --quiet --detach --no-resolve-image --network small --name late busybox:lab >/dev/null
"$lab/bitmap" --name "$name" small >/dev/null # one more round of the allocator
[[ $(docker service ps --format '{{.CurrentState}}' late) == New* ]] || fail "a service on a full network"
ok "the last free address can be leaked too, and then a service stays in New"

"$lab/leak" --name "$name" large 450
[[ $(held large | wc -l) == 451 ]] || fail "450 leaks on a /16: $(held large | wc -l)"
ok "leaks may be more than a batch"
