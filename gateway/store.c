#include "gateway/store.h"

#include "gateway/pipeline.h"
#include "gateway/sqltext.h"
#include "heartbeat/rolepage.h"

#include <assert.h>
#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_TIMEOUT_S 2
#define PENDING_BYTES ((size_t)48 * 1024 * 1024) /* less than max_allowed_packet */
#define HEAD_STATEMENT 1			 /* of a transaction: the second one is the fence */
#define PREPARED_MAX 2

struct store {
	MYSQL *db;
	const char *socket, *user; /* borrowed */
	pthread_mutex_t lock;	   /* over fd: it may be broken by another thread, never after it was closed */
	int fd;
	struct pipeline pending; /* the transaction as it will be sent; owned */
	unsigned pending_count;	 /* statements in its first packet */
	struct head pending_old; /* what its fence asks for */
	struct {
		const struct bulk *bulk; /* borrowed */
		MYSQL_STMT *statement;	 /* owned */
	} prepared[PREPARED_MAX];
	unsigned prepared_count;
	_Atomic uint64_t statement_since_us, commit_since_us;
};

struct store *store_new(const char *socket, const char *user)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->socket = socket;
	s->user = user;
	s->fd = -1;
	pipeline_init(&s->pending, malloc(PENDING_BYTES), PENDING_BYTES);
	if (!s->pending.out.at || pthread_mutex_init(&s->lock, NULL)) {
		free(s->pending.out.at);
		free(s);
		return NULL;
	}
	return s;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	store_close(s);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->pending.out.at);
	free(s);
}

static void set_fd(struct store *s, int fd)
{
	(void)pthread_mutex_lock(&s->lock);
	s->fd = fd;
	(void)pthread_mutex_unlock(&s->lock);
}

void store_break(struct store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	if (s->fd >= 0)
		(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&s->lock);
}

void store_close(struct store *s)
{
	set_fd(s, -1);
	/* Not told one by one: a server that is gone would be waited for. */
	if (s->db)
		mysql_close(s->db);
	while (s->prepared_count)
		(void)mysql_stmt_close(s->prepared[--s->prepared_count].statement);
	s->db = NULL;
}

bool store_is_connected(const struct store *s)
{
	return s->db;
}

struct store_activity store_activity(const struct store *s)
{
	return (struct store_activity){
	    .statement_since_us = atomic_load(&s->statement_since_us),
	    .commit_since_us = atomic_load(&s->commit_since_us),
	};
}

static int failed(struct store *s, const char *what, struct errbuf *e)
{
	unsigned number = mysql_errno(s->db);
	char why[MYSQL_ERRMSG_SIZE + sizeof("'...'")];
	struct text t;
	int code = -EIO; /* a disk, memory, somebody's KILL, damage: nothing that another statement would be spared */

	if (number == ER_OPTION_PREVENTS_STATEMENT || number == ER_READ_ONLY_MODE)
		code = -EROFS;
	else if (number == ER_LOCK_WAIT_TIMEOUT || number == ER_LOCK_DEADLOCK)
		code = -EBUSY;
	else if (number == ER_KEY_DOES_NOT_EXISTS)
		code = -ENOENT;
	else if (sqltext_is_of_data(number))
		code = -EBADMSG;
	text_init(&t, why, sizeof(why));
	sqltext_put(&t, mysql_error(s->db));
	return err_set(e, code, "%s: %.*s (error %u)", what, (int)t.used, why, number);
}

static int run(struct store *s, const char *what, const char *sql, size_t bytes, struct errbuf *e)
{
	int bad;

	if (!s->db)
		return err_set(e, -EIO, "%s: not connected", what);
	atomic_store(&s->statement_since_us, clock_boottime_us());
	bad = mysql_real_query(s->db, sql, bytes);
	atomic_store(&s->statement_since_us, 0);
	return bad ? failed(s, what, e) : 0;
}

static int run_text(struct store *s, const char *what, const char *sql, struct errbuf *e)
{
	return run(s, what, sql, strlen(sql), e);
}

