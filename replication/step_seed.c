/* A fresh copy of the active's data in the place of one that replication cannot bring there, and its position. */
#include "replication/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "replication/process.h"
#include "replication/seed.h"
#include "replication/seed_progress.h"

#define SEED_LIMIT_MS (12u * 3600 * 1000)
#define SAY_US 1000000
#define PATH_BYTES 256

/* What holdfast-seed prints, as it comes. */
struct seeding {
	struct actor *actor;
	int fd;
	char way[64]; /* socket of the way to who is asked */
	char line[SEED_PROGRESS_LINE_BYTES];
	size_t length;
	struct seed_progress progress;
	uint64_t said_us;
};

static void take_bytes(struct seeding *s, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n') {
			s->line[s->length] = '\0';
			(void)seed_progress_take(&s->progress, s->line, clock_boottime_us());
			s->length = 0;
		} else if (s->length + 1 < sizeof(s->line)) {
			s->line[s->length++] = bytes[i];
		}
	}
}

static void look(void *userdata)
{
	struct seeding *s = userdata;
	enum seed_phase phase = s->progress.phase;
	char bytes[1024], text[LOCAL_REASON_BYTES];
	uint64_t now_us = clock_boottime_us();
	ssize_t n;

	while ((n = read(s->fd, bytes, sizeof(bytes))) > 0)
		take_bytes(s, bytes, (size_t)n);
	if (s->said_us && s->progress.phase == phase && now_us < s->said_us + SAY_US)
		return;
	/* Why the last one failed is worth more than that another one is asked for. */
	if (s->progress.phase == SEED_PHASE_ASK && s->actor->seed_failed)
		return;
	s->said_us = now_us;
	seed_progress_pass(&s->progress, now_us);
	seed_progress_text(&s->progress, now_us, text);
	actor_say(s->actor, text);
}

/* The new directory is removed by whoever ends in order. */
static bool was_interrupted(const struct actor *a)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s.new", a->conf->datadir);
	return access(path, F_OK) == 0;
}

static int fetch(struct seeding *s, int to_fd, struct errbuf *e)
{
	struct actor *a = s->actor;
	const struct repl_order *o = &a->sight.order;
	const char *argv[] = {
	    HOLDFAST_LIBEXECDIR "/holdfast-seed", "--progress", "--peer", s->way, "receive", a->conf->datadir, NULL};
	const struct process_spec spec = {
	    .argv = argv, .stdin_fd = -1, .stdout_fd = to_fd, .look = look, .userdata = s};
	struct process p;
	int code;

	/* A replica has a way to each gateway (etc/haproxy-replica.cfg.in). */
	if (o->want == REPL_WANT_REPLICA)
		(void)snprintf(s->way, sizeof(s->way), "/run/holdfast/seed-%.15s.sock", o->member_name[o->copy_from]);
	else
		(void)snprintf(s->way, sizeof(s->way), "%s", SEED_PEER_SOCKET);
	code = process_start(&spec, &p, e);
	close(to_fd);
	return code ? code : process_wait(&p, SEED_LIMIT_MS, &a->cancel, e);
}

static int fetch_and_tell(struct actor *a, struct errbuf *e)
{
	struct seeding s = {.actor = a, .progress = {.again = a->seed_cut || was_interrupted(a)}};
	char text[LOCAL_REASON_BYTES];
	int pair[2], code;

	/* Neither end waits: who prints loses a line, who reads comes again. */
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK))
		return err_set(e, -errno, "pipe: %s", strerror(errno));
	s.fd = pair[0];
	code = fetch(&s, pair[1], e);
	close(pair[0]);
	a->seed_failed = code != 0;
	a->seed_cut = code && (s.progress.again || s.progress.total_bytes);
	if (code && code != -ECANCELED) {
		seed_progress_failed(&s.progress, e->text, text);
		/* Nothing was sent: it may be asked for again soon (facts.h). */
		return err_set(e, s.progress.received_bytes ? code : -EPIPE, "%s", text);
	}
	return code;
}

/* The copy that is replaced has nothing that the active lacks but its tail. */
int step_seed(struct actor *a, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	bool replica = o->want == REPL_WANT_REPLICA;
	int code = 0;

	if (replica && a->sight.data && a->sight.lineage_known && a->sight.lineage == LINEAGE_OTHER)
		code = a->sight.lineage_saved ? 0 : tail_export_parted(a, e);
	else if (a->sight.dirty.epoch && a->sight.data)
		code = tail_export(a, e);
	if (!code)
		code = step_destroy_token(a, e);
	if (!code)
		code = step_kill(a, e);
	if (code) /* nothing was asked for */
		return code == -EAGAIN ? code : -EPIPE;
	LOG(LOG_NOTICE, "seed.begin", KV_S("active", o->member_name[replica ? o->copy_from : o->active]));
	code = fetch_and_tell(a, e);
	if (code)
		return code;
	LOG(LOG_NOTICE, "seed.end", KV_S("datadir", a->conf->datadir));
	a->sight.lineage_known = false;
	return tail_is_gone(e);
}

int step_enter_position(struct actor *a, struct errbuf *e)
{
	char path[PATH_BYTES], text[128], *end;
	struct gtid g;
	int code;

	(void)snprintf(path, sizeof(path), "%s/" ACTOR_COPY_FILE, a->conf->datadir);
	code = durable_read(path, text, sizeof(text), e);
	if (code)
		return code;
	end = strchr(text, '\n');
	if (strncmp(text, "gtid=", 5) != 0 || !end)
		return err_set(e, -EINVAL, "%s: line 1: gtid= expected", path);
	*end = '\0';
	if (gtid_parse(text + 5, &g))
		return err_set(e, -EINVAL, "%s: line 1: '%.40s' is not a GTID", path, text + 5);
	/* RESET MASTER waits until all of InnoDB's log is on disk; by itself it gets there once a second. */
	code = database_run(a->db, e, "FLUSH LOCAL ENGINE LOGS");
	if (!code)
		code = database_run(a->db, e, "RESET MASTER");
	if (!code)
		code = database_run(a->db, e, "SET GLOBAL gtid_binlog_state='%s'", text + 5);
	if (!code)
		code = database_run(a->db, e, "SET GLOBAL gtid_slave_pos='%s'", text + 5);
	/* What was found out about the copy before it is over. */
	if (!code)
		code = durable_remove(ACTOR_LINEAGE, e);
	return code ? code : durable_remove(path, e);
}
