/*
 * Plays heartbeatd for the gateway's system test: owns a role page and the local socket in a directory of its
 * own. fake_heartbeatd DIR    commands on standard input, one a line: role EPOCH VERSION ACTIVE MODE   the
 * record (we are member 0; MODE stalled|solo|sync); our database is opened for it shut the gate closes and
 * stays closed, with a close generation unshut                           the gate may open again; blind, sees:
 * nobody looks at the database any more, or again. The gate is open while the ledger reports the barrier of the present epoch. DIR/report holds the last report.
 */
#include "heartbeat/local.h"
#include "heartbeat/localclient.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LEASE_US 400000
#define TICK_MS 20

struct fake {
	char dir[96], report_path[128], temporary_path[128];
	struct rolepage *page;
	struct role_view view;
	int listener, ledger;
	bool shut, blind;
	uint64_t generation, barrier_epoch;
};

static void publish(struct fake *f)
{
	struct role_view *v = &f->view;
	bool open = !f->shut && v->open && v->active == v->self && f->barrier_epoch == v->epoch;

	v->updated_us = clock_boottime_us();
	if (!f->blind)
		v->looked_us = v->updated_us;
	v->gate_until_us = open ? v->updated_us + LEASE_US : 0;
	rolepage_write(f->page, v);
}

static void tell(struct fake *f)
{
	struct ledger_gate g = {.close_generation = f->generation};

	if (f->ledger >= 0)
		(void)local_send(f->ledger, LOCAL_GATE, &g, sizeof(g));
}

static void take_command(struct fake *f, const char *line)
{
	unsigned long long epoch, version;
	unsigned active;
	char mode[16];

	if (sscanf(line, "role %llu %llu %u %15s", &epoch, &version, &active, mode) == 4) {
		f->view.epoch = epoch;
		f->view.version = version;
		f->view.active = (uint8_t)active;
		f->view.open = 1;
		f->view.writable_epoch = active == 0 ? epoch : 0;
		f->view.mode = (uint8_t)(strcmp(mode, "sync") == 0   ? ROLE_MODE_SYNC
					 : strcmp(mode, "solo") == 0 ? ROLE_MODE_SOLO
								     : ROLE_MODE_STALLED);
		f->view.in_sync = active == 0 || f->view.mode == ROLE_MODE_SYNC;
		(void)snprintf(f->view.active_name, sizeof(f->view.active_name), "%s", active ? "b" : "a");
	} else if (strncmp(line, "shut", 4) == 0) {
		f->shut = true;
		f->generation++;
	} else if (strncmp(line, "unshut", 6) == 0) {
		f->shut = false;
	} else if (strncmp(line, "blind", 5) == 0 || strncmp(line, "sees", 4) == 0) {
		f->blind = line[0] == 'b';
	} else {
		(void)fprintf(stderr, "fake_heartbeatd: unknown command: %s", line);
		exit(1);
	}
	publish(f);
	tell(f);
}

static void take_report(struct fake *f, const struct ledger_report *r)
{
	char answered[GTID_TEXT_BYTES];
	FILE *out;

	f->barrier_epoch = r->barrier_epoch;
	out = fopen(f->temporary_path, "we");
	if (!out)
		return;
	(void)fprintf(out,
	    "fit=%u ready=%u barrier_epoch=%llu closed=%llu committing=%u answered_epoch=%llu answered=%s "
	    "reason=%.100s\n",
	    r->fit, r->ready, (unsigned long long)r->barrier_epoch, (unsigned long long)r->gate_closed_generation,
	    r->commit_since_us != 0, (unsigned long long)r->answered_epoch, gtid_format(r->answered, answered),
	    r->reason);
	(void)fclose(out);
	(void)rename(f->temporary_path, f->report_path);
}

static void take_packets(struct fake *f)
{
	union {
		struct local_header header;
		struct ledger_report report;
		char bytes[sizeof(struct local_text)];
	} p;
	ssize_t n;

	while ((n = local_receive(f->ledger, &p, sizeof(p))) > 0)
		if (p.header.type == LOCAL_LEDGER)
			take_report(f, &p.report);
	if (n == -EAGAIN)
		return;
	close(f->ledger);
	f->ledger = -1;
	f->barrier_epoch = 0;
}

static int set_up(struct fake *f, const char *dir)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct errbuf e = {""};
	char page[128];

	(void)snprintf(page, sizeof(page), "%s/role", dir);
	(void)snprintf(f->report_path, sizeof(f->report_path), "%s/report", dir);
	(void)snprintf(f->temporary_path, sizeof(f->temporary_path), "%s/report.new", dir);
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/heartbeatd.sock", dir);
	f->view.active = ROLEPAGE_NO_NODE;
	f->ledger = -1;
	f->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (rolepage_create(page, &f->page, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	if (f->listener < 0 || bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)) || listen(f->listener, 4)) {
		perror(sa.sun_path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct fake f;
	char line[128];

	if (argc != 2 || strlen(argv[1]) > 90 || set_up(&f, argv[1]))
		return 1;
	(void)setvbuf(stdin, NULL, _IONBF, 0); /* poll and stdio would not agree otherwise */
	for (;;) {
		struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = f.listener, .events = POLLIN},
		    {.fd = f.ledger, .events = POLLIN}};

		if (poll(p, 3, TICK_MS) < 0)
			return 1;
		if (p[0].revents) {
			if (!fgets(line, sizeof(line), stdin))
				return 0;
			take_command(&f, line);
		}
		if (p[1].revents) {
			if (f.ledger >= 0)
				close(f.ledger);
			f.ledger = accept4(f.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		} else if (p[2].revents) {
			take_packets(&f);
		}
		publish(&f);
	}
}
