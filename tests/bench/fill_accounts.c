/*
 * For tests/bench/throughput: accounts with money, and a long history, put into a ledger's schema by bulk SQL so that everything still
 * adds up: fill_accounts --socket S --schema D --accounts N --rows M makes what is lacking of the first N accounts, and payments until the journal
 * has M rows. The head is changed once, at the end: a ledger that is up, and idle, finds another one then and reads everything anew.
 */
#include <getopt.h>
#include <mysql.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/text.h"
#include "tests/bench/aim.h"

#define SQL_BYTES (8 * 1024 * 1024)
#define ROWS_EACH 2000
#define BLOCK 200 /* accounts that pay each other in one transaction */
#define BALANCE INT64_C(1000000000)
#define CLEARING "bank"

struct fill {
	const char *socket, *schema;
	uint64_t accounts, rows, random;
	MYSQL *db;
	struct ulid clearing;
	uint64_t batch_seq, first_seq, next_seq, next_event, principal;
	struct text journal, account;
};

static const char journal_sql[] =
    "INSERT INTO journal (seq, principal, batch_seq, kind, status, key_hash, fingerprint, public_id, debit, credit, "
    "amount, "
    "currency, debit_after, credit_after, channel, channel_reference, event, event_seq, body, created_us) VALUES ";
static const char account_sql[] =
    "INSERT INTO account (id, kind, status, currency, channel, posted, pending_in, pending_out, min_balance, "
    "last_seq, created_us, metadata) VALUES ";
static const char filler[] = "\",\"status\":\"posted\","
			     "\"from\":\"acc_01KA0000000000000000000000\","
			     "\"to\":\"acc_01KA0000000000000000000000\",\"amount\":1,\"currency\":\"CNY\","
			     "\"reference\":\"order-1234567\",\"metadata\":{},"
			     "\"reversed_by\":null,\"created_at\":\"2026-01-01T00:00:00.000000Z\"}";

static void die(const struct fill *f, const char *what)
{
	(void)fprintf(stderr, "fill_accounts: %s: %s\n", what, f->db ? mysql_error(f->db) : "");
	exit(1);
}

static void run(struct fill *f, const char *sql, size_t count)
{
	if (mysql_real_query(f->db, sql, count))
		die(f, "statement");
}

static void run_text(struct fill *f, const char *sql)
{
	run(f, sql, strlen(sql));
}

/* The number in the only row, 0 when there is none. */
static int64_t ask(struct fill *f, const char *sql)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;
	int64_t v;

	run_text(f, sql);
	rows = mysql_store_result(f->db);
	if (!rows)
		die(f, "answer");
	row = mysql_fetch_row(rows);
	v = row && row[0] ? strtoll(row[0], NULL, 10) : 0;
	mysql_free_result(rows);
	return v;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void put_u64s(struct text *t, unsigned count, const uint64_t *v)
{
	for (unsigned i = 0; i < count; i++) {
		text_puts(t, i ? "," : "");
		text_put_u64(t, v[i]);
	}
}

/* As the ledger makes it: gateway/batch.c, clearing_id. */
static void make_clearing_id(struct ulid *ret)
{
	unsigned char hash[crypto_generichash_BYTES];
	static const unsigned char name[] = CLEARING "/CNY";

	(void)crypto_generichash(hash, sizeof(hash), name, sizeof(name) - 1, NULL, 0);
	ulid_make(0, hash, ret);
}

static void put_account(struct fill *f, const struct ulid *id, bool clearing, int64_t change, uint64_t seq)
{
	text_puts(&f->account, f->account.used ? ",(" : account_sql);
	text_puts(&f->account, f->account.used == sizeof(account_sql) - 1 ? "(" : "");
	text_put_hex(&f->account, id, sizeof(*id));
	text_puts(&f->account, clearing ? ",3,0,'CNY','" CLEARING "'," : ",1,0,'CNY',NULL,");
	text_put_i64(&f->account, change);
	text_puts(&f->account, clearing ? ",0,0,NULL," : ",0,0,0,");
	put_u64s(&f->account, 2, (uint64_t[]){seq, now_us()});
	text_puts(&f->account, ",'{}')");
}

