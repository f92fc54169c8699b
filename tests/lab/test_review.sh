#!/bin/bash
# Signed reviews on a real engine: a plan that needs them is applied with them only, whoever signs what.
. "$(dirname "$0")/lib.sh"

plan=$work/shared.plan
config=$work/headroom.yaml
keys=$work/keys

# status_of COMMAND...: its exit code; what it said is in $work/said.
status_of() {
  local status=0
  "$@" >"$work/said" 2>&1 </dev/null || status=$?
  echo "$status"
}
# said NAME STATUS TEXT COMMAND...: that exit status, and that text somewhere in what it said.
said() {
  local name=$1 status=$2 text=$3
  shift 3
  equal "$name" "$(status_of "$@")" "$status"
  matches "${name}_and_says_so" "$text" "$work/said"
}
reviewed() { hr "$@" --config "$config"; }
untouched() { equal "$1" "$(subnet_of shared)" 10.60.0.0/24; }

# resign KEY FILE SED: the review changed and signed again, as somebody with a key could.
resign() {
  sed -i "$3" "$2"
  rm -f "$2.sig"
  ssh-keygen -q -Y sign -f "$keys/$1" -n headroom-review "$2" 2>/dev/null
}

mkdir "$keys"
for who in planner ada ben stranger; do
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$keys/$who"
  [[ $who == stranger ]] || echo "$who@example.org $(cut -d' ' -f1,2 "$keys/$who.pub")" >>"$work/signers"
done
printf 'require_reviews: 2\nallowed_signers: %s\n' "$work/signers" >"$config"

lab_up "rv$$"
small_scene

# ---- planning ----

said a_plan_without_a_key_is_not_written 3 'name the key that plans with --key' \
  reviewed plan shared --subnet 10.70.0.0/20 -o "$plan"
equal no_plan_is_there "$(find "$work" -name 'shared.plan*')" ''
reviewed plan shared --subnet 10.70.0.0/20 --key "$keys/planner" -o "$plan" >"$work/said" 2>&1 ||
  give_up plan "$(cat "$work/said")"
check the_plan_is_signed ssh-keygen -Y check-novalidate -n headroom-plan -s "$plan.sig" <"$plan"
equal the_plan_names_its_key "$(jq -r .headroom_plan.planner "$plan")" "$(ssh-keygen -lf "$keys/planner.pub" | cut -d' ' -f2)"

# ---- reviews that don't count ----

said without_reviews_it_is_not_applied 2 'number of reviews 0 of 0 count' reviewed apply "$plan"
said check_tells_that_they_are_missing 1 'reviews are missing' reviewed check "$plan"
said the_planner_may_sign 0 'This key planned: its review will not count' reviewed check --sign "$keys/planner" "$plan"
said a_stranger_may_sign 0 'Signed as passed' reviewed check --sign "$keys/stranger" "$plan"
said neither_counts 2 'by the key that planned.*its key is not one of.*0 of 2 count|its key is not one of.*by the key that planned' \
  reviewed apply "$plan"
rm "$plan".review-*
said ada_signs 0 'Signed as passed' reviewed check --sign "$keys/ada" "$plan"
review=$(find "$work" -name 'shared.plan.review-????????')
cp "$review" "$work/review" && cp "$review.sig" "$work/review.sig"
said one_of_two_is_not_enough 2 '1 of 1 count' reviewed apply "$plan"
sed -i 's/"pass"/"PASS"/' "$review"
said a_changed_review_is_found_out 1 'its signature is not one of its content' reviewed check "$plan"
resign ada "$review" "s/\"time\": \"[^\"]*\"/\"time\": \"$(date -u -d '-31 min' +%FT%TZ)\"/;s/PASS/pass/"
said an_old_review_does_not_count 1 'is 31 min old' reviewed check "$plan"
resign ada "$review" 's/"plan": "[^"]*"/"plan": "0123456789ab"/'
said a_review_of_another_plan_does_not_count 1 'is of another plan' reviewed check "$plan"
cp "$work/review" "$review" && cp "$work/review.sig" "$review.sig"
printf 'require_reviews: 2\n' >"$work/unset.yaml"
said without_signers_it_says_what_to_set 2 "allowed_signers in $work/unset.yaml is not set" hr apply --config "$work/unset.yaml" "$plan"

# ---- where nothing can be written ----

mkdir "$work/sealed" && cp "$plan" "$work/sealed/plan"
# shellcheck disable=SC2016
seal='mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
said a_sealed_folder_is_told 1 'Read-only file system' \
  on_node 1 unshare --mount sh -c "$seal" sh "$work/sealed" env HEADROOM_STATE="$state" "$headroom" check --config "$config" \
  --sign "$keys/ben" "$work/sealed/plan"
equal and_nothing_is_half_written "$(ls "$work/sealed")" plan

# ---- reviews that count ----

untouched all_refusals_left_it_untouched
said ben_signs 0 'Signed as passed' reviewed check --sign "$keys/ben" "$plan"
said check_tells_both 0 'number of reviews .*2 of 2 count' reviewed check "$plan"
said what_was_not_reviewed_is_not_adopted 2 'nobody has reviewed what --adopt' reviewed apply --adopt "$plan"
docker service update --quiet --detach=false --no-resolve-image --label-add changed=since third >/dev/null
said a_reviewed_plan_is_still_checked 2 'third was changed by somebody else' reviewed apply "$plan"
docker service update --quiet --detach=false --no-resolve-image --label-rm changed third >/dev/null
equal with_two_reviews_it_is_applied "$(status_of reviewed apply "$plan")" 0
equal the_network_is_where_it_should_be "$(subnet_of shared)" 10.70.0.0/20
said after_the_move_a_check_can_be_signed 0 'Signed as passed' reviewed check --sign "$keys/ben" "$plan"
equal the_undo_needs_no_review "$(status_of reviewed apply --undo "$plan")" 0
said the_next_time_needs_new_ones 2 'was made when the move was under way or over' reviewed apply "$plan"
untouched it_is_where_it_was

check nothing_of_headroom_is_left nothing_of_headroom
verdict
