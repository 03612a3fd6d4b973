#include "tests/differential/side.h"

#include "gateway/scope.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t kinds[WHAT_END] = {OP_TOPUP_CREATE, OP_TRANSFER_CREATE, OP_TRANSFER_REVERSE, OP_PAYMENT_CREATE,
    OP_PAYMENT_CAPTURE, OP_PAYMENT_VOID, OP_PAYMENT_EXPIRE, OP_REFUND_CREATE, OP_WITHDRAWAL_CREATE,
    OP_WITHDRAWAL_CONFIRM, OP_WITHDRAWAL_FAIL, OP_ACCOUNT_FREEZE, OP_ACCOUNT_UNFREEZE, OP_ACCOUNT_CLOSE,
    OP_ACCOUNT_UPDATE, OP_ACCOUNT_CREATE, OP_TRANSFER_BATCH};

static const char *const currencies[] = {"CNY", "JPY"};

void side_clear(struct side *s)
{
	s->payments = s->withdrawals = s->transfers = 0;
	s->accounts = ACCOUNTS;
	memset(s->metadata, 0, sizeof(s->metadata));
	s->next_seq = s->next_event = 1;
	memset(s->stored, 0, sizeof(s->stored));
	memset(s->by_reference, 0, sizeof(s->by_reference));
	s->who[KEY] = (struct principal){.id = 1, .scopes = SCOPE_ALL};
	s->who[POOR_KEY] = (struct principal){.id = 1, .scopes = SCOPE_LEDGER_READ};
	s->who[SESSION] = (struct principal){.id = 2, .is_user = true, .user = {"u"}, .expires_us = UINT64_MAX};
	for (int i = 0; i < ACCOUNTS; i++) {
		bool other = i == USERS - 1 || i == CLEARING(1) || i == FEES(1);

		s->account[i] = (struct account){.kind = i < USERS     ? ACCOUNT_WALLET
							 : i < FEES(0) ? ACCOUNT_CLEARING
								       : ACCOUNT_FEE,
		    .has_min = i < USERS,
		    .created_us = i < USERS ? 1 : 0};
		s->account[i].metadata = NULL;
		s->account[i].has_owner = i < OWNED + 1;
		s->account[i].owner = (struct ulid){{i < OWNED ? 'u' : 'v'}};
		s->account[i].id.byte[15] = (uint8_t)(i + 1);
		memcpy(s->account[i].currency, currencies[other], 4);
		if (s->account[i].kind == ACCOUNT_CLEARING)
			memcpy(s->account[i].channel, "bank", 5);
	}
	text_init(&s->body, s->buf, sizeof(s->buf));
	text_init(&s->scratch, s->merged, sizeof(s->merged));
}

static struct account *at(struct side *s, int account)
{
	return account == NOTHING ? NULL : &s->account[account];
}

int side_index(const struct side *s, const struct ulid *id)
{
	for (int i = 0; i < s->accounts; i++)
		if (ulid_equal(&s->account[i].id, id))
			return i;
	abort();
}

static struct account *by_id(struct side *s, const struct ulid *id)
{
	return &s->account[side_index(s, id)];
}

/* {"m1":"5"}, or null for a value: a patch. "" without members. */
static size_t put_metadata(const struct step *p, char ret[static BODY_BYTES])
{
	size_t at = 0;

	ret[0] = '\0';
	for (int i = 0; i < p->members; i++) {
		int n =
		    snprintf(ret + at, BODY_BYTES - at, "%s\"m%d\":", i ? "," : "{", (p->member + i) % METADATA_NAMES);

		at += (size_t)n;
		n = p->value < 0 ? snprintf(ret + at, BODY_BYTES - at, "null")
				 : snprintf(ret + at, BODY_BYTES - at, "\"%d\"", p->value);
		at += (size_t)n;
	}
	if (at)
		at += (size_t)snprintf(ret + at, BODY_BYTES - at, "}");
	return at;
}

static void make_message(struct side *s, const struct step *p, unsigned key)
{
	struct op *op = &s->m.op;

	*op = (struct op){.kind = kinds[p->what],
	    .has_min = (uint8_t)p->has_min,
	    .has_max = (uint8_t)p->has_max,
	    .min_balance = p->min,
	    .max_balance = p->max,
	    .manual = (uint8_t)p->manual,
	    .final = (uint8_t)p->final,
	    .has_fee = (uint8_t)p->has_fee,
	    .fee_bps = (uint32_t)p->bps,
	    .fee_fixed = p->fixed,
	    .hold_seconds = (uint32_t)p->seconds,
	    .amount = p->amount};
	memcpy(op->currency, currencies[p->currency], 4);
	memcpy(op->channel, "bank", 5);
	memcpy(op->key_hash, &key, sizeof(key));
	(void)crypto_generichash(op->fingerprint, HASH_BYTES, (const unsigned char *)p, sizeof(*p), NULL, 0);
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		s->m.text[i] = "";
	s->m.text[OP_TEXT_METADATA] = s->patch;
	op->text_bytes[OP_TEXT_METADATA] = (uint32_t)put_metadata(p, s->patch);
	op->account_kind = (uint8_t)p->kind;
	op->has_owner = p->owner != 0;
	if (p->owner)
		op->from = (struct ulid){{p->owner == 1 ? 'u' : 'x'}};
	if (p->from != NOTHING)
		op->from = s->account[p->from].id;
	if (p->to != NOTHING)
		op->to = s->account[p->to].id;
}

