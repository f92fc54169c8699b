# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh is read first; the commands use this
# The reference host of lab/cc-ci: its addresses, its stacks in the order in which it deploys them, its health.

host_address=91.98.47.73
# Who gets an overlay of its own comes first, in the order of the subnets on the reference host.
host_stacks=(traefik warm-keycloak backups drone ccci-bridge ccci-dashboard ccci-reports)
# What the edge serves: the name is the Host header and the first word of the answer.
host_sites=(drone ccci-bridge ccci-dashboard ccci-reports warm-keycloak)

# Never ask a registry: the images were never in one, and no registry is in reach. Newer clients want to be told that
# nobody waits for the tasks here; the old one does not know the option.
stack_deploy() {
  local detach=()
  [[ $(lab_conf engine) == 20.10 ]] || detach=(--detach=true)
  docker_on 1 stack deploy "${detach[@]}" --resolve-image never \
    --compose-file "$lab_here/cc-ci.d/${2:-$1}.yml" "$1" >/dev/null
}

# Only the host's own services: those of a recipe may be stuck, and that is not the host's fault.
services_settled() {
  local list stacks
  stacks=$(IFS='|' && printf '%s' "${host_stacks[*]}")
  list=$(docker_on 1 service ls --format '{{.Name}} {{.Replicas}}') &&
    ! grep -E "^($stacks)_" <<<"$list" | grep -qvE ' ([0-9]+)/\1( |$)'
}

site_answers() {
  [[ $(in_node 1 curl -s --max-time 2 -H "Host: $1" "http://$host_address:${2:-80}/") == "$1 "* ]]
}

host_answers() {
  local site
  for site in "${host_sites[@]}"; do site_answers "$site" || return 1; done
}

host_wait() {
  wait_until 120 services_settled || die "not all services have their tasks:
$(docker_on 1 service ls)"
  wait_until 60 host_answers || die "the edge does not serve all of: ${host_sites[*]}"
}
