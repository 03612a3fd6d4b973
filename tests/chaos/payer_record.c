#include "tests/chaos/payer_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Doubles the array when it is full; NULL: no memory, the old one is freed. */
static void *grow(void *array, size_t used, size_t size)
{
	void *larger;

	if (used & (used - 1)) /* room is a power of two: only there can it be full */
		return array;
	larger = reallocarray(array, used ? used * 2 : 1, size);
	if (!larger)
		free(array);
	return larger;
}

static uint64_t number(const json_t *line, const char *member)
{
	return (uint64_t)json_integer_value(json_object_get(line, member));
}

static const char *text(const json_t *line, const char *member)
{
	const char *s = json_string_value(json_object_get(line, member));

	return s ? s : "";
}

static size_t find(json_t *index, const char *name)
{
	const json_t *place = json_object_get(index, name);

	return place ? (size_t)json_integer_value(place) : NO_ACCOUNT;
}

/* The text as the map keeps it, for as long as the map lives. */
static const char *kept(json_t *index, const char *name)
{
	return json_object_iter_key(json_object_iter_at(index, name));
}

static size_t account_of(struct record *r, const json_t *line, const char *member)
{
	return *text(line, member) ? find(r->account_index, text(line, member)) : NO_ACCOUNT;
}

static int take_op(struct record *r, const json_t *line, struct findings *f)
{
	struct record_op *op;
	int kind;

	(void)f;
	for (kind = 0; kind < PAYER_KINDS && strcmp(payer_kinds[kind].word, text(line, "kind")) != 0; kind++)
		;
	if (kind == PAYER_KINDS || find(r->key_index, text(line, "key")) != NO_ACCOUNT)
		return -EBADMSG;
	r->op = grow(r->op, r->ops, sizeof(*r->op));
	if (!r->op || json_object_set_new(r->key_index, text(line, "key"), json_integer((json_int_t)r->ops)))
		return -ENOMEM;
	op = &r->op[r->ops++];
	*op = (struct record_op){
	    .key = kept(r->key_index, text(line, "key")),
	    .kind = (enum payer_kind)kind,
	    .from = account_of(r, line, "from"),
	    .to = account_of(r, line, "to"),
	    .amount = number(line, "amount"),
	};
	if ((payer_kinds[kind].from && op->from == NO_ACCOUNT) || (payer_kinds[kind].to && op->to == NO_ACCOUNT))
		return -EBADMSG;
	return 0;
}

static int add_account(struct record *r, const char *id)
{
	if (find(r->account_index, id) != NO_ACCOUNT)
		return 0; /* an id under two keys: found elsewhere */
	r->account = grow(r->account, r->accounts, sizeof(*r->account));
	if (!r->account || json_object_set_new(r->account_index, id, json_integer((json_int_t)r->accounts)))
		return -ENOMEM;
	r->account[r->accounts++].id = kept(r->account_index, id);
	return 0;
}

static int take_first_answer(struct record *r, struct record_op *op, const json_t *line, struct findings *f)
{
	json_t *body;

	op->status = (long)number(line, "status");
	op->got_us = number(line, "got_us");
	op->ledger_seq = number(line, "seq");
	op->body = json_incref(json_object_get(line, "body"));
	if ((record_acknowledged(op) || op->status == 402) && !op->ledger_seq)
		findings_add(f, FINDING_OTHER, "key %s: answered %ld without Ledger-Seq", op->key, op->status);
	if (!record_acknowledged(op)) {
		if (op->status != 402 || op->kind != PAYER_TRANSFER)
			findings_add(f, FINDING_OTHER, "key %s: refused with %ld, %.200s", op->key, op->status,
			    text(line, "body"));
		return 0;
	}
	body = json_loads(text(line, "body"), 0, NULL);
	if (op->status != 201 || !*text(body, "id") || strlen(text(body, "id")) >= sizeof(op->id))
		findings_add(f, FINDING_OTHER, "key %s: acknowledged with %ld and no id", op->key, op->status);
	else
		(void)snprintf(op->id, sizeof(op->id), "%s", text(body, "id"));
	json_decref(body);
	return *op->id && op->kind == PAYER_ACCOUNT ? add_account(r, op->id) : 0;
}

