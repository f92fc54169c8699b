#!/bin/bash
# A real engine still answers tests/sim/conformance/questions.txt as it was recorded to; that the simulated swarm gives
# the same answers is meson's test. HEADROOM_ENGINE chooses the engine.
#
#   test_conformance.sh           compares
#   test_conformance.sh --record  prints the answers, in the form of tests/sim/conformance/VERSION.txt
. "$(dirname "$0")/lib.sh"

questions=$tests_here/../sim/conformance/questions.txt
answers=$tests_here/../sim/conformance/$test_engine.txt
program=${HEADROOM_CONFORMANCE:-$(dirname "$headroom")/../../tests/sim/conformance/conformance}
record=false
[[ ${1:-} != --record ]] || record=true
[[ -x $program ]] || give_up conformance "no program at $program (HEADROOM_CONFORMANCE)"

# ask_swarm NODES: every question about a swarm of that size.
ask_swarm() {
  local nodes=$1 hosts=() n options=()
  lab_up "cf$nodes-$$" --nodes "$nodes"
  for n in $(seq "$nodes"); do hosts+=(--host "unix://$lab_dir/n$n/docker.sock"); done
  "$tests_here/conformance_acts" "$lab_name" images
  $record || options=(--answers "$answers")
  "$program" "$questions" "${hosts[@]}" --acts "$tests_here/conformance_acts $lab_name" "${options[@]}" >"$work/answers" || true
  "$lab/down" --name "$lab_name"
}

# Its lines are TAP's; what differs follows the line of its question.
verdicts() {
  local line name='' difference=''
  while IFS= read -r line; do
    case $line in
      'ok '*) pass "${line#ok * - }" ;;
      'not ok '*) tell && name=${line#not ok * - } ;;
      '# asked again'*) tell && printf '%s\n' "$line" ;;
      '# '*) difference+="${line#\# }; " ;;
    esac
  done <"$work/answers"
  tell
}
tell() { [[ -z $name ]] || fail "$name" "$difference"; name='' difference=''; }

if $record; then
  ask_swarm 1
  printf '# Answers of engine %s, recorded on %s.\n' "$test_engine" "$(date -u +%Y-%m-%d)"
  cat "$work/answers"
  ask_swarm 3
  cat "$work/answers"
  verdict
fi
for nodes in 1 3; do
  ask_swarm "$nodes"
  verdicts
done
verdict
