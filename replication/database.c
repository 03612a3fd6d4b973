#include "replication/database.h"

#include <errmsg.h>
#include <errno.h>
#include <mysql.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_LIMIT_S 3
#define STATEMENT_BYTES 4096

struct database {
	MYSQL *my;
	char socket_path[108];
	const char *user;
	unsigned limit_s;
};

struct database_row {
	MYSQL_RES *result;
	MYSQL_ROW value;
};

struct database_rows {
	MYSQL_RES *result;
	MYSQL_ROW value;
	const unsigned long *bytes;
	unsigned fields;
};

struct database *database_new(const char *socket_path)
{
	struct database *db = calloc(1, sizeof(*db));

	if (db) {
		(void)snprintf(db->socket_path, sizeof(db->socket_path), "%s", socket_path);
		db->user = "root";
		db->limit_s = ANSWER_LIMIT_S;
	}
	return db;
}

void database_set_limit(struct database *db, unsigned limit_s)
{
	db->limit_s = limit_s;
}

void database_set_user(struct database *db, const char *user)
{
	db->user = user;
}

void database_free(struct database *db)
{
	if (!db)
		return;
	database_close(db);
	free(db);
}

void database_close(struct database *db)
{
	if (db->my)
		mysql_close(db->my);
	db->my = NULL;
}

/* Says what went wrong. A connection on which no answer came is useless: the answer might come later. */
static int failed(struct database *db, const char *statement, struct errbuf *e)
{
	unsigned number = mysql_errno(db->my);
	bool lost = number == 0 || (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR);

	(void)err_set(e, -EREMOTEIO, "%.60s: %s (%u)", statement, mysql_error(db->my), number);
	if (lost)
		database_close(db);
	return lost ? -EPIPE : -EREMOTEIO;
}

static int connect_as(struct database *db, const struct database_peer *peer, struct errbuf *e)
{
	const char *where = peer ? peer->address : db->socket_path;
	unsigned limit = db->limit_s;
	my_bool off = 0;
	MYSQL *my, *made;

	if (db->my)
		return 0;
	my = mysql_init(NULL);
	if (!my)
		return err_set(e, -ENOMEM, "no memory for a database connection");
	(void)mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &limit);
	(void)mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &limit);
	(void)mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &limit);
	if (peer) {
		(void)mysql_ssl_set(my, peer->key, peer->certificate, peer->ca, NULL, NULL);
		/* As CHANGE MASTER has it (step.c): the certificate is for the name of the member. */
		(void)mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
	}
	made = peer ? mysql_real_connect(my, peer->address, peer->user, peer->password, NULL, peer->port, NULL, 0)
		    : mysql_real_connect(my, NULL, db->user, NULL, NULL, 0, db->socket_path, 0);
	if (!made) {
		unsigned number = mysql_errno(my);

		(void)err_set(e, -EIO, "%s: %s (%u)", where, mysql_error(my), number);
		mysql_close(my);
		return number == CR_CONNECTION_ERROR || number == CR_CONN_HOST_ERROR ? -ECONNREFUSED : -EIO;
	}
	db->my = my;
	return 0;
}

int database_open(struct database *db, struct errbuf *e)
{
	return connect_as(db, NULL, e);
}

int database_open_peer(struct database *db, const struct database_peer *peer, struct errbuf *e)
{
	return connect_as(db, peer, e);
}

static int run(
    struct database *db, struct errbuf *e, const char *format, va_list ap, char statement[static STATEMENT_BYTES])
{
	int n = vsnprintf(statement, STATEMENT_BYTES, format, ap);

	if (n < 0 || n >= STATEMENT_BYTES)
		return err_set(e, -E2BIG, "statement too long: %.60s", statement);
	if (!db->my)
		return err_set(e, -EPIPE, "not connected");
	return mysql_query(db->my, statement) ? failed(db, statement, e) : 0;
}

