#include "tests/differential/side_batch.h"

#include "gateway/batch_parts.h"
#include "gateway/items.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A row of a batch or of one of its items. */
struct kept {
	struct kept *next;
	unsigned key;
	struct stored row;
};

static const uint8_t secrets[3][HASH_BYTES] = {[KEY] = {1}, [POOR_KEY] = {2}, [SESSION] = {3}};
static struct batch_tools tools;
static struct plan plan;
static struct kept *kept;
static struct request *request;

void side_batch_clear(void)
{
	while (kept) {
		struct kept *k = kept;

		kept = k->next;
		free((void *)(uintptr_t)k->row.body);
		free(k);
	}
}

/* index: of an item; -1: of the batch itself, as side.c has it. */
static void key_hash(unsigned key, int index, uint8_t ret[static HASH_BYTES])
{
	memset(ret, 0, HASH_BYTES);
	memcpy(ret, &key, sizeof(key));
	if (index < 0)
		return;
	ret[sizeof(key)] = '#';
	memcpy(ret + sizeof(key) + 1, &index, sizeof(index));
}

static void fill_image(const struct side *s, unsigned key, const struct stored *twin)
{
	struct image *image = tools.image;
	struct stored row;

	image_clear(image);
	for (int i = 0; i < s->accounts; i++) {
		struct account a = s->account[i];

		a.created_us =
		    a.created_us ? a.created_us : 1; /* the ledger's own: found by whoever names them, here */
		if (!image_add_account(image, &a, NULL, 0))
			abort();
	}
	for (int who = KEY; who <= POOR_KEY; who++) {
		struct principal p = s->who[who];

		memcpy(p.secret_hash, secrets[who], HASH_BYTES);
		(void)image_add_principal(image, &p);
	}
	struct session session = {
	    .principal = s->who[SESSION].id, .user = s->who[SESSION].user, .expires_us = s->who[SESSION].expires_us};
	memcpy(session.token_hash, secrets[SESSION], HASH_BYTES);
	(void)image_add_session(image, &session);
	for (const struct kept *k = kept; k; k = k->next)
		if (k->key == key)
			(void)image_add_stored(image, &k->row);
	if (twin->status && twin->kind != OP_TRANSFER_BATCH) {
		row = *twin;
		row.principal = s->who[key < STEPS_MAX / 2 ? KEY : SESSION].id;
		key_hash(key, -1, row.key_hash);
		(void)image_add_stored(image, &row);
	}
}

static void make_request(const struct side *s, const struct step *p, const struct legs *legs, unsigned key)
{
	static char items[LEGS_MAX * sizeof(struct item)];
	struct op_message m = {.op = {.kind = OP_TRANSFER_BATCH,
				   .atomic = legs->atomic,
				   .by_session = p->who == SESSION,
				   .item_count = (uint32_t)legs->count}};
	size_t used = 0;

	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		m.text[i] = "";
	for (int i = 0; i < legs->count; i++) {
		const struct leg *l = &legs->leg[i];
		struct item item = {.amount = l->amount};

		if (l->from != NOTHING)
			item.from = s->account[l->from].id;
		if (l->to != NOTHING)
			item.to = s->account[l->to].id;
		memcpy(item.currency, l->currency ? "JPY" : "CNY", sizeof(item.currency));
		key_hash(key, i, item.key_hash);
		items_put(items + used, &item, "", "");
		used += items_bytes(&item);
	}
	m.text[OP_TEXT_ITEMS] = items;
	m.op.text_bytes[OP_TEXT_ITEMS] = (uint32_t)used;
	memcpy(m.op.secret_hash, secrets[p->who], HASH_BYTES);
	key_hash(key, -1, m.op.key_hash);
	(void)crypto_generichash(m.op.fingerprint, HASH_BYTES, (const unsigned char *)p, sizeof(*p), NULL, 0);
	request_free(request);
	request = request_new(&m);
	if (!request)
		abort();
}

/* A row that is new goes to where the database would have it. */
static const struct stored *keep(struct side *s, const struct step *p, unsigned key, int index)
{
	uint8_t hash[HASH_BYTES];
	const struct stored *row;
	struct kept *k;
	char *body;

	key_hash(key, index, hash);
	row = image_stored(tools.image, s->who[p->who].id, hash);
	if (!row || row->seq < s->next_seq)
		return NULL;
	k = calloc(1, sizeof(*k));
	body = malloc(row->body_bytes + 1);
	if (!k || !body)
		abort();
	memcpy(body, row->body, row->body_bytes);
	*k = (struct kept){.next = kept, .key = key, .row = *row};
	k->row.body = body;
	kept = k;
	return &k->row;
}

static void keep_all(struct side *s, const struct step *p, const struct legs *legs, unsigned key)
{
	const struct stored *row;

	for (int i = 0; i < legs->count; i++) {
		const struct leg *l = &legs->leg[i];
		struct transfer *t = &s->transfer[s->transfers];

		row = keep(s, p, key, i);
		if (!row || row->status != 201)
			continue;
		s->transfers++;
		*t = (struct transfer){
		    .id = row->id, .from = s->account[l->from].id, .to = s->account[l->to].id, .amount = l->amount};
		memcpy(t->currency, row->currency, sizeof(t->currency));
	}
	row = keep(s, p, key, -1);
	if (row) { /* for other requests with this key */
		s->stored[key] = *row;
		s->stored[key].body = s->bodies[key];
		s->stored[key].body_bytes = 0;
	}
	for (int i = 0; i < s->accounts; i++) {
		char *metadata = s->account[i].metadata;

		s->account[i] = *image_account(tools.image, &s->account[i].id);
		s->account[i].metadata = metadata;
	}
}

void side_batch_decide(struct side *s, const struct step *p, const struct legs *legs, unsigned key, uint64_t now_us,
    struct side_batch *ret)
{
	struct errbuf e = {""};

	if (!tools.image) {
		tools.image = image_new();
		if (!tools.image || batch_tools_init(&tools))
			abort();
	}
	fill_image(s, key, &s->stored[key]);
	make_request(s, p, legs, key);
	text_clear(&tools.journal);
	tools.next_expiry_us = UINT64_MAX; /* every hold that has expired was let go */
	tools.head = (struct head){.next_seq = s->next_seq, .next_event = s->next_event, .last_us = now_us};
	memset(&plan, 0, sizeof(plan));
	plan.next = tools.head;
	plan.mark = ++tools.mark;
	*ret = (struct side_batch){.code = transferbatch_decide(&tools, &plan, request, &e), .body = ""};
	if (ret->code)
		return;
	request->body[request->answer.body_bytes] = '\0'; /* query_fill_text leaves room */
	ret->body = request->body;
	ret->status = request->answer.status;
	ret->replayed = request->answer.replayed;
	ret->rows = (int)plan.row_count;
	ret->events = (int)(plan.next.next_event - s->next_event);
	if (plan.next.next_seq - s->next_seq != plan.row_count)
		ret->code = 1; /* a gap in the journal */
	for (size_t i = 0; i < plan.touched_count; i++)
		ret->touched |= UINT64_C(1) << side_index(s, &plan.touched[i]->id);
	keep_all(s, p, legs, key);
	s->next_seq = plan.next.next_seq;
	s->next_event = plan.next.next_event;
}
