#!/bin/bash
# What can be wrong with the host that headroom runs on: its configuration, its files, its disks, its D-Bus, a unit that
# never finishes, and somebody who ends a move in its middle. Each is told with what to do, and the move goes on afterwards.
. "$(dirname "$0")/lib.sh"
. "$tests_here/operator.sh"

units=/etc/systemd/system
conf=/root/conf
disk=/var/lib/headroom

# refuses NAME STATUS PATTERN ARGUMENT...: headroom ends with that status and says so.
refuses() {
  run "$1" "${@:4}"
  if [[ $status == "$2" ]] && grep -qE -- "$3" "$work/$1"; then
    pass "$1"
  else
    fail "$1" "exit status $status, not $2, or no '$3' in: $(tail -5 "$work/$1")"
  fi
}

unchanged() {
  engine_state versions >"$work/now"
  same "$1" "$work/versions" "$work/now"
}

reference_host "bad$$" --systemd
small_service worker
operators_arrive
on_boot sed -i -e 's/^require_reviews: 1/require_reviews: 0/' -e '/^quiet:/a\  wait: 2' -e '/^pause:/a\  services: [worker]' \
  -e '/^roads:/a\  timeout: 20' /etc/headroom/headroom.yaml
wait_until 60 all_running >/dev/null || give_up scene "$(all_running)"
plan_move planning_works
id=$(on_boot jq -r .headroom_plan.id "$plan")
engine_state versions >"$work/versions"

# ---- configurations ----

on_boot sh -e <<SH
mkdir $conf && cd $conf
{ echo 'quiet:'; head -c 1100000 /dev/zero | tr '\0' '#'; } >huge.yaml
printf 'quiet:\n  wait: 5\n  stakcs: [drone]\n' >unknown.yaml
printf 'quiet: [\n' >broken.yaml
printf 'quiet:\n  wait: soon\n' >number.yaml
printf 'quiet:\n  wait: 5\n  wait: 6\n' >twice.yaml
printf 'roads:\n  units: deploy-proxy\n' >scalar.yaml
printf '# \377\n' >bytes.yaml
ln -s nowhere link.yaml
SH
refuses a_folder_for_a_configuration 1 "$conf is a folder" config --config "$conf"
refuses a_link_to_nowhere 1 'link\.yaml: No such file' config --config "$conf/link.yaml"
refuses no_yaml 3 'broken\.yaml:2: this is not YAML' config --config "$conf/broken.yaml"
refuses no_text 3 'bytes\.yaml:1: this is no text' config --config "$conf/bytes.yaml"
refuses no_number 3 'number\.yaml:2: quiet\.wait takes a whole number' config --config "$conf/number.yaml"
refuses a_key_twice 3 'twice\.yaml:3: wait stands here a second time, after line 2' config --config "$conf/twice.yaml"
refuses no_list 3 'scalar\.yaml:2: roads\.units takes a list' config --config "$conf/scalar.yaml"
for command in config "plan proxy --size 16" "check $plan" "apply --yes $plan"; do
  # shellcheck disable=SC2086
  refuses "a_huge_configuration_for_${command%% *}" 2 'huge\.yaml is larger than 1048576 bytes' $command --config "$conf/huge.yaml"
  # shellcheck disable=SC2086
  refuses "an_unknown_key_for_${command%% *}" 3 'unknown\.yaml:3: there is no key quiet\.stakcs' $command --config "$conf/unknown.yaml"
done
refuses an_answer_that_is_none 3 '--unfinished takes done or again, not nonsense' apply --unfinished nonsense --yes "$plan"

# ---- files to be patched ----

