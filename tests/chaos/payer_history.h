/* The history: one JSON object a line, appended while the load runs, read back by `verify`, `gap` and tests/chaos/check. Its lines, by "e":
 *   start load stop end   wall_us mono_us: the load begins, its accounts have their money, nothing new is begun, all is answered
 *   op                    key kind [from] [to] amount mono_us [due_us]: a client decides to do this; its first attempt follows
 *   try                   key client n [replay] ANSWER [replayed] [body]: one attempt; replay: one more after a definitive answer
 *   giveup                key mono_us: no definitive answer, and no further attempt
 *   read                  account client ANSWER [posted]: its balance
 *   entries               account client limit ANSWER [entries]: its newest entries, [position, amount, balance after] each
 *   look                  key client ANSWER [state]: what became of a key, of anybody's
 * ANSWER: sent_us got_us wall_us status (0: none came, and error says why) [seq, the Ledger-Seq]. Times in _us are CLOCK_MONOTONIC of the
 * host of the load, wall_us is CLOCK_REALTIME. due_us: when an open loop wanted it to begin. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_HISTORY_H
#define HOLDFAST_TESTS_CHAOS_PAYER_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "tests/chaos/payer_http.h"

enum payer_kind { PAYER_ACCOUNT, PAYER_TOPUP, PAYER_TRANSFER, PAYER_KINDS };

/* Per kind: its word in the history, route, and the members of its body that name the two sides (NULL none).
 */
struct payer_kind_row {
	const char *word, *route, *from, *to;
};
extern const struct payer_kind_row payer_kinds[PAYER_KINDS];

struct history;

/* 0, or -errno with *e filled. Replaces an older file. */
int history_create(const char *path, struct history **ret, struct errbuf *e);

/* Lines may be added by all threads. Text and numbers are copied. */
void history_mark(struct history *h, const char *event); /* start, load, stop, end */
struct history_op {
	const char *key;
	enum payer_kind kind;
	const char *from, *to;	 /* NULL: none */
	uint64_t amount, due_us; /* due_us 0: not in an open loop */
};
void history_op(struct history *h, const struct history_op *op);
void history_try(
    struct history *h, const char *key, unsigned client, unsigned attempt, bool replay, const struct http_answer *a);
void history_give_up(struct history *h, const char *key);
void history_read(struct history *h, const char *account, unsigned client, const struct http_answer *a);

void history_entries(
    struct history *h, const char *account, unsigned client, unsigned limit, const struct http_answer *a);
void history_look(struct history *h, const char *key, unsigned client, const struct http_answer *a);

/* False when a line could not be written (disk full): then the history proves nothing. */
bool history_flush(struct history *h);
bool history_close(struct history *h);

#endif
