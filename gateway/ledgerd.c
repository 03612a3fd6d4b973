/* holdfast-ledgerd: the only writer of money, and only while its node is active. The loop thread, which
 * always goes on. */
#include "gateway/door.h"
#include "gateway/edgeprobe.h"
#include "gateway/ledgertally.h"
#include "gateway/options.h"
#include "gateway/queue.h"
#include "gateway/reader.h"
#include "gateway/twin.h"
#include "gateway/underway.h"
#include "gateway/writer.h"
#include "heartbeat/link.h"
#include "heartbeat/log.h"
#include "heartbeat/reload.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <mysql.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define TICK_US 20000
#define REPORT_EVERY_US 100000
#define ADDRESS_GOES_US 1000000 /* after the role */
#define DOOR_SHUT_US 10000000
#define HEARTBEATD_SILENT_US 1000000 /* it writes the role page several times in that */
#define STALL_US 1000000	     /* a COMMIT that has waited for so long is what others wait for */

struct ledgerd {
	struct options options;
	sd_event *event;
	struct rolepage *page; /* NULL until heartbeatd has written it */
	struct queue *queue, *reads;
	struct underway *underway; /* of both */
	struct writer *writer;	   /* NULL until there is a page, and so is the reader */
	struct reader *reader;
	struct door door;
	struct link *link;
	struct edgeprobe edge;
	struct ledgertally tally;
	uint64_t told_us; /* the metrics were left */
	bool untold;	  /* that failed, which has been said */
	char page_path[PATH_BYTES], link_path[PATH_BYTES], edge_path[PATH_BYTES], metrics_path[PATH_BYTES];
	struct role_view seen; /* as of the last tick */
	bool gate_was_open;
	uint64_t close_asked, close_confirmed, reported_us;
	uint64_t leaves_us; /* told to end, and goes on while it is needed; 0: it stays */
	uint64_t had_role_us;
	struct ledger_report reported;
};

static void view(struct ledgerd *l, struct role_view *ret)
{
	static const struct role_view nobody = {.self = ROLEPAGE_NO_NODE - 1, .active = ROLEPAGE_NO_NODE};

	if (l->page)
		rolepage_read(l->page, ret);
	else
		*ret = nobody;
}

/* The last look before an answer leaves (R9): after its data was read or its COMMIT returned, whatever
 * happened since. */
static void answer(struct ledgerd *l, struct request *r)
{
	struct role_view v;

	view(l, &v);
	if (r->answer.outcome == WIRE_DONE && !role_may_answer(&v, r->version, clock_boottime_us()))
		request_settle(r, WIRE_UNKNOWN);
	ledgertally_note(&l->tally, r->answer.outcome, clock_boottime_us() - r->arrived_us);
	server_send(l->door.server, r->session, r->id, &r->answer, r->body);
}

/* It is not under way any more. */
static void forget(struct ledgerd *l, struct request *r)
{
	underway_leave(l->underway, r->message.op.secret_hash);
	request_free(r);
}

static void answer_list(struct ledgerd *l, struct request *list)
{
	while (list) {
		struct request *next = list->next;

		answer(l, list);
		forget(l, list);
		list = next;
	}
}

/* The other gateway keeps a COMMIT waiting. Alone (SOLO) nobody is waited for. */
static bool is_stalled(const struct ledgerd *l, uint64_t now_us)
{
	struct writer_status s = {0};

	if (l->writer)
		writer_get_status(l->writer, &s);
	return s.commit_since_us && now_us >= s.commit_since_us + STALL_US && l->seen.mode != ROLE_MODE_SOLO;
}

static void refuse_list(struct ledgerd *l, struct request *list, uint64_t now_us)
{
	enum wire_outcome outcome = list && is_stalled(l, now_us) ? WIRE_STALLED : WIRE_NOT_EXECUTED;

	for (struct request *r = list; r; r = r->next)
		request_settle(r, outcome);
	answer_list(l, list);
}

/* True whatever the role is: the twin has neither an outcome nor a place in the journal yet. */
static void refuse_twins(struct ledgerd *l, struct request *list)
{
	while (list) {
		struct request *next = list->next;
		char body[TWIN_BODY_BYTES];
		struct wire_answer a = twin_answer(&list->message, body);

		ledgertally_note(&l->tally, a.outcome, clock_boottime_us() - list->arrived_us);
		server_send(l->door.server, list->session, list->id, &a, body);
		forget(l, list);
		list = next;
	}
}

