/*
 * For tests/bench/throughput: what a payment costs without Holdfast. Straight to mariadbd, on the ledger's own schema, with prepared
 * statements and one thread a connection: one transaction a payment (both accounts locked in the order of their ids, both balances
 * changed, a row in the journal), or bulk statements of --items payments in one transaction.
 */
#include <getopt.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/text.h"
#include "tests/bench/aim.h"
#include "tests/bench/tally.h"

#define THREADS_MAX 1024
#define SQL_BYTES (1024 * 1024)
#define ITEMS_MAX 500

struct rawpay {
	const char *socket, *schema, *pattern;
	unsigned connections, items;
	uint64_t accounts, seconds, warm;
	_Atomic uint64_t next_seq, deadlocks;
	pthread_mutex_t lock; /* over tally */
	struct tally tally;
};

struct payer {
	struct rawpay *all;
	MYSQL *db;
	MYSQL_STMT *select, *update, *insert;
	struct aim aim;
	struct text sql, accounts;
};

static const char select_sql[] = "SELECT id, posted FROM account WHERE id IN (?,?) ORDER BY id FOR UPDATE";
static const char update_sql[] = "UPDATE account SET posted=posted+?, last_seq=? WHERE id=?";
static const char journal_sql[] =
    "INSERT INTO journal (seq, principal, batch_seq, kind, status, key_hash, "
    "fingerprint, public_id, debit, credit, amount, "
    "currency, debit_after, credit_after, reference, body, created_us, event, event_seq) VALUES ";
static const char body[] = "{\"object\":\"transfer\",\"id\":\"tr_01KA0000000000000000000000\",\"status\":\"posted\","
			   "\"from\":\"acc_01KA0000000000000000000000\","
			   "\"to\":\"acc_01KA0000000000000000000000\",\"amount\":1,\"currency\":\"CNY\",\"reference\":"
			   "\"order-1234567\",\"metadata\":{},"
			   "\"reversed_by\":null,\"created_at\":\"2026-01-01T00:00:00.000000Z\"}";

static void die(MYSQL *db, const char *what)
{
	(void)fprintf(stderr, "rawpay: %s: %s\n", what, db ? mysql_error(db) : "");
	exit(1);
}

static MYSQL_STMT *prepare(MYSQL *db, const char *sql)
{
	MYSQL_STMT *s = mysql_stmt_init(db);

	if (!s || mysql_stmt_prepare(s, sql, strlen(sql)))
		die(db, sql);
	return s;
}

static void open_payer(struct payer *p, uint64_t seed)
{
	char sql[1024];

	p->db = mysql_init(NULL);
	if (!p->db || !mysql_real_connect(p->db, NULL, "root", NULL, p->all->schema, 0, p->all->socket, 0) ||
	    mysql_query(p->db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED") ||
	    mysql_query(p->db, "SET autocommit=0"))
		die(p->db, "connect");
	(void)snprintf(sql, sizeof(sql), "%s(?,1,1,4,201,?,?,?,?,?,1,'CNY',?,?,?,?,?,11,?)", journal_sql);
	p->select = prepare(p->db, select_sql);
	p->update = prepare(p->db, update_sql);
	p->insert = prepare(p->db, sql);
	text_init(&p->sql, malloc(SQL_BYTES), SQL_BYTES);
	text_init(&p->accounts, malloc(SQL_BYTES), SQL_BYTES);
	if (!p->sql.at || !p->accounts.at || !aim_init(&p->aim, p->all->pattern, p->all->accounts, seed))
		die(NULL, "bad arguments");
}

static MYSQL_BIND bytes(const void *at, unsigned long count)
{
	return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_BLOB, .buffer = (void *)(uintptr_t)at, .buffer_length = count};
}

static MYSQL_BIND number(int64_t *at)
{
	return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = at};
}

/* All that change the database: 0 or the server's number for what is wrong, after which the transaction is to be rolled back. */
static unsigned run(MYSQL_STMT *s, MYSQL_BIND *binds)
{
	return mysql_stmt_bind_param(s, binds) || mysql_stmt_execute(s) ? mysql_stmt_errno(s) : 0;
}

