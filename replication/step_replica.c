/* A replica looks at the histories of both databases, and saves what only its own has before a fresh copy takes its place. */
#include "replication/step.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/durable.h"
#include "heartbeat/log.h"
#include "replication/password.h"
#include "replication/salvage.h"

#define LOOK_S 1 /* a source that does not answer is asked again */

/* The end of the log in the snapshot that the tables are read in: a transaction that is in the log and not in the tables yet, as it is while
 * its commit waits, must be in both or in neither. A log that has begun anew and holds nothing yet says 0: it is asked again. */
static int read_snapshot_end(struct database *db, uint64_t *ret, struct errbuf *e)
{
	struct database_row *row;
	struct gtid at = {0};
	char file[128];
	uint64_t place;
	int code = database_run(db, e, "START TRANSACTION WITH CONSISTENT SNAPSHOT");

	if (!code)
		code = database_query(db, &row, e,
		    "SELECT MAX(IF(VARIABLE_NAME='BINLOG_SNAPSHOT_FILE',VARIABLE_VALUE,'')) file,"
		    " MAX(IF(VARIABLE_NAME='BINLOG_SNAPSHOT_POSITION',VARIABLE_VALUE,0)+0) place"
		    " FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME LIKE 'BINLOG_SNAPSHOT_%%'");
	if (code)
		return code;
	(void)snprintf(file, sizeof(file), "%s", database_value(row, "file"));
	place = database_number(row, "place");
	database_row_free(row);
	if (strspn(file, "abcdefghijklmnopqrstuvwxyz.0123456789") != strlen(file))
		return err_set(e, -EINVAL, "'%.60s' is not the name of a binary log", file);
	code = database_query(db, &row, e, "SELECT BINLOG_GTID_POS('%s',%" PRIu64 ") AS at", file, place);
	if (code)
		return code;
	if (database_value(row, "at")[0] && gtid_parse(database_value(row, "at"), &at))
		code = err_set(e, -EINVAL, "'%.60s' is not one GTID", database_value(row, "at"));
	database_row_free(row);
	*ret = at.seq;
	return code;
}

/* The texts live as long as *ret, which is the caller's to free. */
static int read_rows(struct database *db, struct database_row **ret, const char **rows, struct errbuf *e)
{
	int code = database_run(db, e, "SET SESSION group_concat_max_len=67108864");

	if (!code)
		code = database_query(db, ret, e,
		    "SELECT COALESCE(GROUP_CONCAT(epoch,' ',opened_seq,' ',opened_server,' ',node ORDER BY epoch"
		    " SEPARATOR '\n'),'') AS epochs FROM holdfast.cluster_epoch");
	if (!code)
		*rows = database_value(*ret, "epochs");
	return code;
}

/* As mariadbd itself reaches it, but for the relay, which opens only after this. */
static int open_source(struct actor *a, struct errbuf *e)
{
	const struct database_peer peer = {.address = a->sight.order.active_address,
	    .port = a->conf->database_port,
	    .user = REPLICATION_USER,
	    .password = a->password,
	    .ca = CONF_PKI_DIR "/ca.pem",
	    .certificate = CONF_PKI_DIR "/mariadb.pem",
	    .key = CONF_PKI_DIR "/mariadb.key"};

	int code;

	database_close(a->source_db);
	database_set_limit(a->source_db, LOOK_S);
	code = database_open_peer(a->source_db, &peer, e);
	/* Where the way breaks meanwhile, the source must not keep the snapshot, and the connection, until TCP gives up: hours. */
	return code ? code : database_run(a->source_db, e, "SET SESSION wait_timeout=5, idle_transaction_timeout=5");
}

/* It outlives this process: when the pair is gone, nobody can be asked any more. */
static int store_note(const struct actor *a, bool other, const struct lineage_found *found, struct errbuf *e)
{
	const struct lineage_note n = {
	    .epoch = a->sight.order.epoch, .other = other, .parted_seq = other ? found->parted_seq : 0};
	char text[LINEAGE_NOTE_BYTES];

	lineage_note_format(&n, text);
	return durable_write(ACTOR_LINEAGE, text, e);
}

static void note(
    struct actor *a, enum lineage_verdict verdict, const struct lineage_found *found, uint64_t own, uint64_t source)
{
	static const char *const words[] = {
#define X(id, text) #id,
	    LINEAGE_VERDICTS(X)
#undef X
	};
	struct sight *s = &a->sight;

	s->lineage_known = true;
	s->lineage_epoch = s->order.epoch;
	s->lineage_source = s->order.active;
	s->lineage = verdict;
	s->lineage_parted_seq = found->parted_seq;
	s->lineage_saved = false;
	LOG(verdict == LINEAGE_BEGINNING ? LOG_NOTICE : LOG_WARNING, "lineage.compare",
	    KV_S("source", s->order.member_name[s->order.active]), KV_U("epoch", s->order.epoch),
	    KV_S("verdict", words[verdict]), KV_U("common_epoch", found->common_epoch), KV_U("own_seq", own),
	    KV_U("source_seq", source), KV_U("parted_seq", found->parted_seq));
}

/* Where its own history ends: with what it has received, when that could not be applied. Of that end only the number is known, not the
 * openings before it, so what lies above one is another history's here, though it may not be: it is exported once too often. */
static int find_own_end(const struct actor *a, uint64_t *ret, struct errbuf *e)
{
	const struct salvage_range range = {.above_seq = a->sight.db.binlog.seq};
	struct salvage_result r;
	int code = salvage_cut_range(a->conf->datadir, "relay.index", &range, NULL, &r, e);

	*ret = !code && r.groups ? r.last_seq : a->sight.db.binlog.seq;
	/* A log that a cut of power has made unreadable holds nothing that could be compared, or saved. */
	return code == -EINVAL ? 0 : code;
}

int step_compare(struct actor *a, struct errbuf *e)
{
	struct database_row *own_row = NULL, *source_row = NULL;
	/* The own one first, in which nothing moves: what it has by then the source had before. */
	struct lineage own = {0}, source = {0};
	struct lineage_found found;
	enum lineage_verdict verdict;
	int code = find_own_end(a, &own.last_seq, e);

	if (!code)
		code = read_rows(a->db, &own_row, &own.rows, e);
	if (!code)
		code = open_source(a, e);
	if (!code)
		code = read_snapshot_end(a->source_db, &source.last_seq, e);
	if (!code)
		code = read_rows(a->source_db, &source_row, &source.rows, e);
	if (!code) {
		verdict = lineage_compare(&own, &source, &found);
		if (verdict == LINEAGE_AHEAD)
			code = err_set(e, -ENODATA, "waits until %s has all that it has itself",
			    a->sight.order.member_name[a->sight.order.active]);
		else
			code = store_note(a, verdict == LINEAGE_OTHER, &found, e);
		if (!code)
			note(a, verdict, &found, own.last_seq, source.last_seq);
	}
	database_row_free(own_row);
	database_row_free(source_row);
	database_close(a->source_db);
	return code;
}