on_boot sh -e <<SH
cd $conf
ln -s $nix link.nix
mkdir folder.nix
mkfifo pipe.nix
grep -v 'network create' $nix >none.nix
cp $nix two-names.nix && ln two-names.nix other-name.nix
head -c 5000000 /dev/zero >huge.nix
SH
patch() { refuses "$1" 2 "$3" plan proxy --size 16 --patch "$2" --in-place -o "$conf/none.plan"; }
patch a_link_to_patch "$conf/link.nix" "is a symbolic link; name the file itself, $nix"
patch a_folder_to_patch "$conf/folder.nix" 'folder\.nix is a folder, not a file that can be patched'
patch a_pipe_to_patch "$conf/pipe.nix" 'pipe\.nix is a pipe, not a file that can be patched'
patch a_device_to_patch /dev/null '/dev/null is a device, not a file that can be patched'
patch a_file_of_two_names_to_patch "$conf/two-names.nix" 'has 2 names \(hard links\)'
patch a_huge_file_to_patch "$conf/huge.nix" 'huge\.nix is larger than 4 MB'
patch a_file_that_declares_nothing "$conf/none.nix" 'declares no network proxy'
patch no_file_to_patch "$conf/nosuch.nix" 'nosuch\.nix: No such file'
equal no_plan_was_written "$(on_boot find "$conf" -name 'none.plan*')" ""

# ---- folders that can't be written ----

on_boot sh -e <<SH
mkdir /root/sealed
mount -t tmpfs none /root/sealed
cp $plan /root/sealed/
mount -o remount,ro /root/sealed
SH
refuses a_plan_into_a_sealed_folder 1 'cannot create /root/sealed/new\.plan: Read-only file system' \
  plan proxy --size 16 -o /root/sealed/new.plan
refuses a_patch_into_a_sealed_folder 1 'cannot create /root/sealed/new\.plan\.patch: Read-only file system' \
  plan proxy --size 16 --patch "$nix" -o /root/sealed/new.plan
refuses a_review_into_a_sealed_folder 1 'cannot create /root/sealed/proxy\.plan\.review-.*: Read-only file system' \
  check --sign /root/reviewer /root/sealed/proxy.plan
equal nothing_came_into_the_sealed_folder "$(on_boot ls /root/sealed)" proxy.plan

# ---- no D-Bus, and one that does not answer ----

# Where no bus is, in a view of its own: the host's goes on.
without_bus() {
  local name=$1
  shift
  status=0
  # shellcheck disable=SC2016
  on_boot unshare --mount sh -c 'mount -t tmpfs none /run/dbus && exec headroom "$@"' sh "$@" >"$work/$name" 2>&1 || status=$?
}
no_bus="there is no D-Bus on this host \(/run/dbus/system_bus_socket"
without_bus check check "$plan"
equal without_a_bus_check_fails "$status" 1
matches without_a_bus_no_unit_can_be_restarted "^FAIL +units to restart .*$no_bus" "$work/check"
matches without_a_bus_no_unit_can_be_paused "^FAIL +unit ci-poll\.timer .*$no_bus" "$work/check"
without_bus apply apply --yes "$plan"
equal without_a_bus_no_move_begins "$status" 2
matches without_a_bus_apply_says_so "$no_bus" "$work/apply"

# shellcheck disable=SC2016
on_boot sh -c 'kill -STOP $(pgrep -o dbus-daemon)'
began=$EPOCHSECONDS
refuses a_bus_that_hangs_is_told 1 'unit ci-poll\.timer .*does not answer within 5 s' check "$plan"
check a_bus_that_hangs_is_not_waited_for_long test $((EPOCHSECONDS - began)) -le 30
refuses a_bus_that_hangs_lets_no_move_begin 2 'does not answer within 5 s' apply --yes "$plan"
# shellcheck disable=SC2016
on_boot sh -c 'kill -CONT $(pgrep -o dbus-daemon)'

# ---- a full disk from the start ----

fill() { on_boot sh -c "head -c 10M /dev/zero >$disk/filler" 2>/dev/null || true; }
on_boot sh -c "rm -r $disk && mkdir -p $disk && mount -t tmpfs -o size=256k none $disk"
fill
refuses a_full_disk_lets_no_move_begin 1 "$disk.*No space left on device" apply --yes "$plan"
on_boot rm "$disk/filler"
unchanged all_that_was_refused_changed_nothing
check and_nothing_is_paused on_boot systemctl is-active --quiet ci-poll.timer

# ---- a move with obstacles ----

