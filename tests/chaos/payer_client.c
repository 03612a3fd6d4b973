#include "tests/chaos/payer_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNDS_MINOR 100000000
#define POOR_FUNDS_MINOR 30000 /* refusals for want of money, and so an answer that depends on the order */
#define AMOUNT_MAX_MINOR 10000
#define TOO_MUCH_MINOR UINT64_C(9000000000000000) /* nobody here has so much: 402 */
#define MEMORY 256

/* A request as it was sent, so that it can be sent again. */
struct payment {
	enum payer_kind kind;
	char key[PAYER_KEY_BYTES];
	char body[384];
};

struct client {
	struct load *load;
	struct http_client *http;
	unsigned number;
	uint64_t dice, made, remembered;
	uint64_t due_us;	       /* of what it does now; 0: not in an open loop */
	struct payment memory[MEMORY]; /* a sample of everything this client has sent and got answered */
	struct http_answer answer;     /* large, therefore here */
};

static uint64_t dice(struct client *c, uint64_t below)
{
	return payer_dice(&c->dice) % below;
}

static void raise_latency(struct load *l, uint64_t us)
{
	unsigned long long old = atomic_load(&l->latency_max_us);

	while (us > old && !atomic_compare_exchange_weak(&l->latency_max_us, &old, us))
		;
}

/* The same key and body until the answer is definitive. False: given up. */
static bool insist(struct client *c, const struct payment *p, bool replay)
{
	struct load *l = c->load;
	uint64_t begun_us = payer_mono_us();
	char request_id[PAYER_KEY_BYTES + 24];

	for (unsigned attempt = 1;; attempt++) {
		struct http_request r = {
		    .method = "POST",
		    .path = payer_kinds[p->kind].route,
		    .key = p->key,
		    .request_id = request_id,
		    .body = p->body,
		    .fresh = attempt > 1,
		};

		(void)snprintf(request_id, sizeof(request_id), "%s.%s%u", p->key, replay ? "r" : "", attempt);
		http_ask(c->http, &r, &c->answer);
		history_try(l->history, p->key, c->number, attempt, replay, &c->answer);
		if (http_definitive(c->answer.status, c->answer.body)) {
			raise_latency(l, c->answer.got_us - begun_us);
			return true;
		}
		atomic_fetch_add(&l->errors, 1);
		if (c->answer.got_us - begun_us > l->options->give_up_ms * 1000 || atomic_load(&l->hurry))
			break;
		payer_pause_ms(10 + dice(c, 41));
	}
	if (!replay) {
		history_give_up(l->history, p->key);
		atomic_fetch_add(&l->given_up, 1);
	}
	return false;
}

/* Keeps a uniform sample of what was sent, so that old keys are repeated as well as new ones. */
static void remember(struct client *c, const struct payment *p)
{
	uint64_t place = c->remembered++;

	if (place >= MEMORY)
		place = dice(c, c->remembered);
	if (place < MEMORY)
		c->memory[place] = *p;
}

/* Letters between the digits: a key must not look like a card number. */
static void name_key(struct client *c, struct payment *p)
{
	(void)snprintf(
	    p->key, sizeof(p->key), "%s-c%un%llu", c->load->run_name, c->number, (unsigned long long)++c->made);
}

static bool pay(struct client *c, struct payment *p, const char *from, const char *to, uint64_t amount)
{
	struct history_op op = {
	    .key = p->key, .kind = p->kind, .from = from, .to = to, .amount = amount, .due_us = c->due_us};

	history_op(c->load->history, &op);
	(void)pthread_mutex_lock(&c->load->lock);
	memcpy(c->load->under_way[c->number], p->key, sizeof(p->key));
	(void)pthread_mutex_unlock(&c->load->lock);
	if (!insist(c, p, false))
		return false;
	remember(c, p);
	if (c->answer.status == 201 && p->kind != PAYER_ACCOUNT)
		atomic_fetch_add(&c->load->acked, 1);
	return c->answer.status == 201;
}