/* A top-up of account `to` when `from` is the clearing account, else a transfer. */
static void put_row(struct fill *f, const struct ulid *from, const struct ulid *to, int64_t amount, int64_t from_after,
    int64_t to_after)
{
	bool topup = ulid_equal(from, &f->clearing);
	uint64_t random[10];
	char name[ID_TEXT_BYTES];
	struct ulid id;
	struct text *t = &f->journal;

	for (unsigned i = 0; i < 10; i++)
		random[i] = aim_random(&f->random);
	text_puts(t, t->used ? "," : journal_sql);
	text_puts(t, "(");
	put_u64s(t, 5, (uint64_t[]){f->next_seq, f->principal, f->batch_seq, topup ? 3 : 4, 201});
	text_puts(t, ",");
	text_put_hex(t, random, 32);
	text_puts(t, ",");
	text_put_hex(t, random + 4, 32);
	text_puts(t, ",");
	text_put_hex(t, random + 8, 16);
	text_puts(t, ",");
	text_put_hex(t, from, 16);
	text_puts(t, ",");
	text_put_hex(t, to, 16);
	text_puts(t, ",");
	text_put_i64(t, amount);
	text_puts(t, ",'CNY',");
	text_put_i64(t, from_after);
	text_puts(t, ",");
	text_put_i64(t, to_after);
	text_puts(t, topup ? ",'" CLEARING "','fill-" : ",NULL,NULL,");
	if (topup) {
		text_put_u64(t, f->next_seq);
		text_puts(t, "',7,");
	} else {
		text_puts(t, "11,");
	}
	text_put_u64(t, f->next_event++);
	memcpy(&id, random + 8, sizeof(id));
	text_puts(t, topup ? ",'{\"object\":\"topup\",\"id\":\"" : ",'{\"object\":\"transfer\",\"id\":\"");
	text_puts(t, id_format(topup ? "top_" : "tr_", &id, name));
	text_puts(t, filler);
	text_puts(t, "',");
	text_put_u64(t, now_us());
	text_puts(t, ")");
	f->next_seq++;
}

static void begin(struct fill *f)
{
	text_clear(&f->journal);
	text_clear(&f->account);
	run_text(f, "START TRANSACTION");
}

static void commit(struct fill *f)
{
	text_puts(&f->account, " ON DUPLICATE KEY UPDATE posted=posted+VALUES(posted), last_seq=VALUES(last_seq)");
	if (f->journal.cut || f->account.cut)
		die(f, "too long");
	run(f, f->account.at, f->account.used);
	run(f, f->journal.at, f->journal.used);
	run_text(f, "COMMIT");
}

/* Everything that was put in becomes the ledger's with one change of the head. */
static void finish(struct fill *f)
{
	char sql[256];

	if (f->next_seq == f->first_seq)
		return;
	(void)snprintf(sql, sizeof(sql),
	    "UPDATE ledger_head SET batch_seq=batch_seq+1, next_seq=%llu, next_event=%llu, "
	    "last_us=GREATEST(last_us+1,%llu) "
	    "WHERE id=1 AND next_seq=%llu",
	    (unsigned long long)f->next_seq, (unsigned long long)f->next_event, (unsigned long long)now_us(),
	    (unsigned long long)f->first_seq);
	run_text(f, sql);
	if (mysql_affected_rows(f->db) != 1)
		die(f, "somebody paid meanwhile: this ledger is spoilt");
}

static bool has_account(struct fill *f, uint64_t number)
{
	char buf[128];
	struct text t;
	struct ulid id;

	aim_id(number, &id);
	text_init(&t, buf, sizeof(buf) - 1);
	text_puts(&t, "SELECT COUNT(*) FROM account WHERE id=");
	text_put_hex(&t, &id, sizeof(id));
	buf[t.used] = '\0';
	return ask(f, buf) != 0;
}