# begin NAME: applies the plan in the background; what it says is in $work/NAME.
begin() {
  on_boot headroom apply --yes "$plan" >"$work/$1" 2>&1 &
  applying=$!
  workers=("$applying")
}
journal_has() { on_boot grep -qsE -- "$1" "$disk/$id/journal"; }
reaches() { wait_until 200 journal_has "$1: begin" || give_up reaches "$1: $(tail -3 "$work/$2")"; }
# ends NAME STATUS PATTERN: and says so.
ends() {
  status=0
  wait "$applying" || status=$?
  workers=()
  if [[ $status == "$2" ]] && grep -qE -- "$3" "$work/$1"; then
    pass "$1"
  else
    fail "$1" "exit status $status, not $2, or no '$3' in: $(tail -5 "$work/$1")"
  fi
}
# works WHEN: what was paused makes work again.
works() {
  check "$1_the_timer_is_active" wait_until 10 on_boot systemctl is-active --quiet ci-poll.timer
  equal "$1_the_worker_has_its_task" "$(docker service inspect --format '{{.Spec.Mode.Replicated.Replicas}}' worker)" 1
}
signal() { on_boot sh -c "kill -INT \$(cat $disk/$id/lock)"; }
way_on='^next: headroom apply /root/proxy\.plan goes on from here; headroom apply --undo /root/proxy\.plan goes back'

begin interrupted
reaches 'service-to-hop service ccci-dashboard_app to the hop' interrupted
check while_a_move_goes_on_the_timer_is_paused on_boot sh -c '! systemctl is-active --quiet ci-poll.timer'
signal
ends interrupted 130 'interrupted while "service ccci-dashboard_app to the hop" goes on'
matches an_interrupted_move_says_how_to_go_on "$way_on" "$work/interrupted"
works interrupted
refuses check_tells_the_way_on 0 'Every point holds\. Go on with: headroom apply /root/proxy\.plan' check "$plan"

# The journal ends where a page does, so that the next line finds the disk full.
begin filled
reaches 'service-to-hop service drone_app to the hop' filled
on_boot sh -e <<SH
head -c \$((4095 - \$(stat -c %s $disk/$id/journal) % 4096)) /dev/zero | tr '\0' '#' >>$disk/$id/journal
echo >>$disk/$id/journal
SH
fill
ends filled 1 "cannot write $disk/.*: No space left on device"
matches a_full_disk_says_how_to_go_on "$way_on" "$work/filled"
works on_a_full_disk
refuses a_full_disk_lets_no_move_go_on 1 "$disk.*No space left on device" apply --yes "$plan"
on_boot rm "$disk/filler"

begin killed
reaches 'service-to-net service drone_app back to the network' killed
on_boot sh -c "pid=\$(cat $disk/$id/lock); while kill -INT \$pid 2>/dev/null; do :; done"
ends killed 130 'ending; a second signal ends at once'
equal a_second_signal_gives_nothing_back "$(docker service inspect --format '{{.Spec.Mode.Replicated.Replicas}}' worker)" 0

on_boot sh -c "mkdir $units/deploy-drone.service.d && cat >$units/deploy-drone.service.d/test.conf" <<'UNIT'
[Service]
ExecStartPost=/bin/sleep infinity
TimeoutStartSec=infinity
UNIT
on_boot systemctl daemon-reload
begin stuck
reaches 'road deploy again: deploy-drone.service' stuck
began=$EPOCHSECONDS
ends stuck 1 'unit deploy-drone\.service is activating \(start-post\), longer than the 20 s of roads\.timeout; .systemctl status'
check a_unit_that_never_finishes_is_not_waited_for_long test $((EPOCHSECONDS - began)) -le 40
matches a_unit_that_never_finishes_says_how_to_go_on "$way_on" "$work/stuck"
works with_a_unit_that_never_finishes
# shellcheck disable=SC2016
refuses the_move_is_not_called_whole 1 '^FAIL +road `deploy-drone\.service` .*has not come to a good end' check "$plan"
matches and_the_check_says_so 'The move has NOT arrived whole' "$work/the_move_is_not_called_whole"
on_boot sh -c "rm -r $units/deploy-drone.service.d && systemctl daemon-reload"

begin mended
ends mended 0 '^proxy has the subnet 10\.10\.0\.0/16\.'
works in_the_end
refuses the_move_has_arrived_whole 0 '^The move has arrived whole\.' check "$plan"
check nothing_of_headroom_is_left nothing_of_headroom
check every_service_runs all_running

verdict
