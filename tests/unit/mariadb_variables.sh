# The variables that our rules speak of, as the server has them: a part of test_mariadb.sh.
# shellcheck shell=bash disable=SC2154

variables_table() {
	cat <<-'TABLE'
		rpl_semi_sync_master_wait_point AFTER_SYNC
		rpl_semi_sync_master_timeout 18446744073709551615
		rpl_semi_sync_master_wait_no_slave 1
		rpl_semi_sync_master_enabled 0
		rpl_semi_sync_slave_enabled 1
		rpl_semi_sync_slave_kill_conn_timeout 1
		sync_binlog 1
		innodb_flush_log_at_trx_commit 1
		innodb_doublewrite 1
		sync_relay_log 1
		binlog_annotate_row_events 0
		replicate_annotate_row_events 0
		gtid_strict_mode 1
		log_slave_updates 1
		log_bin 1
		binlog_format ROW
		binlog_row_image FULL
		read_only 1
		relay_log_recovery 0
		relay_log_purge 1
		slave_parallel_threads 0
		slave_parallel_mode none
		slave_net_timeout 5
		innodb_snapshot_isolation 0
		tx_isolation REPEATABLE-READ
		binlog_commit_wait_count 0
		binlog_expire_logs_seconds 259200
		net_write_timeout 10
		max_connections 151
		innodb_rollback_on_timeout 1
	TABLE
}
# Options that are no variables in each version.
options_table() {
	cat <<-'TABLE'
		skip-slave-start TRUE
		binlog-row-event-max-size 1048576
		symbolic-links FALSE
	TABLE
}
test_variables() {
	local name value count=0
	while read -r name value; do
		want "$name" "$(sql a "SELECT @@GLOBAL.$name")" "$value"
		count=$((count + 1))
	done < <(variables_table)
	timeout 20 mariadbd --defaults-file="$D/a/mariadb.cnf" --verbose --help >"$D/options" 2>"$D/options.log"
	while read -r name value; do
		want "$name" "$(awk -v name="$name" '$1 == name { print $2; exit }' "$D/options")" "$value"
		count=$((count + 1))
	done < <(options_table)
	like "init_rpl_role cannot be asked" "$(sql a "SELECT @@init_rpl_role")" 'ERROR 1193'
	want "complaints about the configuration" "$(grep -E '\[(ERROR|Warning)\].*(unknown|deprecated|ignored)' "$D/a.log")" ""
	recipe "variables: $count are what the configuration says, and init_rpl_role is an option that cannot be read back"
}
