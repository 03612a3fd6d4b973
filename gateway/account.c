#include "gateway/account.h"

#include "gateway/guard.h"

#include <string.h>

static const char *const kind_words[ACCOUNT_KIND_END] = {
    [ACCOUNT_WALLET] = "wallet",
    [ACCOUNT_MERCHANT] = "merchant",
    [ACCOUNT_CLEARING] = "clearing",
    [ACCOUNT_FEE] = "fee",
    [ACCOUNT_SUSPENSE] = "suspense",
};

static const char *const status_words[] = {
    [ACCOUNT_OPEN] = "open",
    [ACCOUNT_FROZEN] = "frozen",
    [ACCOUNT_CLOSED] = "closed",
};

const char *account_status_word(uint8_t status)
{
	return status < sizeof(status_words) / sizeof(status_words[0]) ? status_words[status] : NULL;
}

const char *account_kind_word(uint8_t kind)
{
	return kind < ACCOUNT_KIND_END ? kind_words[kind] : NULL;
}

uint8_t account_kind_parse(const char *word)
{
	for (uint8_t i = ACCOUNT_WALLET; i < ACCOUNT_KIND_END; i++)
		if (strcmp(kind_words[i], word) == 0)
			return i;
	return 0;
}

bool account_is_derived(const struct account *a)
{
	static const uint8_t no_time[sizeof(a->id) - ULID_RANDOM_BYTES];

	return a->channel[0] || (a->kind == ACCOUNT_FEE && memcmp(&a->id, no_time, sizeof(no_time)) == 0);
}

bool account_allows_out(const struct account *a, int64_t amount)
{
	int64_t floor = a->has_min ? a->min_balance : -BALANCE_MAX;

	return a->posted - (LEDGER_OFF(L08_PENDING_OUT_COUNTS) ? 0 : a->pending_out) - amount >= floor;
}

bool account_allows_in(const struct account *a, int64_t amount)
{
	int64_t ceiling = a->has_max ? a->max_balance : BALANCE_MAX;

	return a->posted + (LEDGER_OFF(L09_PENDING_IN_COUNTS) ? 0 : a->pending_in) + amount <= ceiling;
}

static void put_limit(struct text *t, const char *member, bool has, int64_t value)
{
	text_puts(t, member);
	if (has)
		text_put_i64(t, value);
	else
		text_puts(t, "null");
}

void account_render(struct text *t, const struct account *a, const char *metadata, size_t metadata_bytes)
{
	char id[ID_TEXT_BYTES];

	text_puts(t, "{\"object\":\"account\",\"id\":\"");
	text_puts(t, id_format("acc_", &a->id, id));
	text_puts(t, "\",\"kind\":\"");
	text_puts(t, kind_words[a->kind]);
	text_puts(t, "\",\"currency\":\"");
	text_puts(t, a->currency);
	text_puts(t, "\",\"status\":\"");
	text_puts(t, status_words[a->status]);
	text_puts(t, "\",\"owner\":");
	if (a->has_owner) {
		text_puts(t, "\"");
		text_puts(t, id_format("usr_", &a->owner, id));
		text_puts(t, "\"");
	} else {
		text_puts(t, "null");
	}
	text_puts(t, ",\"channel\":");
	if (a->channel[0])
		text_put_json(t, a->channel, strlen(a->channel));
	else
		text_puts(t, "null");
	put_limit(t, ",\"min_balance\":", a->has_min, a->min_balance);
	put_limit(t, ",\"max_balance\":", a->has_max, a->max_balance);
	text_puts(t, ",\"metadata\":");
	if (metadata_bytes)
		text_put(t, metadata, metadata_bytes);
	else
		text_puts(t, "{}");
	text_puts(t, ",\"created_at\":");
	text_put_time(t, a->created_us);
	text_puts(t, "}");
}

void account_render_balance(struct text *t, const struct account *a, uint64_t ledger_seq)
{
	char id[ID_TEXT_BYTES];

	text_puts(t, "{\"object\":\"balance\",\"account\":\"");
	text_puts(t, id_format("acc_", &a->id, id));
	text_puts(t, "\",\"posted\":");
	text_put_i64(t, a->posted);
	text_puts(t, ",\"pending_in\":");
	text_put_i64(t, a->pending_in);
	text_puts(t, ",\"pending_out\":");
	text_put_i64(t, a->pending_out);
	put_limit(t, ",\"available\":", a->has_min, a->posted - a->pending_out - a->min_balance);
	text_puts(t, ",\"currency\":\"");
	text_puts(t, a->currency);
	text_puts(t, "\",\"ledger_seq\":");
	text_put_u64(t, ledger_seq);
	text_puts(t, "}");
}
