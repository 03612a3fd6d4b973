# A disk that stands still, is full or broken, of the active or of the standby.
# shellcheck shell=bash disable=SC2154
# shellcheck source=tests/lab/grey.sh
. "$top/tests/lab/grey.sh"
grey_family grey-disk \
  disk-stall-both/active/hand \
  disk-stall-data/standby/solo \
  +disk-stall-data/active/hand \
  +disk-stall-register/active/hand \
  +disk-stall-register/standby/stay \
  +disk-full-data/active/hand \
  +disk-full-data/standby/solo \
  +disk-full-register/active/hand \
  +disk-full-run/active/stay \
  +disk-readonly-data/active/hand
