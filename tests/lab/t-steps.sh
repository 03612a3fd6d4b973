# A kill -9 of replicationd or of mariadbd, or a power loss of the machine, just before a step of a promotion, a fence or a rejoin is
# taken: back to SYNC without a human, nothing lost. Of all the cases some are drawn, of each way there one and of each kind as many;
# tests/bench/steps does all. HOLDFAST_STEPS_SEED draws the same again, HOLDFAST_STEPS is how many.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# shellcheck source=tests/lab/steps.sh
. "$top/tests/lab/steps.sh"
trap 'steps_end >/dev/null 2>&1' EXIT

# draw_cases: $chosen, "SCENARIO STEP KIND" each.
draw_cases() {
  local scenario number=0
  local -a of all
  mapfile -t all < <(awk 'NF { print $1 }' <<<"$steps_matrix" | uniq)
  chosen=()
  while [ "$number" -lt "${HOLDFAST_STEPS:-12}" ]; do
    scenario=${all[number % ${#all[@]}]}
    mapfile -t of < <(steps_cases | grep "^$scenario .* ${step_kinds[(number + seed) % ${#step_kinds[@]}]}\$")
    chosen+=("${of[RANDOM % ${#of[@]}]}")
    number=$((number + 1))
  done
}

seed=${HOLDFAST_STEPS_SEED:-$RANDOM}
RANDOM=$seed
draw_cases
say "HOLDFAST_STEPS_SEED=$seed"
LOAD_RATE=200
steps_begin
start_load steps
for one in "${chosen[@]}"; do
  read -r scenario step kind <<<"$one"
  for ((try = 1; try <= 3; try++)); do
    say "$scenario: $kind at $step"
    ! step_case "$scenario" "$step" "$kind" 0 || break
  done
  [ "$try" -le 3 ] || fail "$scenario: $step did not come, three times"
done
stop_load
