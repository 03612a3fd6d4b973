# A mariadbd that stands still, or accepts connections and commits nothing, or dies again and again.
# shellcheck shell=bash disable=SC2154
# shellcheck source=tests/lab/grey.sh
. "$top/tests/lab/grey.sh"
grey_family grey-database \
  database-stopped/active/hand \
  database-locked/active/hand \
  +database-stopped/standby/solo \
  +database-crowded/active/stay \
  +database-crashes/active/hand