/* Locks both, low id first, and gives their balances. */
static unsigned lock_both(struct payer *p, const struct ulid ids[static 2], int64_t posted[static 2])
{
	MYSQL_BIND in[2] = {bytes(&ids[0], 16), bytes(&ids[1], 16)}, out[2];
	struct ulid id;
	int64_t balance = 0;
	unsigned bad = run(p->select, in);

	out[0] = bytes(&id, sizeof(id));
	out[1] = number(&balance);
	if (bad)
		return bad;
	if (mysql_stmt_bind_result(p->select, out) || mysql_stmt_store_result(p->select))
		return mysql_stmt_errno(p->select);
	while (mysql_stmt_fetch(p->select) == 0)
		posted[ulid_equal(&id, &ids[1])] = balance;
	return mysql_stmt_free_result(p->select) ? mysql_stmt_errno(p->select) : 0;
}

static unsigned insert(struct payer *p, const struct ulid ids[static 2], const int64_t posted[static 2], int64_t seq)
{
	int64_t after[2] = {posted[0] - 1, posted[1] + 1}, now = (int64_t)tally_now_us();
	uint64_t random[10];
	char reference[32];
	int n = snprintf(reference, sizeof(reference), "order-%lld", (long long)seq);

	for (unsigned i = 0; i < 10; i++)
		random[i] = aim_random(&p->aim.random);
	return run(p->insert,
	    (MYSQL_BIND[]){number(&seq), bytes(random, 32), bytes(random + 4, 32), bytes(random + 8, 16),
		bytes(&ids[0], 16), bytes(&ids[1], 16), number(&after[0]), number(&after[1]),
		bytes(reference, (unsigned long)n), bytes(body, sizeof(body) - 1), number(&now), number(&seq)});
}

static unsigned pay_one(struct payer *p)
{
	int64_t posted[2] = {0, 0}, change[2] = {-1, 1}, seq = (int64_t)atomic_fetch_add(&p->all->next_seq, 1);
	struct ulid ids[2];
	uint64_t i, j;
	unsigned bad;

	aim_draw(&p->aim, &i, &j);
	aim_id(i, &ids[0]);
	aim_id(j, &ids[1]);
	bad = lock_both(p, ids, posted);
	for (unsigned k = 0; k < 2 && !bad; k++)
		bad = run(p->update, (MYSQL_BIND[]){number(&change[k]), number(&seq), bytes(&ids[k], 16)});
	if (!bad)
		bad = insert(p, ids, posted, seq);
	return !bad && mysql_commit(p->db) ? mysql_errno(p->db) : bad;
}

static void put_row(struct payer *p, uint64_t seq, const struct ulid ids[static 2])
{
	uint64_t random[10];

	for (unsigned i = 0; i < 10; i++)
		random[i] = aim_random(&p->aim.random);
	text_puts(&p->sql, p->sql.used ? "," : journal_sql);
	text_puts(&p->sql, "(");
	text_put_u64(&p->sql, seq);
	text_puts(&p->sql, ",1,1,4,201,");
	text_put_hex(&p->sql, random, 32);
	text_puts(&p->sql, ",");
	text_put_hex(&p->sql, random + 4, 32);
	text_puts(&p->sql, ",");
	text_put_hex(&p->sql, random + 8, 16);
	for (unsigned k = 0; k < 2; k++) {
		text_puts(&p->sql, ",");
		text_put_hex(&p->sql, &ids[k], 16);
	}
	text_puts(&p->sql, ",1,'CNY',0,0,'order-1234567','");
	text_puts(&p->sql, body);
	text_puts(&p->sql, "',1,11,");
	text_put_u64(&p->sql, seq);
	text_puts(&p->sql, ")");
}

/* The balances of a whole batch in one statement: an INSERT that never inserts. */
static void put_account(struct payer *p, const struct ulid *id, const char *change, uint64_t seq)
{
	text_puts(&p->accounts,
	    p->accounts.used ? ",("
			     : "INSERT INTO account (id, kind, status, currency, posted, pending_in, pending_out, "
			       "last_seq, created_us, metadata) VALUES (");
	text_put_hex(&p->accounts, id, 16);
	text_puts(&p->accounts, ",1,0,'CNY',");
	text_puts(&p->accounts, change);
	text_puts(&p->accounts, ",0,0,");
	text_put_u64(&p->accounts, seq);
	text_puts(&p->accounts, ",1,'{}')");
}

