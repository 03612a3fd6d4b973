#include "replication/restoredata.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "replication/backuptrial.h"
#include "replication/copydir.h"
#include "replication/privatedb.h"

/* mariadb-backup's own notes; what they say of positions is true of another history. */
static int remove_notes(const char *dir, struct errbuf *e)
{
	static const char *const notes[] = {"xtrabackup_binlog_info", "xtrabackup_binlog_pos_innodb", "xtrabackup_info",
	    "xtrabackup_checkpoints", "xtrabackup_slave_info", "xtrabackup_galera_info", "backup-my.cnf"};
	char path[COPYDIR_PATH_BYTES + 40];
	int code = 0;

	for (size_t i = 0; !code && i < sizeof(notes) / sizeof(notes[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, notes[i]);
		code = copydir_remove(path, e);
	}
	return code;
}

static int check(const char *backup, const struct manifest *m, const struct ledger_facts *facts, struct errbuf *e)
{
	if (facts->epoch == m->ledger_epoch && facts->operations == m->operations && facts->accounts == m->accounts)
		return 0;
	return err_set(e, -EBADMSG, "%.100s: has %" PRIu64 " operations; its manifest says %" PRIu64, backup,
	    facts->operations, m->operations);
}

int restoredata_fill(const char *backup, const char *into, uint64_t *ret_epoch, struct errbuf *e)
{
	struct ledger_facts facts;
	struct privatedb p;
	struct manifest m;
	int code = backup_open(backup, &m, e);

	if (!code)
		code = backup_unpack(backup, &m, into, NULL, e);
	if (!code)
		code = privatedb_start(into, NULL, &p, e);
	if (code)
		return code;
	code = ledgercheck_run(p.db, NULL, &facts, e);
	if (!code)
		code = check(backup, &m, &facts, e);
	if (code) {
		privatedb_kill(&p);
		return code;
	}
	code = privatedb_shut_down(&p, e);
	if (!code)
		code = remove_notes(into, e);
	*ret_epoch = (facts.epoch > m.epoch ? facts.epoch : m.epoch) + 1;
	return code;
}
