#include "replication/migrate.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/log.h"
#include "replication/database.h"
#include "replication/pause.h"
#include "replication/schemadir.h"

/* After a failure: each try may hold up payments for a second. Well it is when a file was applied, and then at once. */
static const struct pause_limits fail_limits = {5000000, 300000000, 0};

enum migrate_state {
	MIGRATE_ASK, /* nothing is known of this epoch yet */
	MIGRATE_SEND,
	MIGRATE_ANSWER, /* a statement is under way */
	MIGRATE_DONE,
	MIGRATE_BREAK, /* was told to end */
};

struct migrate {
	const char *socket_path;
	struct database *db;
	struct schema schema;
	enum migrate_state state;
	uint64_t epoch;
	struct pause pause;
	uint64_t connection; /* its id in the server */
	char *applied;	     /* of the database when it was asked */
	size_t file;	     /* of schema.file: at work on it; schema.count: none */
	size_t at;	     /* in it: the next statement */
	bool table;	     /* schema_version is there */
	bool row;	     /* what is under way is the row of the version */
	char notice[LOCAL_REASON_BYTES];
};

struct migrate *migrate_new(const char *directory, const char *socket_path)
{
	struct migrate *m = calloc(1, sizeof(*m));
	struct errbuf e = {""};

	if (!m)
		return NULL;
	m->socket_path = socket_path;
	m->db = database_new(socket_path);
	if (!m->db) {
		free(m);
		return NULL;
	}
	/* The database goes on with the schema it has; whether that is enough the ledger says. */
	if (schemadir_load(directory, &m->schema, &e)) {
		LOG(LOG_ERR, "schema.unreadable", KV_S("why", e.text));
		(void)snprintf(m->notice, sizeof(m->notice), "the schema is not looked after: %.80s", e.text);
	}
	return m;
}

void migrate_free(struct migrate *m)
{
	if (!m)
		return;
	database_free(m->db);
	schemadir_free(&m->schema);
	free(m->applied);
	free(m);
}

static void fail(struct migrate *m, const char *what, const struct errbuf *e, uint64_t now_us)
{
	uint16_t pause_s;
	uint8_t tries;

	pause_failed(&m->pause, &fail_limits, now_us);
	pause_s = (uint16_t)(m->pause.length_us / 1000000);
	tries = m->pause.tries < UINT8_MAX ? (uint8_t)m->pause.tries : UINT8_MAX;
	LOG(LOG_ERR, "schema.fail", KV_S("at", what), KV_S("why", e->text), KV_U("tries", m->pause.tries),
	    KV_U("pause_s", pause_s));
	(void)snprintf(
	    m->notice, sizeof(m->notice), "schema, %.24s: try %u, again in %u s: %.55s", what, tries, pause_s, e->text);
	database_close(m->db);
	m->state = MIGRATE_ASK;
}

/* It waits for the end of whoever uses a table, and payments that come later wait behind it: so not for long. */
static int connect_to(struct migrate *m, struct errbuf *e)
{
	struct database_row *row = NULL;
	int code;

	database_close(m->db);
	code = database_open(m->db, e);
	if (!code)
		code = database_run(m->db, e,
		    "SET SESSION lock_wait_timeout=1, innodb_lock_wait_timeout=1, group_concat_max_len=16384, "
		    "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'");
	if (!code)
		code = database_run(m->db, e, "USE holdfast");
	if (!code)
		code = database_query(m->db, &row, e, "SELECT CONNECTION_ID() id");
	if (code)
		return code;
	m->connection = database_number(row, "id");
	database_row_free(row);
	return 0;
}

static void warn_of(struct migrate *m, const struct schema_state *s)
{
	m->notice[0] = '\0';
	if (s->unknown) {
		/* Of a newer release. It was only expanded, so this one works on it. */
		LOG(LOG_NOTICE, "schema.newer", KV_U("version", s->version),
		    KV_U("known", m->schema.file[m->schema.count - 1].number));
	}
	if (s->differs) {
		(void)snprintf(m->notice, sizeof(m->notice),
		    "schema file %03u is not the one the database was made with; nothing was changed", s->differs);
		LOG(LOG_WARNING, "schema.differs", KV_S("why", m->notice));
	}
}

static int take_applied(struct migrate *m, const char *text, struct errbuf *e)
{
	struct schema_state s;
	int code = schema_compare(&m->schema, text, &s, e);

	if (code)
		return code;
	free(m->applied);
	m->applied = strdup(text);
	if (!m->applied)
		return err_set(e, -ENOMEM, "no memory for the version of the schema");
	m->file = s.next;
	m->at = 0;
	warn_of(m, &s);
	if (m->file == m->schema.count)
		LOG(LOG_INFO, "schema.current", KV_U("version", s.version));
	return 0;
}

