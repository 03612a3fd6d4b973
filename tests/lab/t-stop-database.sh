# mariadbd on the active is stopped by hand: the role is handed over.
start_load stop-database
was=$(active w)
heir=$(other "$was")
"$lab" exec "$was" -- systemctl stop mariadb
wait_until 30 "$heir active" is_active w "$heir"
payments_flow
wait_sync
stop_load