/* Every definitive answer to one key must be the same, to the byte. */
static void compare_answer(const struct record_op *op, const json_t *line, struct findings *f)
{
	json_t *body = json_loads(text(line, "body"), 0, NULL);

	if (*op->id && *text(body, "id") && strcmp(text(body, "id"), op->id) != 0)
		findings_add(f, FINDING_DUPLICATE, "key %s: made %s and then %s", op->key, op->id, text(body, "id"));
	else if ((long)number(line, "status") != op->status)
		findings_add(f, FINDING_REPLAY, "key %s: answered %ld and then %ld", op->key, op->status,
		    (long)number(line, "status"));
	else if (strcmp(text(line, "body"), op->body ? json_string_value(op->body) : "") != 0)
		findings_add(f, FINDING_REPLAY, "key %s: repeated with another body", op->key);
	else if (!json_is_true(json_object_get(line, "replayed")))
		findings_add(f, FINDING_REPLAY, "key %s: repeated without Idempotent-Replayed: true", op->key);
	else if (number(line, "seq") != op->ledger_seq)
		findings_add(f, FINDING_REPLAY, "key %s: repeated with Ledger-Seq %llu, was %llu", op->key,
		    (unsigned long long)number(line, "seq"), (unsigned long long)op->ledger_seq);
	json_decref(body);
}

static int take_try(struct record *r, const json_t *line, struct findings *f)
{
	size_t place = find(r->key_index, text(line, "key"));
	struct record_op *op;

	if (place == NO_ACCOUNT)
		return -EBADMSG;
	op = &r->op[place];
	if (!op->sent_us)
		op->sent_us = number(line, "sent_us");
	if (!http_definitive((long)number(line, "status"), text(line, "body")))
		return 0;
	if (!op->status)
		return take_first_answer(r, op, line, f);
	op->replays++;
	r->replays++;
	compare_answer(op, line, f);
	return 0;
}

/* Whatever is known to exist must not be unknown later. */
static int take_failed_read(struct record *r, const json_t *line, const char *what, struct findings *f)
{
	r->reads_failed++;
	if (http_definitive((long)number(line, "status"), ""))
		findings_add(f, FINDING_OTHER, "%s %s: read refused with %llu", what, text(line, what),
		    (unsigned long long)number(line, "status"));
	return 0;
}

static int take_read(struct record *r, const json_t *line, struct findings *f)
{
	if (number(line, "status") != 200)
		return take_failed_read(r, line, "account", f);
	r->read = grow(r->read, r->reads, sizeof(*r->read));
	if (!r->read)
		return -ENOMEM;
	r->read[r->reads] = (struct record_read){
	    .account = find(r->account_index, text(line, "account")),
	    .client = (unsigned)number(line, "client"),
	    .sent_us = number(line, "sent_us"),
	    .got_us = number(line, "got_us"),
	    .ledger_seq = number(line, "seq"),
	    .posted = (int64_t)number(line, "posted"),
	};
	if (r->read[r->reads].account == NO_ACCOUNT)
		return -EBADMSG;
	if (!json_is_integer(json_object_get(line, "seq")) || !json_is_integer(json_object_get(line, "posted")))
		findings_add(f, FINDING_OTHER, "account %s: read without Ledger-Seq or posted", text(line, "account"));
	else
		r->reads++;
	return 0;
}