static void on_op(
    void *userdata, uint64_t session, bool root, uint64_t sent_us, uint64_t id, const struct op_message *m)
{
	struct ledgerd *l = userdata;
	struct wire_answer no = {.outcome = WIRE_OVERLOADED};
	struct request *r;

	if (op_is_admin(m->op.kind) && !root) {
		LOG(LOG_WARNING, "admin.refuse", KV_U("session", session));
		no = (struct wire_answer){.outcome = WIRE_DONE, .status = 403};
		server_send(l->door.server, session, id, &no, NULL);
		return;
	}
	if (!underway_enter(l->underway, m->op.secret_hash, l->options.conf.in_flight_max)) {
		no.outcome = WIRE_CROWDED;
		ledgertally_note(&l->tally, no.outcome, 0);
		server_send(l->door.server, session, id, &no, NULL);
		return;
	}
	r = request_new(m);
	if (r) {
		r->session = session;
		r->id = id;
		r->arrived_us = clock_boottime_us();
		r->deadline_us = sent_us + (uint64_t)m->op.budget_ms * 1000;
		if (queue_put(op_is_aside(m->op.kind) ? l->reads : l->queue, r))
			return;
		request_free(r);
	}
	underway_leave(l->underway, m->op.secret_hash);
	ledgertally_note(&l->tally, no.outcome, 0);
	server_send(l->door.server, session, id, &no, NULL);
}

static void report(struct ledgerd *l)
{
	struct ledger_report now = {
	    .fit = 1,
	    .leaves = l->leaves_us != 0,
	    .gate_closed_generation = l->close_confirmed,
	    .edge_silent_us = l->edge.silent_us,
	    .edge_gone = l->edge.silent_us && l->edge.gone,
	};
	struct writer_status s;
	uint64_t now_us = clock_boottime_us();

	if (l->writer) {
		writer_get_status(l->writer, &s);
		standing_report(&s, &now);
	}
	if (l->door.shut_us) {
		now.fit = 0;
		(void)snprintf(now.reason, sizeof(now.reason), "%.100s", l->door.shut.text);
	}
	now.header = l->reported.header;
	/* At rest also means answered: what the writer had given to us before it said so. */
	if (now.rest_generation != l->reported.rest_generation) {
		answer_list(l, queue_take_answers(l->queue));
		server_flush(l->door.server);
	}
	if (memcmp(&now, &l->reported, sizeof(now)) == 0 && now_us - l->reported_us < REPORT_EVERY_US)
		return;
	l->reported_us = now_us;
	link_send(l->link, LOCAL_LEDGER, &now, sizeof(now));
	l->reported = now;
}

/* These are awaited; everything else has time until the next tick. */
static void report_awaited(struct ledgerd *l)
{
	struct writer_status s;

	if (!l->writer)
		return;
	writer_get_status(l->writer, &s);
	if (s.barrier_epoch != l->reported.barrier_epoch || s.rest_generation != l->reported.rest_generation)
		report(l);
}

static int on_answers(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct ledgerd *l = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	answer_list(l, queue_take_answers(l->queue));
	server_flush(l->door.server);
	report_awaited(l);
	return 0;
}

static int on_reads(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct ledgerd *l = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	answer_list(l, queue_take_answers(l->reads));
	server_flush(l->door.server);
	return 0;
}

/* The gate was asked to close: confirmed once the page says so too, for then every later answer is checked
 * against it. */
static void confirm_close(struct ledgerd *l)
{
	struct role_view v;

	if (l->close_asked == l->close_confirmed)
		return;
	view(l, &v);
	if (role_may_answer(&v, v.version, clock_boottime_us()))
		return;
	server_drop_unsent(l->door.server);
	l->close_confirmed = l->close_asked;
}

static void start_threads(struct ledgerd *l)
{
	struct errbuf e = {""};

	if (!l->page && rolepage_open(l->page_path, &l->page, &e))
		return; /* heartbeatd has not started yet; the report says that we are not ready */
	if (!l->writer &&
	    writer_start(l->queue, l->page, l->options.database_socket, l->options.database_user, &l->writer, &e)) {
		LOG(LOG_ERR, "writer.fail", KV_S("why", e.text));
		sd_event_exit(l->event, 1);
		return;
	}
	if (!l->reader && reader_start(l->reads, l->page, writer_standing(l->writer), l->options.database_socket,
			      l->options.database_user, &l->reader, &e)) {
		LOG(LOG_ERR, "reader.fail", KV_S("why", e.text));
		sd_event_exit(l->event, 1);
	}
}