/* Which files has the database had? */
static int ask(struct migrate *m, struct errbuf *e)
{
	struct database_row *row = NULL;
	int code = connect_to(m, e);

	if (code)
		return code;
	code = database_query(m->db, &row, e, SCHEMA_VERSION_QUERY);
	m->table = !code;
	if (code == -EREMOTEIO &&
	    strstr(e->text, "(1146)")) /* ER_NO_SUCH_TABLE: a database of before there were versions */
		return take_applied(m, "", e);
	if (code)
		return code;
	code = take_applied(m, database_value(row, "applied"), e);
	database_row_free(row);
	return code;
}

static bool has_next(const struct migrate *m)
{
	return m->file < m->schema.count;
}

/* 0: sent; -errno: not. */
static int send_next(struct migrate *m, struct errbuf *e)
{
	const struct schema_file *f = &m->schema.file[m->file];
	char sql[SCHEMA_SQL_BYTES];
	const char *statement;

	m->row = false;
	if (!m->table)
		return database_send(m->db, e, SCHEMA_VERSION_TABLE);
	if (m->at == 0) {
		LOG(LOG_NOTICE, "schema.migrate", KV_S("file", f->name));
		(void)snprintf(m->notice, sizeof(m->notice), "the schema is being migrated: %s", f->name);
	}
	statement = schema_next_statement(f, &m->at);
	m->row = !statement;
	return database_send(m->db, e, statement ? statement : schema_version_sql(f, sql));
}

static void took_answer(struct migrate *m)
{
	if (!m->table) {
		m->table = true;
	} else if (m->row) {
		LOG(LOG_NOTICE, "schema.applied", KV_S("file", m->schema.file[m->file].name));
		m->notice[0] = '\0';
		m->pause = (struct pause){0};
		m->file = schema_next_file(&m->schema, m->applied, m->file + 1);
		m->at = 0;
	}
}

static bool answer_is_there(const struct migrate *m)
{
	struct pollfd p = {.fd = database_fd(m->db), .events = POLLIN};

	return p.fd < 0 || poll(&p, 1, 0) > 0;
}

bool migrate_turn(struct migrate *m, uint64_t epoch, uint64_t now_us)
{
	const char *what = has_next(m) ? m->schema.file[m->file].name : "version";
	struct errbuf e = {""};
	int code = 0;

	if (m->schema.count == 0)
		return false;
	if (m->epoch != epoch && m->state == MIGRATE_DONE)
		m->state = MIGRATE_ASK;
	if (m->state == MIGRATE_DONE || (m->state == MIGRATE_ASK && pause_holds(&m->pause, now_us)) ||
	    (m->state == MIGRATE_ANSWER && !answer_is_there(m)))
		return false;
	m->epoch = epoch;
	switch (m->state) {
	case MIGRATE_BREAK: /* it is wanted again before it had ended */
		database_close(m->db);
		m->state = MIGRATE_ASK;
		return true;
	case MIGRATE_ASK: code = ask(m, &e); break;
	case MIGRATE_SEND: code = send_next(m, &e); break;
	case MIGRATE_ANSWER:
		code = database_finish(m->db, &e);
		if (!code)
			took_answer(m);
		break;
	case MIGRATE_DONE: break;
	}
	if (code) {
		fail(m, what, &e, now_us);
		return false;
	}
	if (m->state == MIGRATE_SEND)
		m->state = MIGRATE_ANSWER;
	else
		m->state = has_next(m) ? MIGRATE_SEND : MIGRATE_DONE;
	if (m->state == MIGRATE_DONE)
		database_close(m->db);
	return m->state == MIGRATE_SEND;
}

/* Softly: an ALTER ends, but what waits for an acknowledgement goes on waiting, unseen (doc/mariadb.md T3). */
static void break_off(struct migrate *m)
{
	struct database *other = database_new(m->socket_path);
	struct errbuf e = {""};

	if (!other || database_open(other, &e) ||
	    database_run(other, &e, "KILL SOFT CONNECTION %llu", (unsigned long long)m->connection))
		LOG(LOG_WARNING, "schema.break", KV_S("why", other ? e.text : "no memory"));
	else
		LOG(LOG_NOTICE, "schema.break", KV_S("why", "the database is to be closed"));
	database_free(other);
}

int migrate_stop(struct migrate *m, bool server_gone)
{
	struct errbuf ignored = {""};

	m->pause = (struct pause){0};
	if (m->state == MIGRATE_ANSWER && !server_gone) {
		break_off(m);
		m->state = MIGRATE_BREAK;
		return -EAGAIN;
	}
	if (m->state == MIGRATE_BREAK && !server_gone && !answer_is_there(m))
		return -EAGAIN;
	if (m->state == MIGRATE_BREAK && !server_gone)
		(void)database_finish(m->db, &ignored);
	if (m->schema.count)
		m->notice[0] = '\0';
	database_close(m->db);
	m->state = MIGRATE_ASK;
	return 0;
}

int migrate_fd(const struct migrate *m)
{
	return m->state == MIGRATE_ANSWER || m->state == MIGRATE_BREAK ? database_fd(m->db) : -1;
}

const char *migrate_notice(const struct migrate *m)
{
	return m->notice;
}