/* What gateway/lookup.c does. */
static void look_up(struct side *s, const struct step *p, unsigned key, uint64_t now_us)
{
	struct ledger_input *in = &s->in;
	uint32_t needs = ledger_kind(kinds[p->what])->needs;
	int currency = p->currency;

	*in = (struct ledger_input){.message = &s->m,
	    .who = p->what == EXPIRE ? &ledger_itself : &s->who[p->who],
	    .twin = s->stored[key].status ? &s->stored[key] : NULL,
	    .from = needs & NEED_CLEARING ? &s->account[CLEARING(currency)] : at(s, p->from),
	    .to = at(s, p->to),
	    .next_seq = s->next_seq,
	    .next_event = s->next_event,
	    .now_us = now_us,
	    .users = &s->users,
	    .effect = &s->effect,
	    .scratch = &s->scratch};
	s->users = (struct user_facts){.found = p->owner == 1};
	memcpy(in->random, &s->next_seq, sizeof(s->next_seq));
	if (needs & NEED_REFERENCE)
		in->same_reference = s->by_reference[p->reference];
	if ((needs & NEED_SUBJECT) && p->subject == NOTHING)
		return;
	if (needs & NEED_ACCOUNT)
		in->account = &s->account[p->subject];
	if (needs & NEED_PAYMENT) {
		in->payment = &s->payment[p->subject];
		in->from = by_id(s, &in->payment->payer);
		in->to = by_id(s, &in->payment->payee);
		currency = strcmp(in->payment->currency, "JPY") == 0;
	}
	if (needs & NEED_WITHDRAWAL) {
		in->withdrawal = &s->withdrawal[p->subject];
		in->from = by_id(s, &in->withdrawal->account);
		in->to = &s->account[CLEARING(strcmp(in->withdrawal->currency, "JPY") == 0)];
	}
	if (needs & NEED_TRANSFER) {
		in->transfer = &s->transfer[p->subject];
		in->from = by_id(s, &in->transfer->from);
		in->to = by_id(s, &in->transfer->to);
	}
	if (needs & NEED_FEE)
		in->fee = &s->account[FEES(currency)];
}

/* What gateway/batch.c does. */
static void keep(struct side *s, const struct step *p, unsigned key)
{
	const struct ledger_decision *d = &s->d;
	struct stored *row = &s->stored[key];

	if (d->stored) {
		*row = (struct stored){.seq = d->seq,
		    .status = d->status,
		    .body = s->bodies[key],
		    .body_bytes = s->body.used,
		    .credit = s->m.op.to,
		    .amount = s->m.op.amount};
		memcpy(row->fingerprint, s->m.op.fingerprint, HASH_BYTES);
		memcpy(row->currency, s->m.op.currency, sizeof(row->currency));
		memcpy(s->bodies[key], s->buf, s->body.used);
		s->next_seq++;
		s->next_event += d->event != 0;
	}
	if (d->has_metadata) {
		memcpy(s->metadata[p->subject], s->merged, s->scratch.used);
		s->metadata[p->subject][s->scratch.used] = '\0';
		s->account[p->subject].metadata = s->metadata[p->subject];
	}
	if (!d->created)
		return;
	if (p->what == CREATE) {
		memcpy(s->metadata[s->accounts], s->patch, strlen(s->patch) + 1);
		s->account[s->accounts] = d->account;
		s->account[s->accounts].metadata = s->patch[0] ? s->metadata[s->accounts] : NULL;
		s->accounts++;
	}
	if (p->what == TOPUP)
		s->by_reference[p->reference] = row;
	if (p->what == PAY)
		s->payment[s->payments++] = d->payment;
	if (p->what == WITHDRAW)
		s->withdrawal[s->withdrawals++] = d->withdrawal;
	if (p->what == TRANSFER || p->what == REVERSE) {
		struct transfer *t = &s->transfer[s->transfers++];

		*t = (struct transfer){.id = d->id,
		    .from = d->moved.debit->id,
		    .to = d->moved.credit->id,
		    .amount = d->moved.amount,
		    .is_reversal = p->what == REVERSE};
		memcpy(t->currency, d->moved.debit->currency, sizeof(t->currency));
	}
}

void side_decide(struct side *s, const struct step *p, unsigned key, uint64_t now_us)
{
	make_message(s, p, key);
	look_up(s, p, key, now_us);
	text_clear(&s->body);
	ledger_decide(&s->in, &s->body, &s->d);
	s->buf[s->body.used < BODY_BYTES ? s->body.used : BODY_BYTES - 1] = '\0';
	keep(s, p, key);
}
