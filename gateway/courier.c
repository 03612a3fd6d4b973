#include "gateway/courier.h"

#include "gateway/client.h"
#include "heartbeat/rolepage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ERRANDS_MAX 4096
#define TICK_US 10000
#define RETRY_US 10000
#define GRACE_US 300000 /* a ledger settles what it holds at the deadline; its word is on the way */

enum { LOCAL, PEER, CLIENTS, NOWHERE = CLIENTS };

struct errand {
	void *owner; /* NULL: the slot is free */
	struct op_message *m;
	uint64_t id; /* of the last sending; 0 never sent */
	uint64_t deadline_us, retry_us;
	int sent_to;	      /* NOWHERE: not under way */
	bool tainted;	      /* a write that may have reached a COMMIT */
	enum courier_end why; /* it was not executed */
};

struct courier {
	struct client *clients[CLIENTS];
	struct rolepage *page;
	const char *page_path;
	courier_handler *handler;
	sd_event_source *tick;
	uint64_t last_number, born_us;
	unsigned count, free_hint;
	struct errand errands[ERRANDS_MAX];
};

static bool read_page(struct courier *c, struct role_view *ret)
{
	struct errbuf ignored = {""};

	if (!c->page_path || (!c->page && rolepage_open(c->page_path, &c->page, &ignored)))
		return false;
	rolepage_read(c->page, ret);
	return true;
}

static int target(struct courier *c)
{
	struct role_view v;

	if (!c->page_path)
		return LOCAL;
	if (!read_page(c, &v))
		return NOWHERE;
	if (v.active == ROLEPAGE_NO_NODE || v.self == ROLEPAGE_NO_NODE)
		return NOWHERE;
	return v.active == v.self ? LOCAL : PEER;
}

static void finish(
    struct courier *c, struct errand *x, enum courier_end end, const struct wire_answer *a, const char *body)
{
	void *owner = x->owner;

	assert(owner);
	x->owner = NULL;
	c->count--;
	c->free_hint = (unsigned)(x - c->errands);
	c->handler(owner, end, a, body);
}

static void give_up(struct courier *c, struct errand *x)
{
	if (x->tainted)
		finish(c, x, COURIER_UNKNOWN, NULL, NULL);
	else
		finish(c, x, x->why, NULL, NULL);
}

/* It is not under way any more, and what became of it is not known. */
static void miss(struct errand *x, uint64_t now_us)
{
	if (op_is_write(x->m->op.kind))
		x->tainted = true;
	x->sent_to = NOWHERE;
	x->retry_us = now_us;
}

static void dispatch(struct courier *c, struct errand *x, uint64_t now_us)
{
	int to = target(c);
	uint64_t id;

	if (to == NOWHERE || now_us >= x->deadline_us)
		return;
	/* The slot, so that an answer finds it, and a number that is never used again. */
	id = ++c->last_number * ERRANDS_MAX + (uint64_t)(x - c->errands);
	x->m->op.again = x->id != 0;
	x->m->op.budget_ms = (uint32_t)((x->deadline_us - now_us) / 1000);
	if (!client_send(c->clients[to], id, x->m))
		return;
	x->id = id;
	x->sent_to = to;
}

