/*
 * What the ledger's connection does with rows whose transaction is gone (R12): against a real mariadbd, by the statements that the ledger
 * prepares.
 *
 * fence_helper SOCKET gone|old|whole: one batch of one operation and one account, with the transaction ended in front of its rows, behind a fence
 * that does not fit, or as it is. Prints "sent CODE", where CODE is 0 or the name of an errno, and "committed" when it was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/row.h"
#include "gateway/store.h"

#define ROWS_BYTES 1024
#define NULLS_OF_JOURNAL 18 /* what only some operations have */

static void put_journal(struct text *rows, const struct head *next)
{
	const unsigned char hash[32] = {7};

	bulk_put_u64(rows, next->next_seq - 1);
	bulk_put_u64(rows, 1); /* principal */
	bulk_put_u64(rows, next->batch_seq);
	bulk_put_u64(rows, 2);
	bulk_put_u64(rows, 201);
	bulk_put_bytes(rows, hash, sizeof(hash));
	bulk_put_bytes(rows, hash, sizeof(hash));
	for (unsigned i = 0; i < NULLS_OF_JOURNAL; i++)
		bulk_put_null(rows);
	bulk_put_bytes(rows, "{}", 2);
	bulk_put_u64(rows, next->last_us);
}

static int send_batch(struct store *s, const char *how, struct errbuf *e)
{
	static char journal_room[ROWS_BYTES], balance_room[ROWS_BYTES];
	struct account account = {.id.byte = {9}, .kind = 1, .currency = "CNY"};
	char rollback[] = "ROLLBACK";
	const struct text statement = {.at = rollback, .size = sizeof(rollback), .used = strlen(rollback)};
	struct text journal, balances;
	struct head old, next;
	int code = store_read_head(s, &old, e);

	if (code)
		return code;
	next = old;
	next.batch_seq++;
	next.next_seq++;
	next.last_us++;
	text_init(&journal, journal_room, sizeof(journal_room));
	text_init(&balances, balance_room, sizeof(balance_room));
	put_journal(&journal, &next);
	account.last_seq = old.next_seq;
	account.created_us = 1;
	row_put_balances(&balances, &account);
	if (strcmp(how, "old") == 0)
		old.epoch++;
	store_begin(s, &old, &next);
	if (strcmp(how, "gone") == 0)
		store_add(s, &statement);
	store_add_rows(s, &row_balances, &balances);
	store_add_rows(s, &row_journal, &journal);
	return store_send(s, e);
}

int main(int argc, char **argv)
{
	struct store *s = argc == 3 ? store_new(argv[1], "root") : NULL;
	struct errbuf e = {""};
	struct landed landed;
	int code;

	if (!s || store_connect(s, &e) || row_prepare(s, &e)) {
		(void)fprintf(stderr, "fence_helper: %s\n", e.text);
		return 2;
	}
	code = send_batch(s, argv[2], &e);
	(void)printf("sent %s\n", code ? strerrorname_np(-code) : "0");
	if (code)
		(void)fprintf(stderr, "%s\n", e.text);
	if (code)
		store_rollback(s);
	else if (store_commit(s, &landed, &e) == 0)
		(void)puts("committed");
	store_free(s);
	return 0;
}
