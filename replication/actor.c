#include "replication/actor_parts.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/dirlock.h"
#include "heartbeat/fitness.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/durable.h"
#include "replication/dataversion.h"
#include "replication/replica_plan.h"
#include "replication/schemadir.h"
#include "replication/step.h"

#define LOOK_MS 50 /* between two looks when nothing is to be done */
#define SOON_MS 5  /* while something is awaited */
#define VERSION_US 1000000
#define AGAIN_MS 200	   /* after a step that failed */
#define SEED_AGAIN_MS 2000 /* when nothing came of it */

static void poke(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

static void unpoke(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}

/* False: what lies there could not be read, so nothing is known. */
static bool look_at_files(struct actor *a, struct errbuf *e)
{
	struct sight *s = &a->sight;
	struct token_file t = {0};
	char path[256];
	int code;

	(void)snprintf(path, sizeof(path), "%s/ibdata1", a->conf->datadir);
	s->data = access(path, F_OK) == 0;
	(void)snprintf(path, sizeof(path), "%s/" ACTOR_COPY_FILE, a->conf->datadir);
	s->copy_new = access(path, F_OK) == 0;
	s->parted = access(ACTOR_PARTED, F_OK) == 0;
	/* One that is damaged says nothing, as before the first look. */
	if (durable_read(ACTOR_LINEAGE, path, sizeof(path), e) || lineage_note_parse(path, &s->noted))
		s->noted = (struct lineage_note){0};
	/* It is about the copy that this one has replaced. */
	if (s->copy_new)
		s->noted = (struct lineage_note){0};
	/* A damaged token is none. One that cannot be read may be one: acting without it could destroy what it stands for. */
	code = token_load(ACTOR_TOKEN, &t, e);
	if (code && code != -ENOENT && code != -EINVAL)
		return false;
	s->token = t.token;
	if (dirty_load(ACTOR_DIRTY, &s->dirty, e))
		return false;
	e->text[0] = '\0';
	return true;
}

/* False: systemd did not answer, so nothing is known and nothing may be done. */
static bool look_at_server(struct actor *a, struct errbuf *e)
{
	struct sight *s = &a->sight;
	enum server_state state = server_look(a->server, e);

	if (state == SERVER_UNKNOWN)
		return false;
	s->process = state != SERVER_DOWN;
	if (a->life != server_life(a->server) || !s->process) {
		a->life = server_life(a->server);
		step_forget(a);
	}
	return true;
}

static void look_at_database(struct actor *a, struct errbuf *e)
{
	struct sight *s = &a->sight;
	uint64_t relay_before = relay_epoch(a->relay);
	int code;

	s->up = false;
	s->looked_us = clock_boottime_us();
	s->db = (struct observation){0};
	if (!s->process)
		return;
	if (s->answered && !s->mute_us)
		s->mute_us = s->looked_us; /* until it has answered */
	code = database_open(a->db, e);
	if (code == -ECONNREFUSED)
		e->text[0] = '\0'; /* it is starting */
	if (code)
		return;
	if (s->row_sent)
		code = step_take_row(a, 0, e);
	if (code)
		LOG(LOG_WARNING, "epoch-row.fail", KV_S("why", e->text));
	code = observe(a->db, &s->db, e);
	s->up = !code;
	if (s->up) {
		s->answered = true;
		s->mute_us = 0;
	}
	s->relay_epoch = relay_before == relay_epoch(a->relay) ? relay_before : 0;
	s->backlog_ms = s->up && s->db.slave
			    ? backlog_take(&a->backlog, s->db.received.seq, s->db.applied.seq, clock_boottime_us())
			    : 0;
}

/* mariadb-upgrade leaves the version there, under one name or the other, and may do so at any time. */
static void look_at_data_version(struct actor *a)
{
	static const char *const names[] = {"mariadb_upgrade_info", "mysql_upgrade_info"};
	struct sight *s = &a->sight;
	char path[256], data[64] = "", notice[LOCAL_REASON_BYTES];
	struct errbuf ignored;

	if (!s->up || s->looked_us < a->version_us + VERSION_US)
		return;
	a->version_us = s->looked_us;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]) && !data[0]; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", a->conf->datadir, names[i]);
		if (durable_read(path, data, sizeof(data), &ignored))
			data[0] = '\0';
	}
	(void)dataversion_notice(data, s->db.version, notice);
	if (notice[0] && strcmp(notice, s->version_notice) != 0)
		LOG(LOG_WARNING, "data.version", KV_S("why", notice));
	memcpy(s->version_notice, notice, sizeof(notice));
}

