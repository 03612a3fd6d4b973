/* holdfast-heartbeatd: who is active. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "config.h"
#include "heartbeat/cli.h"
#include "heartbeat/clusterkey.h"
#include "heartbeat/daemon.h"
#include "heartbeat/dirlock.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"
#include "heartbeat/statefile.h"
#include "heartbeat/wallclock.h"

#define REAL_TIME_PRIORITY 2
#define REAL_TIME_LIMIT_US 300000 /* of running without a pause */
#define SELF_LETTERS_A_TURN 64
#define LOOK_US 50000 /* between two looks at the address, the clients, the disk and the watchdog */

struct options {
	const char *conf, *key, *state, *run, *token, *epoch;
	bool check, init, join;
};

static void hold(struct daemon *d, const struct hb_letter *l)
{
	if (d->held_count == DAEMON_HELD_MAX) { /* a disk that does not answer: the oldest is as good as lost */
		memmove(d->held, d->held + 1, (DAEMON_HELD_MAX - 1) * sizeof(d->held[0]));
		d->held_count--;
	}
	d->held[d->held_count++] = *l;
}

/* Sends what may go now; a letter to ourselves becomes *ret. True if there is one. */
static bool release(struct daemon *d, struct hb_message *ret)
{
	for (unsigned i = 0; i < d->held_count;) {
		struct hb_letter l = d->held[i];

		if (l.need_generation > d->node.persisted) {
			i++;
			continue;
		}
		memmove(&d->held[i], &d->held[i + 1], (d->held_count - i - 1) * sizeof(d->held[0]));
		d->held_count--;
		if (l.to == d->node.self) {
			*ret = l.message;
			return true;
		}
		daemon_net_send(d, &l);
	}
	return false;
}

static void log_transition(const struct hb_transition *t)
{
	char took[16] = "unknown";

	if (t->took_ms)
		(void)snprintf(took, sizeof(took), "%u", t->took_ms);
	LOG(LOG_NOTICE, "role.open", KV_U("epoch", t->epoch), KV_S("took_ms", took),
	    KV_S("reason", hb_reason_text(t->reason)), KV_U("detect_ms", t->stage_ms[HB_STAGE_DETECT]),
	    KV_U("vote_ms", t->stage_ms[HB_STAGE_VOTE]), KV_U("cut_ms", t->stage_ms[HB_STAGE_CUT]),
	    KV_U("drain_ms", t->stage_ms[HB_STAGE_DRAIN]), KV_U("promote_ms", t->stage_ms[HB_STAGE_PROMOTE]));
}

static void log_changes(const struct daemon *d, const struct hb_output *out)
{
	const struct hb_node *n = &d->node;

	if (out->chosen)
		LOG(LOG_NOTICE, "record.chosen", KV_U("version", n->known.version), KV_U("epoch", n->known.epoch),
		    KV_S("active", n->known.member[n->known.active].name),
		    KV_S("phase", n->known.phase == HB_OPEN ? "open" : "claimed"), KV_U("in_sync", n->known.in_sync),
		    KV_S("reason", hb_reason_text(n->known.reason)), KV_U("ballot", n->known_ballot.counter));
	if (out->moved)
		LOG(LOG_NOTICE, "role.move", KV_S("from", hb_state_text(out->moved_from)),
		    KV_S("to", hb_state_text(n->state)), KV_S("on", hb_situation_text(n->situation)),
		    KV_S("why", out->moved->why), KV_U("epoch", n->known.epoch));
	if (out->observed)
		LOG(LOG_NOTICE, "decision.observed", KV_S("would", hb_change_word(n->would)),
		    KV_S("reason", hb_reason_text(n->would_reason)), KV_U("epoch", n->known.epoch));
	if (!n->leak.since_us != !d->leak_us)
		LOG(LOG_WARNING, d->leak_us ? "leak.end" : "leak.begin", KV_U("epoch", n->known.epoch),
		    KV_U("seq", n->leak.at.seq), KV_S("why", d->leak_us ? "" : n->reason));
	if (n->moved.epoch != d->moved_epoch)
		log_transition(&n->moved);
	if (!d->view.gate_until_us != !out->view.gate_until_us)
		LOG(LOG_NOTICE, out->view.gate_until_us ? "gate.open" : "gate.close", KV_U("epoch", n->known.epoch),
		    KV_U("version", n->known.version));
}

