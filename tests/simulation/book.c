#include "tests/simulation/ledger.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "tests/simulation/world.h"

void book_init(struct book *b)
{
	memset(b, 0, sizeof(*b));
	b->next_tx = 1;
}

void book_copy(struct book *b, const struct book *of)
{
	size_t used = of->next_tx * sizeof(uint32_t);

	memcpy(b, of, offsetof(struct book, placed));
	memcpy(b->placed, of->placed, used);
	memcpy(b->before, of->before, used);
	memcpy(b->last_try, of->last_try, used);
	memcpy(b->exported, of->exported, sizeof(b->exported));
	memcpy(b->own, of->own, sizeof(b->own));
}

uint32_t book_new_tx(struct book *b)
{
	assert(b->next_tx < BOOK_TX_MAX);
	b->placed[b->next_tx] = b->before[b->next_tx] = b->last_try[b->next_tx] = 0;
	return b->next_tx++;
}

void book_export(struct book *b, uint32_t tx)
{
	b->exported[tx / 8] |= (uint8_t)(1u << tx % 8);
}

static bool is_exported(const struct book *b, uint32_t tx)
{
	return b->exported[tx / 8] >> tx % 8 & 1;
}

void book_lose(struct world *w, unsigned at, unsigned index)
{
	const struct tx *t = &w->member[at].db.server.log[index];
	const struct mariadb *other = &w->member[1 - at].db.server;

	if (is_exported(&w->book, t->id) || (index < other->received && other->log[index].id == t->id))
		return;
	world_broken(w, "%c throws transaction %u away, which nobody else has and nobody saved", "ab"[at], t -> seq);
}

void book_note_own(struct world *w, unsigned at)
{
	struct book *b = &w->book;

	b->own[at].length = b->must;
	b->own[at].chain = b->must_chain;
	b->own[at].token = w->member[at].db.token.token;
}

void book_accept_loss(struct world *w, unsigned at)
{
	const struct mariadb *m = &w->member[at].db.server;
	struct book *b = &w->book;

	if (token_equal(&b->own[at].token, &w->member[at].db.token.token) &&
	    !mariadb_holds(m, b->own[at].length, b->own[at].chain))
		world_broken(w, "the role is forced upon %c, which has not what it answered itself", "ab"[at]);
	if (mariadb_holds(m, b->must, b->must_chain))
		return;
	b->given_up += b->must > m->received ? b->must - m->received : 0;
	b->must = b->must < m->received ? b->must : m->received;
	b->must_chain = mariadb_chain(m, b->must);
}

void book_check_copy(struct world *w, unsigned at)
{
	const struct database *d = &w->member[at].db;
	const struct hb_record *r = &w->newest;

	if (!database_has_token(d))
		return;
	if (!mariadb_holds(&d->server, d->server.acknowledged, d->server.acknowledged_chain))
		world_broken(w, "%c has acknowledged %u transactions, holds %u, and keeps its token", "ab"[at],
		    d -> server.acknowledged, d->server.received);
	if (hb_in_sync(r, (uint8_t)at) && token_equal(&d->token.token, &r->token[at]) &&
	    !mariadb_holds(&d->server, w->book.must, w->book.must_chain))
		world_broken(w, "%c counts as a copy, but what was answered is not there", "ab"[at]);
}