static void poke(struct ledgerd *l)
{
	queue_poke(l->queue);
	queue_poke(l->reads);
}

/* Into the memory of this machine; nobody waits for it, and what cannot be written is said once. */
static void leave_metrics(struct ledgerd *l, uint64_t now_us)
{
	struct errbuf e = {""};
	int code;

	if (now_us < l->told_us + METRICS_EVERY_MS * 1000)
		return;
	l->told_us = now_us;
	l->tally.open = l->gate_was_open;
	queue_count(l->queue, &l->tally.writes);
	queue_count(l->reads, &l->tally.reads);
	code = metrics_leave(l->metrics_path, ledgertally_print, &l->tally, &e);
	if (code && !l->untold)
		LOG(LOG_WARNING, "metrics.fail", KV_S("why", e.text));
	l->untold = code;
}

static bool has_role(const struct ledgerd *l)
{
	return l->seen.active == l->seen.self;
}

/* Somebody else may have the role before this one ends; for as long as heartbeatd, which hands it over, is there. */
static bool waits_for_heir(const struct ledgerd *l, uint64_t since_us, uint64_t limit_us, uint64_t now_us)
{
	return has_role(l) && l->seen.mode != ROLE_MODE_SOLO && now_us < since_us + limit_us &&
	       now_us < l->seen.updated_us + HEARTBEATD_SILENT_US;
}

/* Whoever finds no socket finds no ledger. */
static void mend_door(struct ledgerd *l, uint64_t now_us)
{
	door_mend(&l->door, now_us);
	if (!door_is_stuck(&l->door, now_us) || waits_for_heir(l, l->door.shut_us, DOOR_SHUT_US, now_us))
		return;
	LOG(LOG_ERR, "ledgerd.restart", KV_S("why", l->door.shut.text));
	sd_event_exit(l->event, 1);
}

/* Told to end. Who has the role hands it over first, with nobody refused, if anybody can take it; and what is stopped after us, as HAProxy is when
 * the machine goes down, passes on what still comes by the address. */
static void leave(struct ledgerd *l, uint64_t now_us)
{
	if (has_role(l) ? waits_for_heir(l, l->leaves_us, LEDGER_LEAVES_US, now_us)
			: now_us < l->had_role_us + ADDRESS_GOES_US)
		return;
	sd_event_exit(l->event, 0);
}

static void look(struct ledgerd *l)
{
	uint64_t now_us = clock_boottime_us();
	struct role_view v;
	bool lost, open;

	if (!l->reader)
		start_threads(l);
	view(l, &v);
	open = role_may_answer(&v, v.version, now_us);
	lost = l->seen.active == l->seen.self && (v.active != v.self || v.epoch != l->seen.epoch);
	if (v.version != l->seen.version || v.writable_epoch != l->seen.writable_epoch ||
	    v.drain_generation != l->seen.drain_generation || open != l->gate_was_open)
		poke(l);
	l->seen = v;
	if (has_role(l))
		l->had_role_us = now_us;
	l->gate_was_open = open;
	if (l->writer)
		writer_check(l->writer, &v);
	if (l->reader)
		reader_check(l->reader, &v);
	refuse_list(l, queue_take_expired(l->queue, now_us, lost && v.active != v.self), now_us);
	refuse_list(l, queue_take_expired(l->reads, now_us, lost && v.active != v.self), now_us);
	refuse_twins(l, queue_take_twins(l->queue, now_us));
	confirm_close(l);
	server_flush(l->door.server);
	edgeprobe_step(&l->edge, now_us);
	mend_door(l, now_us);
	report(l);
	leave_metrics(l, now_us);
	if (l->leaves_us)
		leave(l, now_us);
}

static void on_packet(void *userdata, const struct local_header *packet)
{
	struct ledgerd *l = userdata;
	uint64_t close_generation;

	if (packet->type != LOCAL_GATE)
		return;
	close_generation = ((const struct ledger_gate *)(const void *)packet)->close_generation;
	if (close_generation > l->close_asked || close_generation < l->close_confirmed)
		l->close_asked = close_generation; /* lower: another life of heartbeatd */
	look(l);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)usec; /* when it was due: what was missed is not to be made up for */
	look(userdata);
	return sd_event_source_set_time_relative(source, TICK_US);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct ledgerd *l = userdata;
	struct conf now;

	(void)source;
	(void)info;
	if (reload_read(l->options.path, &l->options.conf, CONF_READER_LEDGERD, &now))
		l->options.conf.in_flight_max = now.in_flight_max;
	return 0;
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct ledgerd *l = userdata;

	(void)source;
	(void)info;
	if (!l->leaves_us) {
		l->leaves_us = clock_boottime_us();
		LOG(LOG_NOTICE, "ledgerd.leave", KV_U("active", has_role(l)));
		look(l);
	} else {
		sd_event_exit(l->event, 0); /* whoever says it twice means it */
	}
	return 0;
}