static int take_entries(struct record *r, const json_t *line, struct findings *f)
{
	const json_t *list = json_object_get(line, "entries");
	struct record_page *p;

	if (number(line, "status") != 200)
		return take_failed_read(r, line, "account", f);
	r->page = grow(r->page, r->pages, sizeof(*r->page));
	if (!r->page)
		return -ENOMEM;
	p = &r->page[r->pages];
	*p = (struct record_page){
	    .account = find(r->account_index, text(line, "account")),
	    .client = (unsigned)number(line, "client"),
	    .sent_us = number(line, "sent_us"),
	    .got_us = number(line, "got_us"),
	    .ledger_seq = number(line, "seq"),
	    .limit = number(line, "limit"),
	    .entries = json_array_size(list),
	};
	if (p->account == NO_ACCOUNT || p->limit > PAYER_PAGE_ENTRIES || p->entries > p->limit)
		return -EBADMSG;
	for (size_t i = 0; i < p->entries; i++) {
		const json_t *e = json_array_get(list, i);

		p->entry[i] = (struct record_entry){(uint64_t)json_integer_value(json_array_get(e, 0)),
		    json_integer_value(json_array_get(e, 1)), json_integer_value(json_array_get(e, 2))};
	}
	if (!json_is_integer(json_object_get(line, "seq")) || !json_is_array(list))
		findings_add(f, FINDING_OTHER, "account %s: entries without Ledger-Seq or data", text(line, "account"));
	else
		r->pages++;
	return 0;
}

static int take_look(struct record *r, const json_t *line, struct findings *f)
{
	const char *state = text(line, "state");
	bool completed = strcmp(state, "completed") == 0;

	if (number(line, "status") != 200)
		return take_failed_read(r, line, "key", f);
	if (!completed && strcmp(state, "absent") != 0)
		return 0;
	r->look = grow(r->look, r->looks, sizeof(*r->look));
	if (!r->look)
		return -ENOMEM;
	r->look[r->looks] = (struct record_look){
	    .op = find(r->key_index, text(line, "key")),
	    .client = (unsigned)number(line, "client"),
	    .sent_us = number(line, "sent_us"),
	    .got_us = number(line, "got_us"),
	    .ledger_seq = number(line, "seq"),
	    .completed = completed,
	};
	if (r->look[r->looks].op == NO_ACCOUNT)
		return -EBADMSG;
	r->looks++;
	return 0;
}

static int take_mark(struct record *r, const json_t *line, struct findings *f)
{
	const struct {
		const char *event;
		uint64_t *at;
	} marks[] = {{"load", &r->load_us}, {"stop", &r->stop_us}, {"end", &r->end_us}};

	(void)f;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(marks[i].event, text(line, "e")) == 0)
			*marks[i].at = number(line, "mono_us");
	return 0;
}

static int take_line(struct record *r, const char *bytes, struct findings *f)
{
	static const struct {
		const char *event;
		int (*take)(struct record *r, const json_t *line, struct findings *f);
	} events[] = {
	    {"op", take_op},
	    {"try", take_try},
	    {"read", take_read},
	    {"entries", take_entries},
	    {"look", take_look},
	    {"start", take_mark},
	    {"load", take_mark},
	    {"stop", take_mark},
	    {"end", take_mark},
	    {"giveup", take_mark},
	};
	json_t *line = json_loads(bytes, 0, NULL);
	int rc = -EBADMSG;

	for (size_t i = 0; line && i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i].event, text(line, "e")) == 0)
			rc = events[i].take(r, line, f);
	json_decref(line);
	return rc;
}

int record_load(const char *path, struct record *ret, struct findings *f, struct errbuf *e)
{
	FILE *file = fopen(path, "re");
	unsigned long number_of_line = 0;
	char *bytes = NULL;
	size_t room = 0;
	int rc = 0;

	*ret = (struct record){0};
	if (!file)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	ret->key_index = json_object();
	ret->account_index = json_object();
	if (!ret->key_index || !ret->account_index)
		rc = -ENOMEM;
	while (!rc && getline(&bytes, &room, file) > 0) {
		number_of_line++;
		rc = take_line(ret, bytes, f);
	}
	free(bytes);
	(void)fclose(file);
	if (rc) {
		record_free(ret);
		return err_set(e, rc, "%s:%lu: %s", path, number_of_line,
		    rc == -ENOMEM ? "no memory" : "not a line of a history, or not in its place");
	}
	return 0;
}

void record_free(struct record *r)
{
	for (size_t i = 0; r->op && i < r->ops; i++)
		json_decref(r->op[i].body);
	free(r->op);
	free(r->read);
	free(r->page);
	free(r->look);
	free(r->account);
	json_decref(r->key_index);
	json_decref(r->account_index);
	*r = (struct record){0};
}
