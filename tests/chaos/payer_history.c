#include "tests/chaos/payer_history.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct history {
	pthread_mutex_t lock;
	FILE *file; /* owned */
	bool failed;
};

int history_create(const char *path, struct history **ret, struct errbuf *e)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, -ENOMEM, "no memory");
	h->file = fopen(path, "we");
	if (!h->file) {
		free(h);
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	}
	(void)setvbuf(h->file, NULL, _IOFBF, 1 << 20);
	(void)pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

/* Takes line over. */
static void put(struct history *h, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	(void)pthread_mutex_lock(&h->lock);
	if (!text || fputs(text, h->file) == EOF || fputc('\n', h->file) == EOF)
		h->failed = true;
	(void)pthread_mutex_unlock(&h->lock);
	free(text);
	json_decref(line);
}

void history_mark(struct history *h, const char *event)
{
	put(h, json_pack("{s:s,s:I,s:I}", "e", event, "wall_us", (json_int_t)payer_wall_us(), "mono_us",
		   (json_int_t)payer_mono_us()));
}

void history_op(struct history *h, const struct history_op *op)
{
	json_t *line = json_pack("{s:s,s:s,s:s,s:I,s:s*,s:s*,s:I}", "e", "op", "key", op->key, "kind",
	    payer_kinds[op->kind].word, "mono_us", (json_int_t)payer_mono_us(), "from", op->from, "to", op->to,
	    "amount", (json_int_t)op->amount);

	if (line && op->due_us)
		(void)json_object_set_new(line, "due_us", json_integer((json_int_t)op->due_us));
	put(h, line);
}

static json_t *attempt_line(const char *event, unsigned client, const struct http_answer *a)
{
	json_t *line =
	    json_pack("{s:s,s:i,s:I,s:I,s:I,s:I}", "e", event, "client", (int)client, "wall_us", (json_int_t)a->wall_us,
		"sent_us", (json_int_t)a->sent_us, "got_us", (json_int_t)a->got_us, "status", (json_int_t)a->status);

	if (!line)
		return NULL;
	if (!a->status)
		(void)json_object_set_new(line, "error", json_string(a->error));
	if (a->has_seq)
		(void)json_object_set_new(line, "seq", json_integer((json_int_t)a->ledger_seq));
	if (a->has_replayed)
		(void)json_object_set_new(line, "replayed", json_boolean(a->replayed));
	return line;
}

void history_try(
    struct history *h, const char *key, unsigned client, unsigned attempt, bool replay, const struct http_answer *a)
{
	json_t *line = attempt_line("try", client, a);

	if (line) {
		(void)json_object_set_new(line, "key", json_string(key));
		(void)json_object_set_new(line, "n", json_integer(attempt));
		if (replay)
			(void)json_object_set_new(line, "replay", json_true());
		if (a->status) /* a body that is no UTF-8 is left out, and noticed as missing */
			(void)json_object_set_new(line, "body", json_string(a->body));
	}
	put(h, line);
}

void history_give_up(struct history *h, const char *key)
{
	put(h, json_pack("{s:s,s:s,s:I}", "e", "giveup", "key", key, "mono_us", (json_int_t)payer_mono_us()));
}

void history_read(struct history *h, const char *account, unsigned client, const struct http_answer *a)
{
	json_t *line = attempt_line("read", client, a);

	if (line) {
		json_t *body = json_loads(a->body, 0, NULL);
		const json_t *posted = json_object_get(body, "posted");

		(void)json_object_set_new(line, "account", json_string(account));
		if (a->status == 200 && json_is_integer(posted))
			(void)json_object_set_new(line, "posted", json_integer(json_integer_value(posted)));
		json_decref(body);
	}
	put(h, line);
}

static json_t *short_entry(const json_t *entry)
{
	json_int_t amount = json_integer_value(json_object_get(entry, "amount"));
	const char *direction = json_string_value(json_object_get(entry, "direction"));

	if (direction && strcmp(direction, "debit") == 0)
		amount = -amount;
	return json_pack("[I,I,I]", json_integer_value(json_object_get(entry, "ledger_seq")), amount,
	    json_integer_value(json_object_get(entry, "balance_after")));
}

void history_entries(
    struct history *h, const char *account, unsigned client, unsigned limit, const struct http_answer *a)
{
	json_t *line = attempt_line("entries", client, a);

	if (line) {
		json_t *body = json_loads(a->body, 0, NULL), *list = json_array();
		const json_t *data = json_object_get(body, "data");

		(void)json_object_set_new(line, "account", json_string(account));
		(void)json_object_set_new(line, "limit", json_integer(limit));
		for (size_t i = 0; i < json_array_size(data); i++)
			(void)json_array_append_new(list, short_entry(json_array_get(data, i)));
		if (a->status == 200 && json_is_array(data))
			(void)json_object_set(line, "entries", list);
		json_decref(list);
		json_decref(body);
	}
	put(h, line);
}

void history_look(struct history *h, const char *key, unsigned client, const struct http_answer *a)
{
	json_t *line = attempt_line("look", client, a);

	if (line) {
		json_t *body = json_loads(a->body, 0, NULL);
		const char *state = json_string_value(json_object_get(body, "state"));

		(void)json_object_set_new(line, "key", json_string(key));
		if (a->status == 200 && state)
			(void)json_object_set_new(line, "state", json_string(state));
		json_decref(body);
	}
	put(h, line);
}

bool history_flush(struct history *h)
{
	bool good;

	(void)pthread_mutex_lock(&h->lock);
	if (fflush(h->file) != 0)
		h->failed = true;
	good = !h->failed;
	(void)pthread_mutex_unlock(&h->lock);
	return good;
}

bool history_close(struct history *h)
{
	bool good;

	if (!h)
		return true;
	good = history_flush(h) && fclose(h->file) == 0;
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
	return good;
}