/* Everything is read anew; the order first, so that what is read later is at least as new. */
static bool look(struct actor *a, struct errbuf *e)
{
	e->text[0] = '\0';
	pthread_mutex_lock(&a->lock);
	facts_take_order(&a->sight, &a->order);
	a->cancel = a->ending;
	pthread_mutex_unlock(&a->lock);
	if (!look_at_files(a, e) || !look_at_server(a, e))
		return false;
	look_at_database(a, e);
	look_at_data_version(a);
	facts_take_look(&a->sight);
	return true;
}

static void publish(struct actor *a, const struct plan_rule *rule, uint32_t facts, const char *failure)
{
	struct repl_report report;
	bool changed;

	facts_report(&a->sight, rule, failure, &report);
	pthread_mutex_lock(&a->lock);
	/* Only while somebody waits does it matter how old the look is. */
	if (!report.semi_waits)
		a->report.looked_us = report.looked_us;
	changed = !a->looked || memcmp(&report, &a->report, sizeof(report)) != 0;
	a->report = report;
	a->facts = facts;
	a->compared_epoch = facts & R_SAME ? a->sight.order.epoch : 0;
	a->compared_source = a->sight.order.active;
	a->looked = true;
	a->looked_us = clock_boottime_us();
	pthread_mutex_unlock(&a->lock);
	if (changed)
		poke(a->changed_fd);
}

void actor_say(struct actor *a, const char *text)
{
	bool changed;

	pthread_mutex_lock(&a->lock);
	changed = strcmp(a->report.reason, text) != 0;
	if (changed)
		(void)snprintf(a->report.reason, sizeof(a->report.reason), "%s", text);
	pthread_mutex_unlock(&a->lock);
	if (changed)
		poke(a->changed_fd);
}

static void tell_step(struct actor *a, const struct plan_rule *rule)
{
	if (rule->step != a->last_step && rule->step != STEP_NONE && rule->step != STEP_WAIT)
		LOG(LOG_NOTICE, "plan.step", KV_S("step", plan_step_text(rule->step)), KV_S("why", rule->why),
		    KV_U("want", a->sight.order.want), KV_U("epoch", a->sight.order.epoch));
	a->last_step = rule->step;
}

/* Keeps the words of a failure until a step succeeds; they are logged when they change. */
static void note_failure(struct actor *a, const struct plan_rule *rule, int code, const struct errbuf *e)
{
	const char *text = code && e->text[0] ? e->text : "";

	if (code && code != -EAGAIN && strcmp(a->failure, text) != 0)
		LOG(LOG_ERR, "plan.fail", KV_S("step", plan_step_text(rule->step)), KV_S("why", text));
	(void)snprintf(a->failure, sizeof(a->failure), "%s", text);
}

/* While the database is open its schema may be migrated; before it is closed for a hand-over that has ended. False: not yet. */
static bool look_after_schema(struct actor *a, const struct plan_rule *rule, bool *more)
{
	uint32_t want = a->sight.order.want;
	bool at_rest = true;

	*more = false;
	if (want != REPL_WANT_OPEN)
		at_rest = !migrate_stop(a->migrate, !a->sight.process) || want != REPL_WANT_DRAIN;
	else if (rule->state == REPL_OPEN && rule->step == STEP_NONE)
		*more = migrate_turn(a->migrate, a->sight.order.epoch, clock_boottime_us());
	(void)snprintf(a->sight.schema_notice, sizeof(a->sight.schema_notice), "%s", migrate_notice(a->migrate));
	return at_rest;
}