static unsigned pay_bulk(struct payer *p)
{
	uint64_t seq = atomic_fetch_add(&p->all->next_seq, p->all->items), i, j;
	struct ulid ids[2];

	text_clear(&p->sql);
	text_clear(&p->accounts);
	for (unsigned k = 0; k < p->all->items; k++) {
		aim_draw(&p->aim, &i, &j);
		aim_id(i, &ids[0]);
		aim_id(j, &ids[1]);
		put_row(p, seq + k, ids);
		put_account(p, &ids[0], "-1", seq + k);
		put_account(p, &ids[1], "1", seq + k);
	}
	text_puts(&p->accounts, " ON DUPLICATE KEY UPDATE posted=posted+VALUES(posted), last_seq=VALUES(last_seq)");
	if (mysql_real_query(p->db, p->accounts.at, p->accounts.used) ||
	    mysql_real_query(p->db, p->sql.at, p->sql.used) || mysql_commit(p->db))
		return mysql_errno(p->db);
	return 0;
}

static void *work(void *arg)
{
	struct payer *p = arg;
	struct rawpay *r = p->all;
	uint64_t begun_us;
	unsigned bad;

	while ((begun_us = tally_now_us()) < r->tally.until_us) {
		while ((bad = r->items > 1 ? pay_bulk(p) : pay_one(p)) == ER_LOCK_DEADLOCK) {
			(void)mysql_rollback(p->db);
			atomic_fetch_add(&r->deadlocks, 1);
		}
		if (bad)
			die(p->db, "a payment failed");
		(void)pthread_mutex_lock(&r->lock);
		tally_add(&r->tally, true, begun_us, tally_now_us());
		(void)pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

static void take_options(struct rawpay *r, int argc, char **argv)
{
	static const struct option options[] = {{"socket", 1, NULL, 'S'}, {"schema", 1, NULL, 'd'},
	    {"connections", 1, NULL, 'c'}, {"accounts", 1, NULL, 'n'}, {"pattern", 1, NULL, 'z'},
	    {"seconds", 1, NULL, 's'}, {"warm", 1, NULL, 'w'}, {"items", 1, NULL, 'i'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'S': r->socket = optarg; break;
		case 'd': r->schema = optarg; break;
		case 'c': r->connections = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': r->accounts = strtoull(optarg, NULL, 10); break;
		case 'z': r->pattern = optarg; break;
		case 's': r->seconds = strtoull(optarg, NULL, 10); break;
		case 'w': r->warm = strtoull(optarg, NULL, 10); break;
		case 'i': r->items = (unsigned)strtoul(optarg, NULL, 10); break;
		default: exit(2);
		}
}

static void read_next_seq(struct rawpay *r, MYSQL *db)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;

	if (mysql_query(db, "SELECT COALESCE(MAX(seq),0)+1 FROM journal") == 0)
		rows = mysql_store_result(db);
	if (!rows)
		die(db, "journal");
	row = mysql_fetch_row(rows);
	atomic_store(&r->next_seq, row && row[0] ? strtoull(row[0], NULL, 10) : 1);
	mysql_free_result(rows);
}

int main(int argc, char **argv)
{
	static struct rawpay r = {.schema = "holdfast_bench",
	    .pattern = "uniform",
	    .connections = 128,
	    .items = 1,
	    .accounts = 10000,
	    .seconds = 10,
	    .warm = 2};
	static struct payer payers[THREADS_MAX];
	static pthread_t threads[THREADS_MAX];
	char more[80];

	take_options(&r, argc, argv);
	if (optind != argc || !r.connections || r.connections > THREADS_MAX || !r.items || r.items > ITEMS_MAX ||
	    pthread_mutex_init(&r.lock, NULL) || mysql_library_init(0, NULL, NULL))
		die(NULL, "bad arguments");
	for (unsigned i = 0; i < r.connections; i++) {
		payers[i].all = &r;
		open_payer(&payers[i], tally_now_us() + i * UINT64_C(0x100000001b3));
	}
	read_next_seq(&r, payers[0].db);
	if (!tally_init(&r.tally, r.warm * 1000000, r.seconds * 1000000))
		die(NULL, "out of memory");
	for (unsigned i = 0; i < r.connections; i++)
		if (pthread_create(&threads[i], NULL, work, &payers[i]))
			die(NULL, "threads");
	for (unsigned i = 0; i < r.connections; i++)
		(void)pthread_join(threads[i], NULL);
	(void)snprintf(
	    more, sizeof(more), "\"items\":%u,\"deadlocks\":%llu,", r.items, (unsigned long long)r.deadlocks);
	tally_print(&r.tally, more);
	return 0;
}