int database_run(struct database *db, struct errbuf *e, const char *format, ...)
{
	char statement[STATEMENT_BYTES];
	MYSQL_RES *result;
	va_list ap;
	int code;

	va_start(ap, format);
	code = run(db, e, format, ap, statement);
	va_end(ap);
	if (code)
		return code;
	result = mysql_store_result(db->my);
	if (result)
		mysql_free_result(result);
	else if (mysql_errno(db->my))
		return failed(db, statement, e);
	return 0;
}

/* What a statement answers, the caller's to free. The statement's text is written to *statement, for a message. */
static int run_for_rows(struct database *db, MYSQL_RES **ret, struct errbuf *e, const char *format, va_list ap,
    char statement[static STATEMENT_BYTES])
{
	int code = run(db, e, format, ap, statement);

	if (code)
		return code;
	*ret = mysql_store_result(db->my);
	return *ret ? 0 : failed(db, statement, e);
}

int database_query(struct database *db, struct database_row **ret, struct errbuf *e, const char *format, ...)
{
	char statement[STATEMENT_BYTES];
	struct database_row *row;
	MYSQL_RES *result;
	va_list ap;
	int code;

	*ret = NULL;
	va_start(ap, format);
	code = run_for_rows(db, &result, e, format, ap, statement);
	va_end(ap);
	if (code)
		return code;
	row = calloc(1, sizeof(*row));
	if (!row) {
		mysql_free_result(result);
		return err_set(e, -ENOMEM, "no memory for an answer");
	}
	row->result = result;
	row->value = mysql_fetch_row(row->result);
	if (!row->value) {
		database_row_free(row);
		return err_set(e, -ENOENT, "%.60s: no row", statement);
	}
	*ret = row;
	return 0;
}

const char *database_value(const struct database_row *row, const char *column)
{
	const MYSQL_FIELD *field = mysql_fetch_fields(row->result);
	unsigned fields = mysql_num_fields(row->result);

	for (unsigned i = 0; i < fields; i++)
		if (strcasecmp(field[i].name, column) == 0)
			return row->value[i] ? row->value[i] : "";
	return "";
}

uint64_t database_number(const struct database_row *row, const char *column)
{
	return strtoull(database_value(row, column), NULL, 10);
}

void database_row_free(struct database_row *row)
{
	if (!row)
		return;
	mysql_free_result(row->result);
	free(row);
}

int database_select(struct database *db, struct database_rows **ret, struct errbuf *e, const char *format, ...)
{
	char statement[STATEMENT_BYTES];
	struct database_rows *rows;
	MYSQL_RES *result;
	va_list ap;
	int code;

	*ret = NULL;
	va_start(ap, format);
	code = run_for_rows(db, &result, e, format, ap, statement);
	va_end(ap);
	if (code)
		return code;
	rows = calloc(1, sizeof(*rows));
	if (!rows) {
		mysql_free_result(result);
		return err_set(e, -ENOMEM, "no memory for an answer");
	}
	rows->result = result;
	rows->fields = mysql_num_fields(rows->result);
	*ret = rows;
	return 0;
}

bool database_next(struct database_rows *rows)
{
	rows->value = mysql_fetch_row(rows->result);
	rows->bytes = rows->value ? mysql_fetch_lengths(rows->result) : NULL;
	return rows->value;
}

const char *database_field(const struct database_rows *rows, unsigned place, size_t *bytes)
{
	bool there = rows->value && rows->bytes && place < rows->fields && rows->value[place];

	if (bytes)
		*bytes = there ? rows->bytes[place] : 0;
	return there ? rows->value[place] : NULL;
}

void database_rows_free(struct database_rows *rows)
{
	if (!rows)
		return;
	mysql_free_result(rows->result);
	free(rows);
}

int database_send(struct database *db, struct errbuf *e, const char *statement)
{
	if (!db->my)
		return err_set(e, -EPIPE, "not connected");
	return mysql_send_query(db->my, statement, strlen(statement)) ? failed(db, statement, e) : 0;
}

int database_fd(const struct database *db)
{
	return db->my ? (int)mysql_get_socket(db->my) : -1;
}

int database_finish(struct database *db, struct errbuf *e)
{
	if (!db->my)
		return err_set(e, -EPIPE, "not connected");
	return mysql_read_query_result(db->my) ? failed(db, "answer", e) : 0;
}
