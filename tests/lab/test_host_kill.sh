#!/bin/bash
# Killed in each step outside the swarm - a unit that is paused, a file that is edited, a command, each unit that is
# restarted, the unit that goes on - the same command examines what it finds, repeats nothing that was done, and arrives.
#
# One move is killed again and again: each run goes on to the next of these steps and dies in it.
. "$(dirname "$0")/lib.sh"
. "$tests_here/operator.sh"

journal() { on_boot sh -c 'cat /var/lib/headroom/*/journal'; }
starts_of() { on_boot journalctl --unit "$1" --output cat --no-pager | grep -c '^Starting ' || true; }
rebuilds() { on_boot cat /root/rebuilds | wc -l; }

# dies NAME STEP [CONDITION]: the run is killed when its journal says that STEP has begun (and CONDITION holds on the host).
dies() {
  local name=$1 said status=0
  # shellcheck disable=SC2016 # for the shell there
  said=$(on_boot sh -c '
    step=$1 condition=$2 before=$(cat /var/lib/headroom/*/journal 2>/dev/null | grep -cE "$step.*: begin")
    headroom apply --yes /root/proxy.plan >/root/killed 2>&1 &
    pid=$!
    until [ "$(cat /var/lib/headroom/*/journal 2>/dev/null | grep -cE "$step.*: begin")" -gt "$before" ] && eval "$condition"; do
      kill -0 $pid 2>/dev/null || { echo "it ended before: $(tail -3 /root/killed)"; exit 1; }
      sleep 0.02
    done
    kill -KILL $pid
    wait $pid 2>/dev/null
    exit 0' sh "$2" "${3:-true}" 2>&1) || status=$?
  if ((status == 0)); then pass "$name"; else give_up "$name" "$said"; fi
}

reference_host "hk$$" --systemd
operators_arrive
configuration | sed 's|rebuild: .*|rebuild: "echo once >>/root/rebuilds; /usr/local/bin/rebuild"|' |
  on_boot tee /etc/headroom/headroom.yaml >/dev/null
plan_move planning
runs a_review 0 check --sign /root/reviewer "$plan"
for unit in "${roads[@]}"; do echo "$unit $(starts_of "$unit")"; done >"$work/starts"

# ---- killed in each ----

dies killed_while_a_unit_is_paused 'pause-unit'
dies killed_when_it_was_paused 'hop-create'
equal the_unit_is_still_paused "$(unit_is ci-poll.timer ActiveState)" inactive
dies killed_while_a_file_is_edited 'patch '
dies killed_before_or_in_the_command 'road .*rebuild'
number=0
for unit in "${roads[@]}"; do
  # In turn: as soon as it is recorded, and when systemd has begun.
  condition=true
  ((number++ % 2)) || condition="[ \"\$(systemctl show --property ActiveState --value $unit)\" = activating ]"
  dies "killed_while_${unit}_is_restarted" "road .*$unit" "$condition"
done
dies killed_while_the_unit_goes_on 'resume-unit'
runs the_last_run_arrives 0 apply --yes "$plan"

# ---- what was done ----

equal the_command_ran_once "$(rebuilds)" 1
while read -r unit before; do
  equal "${unit}_was_restarted_once" "$(starts_of "$unit")" $((before + 1))
done <"$work/starts"
equal the_unit_goes_on "$(unit_is ci-poll.timer ActiveState)" active
equal the_file_is_edited_once "$(on_boot grep -c -- '--subnet' "$nix")" 1
check every_service_runs wait_until 30 all_running
equal proxy_is_larger "$(subnet_of proxy)" 10.10.0.0/16
runs nothing_is_left_to_do 0 apply --yes "$plan"
matches it_says_so 'nothing was done' "$work/nothing_is_left_to_do"
runs the_move_has_arrived_whole 0 check "$plan"
check nothing_of_headroom_is_left nothing_of_headroom

# ---- a command whose end nobody saw ----

# shellcheck disable=SC2016
on_boot sh -c 'sed -i "s|rebuild: .*|rebuild: \"echo again >>/root/rebuilds; sleep 1000\"|; s|units: \[deploy.*|units: []|" /etc/headroom/headroom.yaml'
runs planning_the_way_back 0 plan proxy --subnet 10.0.1.0/24 --key /root/planner -o "$plan"
runs a_second_review 0 check --sign /root/reviewer "$plan"
dies killed_while_its_command_runs 'road .*rebuild' 'pgrep -x sleep'
# The keeper and the command go too, as in a power cut.
on_boot sh -c 'pkill -KILL -x headroom; pkill -KILL -f "[s]leep 1000"; true'
runs what_cannot_be_told_is_asked 1 apply --yes "$plan"
matches the_question_names_the_command 'was begun, and its end was not seen' "$work/what_cannot_be_told_is_asked"
matches and_the_answers 'unfinished done' "$work/what_cannot_be_told_is_asked"
runs answered_it_goes_on 0 apply --yes "--unfinished=done" "$plan"
equal it_was_not_run_again "$(rebuilds)" 2

verdict
