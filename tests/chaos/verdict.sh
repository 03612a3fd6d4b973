# What a trial, a run and a soak came to, and what is installed where they ran: without a lab, so that tests/chaos/test_run.sh can see it. Sourced.
# shellcheck shell=bash disable=SC2034

# verdict_trial NUMBER NAME EXPECTED RECOVERED SEED FILE...: the trial as JSON, of its facts and of what tests/chaos/check said. Of a trial in which
# losses were planted ("found") they have to be found: a payment that is LOST, by a check that went to its end. What it found is no violation.
verdict_trial() {
  jq -sc --argjson number "$1" --arg name "$2" --arg expected "$3" --argjson recovered "$4" --argjson seed "$5" '
    {number: $number, scenario: $name, expected: $expected, seed: $seed, recovered: $recovered} + (add // {})
      | (.findings.UNCHECKED // 0) as $unchecked
      | .violations = ([.findings // {} | .[]] | add // 0) + (if (.epochs // 0) < 0 then 1 else 0 end)
      | if .expected == "found" then .found = .violations - $unchecked | .violations = $unchecked | .recovered = true
          | .as_expected = ((.findings.LOST // 0) > 0 and $unchecked == 0)
        else .as_expected = (.recovered and (.expected == "either" or .expected == .role) and
          (.not_begun == null or (.faults | contains(" + ")))) end # of several, one may have come too late' "${@:6}"
}

# verdict_run MEMBERS FILE: the trials in FILE as one run; MEMBERS is JSON and has how many were planned.
verdict_run() {
  jq -sc --argjson members "$1" '$members + {trials: length, violations: (map(.violations) | add // 0),
    not_recovered: (map(select(.recovered | not)) | length), unexpected: (map(select(.as_expected | not)) | length),
    operations: (map(.operations // 0) | add), reads: (map(.reads // 0) | add), unknown: (map(.unknown // 0) | add), all: .}' "$2"
}

# tell_run RUN: in words; false when anything was not as it should be, or was planned and not tried.
tell_run() {
  jq -r '(.all[] | select(.as_expected | not) | "unexpected: trial \(.number), \(.scenario): \(.role // "not recovered"), want \(.expected)"),
    (select(.trials < .planned) | "ended early: \(.trials) trials of \(.planned) that were planned"),
    "operations=\(.operations) reads=\(.reads) unknown=\(.unknown) unexpected=\(.unexpected) seed=\(.seed)",
    "chaos: trials=\(.trials) planned=\(.planned) violations=\(.violations) not_recovered=\(.not_recovered)"' <<<"$1"
  jq -e '.trials > 0 and .trials >= .planned and .violations == 0 and .not_recovered == 0 and .unexpected == 0' <<<"$1" >/dev/null
}

# tell_soak SOAK: 1 when anything was not as it should be, 3 when nothing is known of any daemon because none lived long enough.
tell_soak() {
  jq -r '(.daemons.units[] | "\(.node) \(.unit): \(.verdict), \(.lives) lives, \(.judged) of them long enough, RSS \(.rss_kib.first) to \(.rss_kib.last) KiB (most \(.rss_kib.most)), descriptors \(.fds.first) to \(.fds.last) (most \(.fds.most))"),
    (.daemons.missing[] | "no look: \(.)"),
    "soak: rounds=\(.trials) violations=\(.violations) not_recovered=\(.not_recovered) growing=\(.daemons.growing) flat=\(.daemons.flat) not_judged=\(.daemons.not_judged)"' <<<"$1"
  jq -e '.trials > 0 and .trials >= .planned and .violations == 0 and .not_recovered == 0 and .unexpected == 0 and .daemons.growing == 0
    and .daemons.missing == []' <<<"$1" >/dev/null || return 1
  jq -e '.daemons.flat > 0' <<<"$1" >/dev/null && return
  echo "soak: NOTHING JUDGED: no daemon lived for thirty rounds, so this says nothing of memory and descriptors"
  return 3
}

# For sh -c in a machine, with the root of its files: the version of our package, and a sum over all our programs there. Fails without either.
# shellcheck disable=SC2016
installed_sum='version=$(dpkg-query -W -f "\${Version}" holdfast-common) && [ -n "$version" ] &&
  programs=$(find "$1/usr/sbin" "$1/usr/bin" "$1/usr/libexec/holdfast" -type f \( -name "holdfast-*" -o -name holdfastctl \)) && [ -n "$programs" ] &&
  sums=$(echo "$programs" | LC_ALL=C sort | xargs sha256sum) && printf "%s %s\n" "$version" "$(echo "$sums" | sha256sum | cut -c 1-12)"'