/* What status tells besides the core: since when the role is where it is, and what leases the others ask for. */
static void note_others(struct daemon *d, const struct hb_input *in)
{
	const struct hb_message *m = in->kind == HB_IN_MESSAGE ? in->message : NULL;

	if (d->node.known.epoch != d->epoch)
		d->epoch_us = in->now_us;
	d->epoch = d->node.known.epoch;
	/* Of one that the node took for a member just now: not of an earlier installation. */
	if (m && m->type == HB_BEAT && m->from < HB_MEMBERS_MAX && d->node.peer[m->from].heard_us == in->now_us)
		d->lease_ms[m->from] = (uint32_t)(m->duration_us / 1000);
}

static void one_step(struct daemon *d, struct hb_input *in)
{
	struct hb_output out;

	in->now_us = clock_boottime_us();
	in->wall_ms = wallclock_ms();
	hb_node_step(&d->node, in, &out);
	for (uint8_t i = 0; i < d->node.acceptor.reg.accepted.members; i++)
		wire_name(&d->wire, i, d->node.acceptor.reg.accepted.member[i].instance);
	d->due_us = hb_node_due_us(&d->node, in->now_us);
	/* However much is heard: a step that a message caused puts off what the node has to do, not our own looks. */
	if (d->due_us > d->ticked_us + LOOK_US)
		d->due_us = d->ticked_us + LOOK_US;
	d->persist_held |= out.persist;
	if (d->persist_held && daemon_pair_note(d, in->now_us)) {
		d->persist_held = false;
		daemon_store_write(d, &d->node.acceptor.reg, d->node.acceptor.generation);
	}
	log_changes(d, &out);
	d->moved_epoch = d->node.moved.epoch;
	d->leak_us = d->node.leak.since_us;
	daemon_history_note(d);
	note_others(d, in);
	for (unsigned i = 0; i < out.outbox.count; i++)
		hold(d, &out.outbox.letter[i]);
	daemon_address_tell(d, out.vip, in->now_us);
	daemon_host_tell(d, &out);
	daemon_local_tell(d, &out);
	daemon_command_tell(d, &out.verdict);
}

void daemon_step(struct daemon *d, struct hb_input *in)
{
	struct hb_message own;

	one_step(d, in);
	for (unsigned i = 0; i < SELF_LETTERS_A_TURN && release(d, &own); i++) {
		struct hb_input next = {.kind = HB_IN_MESSAGE, .message = &own};

		one_step(d, &next);
	}
}

/* What is to be done at a certain time, or now and then. */
static void tick(struct daemon *d)
{
	struct hb_input in = {.kind = HB_IN_TICK};
	uint64_t now_us = clock_boottime_us();

	d->ticked_us = now_us;
	daemon_address_look(d, now_us);
	daemon_local_look(d, now_us);
	daemon_store_look(d, now_us);
	daemon_notify_alive(d, now_us);
	daemon_keys_look(d, now_us);
	daemon_pair_look(d, now_us);
	daemon_step(d, &in);
}

static void on_signal(void *userdata)
{
	struct daemon *d = userdata;
	struct signalfd_siginfo got;

	if (read(d->signals, &got, sizeof(got)) != (ssize_t)sizeof(got))
		return;
	d->stop = got.ssi_signo != SIGHUP;
	/* To read a file is to wait for a disk. */
	if (!d->stop)
		LOG(LOG_NOTICE, "conf.restart", KV_S("key", "any"),
		    KV_S("why", "heartbeatd reads its configuration when it starts"));
}

static int load_keys(const char *path, struct daemon *d, struct errbuf *e)
{
	uint8_t key[CLUSTERKEY_BYTES];
	int code = clusterkey_load(path, key, e);

	if (!code)
		code = daemon_keys_open(d, key, e);
	sodium_memzero(key, sizeof(key));
	return code;
}

/* Real time and locked memory: a busy machine must not look like a dead one. Both are wishes, not conditions. The guard is
 * none: were we ever to run on without a pause, the kernel ends us before anybody misses a lease but ours. */
static void become_prompt(void)
{
	const struct rlimit guard = {REAL_TIME_LIMIT_US, REAL_TIME_LIMIT_US};
	struct sched_param p = {.sched_priority = REAL_TIME_PRIORITY};

	if (setrlimit(RLIMIT_RTTIME, &guard) || sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p))
		LOG(LOG_WARNING, "priority.ordinary", KV_S("why", strerror(errno)));
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		LOG(LOG_WARNING, "memory.unlocked", KV_S("why", strerror(errno)));
}

static uint32_t uid_of(const char *name)
{
	const struct passwd *p = getpwnam(name);

	return p ? p->pw_uid : UINT32_MAX;
}