/* The first account that is not there; they are made in order. */
static uint64_t first_missing(struct fill *f)
{
	uint64_t low = 0, high = f->accounts;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (has_account(f, middle))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void fill_accounts(struct fill *f)
{
	for (uint64_t at = first_missing(f); at < f->accounts;) {
		uint64_t n = f->accounts - at < ROWS_EACH ? f->accounts - at : ROWS_EACH;
		int64_t clearing;

		begin(f);
		clearing = ask(f, "SELECT posted FROM account WHERE channel='" CLEARING "' AND currency='CNY'");
		for (uint64_t i = 0; i < n; i++, at++) {
			struct ulid id;

			aim_id(at, &id);
			put_account(f, &id, false, BALANCE, f->next_seq);
			clearing -= BALANCE;
			put_row(f, &f->clearing, &id, BALANCE, clearing, BALANCE);
		}
		put_account(f, &f->clearing, true, -(int64_t)n * BALANCE, f->next_seq - 1);
		commit(f);
	}
}

/* Payments among the accounts of one block, whose balances are read first. */
static void fill_rows(struct fill *f)
{
	uint64_t first = f->accounts > BLOCK ? aim_random(&f->random) % (f->accounts - BLOCK) : 0;
	uint64_t n = f->accounts < BLOCK ? f->accounts : BLOCK, last_seq[BLOCK] = {0};
	int64_t posted[BLOCK], before[BLOCK];
	struct ulid id[BLOCK];
	char sql[128];

	begin(f);
	for (uint64_t i = 0; i < n; i++) {
		struct text t;

		aim_id(first + i, &id[i]);
		text_init(&t, sql, sizeof(sql) - 1);
		text_puts(&t, "SELECT posted FROM account WHERE id=");
		text_put_hex(&t, &id[i], 16);
		sql[t.used] = '\0';
		posted[i] = before[i] = ask(f, sql);
	}
	for (unsigned k = 0; k < ROWS_EACH * 2; k++) {
		uint64_t i = aim_random(&f->random) % n, j = (i + 1 + aim_random(&f->random) % (n - 1)) % n;

		posted[i]--;
		posted[j]++;
		last_seq[i] = last_seq[j] = f->next_seq;
		put_row(f, &id[i], &id[j], 1, posted[i], posted[j]);
	}
	for (uint64_t i = 0; i < n; i++)
		if (last_seq[i])
			put_account(f, &id[i], false, posted[i] - before[i], last_seq[i]);
	commit(f);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"socket", 1, NULL, 'S'}, {"schema", 1, NULL, 'd'},
	    {"accounts", 1, NULL, 'n'}, {"rows", 1, NULL, 'm'}, {NULL, 0, NULL, 0}};
	struct fill f = {.schema = "holdfast", .accounts = 10000, .random = now_us(), .principal = 1};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'S': f.socket = optarg; break;
		case 'd': f.schema = optarg; break;
		case 'n': f.accounts = strtoull(optarg, NULL, 10); break;
		case 'm': f.rows = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	text_init(&f.journal, malloc(SQL_BYTES), SQL_BYTES);
	text_init(&f.account, malloc(SQL_BYTES), SQL_BYTES);
	f.db = mysql_init(NULL);
	if (optind != argc || f.accounts < 2 || !f.journal.at || !f.account.at || sodium_init() < 0 || !f.db ||
	    !mysql_real_connect(f.db, NULL, "root", NULL, f.schema, 0, f.socket, 0))
		die(&f, "cannot begin");
	make_clearing_id(&f.clearing);
	f.first_seq = f.next_seq = (uint64_t)ask(&f, "SELECT next_seq FROM ledger_head WHERE id=1");
	f.next_event = (uint64_t)ask(&f, "SELECT next_event FROM ledger_head WHERE id=1");
	f.batch_seq = (uint64_t)ask(&f, "SELECT batch_seq FROM ledger_head WHERE id=1");
	fill_accounts(&f);
	while (f.next_seq - 1 < f.rows)
		fill_rows(&f);
	finish(&f);
	mysql_close(f.db);
	return 0;
}