static uint32_t facts_under(const struct sight *s)
{
	if (s->order.want == REPL_WANT_REPLICA)
		return replica_facts(s);
	return s->order.want == REPL_WANT_STAND_IN ? stand_in_facts(s) : facts_of(s);
}

static const struct plan_rule *next_rule(enum repl_want want, uint32_t facts)
{
	if (want == REPL_WANT_REPLICA)
		return replica_next(facts);
	return want == REPL_WANT_GIVEN_UP ? given_up_next(facts) : plan_next(want, facts);
}

/* One look and at most one step. Returns how long to wait before the next. */
static int turn(struct actor *a)
{
	const struct plan_rule *rule;
	struct errbuf e = {""};
	uint32_t facts;
	bool more;
	int code;

	if (!look(a, &e)) {
		note_failure(a, &plan_rules[0], -EIO, &e);
		return AGAIN_MS;
	}
	if (a->sight.up)
		a->starts = 0;
	mend_variables(a);
	facts = facts_under(&a->sight);
	rule = next_rule((enum repl_want)a->sight.order.want, facts);
	if (e.text[0] && !a->sight.up)
		(void)snprintf(a->failure, sizeof(a->failure), "%s", e.text);
	else if (rule->step == STEP_NONE)
		a->failure[0] = '\0';
	tell_step(a, rule);
	publish(a, rule, facts, a->failure[0] ? a->failure : NULL);
	if (!look_after_schema(a, rule, &more))
		return SOON_MS;
	if (rule->step == STEP_NONE)
		return more ? 0 : a->sight.order.hurry ? SOON_MS : LOOK_MS;
	if (rule->step == STEP_WAIT || rule->step == STEP_FAIL)
		return rule->step == STEP_WAIT ? SOON_MS : LOOK_MS;
	if (facts_must_wait(&a->sight, rule->step))
		return LOOK_MS;
	e.text[0] = '\0';
	code = step_take(a, rule->step, &e);
	facts_take_step(&a->sight, rule->step, code, clock_boottime_us());
	note_failure(a, rule, code, &e);
	if (code == 0 || code == -EAGAIN)
		return code ? SOON_MS : 0;
	return rule->step == STEP_SEED && code == -EPIPE ? SEED_AGAIN_MS : AGAIN_MS;
}

static void *run(void *userdata)
{
	struct actor *a = userdata;

	while (!a->ending) {
		int wait_ms = turn(a);
		struct pollfd p[4] = {
		    {.fd = a->wake_fd, .events = POLLIN},
		    /* Its end is news (C7), and so is the answer to the epoch row. */
		    {.fd = server_pidfd(a->server), .events = POLLIN},
		    {.fd = a->sight.row_sent ? database_fd(a->row_db) : -1, .events = POLLIN},
		    {.fd = migrate_fd(a->migrate), .events = POLLIN},
		};

		if (wait_ms > 0)
			(void)poll(p, 4, wait_ms);
		if (p[0].revents)
			unpoke(a->wake_fd);
	}
	return NULL;
}

/* S7: a token speaks of relay logs too, and those may not have survived a cut of power. */
static int check_token(struct actor *a, struct errbuf *e)
{
	struct dirty_mark dirty;
	struct token_file t;
	struct errbuf ignored;
	int code = token_boot_id(a->boot_id, e);

	if (code || token_load(ACTOR_TOKEN, &t, &ignored))
		return code;
	if (dirty_load(ACTOR_DIRTY, &dirty, &ignored))
		dirty.epoch = 0;
	if (token_survives(&t, a->boot_id, dirty.epoch != 0))
		return 0;
	LOG(LOG_WARNING, "token.destroy", KV_S("why", "the machine was restarted and relay logs are not fsynced"));
	return durable_remove(ACTOR_TOKEN, e);
}