/* conf_read has looked at it. */
static struct ip second_address(const struct conf *c)
{
	struct ip ret = {{0}};

	(void)ip_parse(c->second_address, &ret);
	return ret;
}

/* Before the register is read: the next one would write it anew, and take back what the one that runs has promised meanwhile. */
static int hold_register(struct daemon *d, struct errbuf *e)
{
	char directory[sizeof(d->state_path)];
	char *slash;
	int held;

	memcpy(directory, d->state_path, sizeof(directory));
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	held = dirlock_take(slash ? directory : ".", e);
	return held < 0 ? held : 0; /* it is held for as long as we live */
}

static int start_node(struct daemon *d, struct errbuf *e)
{
	struct hb_settings s = {
	    .interval_us = (uint64_t)d->conf.interval_ms * 1000,
	    .lease_us = (uint64_t)d->conf.lease_ms * 1000,
	    .peer_timeout_us = (uint64_t)d->conf.peer_timeout_ms * 1000,
	    .witnesses = 1,
	    .max_backlog_us = (uint64_t)d->conf.max_backlog_ms * 1000,
	    .port = (uint16_t)d->conf.heartbeat_port,
	    .observe_only = d->conf.observe_only != 0,
	    .replica = d->conf.kind == CONF_KIND_REPLICA,
	};
	struct hb_register reg;
	uint64_t seed;
	int code = statefile_load(d->state_path, d->wire.cluster, &reg, e);

	if (code)
		return code;
	if (strncmp(reg.name, d->conf.name, sizeof(reg.name)) != 0)
		return err_set(e, -EBADMSG, "%s: belongs to node '%s', the configuration says '%s'", d->state_path,
		    reg.name, d->conf.name);
	reg.boot++;
	code = statefile_store(d->state_path, &reg, e);
	if (code)
		return code;
	if (!ip_parse(d->conf.address, &s.address))
		return err_set(e, -EINVAL, "address '%s' is not an IP address", d->conf.address);
	s.second_address = second_address(&d->conf);
	randombytes_buf(&seed, sizeof(seed));
	hb_node_start(&d->node, &s, &reg, seed, clock_boottime_us());
	return 0;
}

static int take_signals(struct daemon *d, struct errbuf *e)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &stop, NULL))
		return err_set(e, -errno, "signals: %s", strerror(errno));
	d->signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals < 0)
		return err_set(e, -errno, "signals: %s", strerror(errno));
	return loop_add(&d->loop, d->signals, on_signal, d) ? err_set(e, -ENOMEM, "event loop") : 0;
}

static int start(struct daemon *d, struct errbuf *e)
{
	static int (*const parts[])(struct daemon * d, struct errbuf * e) = {take_signals, hold_register, start_node,
	    daemon_store_open, daemon_net_open, daemon_pair_open, daemon_history_open, daemon_address_open,
	    daemon_host_open, daemon_local_open, daemon_notify_open};
	int code = loop_open(&d->loop, e);

	d->ledger_uid = uid_of("holdfast-ledger");
	d->worker_uid = uid_of("holdfast-worker");
	d->page_uid = uid_of("holdfast-page");
	status_open();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !code; i++)
		code = parts[i](d, e);
	return code;
}

/* From here on nothing waits, for a disk, a reader or memory, but for what is to come. */
static int turn(struct daemon *d)
{
	uint64_t now_us = clock_boottime_us();

	if (now_us >= d->due_us) {
		tick(d);
		now_us = clock_boottime_us();
	}
	return loop_turn(&d->loop, d->due_us > now_us ? d->due_us - now_us : 0);
}

static int run(struct daemon *d)
{
	struct errbuf e;
	int code = start(d, &e);

	if (code) {
		LOG(LOG_ERR, "start.failed", KV_S("why", e.text));
		return 1;
	}
	become_prompt();
	LOG(LOG_NOTICE, "daemon.start", KV_S("version", PACKAGE_VERSION), KV_S("node", d->conf.name),
	    KV_S("address", d->conf.address), KV_U("boot", d->node.acceptor.reg.boot));
	daemon_notify_ready(d);
	while (!code && !d->stop)
		code = turn(d);
	LOG(LOG_NOTICE, "daemon.stop", KV_I("code", code));
	return code < 0;
}

#define EPOCH_MAX UINT64_C(1000000000000)

static int parse_epoch(const char *text, uint64_t *ret)
{
	uint64_t number = 0;

	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || number > EPOCH_MAX)
			return -EINVAL;
		number = number * 10 + (uint64_t)(*at - '0');
	}
	if (number < 1 || number > EPOCH_MAX)
		return -EINVAL;
	*ret = number;
	return 0;
}