static void step(struct courier *c, struct errand *x, uint64_t now_us, int to)
{
	if (x->sent_to != NOWHERE && to != NOWHERE && to != x->sent_to)
		miss(x, now_us); /* the record names another: its ledger will know */
	if (x->sent_to == NOWHERE && now_us < x->deadline_us && now_us >= x->retry_us)
		dispatch(c, x, now_us);
	if (x->sent_to == NOWHERE && now_us >= x->deadline_us) {
		give_up(c, x);
	} else if (now_us >= x->deadline_us + GRACE_US) {
		miss(x, now_us);
		give_up(c, x);
	}
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct courier *c = userdata;
	uint64_t now_us = clock_boottime_us();
	unsigned left = c->count;
	int to = target(c);

	for (unsigned i = 0; i < ERRANDS_MAX && left; i++)
		if (c->errands[i].owner) {
			left--;
			step(c, &c->errands[i], now_us, to);
		}
	(void)sd_event_source_set_time(source, usec + TICK_US);
	return sd_event_source_set_enabled(source, c->count ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void on_answer(void *userdata, uint64_t id, const struct wire_answer *a, const char *body)
{
	struct courier *c = userdata;
	struct errand *x = &c->errands[id % ERRANDS_MAX];
	uint64_t now_us = clock_boottime_us();

	if (!x->owner || x->id != id || x->sent_to == NOWHERE)
		return; /* late: it was sent again, or its time was up */
	switch (a->outcome) {
	case WIRE_DONE:
		if (x->tainted && (a->status == 401 || a->status == 403)) {
			give_up(c, x); /* true now, and says nothing about what an earlier sending did */
			return;
		}
		finish(c, x, COURIER_ANSWERED, a, body);
		return;
	case WIRE_UNKNOWN: miss(x, now_us); break;
	case WIRE_OVERLOADED:
	case WIRE_CROWDED:
		x->why = a->outcome == WIRE_CROWDED ? COURIER_CROWDED : COURIER_OVERLOADED;
		if (!x->tainted) {
			give_up(c, x);
			return;
		}
		break;
	default: x->why = a->outcome == WIRE_STALLED ? COURIER_STALLED : COURIER_NOT_EXECUTED; break;
	}
	x->sent_to = NOWHERE;
	x->retry_us = now_us + RETRY_US;
}

static void on_lost(void *userdata, struct client *client)
{
	struct courier *c = userdata;
	uint64_t now_us = clock_boottime_us();
	int which = client == c->clients[LOCAL] ? LOCAL : PEER;

	for (unsigned i = 0; i < ERRANDS_MAX; i++)
		if (c->errands[i].owner && c->errands[i].sent_to == which)
			miss(&c->errands[i], now_us);
}

/* What waits for the line does not wait for the next tick. */
static void on_ready(void *userdata, struct client *client)
{
	struct courier *c = userdata;
	uint64_t now_us = clock_boottime_us();
	unsigned left = c->count;

	if (client != c->clients[target(c) == PEER ? PEER : LOCAL])
		return;
	for (unsigned i = 0; i < ERRANDS_MAX && left; i++) {
		struct errand *x = &c->errands[i];

		left -= x->owner != NULL;
		if (x->owner && x->sent_to == NOWHERE && now_us >= x->retry_us)
			dispatch(c, x, now_us);
	}
}

static const struct client_handlers handlers = {.answer = on_answer, .lost = on_lost, .ready = on_ready};

struct courier *courier_new(
    sd_event *event, const char *page_path, const char *local_path, const char *peer_path, courier_handler *handler)
{
	struct courier *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->page_path = page_path;
	c->handler = handler;
	c->born_us = clock_boottime_us();
	c->clients[LOCAL] = client_new(event, local_path, &handlers, c);
	c->clients[PEER] = client_new(event, peer_path, &handlers, c);
	if (!c->clients[LOCAL] || !c->clients[PEER] ||
	    sd_event_add_time(event, &c->tick, CLOCK_MONOTONIC, 0, 1000, on_tick, c) < 0 ||
	    sd_event_source_set_enabled(c->tick, SD_EVENT_OFF) < 0) {
		courier_free(c);
		return NULL;
	}
	return c;
}

void courier_free(struct courier *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->tick);
	client_free(c->clients[LOCAL]);
	client_free(c->clients[PEER]);
	rolepage_close(c->page);
	free(c);
}

static void start_tick(struct courier *c)
{
	(void)sd_event_source_set_time_relative(c->tick, TICK_US);
	(void)sd_event_source_set_enabled(c->tick, SD_EVENT_ON);
}

bool courier_send(struct courier *c, struct op_message *m, uint64_t deadline_us, void *errand)
{
	struct errand *x;

	if (c->count == ERRANDS_MAX)
		return false;
	while (c->errands[c->free_hint].owner)
		c->free_hint = (c->free_hint + 1) % ERRANDS_MAX;
	x = &c->errands[c->free_hint];
	*x = (struct errand){
	    .owner = errand, .m = m, .deadline_us = deadline_us, .sent_to = NOWHERE, .why = COURIER_NOT_EXECUTED};
	if (c->count++ == 0)
		start_tick(c);
	dispatch(c, x, clock_boottime_us());
	return true;
}

unsigned courier_count(const struct courier *c)
{
	return c->count;
}

bool courier_is_open_here(struct courier *c)
{
	struct role_view v;

	return read_page(c, &v) && v.active != ROLEPAGE_NO_NODE && v.active == v.self &&
	       clock_boottime_us() < v.gate_until_us;
}

enum courier_health courier_look(struct courier *c)
{
	int to = target(c);
	enum client_state state = to == NOWHERE ? CLIENT_AWAY : client_look(c->clients[to]);

	if (state == CLIENT_FOREIGN)
		return COURIER_FOREIGN;
	if (state == CLIENT_AWAY && clock_boottime_us() < c->born_us + COURIER_START_US)
		return COURIER_STARTING;
	return COURIER_FIT;
}