static int make(struct actor *a, struct errbuf *e)
{
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->db = database_new(DATABASE_SOCKET);
	a->row_db = database_new(DATABASE_SOCKET);
	a->source_db = database_new(DATABASE_SOCKET);
	a->server = server_new();
	a->migrate = migrate_new(SCHEMADIR, DATABASE_SOCKET);
	if (a->wake_fd < 0 || a->changed_fd < 0 || !a->db || !a->row_db || !a->source_db || !a->server || !a->migrate)
		return err_set(e, -ENOMEM, "no memory or descriptors to start");
	a->sight.durable = !a->conf->durability_received;
	a->sight.peer_timeout_us = a->conf->peer_timeout_ms * 1000ull;
	return check_token(a, e);
}

static void unmake(struct actor *a)
{
	if (a->wake_fd >= 0)
		close(a->wake_fd);
	if (a->changed_fd >= 0)
		close(a->changed_fd);
	database_free(a->db);
	database_free(a->row_db);
	database_free(a->source_db);
	migrate_free(a->migrate);
	server_free(a->server);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

int actor_hold(struct errbuf *e)
{
	if (mkdir(ACTOR_DIR, 0700) && errno != EEXIST)
		return err_set(e, -errno, ACTOR_DIR ": %s", strerror(errno));
	return dirlock_take(ACTOR_DIR, e);
}

int actor_new(
    const struct conf *conf, const char *password, const struct relay *relay, struct actor **ret, struct errbuf *e)
{
	struct actor *a = calloc(1, sizeof(*a));
	int code;

	if (!a)
		return err_set(e, -ENOMEM, "no memory to start");
	a->conf = conf;
	a->password = password;
	a->relay = relay;
	a->wake_fd = a->changed_fd = -1;
	pthread_mutex_init(&a->lock, NULL);
	code = make(a, e);
	if (!code && pthread_create(&a->thread, NULL, run, a))
		code = err_set(e, -EAGAIN, "no thread: %s", strerror(errno));
	if (code) {
		unmake(a);
		return code;
	}
	*ret = a;
	return 0;
}

void actor_free(struct actor *a)
{
	if (!a)
		return;
	a->ending = true;
	a->cancel = true;
	poke(a->wake_fd);
	(void)pthread_join(a->thread, NULL);
	unmake(a);
}

/* A fresh copy is worth waiting for only as long as the same active is to be followed from outside. */
static bool still_seeds(const struct repl_order *before, const struct repl_order *now)
{
	if (now->want == REPL_WANT_REPLICA)
		return before->want == REPL_WANT_REPLICA && now->copy_from == before->copy_from;
	return now->want == REPL_WANT_FOLLOW_OUT && now->active == before->active;
}

void actor_order(struct actor *a, const struct repl_order *order)
{
	pthread_mutex_lock(&a->lock);
	if (!still_seeds(&a->order, order))
		a->cancel = true;
	a->order = *order;
	pthread_mutex_unlock(&a->lock);
	poke(a->wake_fd);
}

bool actor_has_compared(struct actor *a, const struct repl_order *order)
{
	bool ret;

	pthread_mutex_lock(&a->lock);
	ret = a->compared_epoch && a->compared_epoch == order->epoch && a->compared_source == order->active;
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int actor_fd(const struct actor *a)
{
	return a->changed_fd;
}

bool actor_report(struct actor *a, struct repl_report *ret)
{
	bool looked;

	unpoke(a->changed_fd);
	pthread_mutex_lock(&a->lock);
	looked = a->looked;
	*ret = a->report;
	if (clock_boottime_us() > a->looked_us + FIT_LOOK_US) {
		ret->fit = 0;
		if (!ret->reason[0])
			(void)snprintf(
			    ret->reason, sizeof(ret->reason), "mariadbd does not answer: systemctl status mariadb");
	}
	pthread_mutex_unlock(&a->lock);
	return looked;
}

void actor_answer_gate(struct actor *a, char line[static GATE_LINE_BYTES])
{
	const char *why;
	enum gate_role role;

	pthread_mutex_lock(&a->lock);
	role = a->looked ? gate_decide((enum repl_want)a->order.want, a->facts, &why) : GATE_REFUSED;
	if (!a->looked)
		why = "replicationd has only just started";
	gate_format(role, a->order.self + 1u, why, line);
	pthread_mutex_unlock(&a->lock);
}