/* The register of a new cluster (init) or of a member to be (join). Refuses to replace one. */
static int make_state(const struct daemon *d, const struct options *o, struct errbuf *e)
{
	struct hb_register reg = {.cluster = d->wire.cluster, .kind = (uint8_t)d->conf.kind};
	struct hb_record *r = &reg.accepted;
	struct ip address;
	uint64_t epoch = 1;
	size_t n = 0;

	if (access(d->state_path, F_OK) == 0)
		return err_set(e, -EEXIST, "%s exists: this machine belongs to a cluster already", d->state_path);
	if (!ip_parse(d->conf.address, &address))
		return err_set(e, -EINVAL, "address '%s' is not an IP address", d->conf.address);
	memcpy(reg.name, d->conf.name, sizeof(reg.name));
	randombytes_buf(&reg.instance, sizeof(reg.instance));
	if (o->join)
		return statefile_store(d->state_path, &reg, e);
	if (!o->token || sodium_hex2bin(r->token[0].byte, TOKEN_BYTES, o->token, strlen(o->token), NULL, &n, NULL) ||
	    n != TOKEN_BYTES)
		return err_set(e, -EINVAL, "--token wants %d hexadecimal digits", 2 * TOKEN_BYTES);
	if (o->epoch && parse_epoch(o->epoch, &epoch))
		return err_set(e, -EINVAL, "--epoch wants a number from 1 to %" PRIu64, EPOCH_MAX);
	reg.admitted = 1;
	reg.promised = reg.accepted_ballot = (struct hb_ballot){1, 0};
	*r = (struct hb_record){
	    .version = 1, .epoch = epoch, .phase = HB_OPEN, .in_sync = 1, .members = 1, .token[0] = r->token[0]};
	memcpy(r->member[0].name, reg.name, sizeof(r->member[0].name));
	r->member[0].instance = reg.instance;
	r->member[0].address = address;
	r->member[0].port = (uint16_t)d->conf.heartbeat_port;
	r->member[0].second_address = second_address(&d->conf);
	return statefile_store(d->state_path, &reg, e);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct options o = {CONF_PATH, CONF_KEY_PATH, CONF_STATE_DIR "/heartbeat/register", "/run/holdfast", NULL, NULL,
	    false, false, false};
	static const char *const usage[] = {
	    "[-n] [-f FILE]", "--init-state --token HEX [--epoch N] | --join-state [-f FILE]", NULL};
	const struct cli_option options[] = {
	    {"config", 'f', "FILE", "configuration", .text = &o.conf},
	    {"check", 'n', NULL, "check the configuration and exit", .flag = &o.check},
	    {"init-state", 0, NULL, "write the register of a new cluster", .flag = &o.init},
	    {"token", 0, "HEX", "its data token", .text = &o.token, .with = "init-state"},
	    {"epoch", 0, "N", "its first epoch, 1 to 1000000000000, else 1", .text = &o.epoch, .with = "init-state"},
	    {"join-state", 0, NULL, "write the register of a member that will ask for admission", .flag = &o.join,
		.without = "init-state"},
	    {"key", 0, "FILE", "cluster key", .text = &o.key},
	    {"state", 0, "FILE", "the register", .text = &o.state},
	    {"run", 0, "DIR", "sockets and the role page", .text = &o.run},
	};
	const struct cli cli = {"holdfast-heartbeatd", usage, options, sizeof(options) / sizeof(options[0]), 0};
	struct errbuf e = {""};
	int code = cli_read(&cli, argc, argv);

	if (code >= 0)
		return code;
	if (o.init && !o.token)
		return cli_refuse(&cli, "--init-state wants --token, too");
	if (conf_load(o.conf, &d.conf, stderr))
		return 1;
	if (o.check)
		return 0;
	(void)snprintf(d.state_path, sizeof(d.state_path), "%s", o.state);
	(void)snprintf(d.run_dir, sizeof(d.run_dir), "%s", o.run);
	if (sodium_init() < 0 || load_keys(o.key, &d, &e)) {
		LOG(LOG_ERR, "start.failed", KV_S("why", e.text[0] ? e.text : "libsodium"));
		return 1;
	}
	if (!o.init && !o.join)
		return run(&d);
	if (make_state(&d, &o, &e)) {
		(void)fprintf(stderr, "holdfast-heartbeatd: %s\n", e.text);
		return 1;
	}
	return 0;
}
