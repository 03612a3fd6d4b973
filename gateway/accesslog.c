#include "gateway/accesslog.h"

#include "gateway/tally.h"
#include "heartbeat/conf.h"
#include "heartbeat/rolepage.h"

#include <sodium.h>

static bool is_check(const struct exchange *x)
{
	const struct route *r = x->intake.route;

	return r && !r->op && !r->described;
}

static bool is_wanted(const struct exchange *x, uint32_t mode, bool cut)
{
	if (mode == CONF_LOG_OFF || is_check(x))
		return false;
	return mode == CONF_LOG_ON || cut || x->status >= 400 || !x->answered;
}

static void put(struct accesslog_line *l, struct log_kv kv)
{
	l->kv[l->count++] = kv;
}

/* The key was read, and is the client's. The first half of what the journal has in key_hash. */
static bool has_key(const struct exchange *x)
{
	static const uint8_t none[HASH_BYTES];

	return !x->intake.m.op.key_drawn && sodium_memcmp(x->intake.m.op.key_hash, none, HASH_BYTES) != 0;
}

static void put_ledger(const struct exchange *x, struct accesslog_line *l)
{
	if (!x->from_ledger)
		return;
	if (x->intake.route->keyed)
		put(l, KV_U("replayed", x->answer.replayed));
	if (x->answer.has_seq)
		put(l, KV_U("ledger_seq", x->answer.seq));
	put(l, KV_S("durability", x->answer.local ? "local" : "replicated"));
}

bool accesslog_fill(const struct exchange *x, uint32_t mode, bool cut, uint64_t now_us, struct accesslog_line *ret)
{
	const struct route *r = x->intake.route;

	ret->count = 0;
	if (!is_wanted(x, mode, cut))
		return false;
	put(ret, KV_S("request_id", x->intake.request_id[0] ? x->intake.request_id : NULL));
	put(ret, KV_S("method", x->method));
	put(ret, KV_S("route", r ? r->template : NULL));
	put(ret, KV_U("status", x->answered ? x->status : 0));
	if (x->code[0])
		put(ret, KV_S("code", x->code));
	if (x->principal)
		put(ret, KV_U("principal", x->principal));
	if (has_key(x))
		put(ret, KV_S("key", sodium_bin2hex(
					 ret->key, sizeof(ret->key), x->intake.m.op.key_hash, sizeof(ret->key) / 2)));
	put_ledger(x, ret);
	put(ret, KV_U("duration_us", now_us > x->arrived_us ? now_us - x->arrived_us : 0));
	put(ret, KV_U("bytes", x->reply_bytes));
	put(ret, KV_S("client", x->address));
	if (cut)
		put(ret, KV_U("cut", 1));
	return true;
}

void accesslog_write(const struct exchange *x, bool cut)
{
	uint64_t now_us = clock_boottime_us();
	struct accesslog_line line;

	if (x->desk->tally && !is_check(x))
		tally_note(x->desk->tally, x->answered && !cut ? x->status : 0,
		    now_us > x->arrived_us ? now_us - x->arrived_us : 0);
	if (accesslog_fill(x, x->desk->access_log, cut, now_us, &line))
		log_event(LOG_INFO, "request.answer", line.kv, line.count);
}