/* The last quarter of the accounts has another currency; money never goes between the two. */
static uint64_t first_foreign(const struct client *c)
{
	uint64_t n = c->load->options->accounts;

	return n < 8 ? n : n - n / 4;
}

static const char *currency_of(const struct client *c, uint64_t account)
{
	return account < first_foreign(c) ? "CNY" : "EUR";
}

static bool make_account(struct client *c, uint64_t number, char id[static PAYER_ID_BYTES])
{
	struct payment p = {.kind = PAYER_ACCOUNT};
	json_t *body;
	bool good = false;

	name_key(c, &p);
	(void)snprintf(p.body, sizeof(p.body), "{\"currency\":\"%s\",\"kind\":\"wallet\"}", currency_of(c, number));
	if (!pay(c, &p, NULL, NULL, 0))
		return false;
	body = json_loads(c->answer.body, 0, NULL);
	if (json_is_string(json_object_get(body, "id"))) {
		const char *text = json_string_value(json_object_get(body, "id"));

		good = strlen(text) < PAYER_ID_BYTES;
		if (good)
			(void)snprintf(id, PAYER_ID_BYTES, "%s", text);
	}
	json_decref(body);
	return good;
}

static bool top_up(struct client *c, uint64_t number, uint64_t amount)
{
	struct payment p = {.kind = PAYER_TOPUP};
	const char *account = c->load->account[number];

	name_key(c, &p);
	(void)snprintf(p.body, sizeof(p.body),
	    "{\"account\":\"%s\",\"amount\":%llu,\"currency\":\"%s\",\"channel\":\"bank\",\"channel_reference\":\"%"
	    "s\"}",
	    account, (unsigned long long)amount, currency_of(c, number), p.key);
	return pay(c, &p, NULL, account, amount);
}

static void transfer(struct client *c, uint64_t amount)
{
	struct payment p = {.kind = PAYER_TRANSFER};
	uint64_t accounts = c->load->options->accounts, from = dice(c, accounts), split = first_foreign(c);
	uint64_t low = from < split ? 0 : split, high = from < split ? split : accounts,
		 to = low + dice(c, high - low - 1);
	const char *from_id = c->load->account[from], *to_id = c->load->account[to >= from ? to + 1 : to];

	name_key(c, &p);
	(void)snprintf(p.body, sizeof(p.body),
	    "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":%llu,\"currency\":\"%s\",\"reference\":\"%s\"}", from_id, to_id,
	    (unsigned long long)amount, currency_of(c, from), p.key);
	(void)pay(c, &p, from_id, to_id, amount);
}

static void get(struct client *c, const char *path)
{
	struct http_request r = {.method = "GET", .path = path};

	http_ask(c->http, &r, &c->answer);
	if (c->answer.status != 200)
		atomic_fetch_add(&c->load->errors, 1);
}

static void read_balance(struct client *c)
{
	const char *id = c->load->account[dice(c, c->load->options->accounts)];
	char path[PAYER_ID_BYTES + 32];

	(void)snprintf(path, sizeof(path), "/v1/accounts/%s/balance", id);
	get(c, path);
	history_read(c->load->history, id, c->number, &c->answer);
}

static void read_entries(struct client *c)
{
	const char *id = c->load->account[dice(c, c->load->options->accounts)];
	unsigned limit = 1 + (unsigned)dice(c, PAYER_PAGE_ENTRIES);
	char path[PAYER_ID_BYTES + 48];

	(void)snprintf(path, sizeof(path), "/v1/accounts/%s/entries?limit=%u", id, limit);
	get(c, path);
	history_entries(c->load->history, id, c->number, limit, &c->answer);
}

