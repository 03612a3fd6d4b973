#include "heartbeat/ctl_units.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ASK_TIMEOUT_MS 10000
#define START_TIMEOUT_MS 60000
#define STOP_TIMEOUT_MS 910000 /* Debian's mariadb.service has 900 s to write its pages, the others 90 */

/* Sockets first: one that listens starts its service again, and gives mariadbd its port and socket in place of ours. */
static const char *const foreign[CTL_FOREIGN] = {
    "mariadb.socket", "mariadb-extra.socket", "mariadb.service", "haproxy.service", "keepalived.service"};
#define SOCKETS 2
#define MARIADB foreign[SOCKETS]
#define HAPROXY foreign[3]
#define OURS "holdfast-" /* the others' may be enabled for other reasons */

#define GATEWAY (1u << CONF_KIND_GATEWAY)
#define REPLICA (1u << CONF_KIND_REPLICA)
#define WORKER (1u << CONF_KIND_WORKER)
#define ALL (GATEWAY | REPLICA | 1u << CONF_KIND_WITNESS)

/* In the order in which they are started. */
static const struct {
	const char *name;
	unsigned kinds; /* bit per enum conf_kind that has it */
	bool worker;	/* one for each */
} units[] = {
    {"holdfast-heartbeatd.service", ALL, false},
    {"holdfast-replicationd.service", GATEWAY | REPLICA, false},
    {"holdfast-ledgerd.service", GATEWAY, false},
    {"holdfast-workerd@", GATEWAY | WORKER, true},
    {"holdfast-seed.socket", GATEWAY, false},
    {"holdfast-tickled.service", GATEWAY, false},
    {"haproxy.service", GATEWAY | REPLICA | WORKER, false},
    {"keepalived.service", GATEWAY, false},
    {"holdfast-reconfigure.path", GATEWAY | REPLICA, false},
    {"holdfast-address.path", GATEWAY, false},
    {"holdfast-verify.timer", GATEWAY, false},
    {"holdfast-workers.timer", GATEWAY | WORKER, false},
    {"holdfast-metrics.socket", ALL | WORKER, false},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static int systemctl(
    const char *verb, const char *unit, unsigned timeout_ms, struct ctl_output *output, struct errbuf *e)
{
	const char *const argv[] = {"systemctl", verb, unit, NULL};

	return ctl_run(argv, timeout_ms, output, e);
}

/* Not every release of MariaDB has the sockets, and they need not be on. */
static bool is_taken(const struct ctl_units *u, size_t i)
{
	return u->ours[i] && (i >= SOCKETS || u->enabled[i] || u->active[i]);
}

static int stop_foreign(const struct ctl_units *u, struct ctl_output *output, struct errbuf *e)
{
	int code = 0;

	for (size_t i = 0; i < CTL_FOREIGN && !code; i++) {
		if (!is_taken(u, i))
			continue;
		if (i <= SOCKETS)
			code = systemctl("disable", foreign[i], ASK_TIMEOUT_MS, output, e);
		if (!code)
			code = systemctl("stop", foreign[i], STOP_TIMEOUT_MS, output, e);
	}
	return code;
}

int ctl_units_take(const struct conf *conf, struct ctl_units *ret, struct ctl_output *output, struct errbuf *e)
{
	int code = 0;

	if (conf->kind == CONF_KIND_WITNESS)
		return 0;
	for (size_t i = 0; i < CTL_FOREIGN; i++) {
		if (conf->kind == CONF_KIND_WORKER && foreign[i] != HAPROXY)
			continue;
		ret->ours[i] = true;
		code = systemctl("is-enabled", foreign[i], ASK_TIMEOUT_MS, output, e);
		ret->enabled[i] = strncmp(output->out, "enabled", strlen("enabled")) == 0;
		if (code != -EINTR && code != -ETIMEDOUT)
			code = systemctl("is-active", foreign[i], ASK_TIMEOUT_MS, output, e);
		ret->active[i] = strncmp(output->out, "active", strlen("active")) == 0;
		if (code == -EINTR || code == -ETIMEDOUT)
			return code;
	}
	ret->taken = true;
	return stop_foreign(ret, output, e);
}

/* What it said last before it gave up; e and *output keep what systemctl said when the journal has nothing. */
static void explain(const char *unit, struct ctl_output *output)
{
	const char *const argv[] = {
	    "journalctl", "--unit", unit, "--lines=8", "--output=cat", "--no-pager", "--quiet", NULL};
	struct ctl_output journal;

	if (ctl_run(argv, ASK_TIMEOUT_MS, &journal, NULL) == 0 && journal.out[0])
		memcpy(output->err, journal.out, sizeof(output->err));
}

static int start_one(const char *unit, struct ctl_output *output, struct errbuf *e)
{
	int code = systemctl("enable", unit, ASK_TIMEOUT_MS, output, e);

	/* One that failed often lately is refused by its start limit, which is not about now. */
	if (!code)
		(void)systemctl("reset-failed", unit, ASK_TIMEOUT_MS, output, NULL);
	if (!code)
		code = systemctl("start", unit, START_TIMEOUT_MS, output, e);
	if (!code)
		return 0;
	if (code != -EIO)
		return err_wrap(e, code, "%s", unit);
	explain(unit, output);
	return err_set(e, code, "%s does not start, for the reason in the lines above", unit);
}

static void name_it(size_t unit, uint32_t worker, char ret[CTL_UNIT_BYTES])
{
	if (units[unit].worker)
		(void)snprintf(ret, CTL_UNIT_BYTES, "%s%u.service", units[unit].name, worker);
	else
		(void)snprintf(ret, CTL_UNIT_BYTES, "%s", units[unit].name);
}

size_t ctl_units_names(const struct conf *conf, char ret[][CTL_UNIT_BYTES], size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < UNITS; i++) {
		if (!(units[i].kinds >> conf->kind & 1))
			continue;
		for (uint32_t n = 1; n <= (units[i].worker ? conf->workers : 1) && count < max; n++)
			name_it(i, n, ret[count++]);
	}
	return count;
}

