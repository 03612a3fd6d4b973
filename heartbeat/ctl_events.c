/*
 * events: what happened on this machine, from its journal. Ours are the lines of our units that begin with "event=" (heartbeat/log.h), of level notice
 * or more important; and what systemd says, under its own message ids (systemd.journal-fields(7)), of the units that a node is made of. By the fields
 * that journald itself sets, which nobody else can write. It reads the files, and asks no daemon.
 */
#include "heartbeat/ctl_commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_event.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/log.h"

#define LAST 100 /* of them, without --since */
#define WAIT_US 500000
#define FIELD_BYTES 256

/* Of whom a line with "event=" counts: daemons, and what systemd makes instances of. */
static const char *const ours[] = {
    "_SYSTEMD_UNIT=holdfast-heartbeatd.service",
    "_SYSTEMD_UNIT=holdfast-replicationd.service",
    "_SYSTEMD_UNIT=holdfast-ledgerd.service",
    "_SYSTEMD_UNIT=holdfast-tickled.service",
    "_SYSTEMD_UNIT=holdfast-page.service",
    "_SYSTEMD_SLICE=system-holdfast\\x2dworkerd.slice",
    "_SYSTEMD_SLICE=system-holdfast\\x2dseed.slice",
};

/* What systemd says of a unit. busy: also of units that begin and end by themselves all the time. */
static const struct {
	const char *match, *event;
	unsigned level;
	bool busy;
} said[] = {
    {"MESSAGE_ID=39f53479d3a045ac8e11786248231fbf", "unit.start", LOG_NOTICE, false},
    {"MESSAGE_ID=9d1aaa27d60140bd96365438aad20286", "unit.stop", LOG_NOTICE, false},
    {"MESSAGE_ID=98e322203f7a4ed290d09fe03c09fe15", "unit.exit", LOG_WARNING, false},
    {"MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c", "unit.fail", LOG_ERR, true},
};
#define SAID (sizeof(said) / sizeof(said[0]))

static const char *const units[] = {"holdfast-heartbeatd.service", "holdfast-replicationd.service",
    "holdfast-ledgerd.service", "holdfast-tickled.service", "holdfast-page.service", "mariadb.service",
    "haproxy.service", "keepalived.service"};

static bool begins(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

/* Is it a unit whose coming and going is an event? */
static bool is_lasting(const char *unit)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i]) == 0)
			return true;
	return begins(unit, "holdfast-workerd@");
}

/* A field of the entry as text, cut to its room; "" when it has none. */
static void take_field(sd_journal *j, const char *name, char ret[static FIELD_BYTES])
{
	const void *data;
	size_t bytes, head = strlen(name) + 1;

	ret[0] = '\0';
	if (sd_journal_get_data(j, name, &data, &bytes) < 0 || bytes < head)
		return;
	(void)snprintf(ret, FIELD_BYTES, "%.*s", (int)(bytes - head < FIELD_BYTES ? bytes - head : FIELD_BYTES),
	    (const char *)data + head);
}

/* One of ours: its source and its line. */
static bool read_ours(sd_journal *j, char *unit, struct logline *line)
{
	const void *data;
	size_t bytes, head = strlen("MESSAGE=");

	take_field(j, "_SYSTEMD_UNIT", unit);
	return sd_journal_get_data(j, "MESSAGE", &data, &bytes) >= 0 && bytes > head &&
	       logline_read((const char *)data + head, bytes - head, line);
}

/* One of systemd's, made a line of ours. */
static bool read_said(sd_journal *j, char *unit, struct logline *line, unsigned *level)
{
	char id[FIELD_BYTES], code[FIELD_BYTES], status[FIELD_BYTES], result[FIELD_BYTES], command[FIELD_BYTES];
	char text[LOGLINE_BYTES];

	take_field(j, "MESSAGE_ID", id);
	take_field(j, "UNIT", unit);
	take_field(j, "EXIT_CODE", code);
	take_field(j, "EXIT_STATUS", status);
	take_field(j, "UNIT_RESULT", result);
	take_field(j, "COMMAND", command);
	for (size_t i = 0; i < SAID; i++) {
		bool reload = strcmp(command, "ExecReload") == 0;
		struct log_kv kv[4];
		size_t n = 0;

		if (strcmp(strchr(said[i].match, '=') + 1, id) != 0)
			continue;
		if (!is_lasting(unit) && !(said[i].busy && begins(unit, "holdfast-")))
			return false;
		if (*command && !reload && strcmp(command, "ExecStart") != 0) /* what has ended is not the daemon */
			kv[n++] = KV_S("command", command);
		if (*code)
			kv[n++] = KV_S("code", code);
		if (*status)
			kv[n++] = KV_S("status", status);
		if (*result)
			kv[n++] = KV_S("result", result);
		*level = said[i].level;
		n = log_format(text, sizeof(text), reload ? "reload.fail" : said[i].event, kv, n);
		return logline_read(text, n, line);
	}
	return false;
}

