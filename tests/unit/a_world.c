#include "tests/unit/a_world.h"

#include <stdio.h>
#include <string.h>

uint64_t world_dice(struct world *w, uint64_t below)
{
	w->die ^= w->die >> 12;
	w->die ^= w->die << 25;
	w->die ^= w->die >> 27;
	return w->die * UINT64_C(2685821657736338717) % below;
}

static struct ulid id_of(uint8_t kind, size_t number)
{
	return (struct ulid){{1, kind, (uint8_t)(number >> 8), (uint8_t)number}};
}

/* The clearing account comes last. */
static void add_accounts(struct world *w)
{
	for (size_t a = 0; a <= WORLD_ACCOUNTS; a++) {
		w->balance[0][a] =
		    (struct dump_account){.id = id_of(1, a), .currency = "CNY", .kind = a == WORLD_ACCOUNTS ? 3 : 1};
		if (a < WORLD_ACCOUNTS)
			w->account[a].id = id_format("acc_", &w->balance[0][a].id, w->id[a]);
	}
}

/* The interval of something that takes effect now, by a client that is free. */
static unsigned interval(struct world *w, uint64_t *sent_us, uint64_t *got_us)
{
	unsigned client = (unsigned)world_dice(w, WORLD_CLIENTS);

	w->now_us += 20;
	*sent_us = w->free_us[client] < w->now_us ? w->free_us[client] + world_dice(w, w->now_us - w->free_us[client])
						  : w->now_us;
	while (w->free_us[client] >= w->now_us)
		w->now_us = w->free_us[client] + 1;
	*got_us = w->now_us + world_dice(w, 50);
	w->free_us[client] = *got_us + 1;
	return client;
}

static void move(struct world *w, struct record_op *op, struct dump_row *row)
{
	struct dump_account *from = &w->balance[0][op->from == NO_ACCOUNT ? WORLD_ACCOUNTS : op->from],
			    *to = &w->balance[0][op->to];

	from->posted -= (int64_t)op->amount;
	to->posted += (int64_t)op->amount;
	from->last_seq = to->last_seq = w->seq;
	*row = (struct dump_row){.seq = w->seq,
	    .event_seq = w->seq - 7,
	    .id = id_of(2, (size_t)w->seq),
	    .debit = from->id,
	    .credit = to->id,
	    .has_id = true,
	    .moves = true,
	    .kind = op->kind == PAYER_TOPUP ? 3 : 4,
	    .status = 201,
	    .amount = (int64_t)op->amount,
	    .debit_after = from->posted,
	    .credit_after = to->posted,
	    .currency = "CNY"};
	(void)snprintf(row->reference, sizeof(row->reference), "%s", op->key);
	(void)id_format(op->kind == PAYER_TOPUP ? "top_" : "tr_", &row->id, op->id);
}

static void pay(struct world *w)
{
	struct record_op *op = &w->op[w->r.ops];
	struct dump_row *row = &w->row[0][w->d[0].rows++];
	size_t from = world_dice(w, WORLD_ACCOUNTS);

	(void)snprintf(w->key[w->r.ops], sizeof(w->key[0]), "k%zu", w->r.ops);
	*op = (struct record_op){.key = w->key[w->r.ops++], .kind = PAYER_TRANSFER, .from = from, .status = 201};
	op->to = (from + 1 + world_dice(w, WORLD_ACCOUNTS - 1)) % WORLD_ACCOUNTS;
	op->amount = 1 + world_dice(w, 900);
	if (w->r.ops <= 2 * WORLD_ACCOUNTS) {
		op->kind = PAYER_TOPUP;
		op->from = NO_ACCOUNT;
		op->to = w->r.ops % WORLD_ACCOUNTS;
		op->amount = 1000 + world_dice(w, 1000);
	}
	(void)interval(w, &op->sent_us, &op->got_us);
	op->ledger_seq = ++w->seq;
	if (op->kind == PAYER_TRANSFER && w->balance[0][from].posted < (int64_t)op->amount) {
		op->status = 402;
		*row = (struct dump_row){.seq = w->seq, .kind = 4, .status = 402};
		row->event_seq = 0;
		return;
	}
	move(w, op, row);
	if (world_dice(w, 12) == 0) { /* nobody ever heard of it */
		op->status = 0;
		op->got_us = op->ledger_seq = 0;
		*op->id = '\0';
	}
}

static void read_balance(struct world *w)
{
	struct record_read *read = &w->read[w->r.reads++];

	*read = (struct record_read){.account = world_dice(w, WORLD_ACCOUNTS), .ledger_seq = w->seq};
	read->client = interval(w, &read->sent_us, &read->got_us);
	read->posted = w->balance[0][read->account].posted;
}

static void read_page(struct world *w)
{
	struct record_page *p = &w->page[w->r.pages++];

	*p = (struct record_page){.account = world_dice(w, WORLD_ACCOUNTS), .ledger_seq = w->seq, .limit = 3};
	p->client = interval(w, &p->sent_us, &p->got_us);
	for (size_t i = w->d[0].rows; i-- > 0 && p->entries < p->limit;) {
		const struct dump_row *row = &w->row[0][i];
		bool out = ulid_equal(&row->debit, &w->balance[0][p->account].id);

		if (row->moves && (out || ulid_equal(&row->credit, &w->balance[0][p->account].id)))
			p->entry[p->entries++] = (struct record_entry){
			    row->seq, out ? -row->amount : row->amount, out ? row->debit_after : row->credit_after};
	}
}

static void look_up(struct world *w)
{
	struct record_look *look = &w->look[w->r.looks++];

	*look = (struct record_look){.op = world_dice(w, w->r.ops), .ledger_seq = w->seq, .completed = true};
	look->client = interval(w, &look->sent_us, &look->got_us);
}

static void number_events(struct world *w)
{
	uint64_t event = 70;

	for (size_t i = 0; i < w->d[0].rows; i++)
		w->row[0][i].event_seq = w->row[0][i].moves ? event++ : 0;
	w->d[0].next_event = event;
}

static void point(struct world *w)
{
	w->r.op = w->op;
	w->r.read = w->read;
	w->r.page = w->page;
	w->r.look = w->look;
	w->r.account = w->account;
	w->r.accounts = WORLD_ACCOUNTS;
	for (int side = 0; side < 2; side++) {
		w->d[side].row = w->row[side];
		w->d[side].account = w->balance[side];
		w->d[side].accounts = WORLD_ACCOUNTS + 1;
		w->d[side].next_seq = w->seq + 1;
	}
}

void world_make(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->die = seed * 2654435761 + 1;
	w->seq = WORLD_AFTER;
	w->now_us = 100;
	for (int i = 0; i < WORLD_CLIENTS; i++)
		w->free_us[i] = 50; /* 0 would be: it was never sent */
	add_accounts(w);
	while (w->r.ops < WORLD_OPS) {
		pay(w);
		if (w->r.reads < WORLD_READS && world_dice(w, 2))
			read_balance(w);
		if (w->r.pages < WORLD_READS && world_dice(w, 4) == 0)
			read_page(w);
		if (w->r.looks < WORLD_READS && world_dice(w, 4) == 0)
			look_up(w);
	}
	number_events(w);
	w->d[0].sum[0] = (struct dump_sum){"journal", 17};
	w->d[0].sums = 1;
	w->d[1] = w->d[0];
	memcpy(w->row[1], w->row[0], sizeof(w->row[0]));
	memcpy(w->balance[1], w->balance[0], sizeof(w->balance[0]));
	point(w);
	w->f = findings_new(NULL);
}