bool ctl_units_is(const char *unit, const char *what)
{
	struct ctl_output output = {0};
	char verb[24];

	(void)snprintf(verb, sizeof(verb), "is-%s", what);
	(void)systemctl(verb, unit, ASK_TIMEOUT_MS, &output, NULL);
	return strncmp(output.out, what, strlen(what)) == 0;
}

/* Calls each for every unit of this node, in order; ends with the first that returns not 0. */
static int for_each(const struct conf *conf, int (*each)(const char *unit, struct ctl_output *, struct errbuf *),
    struct ctl_output *output, struct errbuf *e)
{
	char name[CTL_UNITS_MAX][CTL_UNIT_BYTES];
	size_t count = ctl_units_names(conf, name, CTL_UNITS_MAX);
	int code = 0;

	for (size_t i = 0; i < count && !code; i++)
		code = each(name[i], output, e);
	return code;
}

static int stop_one(const char *unit, struct ctl_output *output, struct errbuf *e)
{
	const char *const argv[] = {"systemctl", "disable", "--now", unit, NULL};

	(void)ctl_run(argv, STOP_TIMEOUT_MS, output, e);
	return 0;
}

/*
 * Ours that are enabled here from an earlier life as another kind of machine, or with more workers: they would fail and start again for ever,
 * and pull up what they want while it is to be down.
 */
static void drop_others(const struct conf *conf)
{
	for (size_t i = 0; i < UNITS; i++) {
		bool mine = units[i].kinds >> conf->kind & 1;
		char name[CTL_UNIT_BYTES];

		if (strncmp(units[i].name, OURS, strlen(OURS)) != 0 || (mine && !units[i].worker))
			continue;
		for (uint32_t n = mine ? conf->workers + 1 : 1;; n++) {
			name_it(i, n, name);
			if (!ctl_units_is(name, "enabled"))
				break;
			(void)stop_one(name, NULL, NULL);
			if (!units[i].worker)
				break;
		}
	}
}

int ctl_units_start(const struct conf *conf, struct ctl_output *output, struct errbuf *e)
{
	const char *const reload[] = {"systemctl", "daemon-reload", NULL};
	int code = ctl_run(reload, START_TIMEOUT_MS, output, e);

	if (!code)
		drop_others(conf);
	return code ? code : for_each(conf, start_one, output, e);
}

static int start_anyway(const char *unit, struct ctl_output *output, struct errbuf *e)
{
	struct ctl_output scratch = {0};

	(void)output;
	(void)e;
	(void)start_one(unit, &scratch, NULL);
	return 0;
}

void ctl_units_start_all(const struct conf *conf)
{
	(void)for_each(conf, start_anyway, NULL, NULL);
}

void ctl_units_stop(const struct conf *conf)
{
	/* replicationd is asked to stop before its database: it would start it again. */
	(void)for_each(conf, stop_one, NULL, NULL);
	if (conf->kind != CONF_KIND_WITNESS && conf->kind != CONF_KIND_WORKER)
		(void)systemctl("stop", MARIADB, STOP_TIMEOUT_MS, NULL, NULL);
}

void ctl_units_give_back(const struct ctl_units *u)
{
	const char *const reload[] = {"systemctl", "daemon-reload", NULL};

	(void)ctl_run(reload, START_TIMEOUT_MS, NULL, NULL);
	for (size_t i = 0; u->taken && i < CTL_FOREIGN; i++) {
		if (!is_taken(u, i))
			continue;
		(void)systemctl(u->enabled[i] ? "enable" : "disable", foreign[i], ASK_TIMEOUT_MS, NULL, NULL);
		if (u->active[i])
			(void)systemctl("start", foreign[i], START_TIMEOUT_MS, NULL, NULL);
	}
}
