/* The history: one JSON object a line, written while the load runs, read back by `verify` and `gap`. */
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
void history_op(
    struct history *h, const char *key, enum payer_kind kind, const char *from, const char *to, uint64_t amount);
void history_try(
    struct history *h, const char *key, unsigned client, unsigned attempt, bool replay, const struct http_answer *a);
void history_give_up(struct history *h, const char *key);
void history_read(struct history *h, const char *account, unsigned client, const struct http_answer *a);

/* False when a line could not be written (disk full): then the history proves nothing. */
bool history_flush(struct history *h);
bool history_close(struct history *h);

#endif
