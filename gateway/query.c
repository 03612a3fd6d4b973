#include "gateway/query.h"

#include "gateway/adminop.h"
#include "gateway/listing.h"
#include "gateway/page.h"
#include "gateway/problem.h"
#include "gateway/row.h"
#include "gateway/row_user.h"
#include "gateway/scope.h"
#include "gateway/userop.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALARMS_US UINT64_C(60000000)

int query_fill_text(struct request *r, const struct ledger_decision *d, const struct text *text)
{
	char *body = text->cut ? NULL : malloc(text->used + 1);

	if (!body)
		return -ENOMEM;
	memcpy(body, text->at, text->used);
	free(r->body);
	r->body = body;
	r->answer.outcome = WIRE_DONE;
	r->answer.status = d->status;
	r->answer.replayed = d->replayed;
	r->answer.has_seq = d->has_seq;
	r->answer.retry_after_s = d->retry_after_s;
	r->answer.seq = d->seq;
	if (d->locked)
		r->answer.scopes = d->locked;
	r->answer.body_bytes = (uint32_t)text->used;
	return 0;
}

int query_fill(struct batch_tools *t, struct request *r, const struct ledger_decision *d)
{
	return query_fill_text(r, d, &t->body);
}

static void refuse(struct batch_tools *t, struct request *r, int code, const char *detail, uint16_t retry_after_s)
{
	struct ledger_input in = {.message = &r->message};
	struct ledger_decision d = {0};

	text_clear(&t->body);
	ledger_refuse(&in, code, detail, NULL, &t->body, &d);
	d.retry_after_s = retry_after_s;
	if (query_fill(t, r, &d))
		request_settle(r, WIRE_NOT_EXECUTED);
}

void query_fail(struct batch_tools *t, struct request *r, const char *detail)
{
	refuse(t, r, PROBLEM_INTERNAL, detail, 0);
}

void query_refuse(struct batch_tools *t, struct request *r, const char *detail, const char *why)
{
	const struct op_message *m = &r->message;
	struct alarms *a = &t->alarms;
	uint64_t now_us = clock_boottime_us();
	char id[OP_REQUEST_ID_BYTES_MAX + 1];

	query_fail(t, r, detail);
	if (now_us >= a->until_us) {
		a->until_us = now_us + ALARMS_US;
		a->said = 0;
	}
	if (a->said == QUERY_ALARMS_MAX) {
		a->unsaid++;
		return;
	}
	(void)snprintf(id, sizeof(id), "%.*s", (int)m->op.text_bytes[OP_TEXT_REQUEST_ID], m->text[OP_TEXT_REQUEST_ID]);
	LOG(LOG_CRIT, "batch.refuse", KV_S("request", id), KV_U("kind", m->op.kind), KV_S("why", why),
	    KV_U("batch", t->head.batch_seq + 1), KV_U("epoch", t->head.epoch), KV_U("unsaid", a->unsaid));
	a->said++;
	a->unsaid = 0;
}

void query_put_off(struct batch_tools *t, struct request *r, const char *detail, uint16_t retry_after_s)
{
	refuse(t, r, PROBLEM_OVERLOADED, detail, retry_after_s);
}

/* What the database holds now is true as of the last position given out. */
static void succeed(struct batch_tools *t, struct ledger_decision *d)
{
	d->status = 200;
	d->has_seq = true;
	d->seq = t->head.next_seq - 1;
}

static void refuse_foreign(const struct ledger_input *in, struct text *body, struct ledger_decision *d)
{
	ledger_refuse(in, PROBLEM_ACCOUNT_NOT_OWNED, "This belongs to somebody else.", NULL, body, d);
}

static void get_account(struct batch_tools *t, const struct ledger_input *in, struct ledger_decision *d)
{
	const struct op *op = &in->message->op;
	const struct account *a = image_account(t->image, &op->subject);

	if (!a || !a->created_us) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such account.", NULL, &t->body, d);
		return;
	}
	if (!ledger_owns(in->who, a)) {
		refuse_foreign(in, &t->body, d);
		return;
	}
	succeed(t, d);
	if (op->kind == OP_BALANCE_GET)
		account_render_balance(&t->body, a, d->seq);
	else
		account_render(&t->body, a, a->metadata, a->metadata ? strlen(a->metadata) : 0);
}

/* A transfer's body says "reversed_by":null; within a text the quotes would be escaped. */
static int put_transfer(struct batch_tools *t, const struct stored *s, struct errbuf *e)
{
	static const char none[] = "\"reversed_by\":null";
	const char *at = memmem(s->body, s->body_bytes, none, sizeof(none) - 1);
	struct ulid by;
	bool found;
	int code = row_find_reversal(t->store, &s->id, &t->sql, &found, &by, e);

	if (code)
		return code;
	if (found && at) {
		text_put(&t->body, s->body, (size_t)(at - s->body));
		text_puts(&t->body, "\"reversed_by\":\"");
		text_puts(&t->body, id_format("tr_", &by, (char[ID_TEXT_BYTES]){""}));
		text_puts(&t->body, "\"");
		at += sizeof(none) - 1;
	} else {
		at = s->body;
	}
	text_put(&t->body, at, s->body_bytes - (size_t)(at - s->body));
	return 0;
}

