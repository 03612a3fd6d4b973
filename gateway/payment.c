#include "gateway/payment.h"

#include "gateway/guard.h"

#include <string.h>

static const uint8_t next_holds[HOLD_STATE_END][HOLD_ACT_END] = {
    [HOLD_OPEN] = {[HOLD_CAPTURE] = HOLD_OPEN,
	[HOLD_FINISH] = HOLD_SETTLED,
	[HOLD_VOID] = HOLD_VOIDED,
	[HOLD_EXPIRE] = HOLD_EXPIRED},
};

/* By the state of the hold, and whether anything was captured. */
static const uint8_t statuses[HOLD_STATE_END][2] = {
    [HOLD_OPEN] = {PAYMENT_AUTHORIZED, PAYMENT_PARTIALLY_CAPTURED},
    [HOLD_SETTLED] = {PAYMENT_CAPTURED, PAYMENT_CAPTURED},
    [HOLD_VOIDED] = {PAYMENT_VOIDED, PAYMENT_CAPTURED},
    [HOLD_EXPIRED] = {PAYMENT_EXPIRED, PAYMENT_CAPTURED},
};

static const char *const words[PAYMENT_STATUS_END] = {
    [PAYMENT_AUTHORIZED] = "authorized",
    [PAYMENT_PARTIALLY_CAPTURED] = "partially_captured",
    [PAYMENT_CAPTURED] = "captured",
    [PAYMENT_PARTIALLY_REFUNDED] = "partially_refunded",
    [PAYMENT_REFUNDED] = "refunded",
    [PAYMENT_VOIDED] = "voided",
    [PAYMENT_EXPIRED] = "expired",
};

int64_t payment_rest(const struct payment *p)
{
	return p->authorized - p->captured - p->voided;
}

uint8_t payment_hold_at(const struct payment *p, uint64_t now_us)
{
	return p->hold == HOLD_OPEN && now_us >= p->expires_us + LEDGER_OFF(L01_EXPIRES_ON_TIME) ? HOLD_EXPIRED
												 : p->hold;
}

uint8_t payment_next_hold(uint8_t hold, enum hold_act act)
{
	return next_holds[hold][act];
}

uint8_t payment_status(const struct payment *p)
{
	if (p->refunded)
		return p->refunded == p->captured ? PAYMENT_REFUNDED : PAYMENT_PARTIALLY_REFUNDED;
	return statuses[p->hold][p->captured > 0];
}

const char *payment_status_word(uint8_t status)
{
	return status < PAYMENT_STATUS_END ? words[status] : NULL;
}

uint8_t payment_status_parse(const char *word)
{
	for (uint8_t i = 1; i < PAYMENT_STATUS_END; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

/* amount = q * 10000 + r: neither q * bps nor r * bps can overflow, and only the second has a fraction. */
int64_t payment_fee(int64_t amount, uint32_t bps, int64_t fixed, bool first)
{
	int64_t part = amount % FEE_BPS_MAX * bps, fee = amount / FEE_BPS_MAX * bps + part / FEE_BPS_MAX;
	int64_t left = part % FEE_BPS_MAX;

	if (left > FEE_BPS_MAX / 2 || (left == FEE_BPS_MAX / 2 && LEDGER_GUARD(L05_HALF_TO_EVEN, fee % 2)))
		fee++;
	return fee + (LEDGER_GUARD(L06_FIXED_ONCE, first) ? fixed : 0);
}

static void put_amount(struct text *t, const char *member, int64_t v)
{
	text_puts(t, ",\"");
	text_puts(t, member);
	text_puts(t, "\":");
	text_put_i64(t, v);
}

static void put_account(struct text *t, const char *member, const struct ulid *id)
{
	char buf[ID_TEXT_BYTES];

	text_puts(t, member);
	text_puts(t, id_format("acc_", id, buf));
	text_puts(t, "\"");
}

static void put_fee(struct text *t, const struct payment *p)
{
	if (p->has_fee) {
		text_puts(t, ",\"fee\":{\"bps\":");
		text_put_u64(t, p->fee_bps);
		put_amount(t, "fixed", p->fee_fixed);
		text_puts(t, "}");
	} else {
		text_puts(t, ",\"fee\":null");
	}
	put_amount(t, "fee_amount", p->fee);
}

void payment_render(struct text *t, const struct payment *p)
{
	char buf[ID_TEXT_BYTES];

	text_puts(t, "{\"object\":\"payment\",\"id\":\"");
	text_puts(t, id_format("pay_", &p->id, buf));
	text_puts(t, "\",\"status\":\"");
	text_puts(t, words[payment_status(p)]);
	put_account(t, "\",\"payer\":\"", &p->payer);
	put_account(t, ",\"payee\":\"", &p->payee);
	put_amount(t, "amount", p->authorized);
	text_puts(t, ",\"currency\":\"");
	text_puts(t, p->currency);
	text_puts(t, p->expires_us ? "\",\"capture\":\"manual\"" : "\",\"capture\":\"automatic\"");
	put_amount(t, "authorized_amount", p->authorized);
	put_amount(t, "captured_amount", p->captured);
	put_amount(t, "refunded_amount", p->refunded);
	put_amount(t, "voided_amount", p->voided);
	put_fee(t, p);
	text_puts(t, ",\"reference\":");
	if (p->reference_bytes)
		text_put_json(t, p->reference, p->reference_bytes);
	else
		text_puts(t, "null");
	text_puts(t, ",\"metadata\":");
	if (p->metadata_bytes)
		text_put(t, p->metadata, p->metadata_bytes);
	else
		text_puts(t, "{}");
	text_puts(t, ",\"created_at\":");
	text_put_time(t, p->created_us);
	text_puts(t, ",\"expires_at\":");
	if (p->expires_us)
		text_put_time(t, p->expires_us);
	else
		text_puts(t, "null");
	text_puts(t, "}");
}