int store_connect(struct store *s, struct errbuf *e)
{
	unsigned timeout_s = CONNECT_TIMEOUT_S;
	int code;

	store_close(s);
	s->db = mysql_init(NULL);
	if (!s->db)
		return err_set(e, -EIO, "out of memory");
	(void)mysql_options(s->db, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
	(void)mysql_options(s->db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	atomic_store(&s->statement_since_us, clock_boottime_us());
	if (mysql_real_connect(s->db, NULL, s->user, NULL, STORE_SCHEMA, 0, s->socket, CLIENT_MULTI_STATEMENTS)) {
		set_fd(s, (int)mysql_get_socket(s->db));
		/* Read committed: every SELECT sees what is committed now. No conversion of long IN lists:
		 * they are keys. Nor, from 200 keys on, a guess from statistics how many rows they have: it
		 * ends in reading the whole journal. */
		code = run_text(s, "session", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", e);
		if (!code)
			code = run_text(s, "session",
			    "SET SESSION in_predicate_conversion_threshold=0, eq_range_index_dive_limit=0, "
			    "innodb_lock_wait_timeout=5, "
			    "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
			    e);
	} else {
		code = err_set(e, -EIO, "%s: %s", s->socket, mysql_error(s->db));
	}
	atomic_store(&s->statement_since_us, 0);
	if (code)
		store_close(s);
	return code;
}

int store_ping(struct store *s, struct errbuf *e)
{
	return run_text(s, "ping", "DO 1", e);
}

int store_select(struct store *s, const struct text *sql, MYSQL_RES **ret, struct errbuf *e)
{
	int code;

	if (sql->cut)
		return err_set(e, -EBADMSG, "select: statement too long");
	code = run(s, "select", sql->at, sql->used, e);
	if (code)
		return code;
	atomic_store(&s->statement_since_us, clock_boottime_us());
	*ret = mysql_store_result(s->db);
	atomic_store(&s->statement_since_us, 0);
	return *ret ? 0 : failed(s, "select", e);
}

/* The first row of a constant query; *row is NULL when there is none. The caller frees *rows. */
static int select_row(struct store *s, char *sql, MYSQL_RES **rows, MYSQL_ROW *row, struct errbuf *e)
{
	size_t bytes = strlen(sql);
	struct text t = {.at = sql, .size = bytes + 1, .used = bytes};
	int code = store_select(s, &t, rows, e);

	if (!code)
		*row = mysql_fetch_row(*rows);
	return code;
}

int store_read_schema_version(struct store *s, unsigned *ret, struct errbuf *e)
{
	static char sql[] = "SELECT COALESCE(MAX(number),0) FROM schema_version";
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row = NULL;
	int code = select_row(s, sql, &rows, &row, e);

	*ret = 0;
	if (code)
		return s->db && mysql_errno(s->db) == ER_NO_SUCH_TABLE ? 0 : code;
	if (row && row[0])
		*ret = (unsigned)strtoul(row[0], NULL, 10);
	mysql_free_result(rows);
	return 0;
}

int store_check_schema(struct store *s, struct errbuf *e)
{
	unsigned version;
	int code = store_read_schema_version(s, &version, e);

	if (!code && version < STORE_SCHEMA_VERSION)
		code = err_set(e, -EAGAIN, "waits for schema %u; the database has %u, which replicationd migrates",
		    STORE_SCHEMA_VERSION, version);
	return code;
}

int store_has_unique_keys(struct store *s, bool *ret, struct errbuf *e)
{
	static char sql[] = "SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) = 'key_hash,principal' FROM "
			    "information_schema.STATISTICS "
			    "WHERE TABLE_SCHEMA='" STORE_SCHEMA
			    "' AND TABLE_NAME='journal' AND INDEX_NAME='idempotency' AND NON_UNIQUE=0";
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row = NULL;
	int code = select_row(s, sql, &rows, &row, e);

	if (code)
		return code;
	*ret = row && row[0] && strcmp(row[0], "1") == 0;
	mysql_free_result(rows);
	return 0;
}

int store_read_head(struct store *s, struct head *ret, struct errbuf *e)
{
	static char sql[] = "SELECT epoch, batch_seq, next_seq, last_us, next_event FROM ledger_head WHERE id=1";
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row = NULL;
	int code = select_row(s, sql, &rows, &row, e);

	if (code)
		return code;
	if (row && row[0] && row[1] && row[2] && row[3] && row[4])
		*ret = (struct head){
		    .epoch = strtoull(row[0], NULL, 10),
		    .batch_seq = strtoull(row[1], NULL, 10),
		    .next_seq = strtoull(row[2], NULL, 10),
		    .last_us = strtoull(row[3], NULL, 10),
		    .next_event = strtoull(row[4], NULL, 10),
		};
	else
		code = err_set(e, -EBADMSG, "ledger_head has no row");
	mysql_free_result(rows);
	return code;
}

int store_only_read(struct store *s, struct errbuf *e)
{
	return run_text(s, "session", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", e);
}

int store_begin_snapshot(struct store *s, struct head *ret, struct errbuf *e)
{
	int code = run_text(s, "begin", "START TRANSACTION READ ONLY", e);

	return code ? code : store_read_head(s, ret, e); /* the first row that is read makes the snapshot */
}

int store_prepare(struct store *s, const struct bulk *b, struct errbuf *e)
{
	MYSQL_STMT *statement;
	int code = 0;

	assert(s->prepared_count < PREPARED_MAX);
	if (!s->db)
		return err_set(e, -EIO, "prepare: not connected");
	statement = mysql_stmt_init(s->db);
	if (!statement)
		return err_set(e, -EIO, "out of memory");
	atomic_store(&s->statement_since_us, clock_boottime_us());
	if (mysql_stmt_prepare(statement, b->sql, strlen(b->sql)))
		code = failed(s, "prepare", e);
	atomic_store(&s->statement_since_us, 0);
	if (code) {
		(void)mysql_stmt_close(statement);
		return code;
	}
	assert(mysql_stmt_param_count(statement) == strlen(b->types));
	s->prepared[s->prepared_count].bulk = b;
	s->prepared[s->prepared_count++].statement = statement;
	return 0;
}

void store_begin(struct store *s, const struct head *old, const struct head *new)
{
	static const char query = PIPELINE_QUERY;
	struct text *t = &s->pending.out;

	pipeline_clear(&s->pending);
	pipeline_next(&s->pending);
	text_put(t, &query, sizeof(query));
	text_puts(t, "START TRANSACTION;UPDATE ledger_head SET batch_seq=");
	text_put_u64(t, new->batch_seq);
	text_puts(t, ",next_seq=");
	text_put_u64(t, new->next_seq);
	text_puts(t, ",next_event=");
	text_put_u64(t, new->next_event);
	text_puts(t, ",last_us=");
	text_put_u64(t, new->last_us);
	text_puts(t, " WHERE id=1 AND epoch=");
	text_put_u64(t, old->epoch);
	text_puts(t, " AND batch_seq=");
	text_put_u64(t, old->batch_seq);
	s->pending_count = HEAD_STATEMENT + 1;
	s->pending_old = *old;
}

static void put_pending(struct store *s, const struct text *sql)
{
	text_put(&s->pending.out, sql->at, sql->used);
	s->pending.out.cut = s->pending.out.cut || sql->cut;
}

void store_add(struct store *s, const struct text *sql)
{
	assert(s->pending.count == 1);
	text_puts(&s->pending.out, ";");
	put_pending(s, sql);
	s->pending_count++;
}

void store_add_rows(struct store *s, const struct bulk *b, const struct text *rows)
{
	unsigned i = 0;

	while (i < s->prepared_count && s->prepared[i].bulk != b)
		i++;
	assert(i < s->prepared_count);
	pipeline_next(&s->pending);
	bulk_put_head(&s->pending.out, b, (uint32_t)s->prepared[i].statement->stmt_id);
	put_pending(s, rows);
}

/* The answer to a packet; true: it is there, and says that all went well. */
static bool take_answer(struct store *s)
{
	bool good;

	s->db->net.pkt_nr = 1; /* each command counts its packets anew */
	atomic_store(&s->statement_since_us, clock_boottime_us());
	good = !mysql_read_query_result(s->db);
	atomic_store(&s->statement_since_us, 0);
	return good;
}

/* The answers to the first packet, one a statement; the server stops at the first that it refuses. */
static int take_answers(struct store *s, struct errbuf *e)
{
	unsigned count = 0;
	int code = 0, more;

	do {
		if (count++ == HEAD_STATEMENT && mysql_affected_rows(s->db) != 1)
			code = err_set(e, -ESTALE, "ledger_head is not at epoch %llu, batch %llu",
			    (unsigned long long)s->pending_old.epoch, (unsigned long long)s->pending_old.batch_seq);
		atomic_store(&s->statement_since_us, clock_boottime_us());
		more = mysql_next_result(s->db);
		atomic_store(&s->statement_since_us, 0);
	} while (more == 0);
	if (code)
		return code;
	if (more > 0)
		return failed(s, "transaction", e);
	return count == s->pending_count ? 0 : err_set(e, -EIO, "transaction: %u answers", count);
}

/* The connection is not what it was, or nobody knows. */
static bool is_of_connection(unsigned number)
{
	return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) || number >= CER_MIN_ERROR;
}

/* All answers are taken, or the connection is closed: none is ever taken for that to something else. The first error counts, for the
 * others follow from it. */
static int take_all(struct store *s, struct errbuf *e)
{
	struct errbuf ignored;
	int first = 0, code;

	for (unsigned i = 0; i < s->pending.count; i++) {
		if (!take_answer(s))
			code = failed(s, "transaction", first ? &ignored : e);
		else
			code = i == 0 ? take_answers(s, e) : 0;
		first = first ? first : code;
		if (code && is_of_connection(mysql_errno(s->db))) {
			store_close(s);
			break;
		}
	}
	return first;
}

int store_send(struct store *s, struct errbuf *e)
{
	int code;

	if (!s->db)
		return err_set(e, -EIO, "transaction: not connected");
	atomic_store(&s->statement_since_us, clock_boottime_us());
	code = pipeline_send(&s->pending, s->fd);
	atomic_store(&s->statement_since_us, 0);
	if (code == -EMSGSIZE)
		return err_set(e, -EBADMSG, "transaction: too long");
	if (!code)
		return take_all(s, e);
	store_close(s);
	return err_set(e, -EIO, "transaction: %s", strerror(-code));
}

void store_rollback(struct store *s)
{
	struct errbuf ignored = {""};

	/* Without a connection the server rolls back by itself. */
	if (s->db && run_text(s, "rollback", "ROLLBACK", &ignored))
		store_close(s);
}

static void take_landed(MYSQL_RES *rows, struct landed *ret)
{
	MYSQL_ROW row = rows ? mysql_fetch_row(rows) : NULL;

	ret->known = row && row[0] && row[1] && !gtid_parse(row[0], &ret->gtid);
	ret->semi_sync = ret->known && strcmp(row[1], "1") == 0;
	mysql_free_result(rows);
}

int store_commit(struct store *s, struct landed *ret, struct errbuf *e)
{
	static const char sql[] = "COMMIT;SELECT @@last_gtid, @@rpl_semi_sync_master_enabled";
	int bad;

	*ret = (struct landed){.known = false};
	if (!s->db)
		return err_set(e, -EIO, "commit: not connected");
	atomic_store(&s->commit_since_us, clock_boottime_us());
	bad = mysql_real_query(s->db, sql, sizeof(sql) - 1);
	atomic_store(&s->commit_since_us, 0);
	if (bad)
		return failed(s, "commit", e);
	/* It has landed, whatever comes of the question. */
	atomic_store(&s->statement_since_us, clock_boottime_us());
	if (mysql_next_result(s->db) == 0)
		take_landed(mysql_store_result(s->db), ret);
	atomic_store(&s->statement_since_us, 0);
	return 0;
}