/* What somebody pays with at this moment, or has just paid with. */
static void look_up(struct client *c)
{
	char key[PAYER_KEY_BYTES], path[PAYER_KEY_BYTES + 32];

	(void)pthread_mutex_lock(&c->load->lock);
	memcpy(key, c->load->under_way[dice(c, c->load->options->clients)], sizeof(key));
	(void)pthread_mutex_unlock(&c->load->lock);
	if (!*key)
		return;
	(void)snprintf(path, sizeof(path), "/v1/idempotency_keys/%s", key);
	get(c, path);
	history_look(c->load->history, key, c->number, &c->answer);
}

static void read_something(struct client *c)
{
	switch (dice(c, 8)) {
	case 0: read_entries(c); break;
	case 1: look_up(c); break;
	default: read_balance(c); break;
	}
	if (c->answer.status != 200)
		payer_pause_ms(10 + dice(c, 41));
}

static void act(struct client *c)
{
	uint64_t die = dice(c, 1000);

	if (die < 5)
		transfer(c, TOO_MUCH_MINOR);
	else if (die < 45)
		(void)top_up(c, dice(c, c->load->options->accounts), 1 + dice(c, AMOUNT_MAX_MINOR));
	else if (die < 45 + c->load->options->reads)
		read_something(c);
	else if (die < 95 + c->load->options->reads && c->remembered)
		(void)insist(c, &c->memory[dice(c, c->remembered < MEMORY ? c->remembered : MEMORY)], true);
	else
		transfer(c, 1 + dice(c, AMOUNT_MAX_MINOR));
}

static void complain(struct client *c, const char *what)
{
	if (!atomic_exchange(&c->load->failed, true))
		fprintf(stderr, "payer: %s does not work: status %ld %s %.300s\n", what, c->answer.status,
		    c->answer.error, c->answer.body);
}

static void set_up(struct client *c)
{
	struct load *l = c->load;
	uint64_t n = l->options->accounts;

	for (uint64_t i = c->number; i < n && !atomic_load(&l->failed); i += l->options->clients)
		if (!make_account(c, i, l->account[i]))
			complain(c, "making an account");
	(void)pthread_barrier_wait(&l->phase);
	for (uint64_t i = c->number; i < n && !atomic_load(&l->failed); i += l->options->clients)
		if (!top_up(c, i, i % 4 ? FUNDS_MINOR : POOR_FUNDS_MINOR))
			complain(c, "a top-up");
	if (pthread_barrier_wait(&l->phase) == PTHREAD_BARRIER_SERIAL_THREAD) {
		history_mark(l->history, "load");
		atomic_store(&l->loaded_us, payer_mono_us());
	}
	(void)pthread_barrier_wait(&l->phase);
}

void *client_main(void *context)
{
	const struct client_start *start = context;
	struct load *l = start->load;
	struct client *c = calloc(1, sizeof(*c));
	uint64_t pace_us = l->options->rate ? l->options->clients * 1000000 / l->options->rate : 0, next_us;

	if (!c || !(c->http = http_open(l->options))) {
		fprintf(stderr, "payer: no memory\n");
		abort(); /* the others would wait at the barrier for ever */
	}
	c->load = l;
	c->number = start->number;
	c->dice = (payer_mono_us() << 8 | start->number) | 1;
	set_up(c);
	next_us = payer_mono_us() + (pace_us ? dice(c, pace_us) : 0);
	while (!atomic_load(&l->stop) && !atomic_load(&l->failed)) {
		uint64_t now_us = payer_mono_us();

		if (pace_us && now_us < next_us) {
			uint64_t wait_ms = (next_us - now_us) / 1000;

			payer_pause_ms(wait_ms < 1 ? 1 : wait_ms > 100 ? 100 : wait_ms);
			continue;
		}
		/* What was missed during an outage is not made up for, unless that is asked for: it would be another load. */
		c->due_us = pace_us && l->options->open_loop ? next_us : 0;
		next_us = next_us + pace_us < now_us && !c->due_us ? now_us : next_us + pace_us;
		act(c);
	}
	http_close(c->http);
	free(c);
	atomic_fetch_sub(&l->running, 1);
	return NULL;
}
