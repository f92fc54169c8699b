#!/bin/bash
# The reference host deployed by its own units on a booted machine: the units, what they and headroom can do there, and
# that nothing is left of the machine, however it ends.
. "$(dirname "$0")/lib.sh"

units=(swarm-init deploy-proxy deploy-drone deploy-bridge deploy-dashboard deploy-reports warm-keycloak)
unit_is() { on_boot systemctl show --property "$2" --value "$1"; }
nix=/etc/cc-ci/nix/modules/swarm.nix

# What the machine is to the kernel: the processes of its first one's process namespace. (The namespace's own number may be
# given again; a process has a number and a start.) One that has ended and that nobody reaped holds nothing.
processes() { ps -e -o pidns=,pid=,lstart=,state= | awk '$NF != "Z" { NF--; print }'; }
machine_note() {
  read -r machine _ <"$lab_dir/boot/init.pid"
  processes | grep "^$(stat -Lc %i "/proc/$machine/ns/pid") " >"$work/members"
  grep -q " $machine " "$work/members" || give_up machine_note "$(cat "$work/members")"
}
members_left() { processes | grep -xFf "$work/members"; }

nothing_left() {
  local left
  left=$(
    members_left
    grep "$lab_dir/" /proc/[0-9]*/mountinfo 2>/dev/null
    ls -d "$lab_dir" 2>/dev/null
    find /sys/fs/cgroup -maxdepth 2 -name "headroom-$lab_name"
  )
  [[ -z $left ]] || { echo "left: $left" && return 1; }
}

# ---- the host's units ----

reference_host "boot$$" --systemd
machine_note
for unit in "${units[@]}"; do
  equal "unit_${unit}_has_run_and_remains_active" "$(unit_is "$unit" ActiveState) $(unit_is "$unit" SubState)" "active exited"
done
equal the_timer_that_makes_work_is_active "$(unit_is ci-poll.timer ActiveState)" active
check work_is_made wait_until 20 on_boot test -s /var/lib/ci-poll/runs
check every_service_runs all_running
equal docker_inside_is_the_nodes_engine "$(on_boot docker info --format '{{.ID}}')" "$(docker info --format '{{.ID}}')"
equal the_machine_has_the_nodes_addresses "$(on_boot ip -o address)" "$(on_node 1 ip -o address)"
on_boot headroom >"$work/table" || true
matches headroom_inside_sees_proxy '^proxy +10\.0\.1\.0/24 ' "$work/table"
on_boot headroom doctor >"$work/doctor" 2>&1 || true
check the_engines_log_is_in_the_journal wait_until 20 on_boot sh -c \
  'journalctl --quiet --unit docker.service --grep "Daemon has completed initialization" >/dev/null'
status=0 && on_boot sh <<<'exit 7' || status=$?
equal a_command_inside_has_input_and_its_status_comes_out "$status" 7

# ---- the stand-in for nixos-rebuild ----

before=$(unit_is swarm-init InvocationID)
check rebuild_of_the_same_declaration on_boot rebuild
equal what_did_not_change_is_not_restarted "$(unit_is swarm-init InvocationID)" "$before"
others=$(for unit in "${units[@]:1}"; do unit_is "$unit" InvocationID; done)
on_boot sed -i 's|--attachable proxy|--attachable --subnet 10.10.0.0/16 proxy|' "$nix"
check rebuild_of_another_declaration on_boot rebuild
check a_changed_swarm_init_is_restarted test "$(unit_is swarm-init InvocationID)" != "$before"
equal a_restarted_swarm_init_is_active "$(unit_is swarm-init ActiveState)" active
on_boot sh -c "cat \"\$(sed -n 's/^ExecStart=//p' /etc/systemd/system/swarm-init.service)\"" >"$work/swarm-init"
matches swarm_init_has_the_declared_subnet '--subnet 10\.10\.0\.0/16 proxy$' "$work/swarm-init"
equal a_network_that_exists_stays "$(subnet_of proxy)" 10.0.1.0/24
equal other_units_are_left_alone "$(for unit in "${units[@]:1}"; do unit_is "$unit" InvocationID; done)" "$others"

engine_state tasks >"$work/tasks.before"
check a_deploy_unit_restarts on_boot systemctl restart deploy-dashboard
engine_state tasks >"$work/tasks"
same deploying_unchanged_files_recreates_no_task "$work/tasks.before" "$work/tasks"

# ---- its ends ----

"$lab/boot" --name "$lab_name" 2>"$work/boot.log"
matches boot_a_second_time_does_nothing 'up already' "$work/boot.log"
read -r first _ <"$lab_dir/boot/init.pid"
equal the_machine_is_the_same "$first" "$machine"

kill -9 "$machine"
check a_power_cut_ends_all_of_it wait_until 20 test ! -e "/proc/$machine"
check boot_after_a_power_cut "$lab/boot" --name "$lab_name"
equal nothing_is_left_of_the_machine_that_was "$(members_left)" ""
equal another_boot_starts_clean "$(on_boot ls /etc/cc-ci 2>&1 | grep -c swarm)" 0
machine_note
"$lab/down" --name "$lab_name"
check down_leaves_nothing_of_a_running_machine nothing_left

lab_up "$lab_name"
(timeout --signal KILL 0.3 "$lab/boot" --name "$lab_name" || true) >"$work/boot.log" 2>&1
check boot_goes_on_after_a_boot_that_was_killed "$lab/boot" --name "$lab_name"
machine_note
read -r holder _ <"$lab_dir/boot/holder.pid"
kill -9 "$holder"
check the_machine_ends_with_its_holder wait_until 20 test ! -e "/proc/$machine"
"$lab/down" --name "$lab_name"
check down_leaves_nothing_of_a_killed_machine nothing_left
check down_a_second_time "$lab/down" --name "$lab_name"

verdict
