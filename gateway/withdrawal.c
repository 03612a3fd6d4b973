#include "gateway/withdrawal.h"

#include <string.h>

static const char *const words[WITHDRAWAL_STATUS_END] = {
    [WITHDRAWAL_PENDING] = "pending",
    [WITHDRAWAL_SUCCEEDED] = "succeeded",
    [WITHDRAWAL_FAILED] = "failed",
};

const char *withdrawal_status_word(uint8_t status)
{
	return status < WITHDRAWAL_STATUS_END ? words[status] : NULL;
}

uint8_t withdrawal_status_parse(const char *word)
{
	for (uint8_t i = 1; i < WITHDRAWAL_STATUS_END; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

void withdrawal_render(struct text *t, const struct withdrawal *w)
{
	char buf[ID_TEXT_BYTES];

	text_puts(t, "{\"object\":\"withdrawal\",\"id\":\"");
	text_puts(t, id_format("wd_", &w->id, buf));
	text_puts(t, "\",\"status\":\"");
	text_puts(t, words[w->status]);
	text_puts(t, "\",\"account\":\"");
	text_puts(t, id_format("acc_", &w->account, buf));
	text_puts(t, "\",\"amount\":");
	text_put_i64(t, w->amount);
	text_puts(t, ",\"currency\":\"");
	text_puts(t, w->currency);
	text_puts(t, "\",\"channel\":");
	text_put_json(t, w->channel, strlen(w->channel));
	text_puts(t, ",\"destination\":{\"type\":\"token\",\"value\":");
	text_put_json(t, w->destination, w->destination_bytes);
	text_puts(t, "},\"created_at\":");
	text_put_time(t, w->created_us);
	text_puts(t, "}");
}