static int get_resource(
    struct batch_tools *t, const struct ledger_input *in, uint8_t kind, struct ledger_decision *d, struct errbuf *e)
{
	const struct stored *s = NULL;
	bool touches = true;
	int code = row_load_resource(t->store, t->image, kind, &in->message->op.subject, &t->sql, &s, e);

	if (code)
		return code;
	if (!s) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such resource.", NULL, &t->body, d);
		return 0;
	}
	if (in->who->is_user)
		code = row_touches_user(t->store, s->seq, &in->who->user, &t->sql, &touches, e);
	if (code)
		return code;
	if (!touches) {
		refuse_foreign(in, &t->body, d);
		return 0;
	}
	succeed(t, d);
	if (kind == OP_TRANSFER_CREATE)
		return put_transfer(t, s, e);
	text_put(&t->body, s->body, s->body_bytes);
	return 0;
}

static bool owns(struct batch_tools *t, const struct ledger_input *in, const struct ulid *account)
{
	const struct account *a = image_account(t->image, account);

	return a && ledger_owns(in->who, a);
}

static void get_payment(struct batch_tools *t, const struct ledger_input *in, struct ledger_decision *d)
{
	const struct payment *p = image_payment(t->image, &in->message->op.subject);

	if (!p) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such payment.", NULL, &t->body, d);
		return;
	}
	if (!owns(t, in, &p->payer) && !owns(t, in, &p->payee)) {
		refuse_foreign(in, &t->body, d);
		return;
	}
	succeed(t, d);
	payment_render(&t->body, p);
}

static void get_withdrawal(struct batch_tools *t, const struct ledger_input *in, struct ledger_decision *d)
{
	const struct withdrawal *w = image_withdrawal(t->image, &in->message->op.subject);

	if (!w) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such withdrawal.", NULL, &t->body, d);
		return;
	}
	if (!owns(t, in, &w->account)) {
		refuse_foreign(in, &t->body, d);
		return;
	}
	succeed(t, d);
	withdrawal_render(&t->body, w);
}

static void get_key(struct batch_tools *t, const struct ledger_input *in, struct ledger_decision *d)
{
	const struct stored *s = image_stored(t->image, in->who->id, in->message->op.key_hash);

	succeed(t, d);
	if (s) {
		text_puts(&t->body, "{\"state\":\"completed\",\"status\":");
		text_put_u64(&t->body, s->status);
		text_puts(&t->body, ",\"resource\":");
		ledger_render_resource(&t->body, s);
		text_puts(&t->body, "}");
		return;
	}
	text_puts(&t->body, queue_has_key(t->queue, &in->message->op, in->who->id) ? "{\"state\":\"in_progress\""
										   : "{\"state\":\"absent\"");
	text_puts(&t->body, ",\"status\":null,\"resource\":null}");
}

int query_answer(struct batch_tools *t, struct request *r, struct errbuf *e)
{
	struct ledger_input in = {.message = &r->message, .now_us = batch_now_us(t)};
	struct ledger_decision d = {0};
	int code = 0;

	text_clear(&t->body);
	if (r->message.op.kind == OP_ADMIN_KEY_LIST)
		return adminop_list(t, r) ? err_set(e, -EBADMSG, "out of memory") : 0;
	in.who = image_who(t->image, &r->message.op);
	if (r->message.op.kind == OP_LOGIN_LOOK && !r->message.op.by_session) {
		code = userop_read(t, &in, &d, e);
	} else if (ledger_admits(&in, &t->body, &d)) {
		r->answer.principal = in.who->id;
		r->answer.scopes = ledger_scopes(in.who);
		switch (r->message.op.kind) {
		case OP_ACCOUNT_GET:
		case OP_BALANCE_GET: get_account(t, &in, &d); break;
		case OP_TRANSFER_GET: code = get_resource(t, &in, OP_TRANSFER_CREATE, &d, e); break;
		case OP_TOPUP_GET: code = get_resource(t, &in, OP_TOPUP_CREATE, &d, e); break;
		case OP_REFUND_GET: code = get_resource(t, &in, OP_REFUND_CREATE, &d, e); break;
		case OP_PAYMENT_GET: get_payment(t, &in, &d); break;
		case OP_WITHDRAWAL_GET: get_withdrawal(t, &in, &d); break;
		case OP_KEY_GET: get_key(t, &in, &d); break;
		case OP_LOGIN_LOOK:
		case OP_USER_GET:
		case OP_SESSION_GET:
			succeed(t, &d);
			code = userop_read(t, &in, &d, e);
			break;
		default:
			succeed(t, &d); /* OP_AUTHENTICATE: who it is has been said */
			if (page_kind(r->message.op.kind))
				code = listing_answer(t, &in, &d, e);
			break;
		}
	}
	if (!code && query_fill(t, r, &d))
		code = err_set(e, -EBADMSG, "out of memory");
	return code;
}