/* The entry under the hand, if it is an event. */
static void show_entry(sd_journal *j, bool as_json)
{
	static struct logline line;
	char unit[FIELD_BYTES], source[64], level[FIELD_BYTES], id[FIELD_BYTES];
	struct ctl_event e = {.source = source, .line = &line};

	take_field(j, "MESSAGE_ID", id);
	take_field(j, "PRIORITY", level);
	e.level = *level >= '0' && *level <= '7' ? (unsigned)(*level - '0') : LOG_NOTICE;
	if (!(*id ? read_said(j, unit, &line, &e.level) : read_ours(j, unit, &line)))
		return;
	if (sd_journal_get_realtime_usec(j, &e.at_us) < 0)
		return;
	ctl_event_source(unit, source, sizeof(source));
	ctl_event_print(stdout, &e, as_json);
}

static int add_levels(sd_journal *j)
{
	int code = 0;

	for (unsigned level = LOG_EMERG; level <= LOG_NOTICE && code >= 0; level++) {
		char match[] = "PRIORITY=0";

		match[sizeof(match) - 2] = (char)('0' + level);
		code = sd_journal_add_match(j, match, 0);
	}
	return code;
}

/* (one of ours and important) or (systemd's own and one of those ids). */
static int add_matches(sd_journal *j)
{
	int code = 0;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]) && code >= 0; i++) {
		code = sd_journal_add_match(j, ours[i], 0);
		if (code >= 0)
			code = add_levels(j);
		if (code >= 0)
			code = sd_journal_add_disjunction(j);
	}
	if (code >= 0)
		code = sd_journal_add_match(j, "_PID=1", 0);
	for (size_t i = 0; i < SAID && code >= 0; i++)
		code = sd_journal_add_match(j, said[i].match, 0);
	return code;
}

/* To the first that is to be shown. More than 0: there is one; 0: none yet; or -errno. */
static int seek(sd_journal *j, const char *since)
{
	struct timespec now;
	int code;

	if (!since) {
		code = sd_journal_seek_tail(j);
		return code < 0 ? code : sd_journal_previous_skip(j, LAST);
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	code = sd_journal_seek_realtime_usec(j, (uint64_t)ctl_since_us(since, (uint64_t)now.tv_sec * 1000000));
	return code < 0 ? code : sd_journal_next(j);
}

/* All there are, and with --follow those to come, until a signal. 0 or -errno. */
static int show_all(sd_journal *j, const struct ctl_options *o)
{
	int code = seek(j, o->since);

	for (;;) {
		for (; code > 0 && ctl_pause(0) == 0; code = sd_journal_next(j)) {
			show_entry(j, o->json);
			if (ferror(stdout))
				return -EPIPE;
		}
		if (fflush(stdout))
			return -errno;
		if (code < 0 || !o->follow || ctl_pause(0))
			return code < 0 ? code : 0;
		code = sd_journal_wait(j, WAIT_US);
		if (code >= 0 || code == -EINTR)
			code = sd_journal_next(j);
	}
}

static int refuse(const char *what, int code)
{
	(void)fprintf(stderr, "holdfastctl: events: %s: %s\n", what, strerror(-code));
	return EXIT_NO_ANSWER;
}

int ctl_events(const struct ctl_options *o)
{
	sd_journal *j = NULL;
	int code = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

	if (code < 0)
		return refuse("the journal", code);
	if (sd_journal_has_persistent_files(j) <= 0 && sd_journal_has_runtime_files(j) <= 0) {
		(void)ctl_command_refuse("events", "there is no journal that you may read: this must be run as root, "
						   "or in the group systemd-journal");
		sd_journal_close(j);
		return EXIT_NO_ANSWER;
	}
	ctl_catch_signals();
	code = add_matches(j);
	if (code >= 0)
		code = show_all(j, o);
	sd_journal_close(j);
	return code < 0 ? refuse(code == -EPIPE ? "standard output" : "the journal", code) : 0;
}