static int set_up(struct ledgerd *l, struct errbuf *e)
{
	sd_event_source *tick = NULL, *answers = NULL, *reads = NULL;
	uint64_t now_us;
	int code;

	if (!options_path(&l->options, "role", l->page_path) ||
	    !options_path(&l->options, "heartbeatd.sock", l->link_path) ||
	    !options_path(&l->options, METRICS_LEDGERD_NAME, l->metrics_path) ||
	    !options_path(&l->options, EDGEPROBE_SOCKET, l->edge_path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", l->options.run_dir);
	ledgertally_begin(&l->tally);
	edgeprobe_start(&l->edge, l->edge_path, clock_boottime_us());
	/* Before anything is touched: the socket of the one that runs, for one. */
	code = door_hold(&l->door, &l->options, e);
	if (code)
		return code;
	l->queue = queue_new();
	l->reads = queue_new();
	l->underway = underway_new();
	if (!l->queue || !l->reads || !l->underway || sd_event_default(&l->event) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	queue_limit(l->reads, READER_REQUESTS_MAX, READER_ROUND_MAX);
	l->link = link_new(l->event, l->link_path, LOCAL_CLIENT_LEDGERD, on_packet, l);
	if (!l->link || sd_event_now(l->event, CLOCK_MONOTONIC, &now_us) < 0 ||
	    sd_event_add_time(l->event, &tick, CLOCK_MONOTONIC, now_us, 1000, on_tick, l) < 0 ||
	    sd_event_source_set_enabled(tick, SD_EVENT_ON) < 0 ||
	    sd_event_add_io(l->event, &answers, queue_answers_fd(l->queue), EPOLLIN, on_answers, l) < 0 ||
	    sd_event_add_io(l->event, &reads, queue_answers_fd(l->reads), EPOLLIN, on_reads, l) < 0 ||
	    sd_event_add_signal(l->event, NULL, SIGTERM, on_end, l) < 0 ||
	    sd_event_add_signal(l->event, NULL, SIGINT, on_end, l) < 0 ||
	    sd_event_add_signal(l->event, NULL, SIGHUP, on_reload, l) < 0 || sd_event_set_watchdog(l->event, true) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return door_open(&l->door, l->event, on_op, l, e);
}

static void tear_down(struct ledgerd *l)
{
	reader_stop(l->reader); /* first: it looks at what the writer says of itself */
	writer_stop(l->writer);
	edgeprobe_end(&l->edge);
	door_close(&l->door);
	link_free(l->link);
	queue_free(l->queue);
	queue_free(l->reads);
	underway_free(l->underway);
	rolepage_close(l->page);
	sd_event_unref(l->event);
}

int main(int argc, char **argv)
{
	static struct ledgerd l = {.door.held = -1};
	struct errbuf e = {""};
	sigset_t stop;
	int code = options_read(argc, argv, false, &l.options);

	if (code >= 0)
		return code;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)sigaddset(&stop, SIGHUP);
	/* Before any thread: the loop takes them as events. A peer that is gone is an error code, not a
	 * signal. */
	if (sigprocmask(SIG_BLOCK, &stop, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR || sodium_init() < 0 ||
	    mysql_library_init(0, NULL, NULL) ||
	    prctl(PR_SET_DUMPABLE, 0)) { /* records of passwords, and hashes of tokens, are in its memory */
		LOG(LOG_ERR, "ledgerd.fail", KV_S("why", "cannot initialise the libraries"));
		return 1;
	}
	code = set_up(&l, &e);
	if (code) {
		LOG(LOG_ERR, "ledgerd.fail", KV_S("why", e.text));
	} else {
		(void)sd_notify(0, "READY=1");
		LOG(LOG_NOTICE, "ledgerd.start", KV_S("socket", l.door.socket_path));
		code = sd_event_loop(l.event);
		(void)sd_notify(0, "STOPPING=1");
	}
	tear_down(&l);
	return code ? 1 : 0;
}
