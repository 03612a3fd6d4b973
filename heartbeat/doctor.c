#include "heartbeat/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/wire.h"

/* IPv6 asks for as much of every network (RFC 8200), and the largest heartbeat of members with addresses of IPv4 is below it. */
#define MTU_LEAST_BYTES 1280
#define MTU_LEAST_IPV6_BYTES (WIRE_DATAGRAM_BYTES_MAX + 48) /* headers of IPv6 and UDP */
/* Two of these are in the way of every payment. */
#define SYNC_SLOW_US 20000
#define FREE_LEAST_PERCENT 10
#define CERTIFICATE_LEAST_DAYS 21
#define DAY_S 86400
#define FREE_LEAST_MB 1024

static void say(const struct doctor_check *c, struct doctor_report *r, enum doctor_grade grade, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(const struct doctor_check *c, struct doctor_report *r, enum doctor_grade grade, const char *format, ...)
{
	struct doctor_finding *f = &r->finding[r->findings];
	va_list args;

	if (r->findings == sizeof(r->finding) / sizeof(r->finding[0]))
		return;
	r->findings++;
	f->check = c->word;
	f->grade = grade;
	f->mend = grade == DOCTOR_WELL ? "" : c->mend;
	va_start(args, format);
	(void)vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
}

#define JUDGE(name)                                                                                                    \
	static void name(const struct doctor_facts *f, const struct conf *conf, const struct doctor_check *c,          \
	    struct doctor_report *r)

JUDGE(judge_conf)
{
	(void)conf;
	if (!f->conf_wrong[0])
		say(c, r, DOCTOR_WELL, "nothing is wrong in it");
	for (const char *at = f->conf_wrong; *at; at += strspn(at, "\n")) {
		size_t n = strcspn(at, "\n");

		say(c, r, DOCTOR_WRONG, "%.*s", (int)n, at);
		at += n;
	}
}

JUDGE(judge_clock)
{
	(void)conf;
	if (f->clock == DOCTOR_CLOCK_SYNCED)
		say(c, r, DOCTOR_WELL, "synchronised");
	else
		say(c, r, DOCTOR_DOUBTFUL, "%s",
		    f->clock == DOCTOR_CLOCK_FREE ? "nothing synchronises it"
						  : "the kernel does not tell whether it is synchronised");
}

JUDGE(judge_network)
{
	if (f->network[0])
		say(c, r, DOCTOR_WRONG, "%s", f->network);
	else
		say(c, r, DOCTOR_WELL, "%s is here%s%s", conf->address, conf->interface[0] ? ", on " : "",
		    conf->interface);
}

JUDGE(judge_mtu)
{
	unsigned least = strchr(conf->address, ':') ? MTU_LEAST_IPV6_BYTES : MTU_LEAST_BYTES;

	if (!f->mtu_bytes)
		say(c, r, DOCTOR_DOUBTFUL, "not known");
	else if (f->mtu_bytes < least)
		say(c, r, DOCTOR_WRONG, "%u bytes, and at least %u are needed", f->mtu_bytes, least);
	else
		say(c, r, DOCTOR_WELL, "%u bytes", f->mtu_bytes);
}

JUDGE(judge_member)
{
	const char *name = conf->name[0] ? conf->name : "this member";

	if (f->no_answer[0])
		say(c, r, DOCTOR_WRONG, "%s", f->no_answer);
	else if (f->own[0])
		say(c, r, f->outside ? DOCTOR_WRONG : DOCTOR_DOUBTFUL, "%s: %s", name, f->own);
	else
		say(c, r, DOCTOR_WELL, "%s is as it should be, by its own word", name);
}

JUDGE(judge_heartbeats)
{
	size_t wrong = 0;

	if (f->no_answer[0] || f->outside)
		return;
	for (size_t i = 0; i < f->members; i++) {
		const struct doctor_member *m = &f->member[i];

		if (!m->heard && ++wrong)
			say(c, r, DOCTOR_WRONG, "nothing is heard of %s, %s", m->name, m->address);
		else if (m->lease_ms && m->lease_ms != conf->lease_ms && ++wrong)
			say(c, r, DOCTOR_WRONG, "lease-ms is %u on %s and %u here: make it the same on all members",
			    m->lease_ms, m->name, conf->lease_ms);
	}
	if (!wrong)
		say(c, r, DOCTOR_WELL, "every other member is heard");
}

static const char *why_not(int code)
{
	switch (code) {
	case -ECONNREFUSED: return "is refused: nothing listens there, or a firewall says so";
	case -ETIMEDOUT: return "does not answer: a firewall drops it, or the machine is off";
	case -EHOSTUNREACH:
	case -ENETUNREACH: return "is not reached: no way to that address";
	default: return strerror(-code);
	}
}

JUDGE(judge_ports)
{
	size_t closed = 0;

	if (f->no_answer[0] || f->outside)
		return;
	for (size_t i = 0; i < f->ports; i++)
		if (f->port[i].code && ++closed)
			say(c, r, DOCTOR_WRONG, "TCP %u of %s, %s, %s", f->port[i].port, f->port[i].name,
			    f->port[i].address, why_not(f->port[i].code));
	if (!closed)
		say(c, r, f->ports ? DOCTOR_WELL : DOCTOR_DOUBTFUL, "%s",
		    !f->ports			     ? "no other gateway is known, so none was tried"
		    : conf->kind == CONF_KIND_WORKER ? "those of the gateways are open"
						     : "the ports of the other gateways are open");
}

static void judge_silent(const struct doctor_facts *f, size_t i, const struct doctor_check *c, struct doctor_report *r)
{
	const char *name = f->member[i].name, *address = f->member[i].address;

	if (f->member[i].other[0])
		say(c, r, DOCTOR_WRONG, "%s is the address of %s, not of %s, as " CONF_GATEWAYS_PATH " has it", address,
		    f->member[i].other, name);
	else if (f->is_new)
		say(c, r, DOCTOR_DOUBTFUL,
		    "%s, %s, does not let this machine in yet: after a join that may take half a minute", name,
		    address);
	else
		say(c, r, DOCTOR_WRONG, "%s, %s, does not let this machine in, or does not answer", name, address);
}

JUDGE(judge_gateways)
{
	size_t silent = 0;

	(void)conf;
	if (f->no_answer[0]) {
		say(c, r, DOCTOR_WRONG, "%s", f->no_answer);
		return;
	}
	for (size_t i = 0; i < f->members; i++)
		if (!f->member[i].heard && ++silent)
			judge_silent(f, i, c, r);
	if (f->members == 1 && ++silent)
		say(c, r, DOCTOR_DOUBTFUL,
		    "%s alone is in " CONF_GATEWAYS_PATH
		    ": when the role goes to the other gateway, nothing is served here",
		    f->member[0].name);
	if (!f->active[0])
		say(c, r, DOCTOR_DOUBTFUL, "none says that it is active: requests wait");
	else if (!silent)
		say(c, r, DOCTOR_WELL, "each lets this machine in, and %s is active", f->active);
}

JUDGE(judge_settings)
{
	(void)conf;
	if (f->no_answer[0] || f->outside)
		return;
	for (size_t i = 0; i < f->unlikes; i++)
		say(c, r, DOCTOR_WRONG, "[%s] %s is '%s' here and '%s' on %s: make it the same on both gateways",
		    f->unlike[i].section, f->unlike[i].key, f->unlike[i].here, f->unlike[i].there, f->peer);
	if (!f->peer[0])
		say(c, r, DOCTOR_WELL, "there is no other gateway");
	else if (!f->peer_tells)
		say(c, r, DOCTOR_DOUBTFUL,
		    "%s does not tell what it has: HAProxy here or there does not answer, or the release there is an "
		    "earlier one",
		    f->peer);
	else if (!f->unlikes)
		say(c, r, DOCTOR_WELL, "what both gateways are to have the same is so");
}

JUDGE(judge_address)
{
	static const char *const words[] = {
	    [DOCTOR_VIP_UNKNOWN] = "cannot be asked for on this network",
	    [DOCTOR_VIP_NOBODY] = "nobody answers for it",
	    [DOCTOR_VIP_ACTIVE] = "is where the active gateway is",
	    [DOCTOR_VIP_STRANGER] = "is also that of another machine",
	};
	enum doctor_grade grade = f->vip == DOCTOR_VIP_ACTIVE	  ? DOCTOR_WELL
				  : f->vip == DOCTOR_VIP_STRANGER ? DOCTOR_WRONG
				  : f->vip == DOCTOR_VIP_UNKNOWN  ? DOCTOR_DOUBTFUL
				  : f->active[0]		  ? DOCTOR_WRONG
								  : DOCTOR_WELL;

	if (f->no_answer[0] || f->outside)
		return;
	if (f->vip == DOCTOR_VIP_STRANGER && !f->active[0]) {
		say(c, r, DOCTOR_WELL, "%s is at %s; this machine does not know who is active", conf->vip, f->stranger);
		return;
	}
	say(c, r, grade, "%s %s%s%s", conf->vip, words[f->vip], f->vip == DOCTOR_VIP_STRANGER ? ", " : "",
	    f->vip == DOCTOR_VIP_STRANGER ? f->stranger : "");
}

JUDGE(judge_units)
{
	size_t wrong = 0;

	(void)conf;
	for (size_t i = 0; i < f->units; i++) {
		bool wanted = f->unit[i].wanted;

		if (wanted && !f->unit[i].active && ++wrong)
			say(c, r, DOCTOR_WRONG, "%s does not run", f->unit[i].name);
		if (!wanted && f->unit[i].active && ++wrong)
			say(c, r, DOCTOR_WRONG,
			    "%s listens: it starts MariaDB, and keeps its port and socket from it. If it has started "
			    "it, then only on the standby, or after a switchover: systemctl kill -s KILL mariadb",
			    f->unit[i].name);
		if (f->unit[i].enabled != wanted && ++wrong)
			say(c, r, DOCTOR_WRONG,
			    wanted ? "%s is not enabled: it would not come up after a reboot"
				   : "%s is enabled: only replicationd may start it",
			    f->unit[i].name);
	}
	if (!wrong)
		say(c, r, f->units ? DOCTOR_WELL : DOCTOR_DOUBTFUL, "%s",
		    f->units ? "all that have to run do so, and will after a reboot" : "systemd does not tell");
}

JUDGE(judge_files)
{
	(void)conf;
	for (size_t i = 0; i < f->files; i++)
		say(c, r, DOCTOR_WRONG, "%s: %s", f->file[i].path, f->file[i].what);
	if (!f->files)
		say(c, r, DOCTOR_WELL, "as Holdfast has written them, and no secret is open to others");
}

JUDGE(judge_programs)
{
	for (size_t i = 0; i < f->refusals; i++)
		say(c, r, DOCTOR_WRONG, "%s: %s", f->refusal[i].name, f->refusal[i].words);
	if (!f->refusals)
		say(c, r, DOCTOR_WELL, "%s",
		    conf->kind == CONF_KIND_WORKER ? "HAProxy takes its configuration"
						   : "HAProxy, keepalived and MariaDB take their configuration");
}

JUDGE(judge_certificates)
{
	size_t ending = 0;

	(void)conf;
	for (size_t i = 0; i < f->certificates; i++) {
		int64_t days = f->certificate[i].left_s / DAY_S;
		const char *path = f->certificate[i].path;

		if (f->certificate[i].unread[0] && ++ending)
			say(c, r, DOCTOR_WRONG, "%s", f->certificate[i].unread);
		else if (f->certificate[i].left_s <= 0 && ++ending)
			say(c, r, DOCTOR_WRONG, "%s has ended: nobody takes it any more", path);
		else if (days < CERTIFICATE_LEAST_DAYS && ++ending)
			say(c, r, DOCTOR_DOUBTFUL, "%s ends in %lld days", path, (long long)days);
	}
	if (!ending)
		say(c, r, DOCTOR_WELL, "none ends within %d days", CERTIFICATE_LEAST_DAYS);
}

JUDGE(judge_hosts)
{
	size_t down = 0;

	(void)conf;
	if (f->hosts_pending)
		say(c, r, DOCTOR_WRONG,
		    "HAProxy here was not told of a change: who was removed may still be let in (workers.pending)");
	for (size_t i = 0; i < f->hosts; i++)
		if (strcmp(f->host[i].state, "up") != 0 && ++down)
			say(c, r, DOCTOR_DOUBTFUL, "%s at %s gets no requests: HAProxy here says %s", f->host[i].name,
			    f->host[i].address, f->host[i].state);
	for (size_t i = 0; i < f->hosts; i++)
		if (f->host[i].name_of[0] && ++down)
			say(c, r, DOCTOR_DOUBTFUL,
			    "%s at %s has the name of the %s: whoever reads it may take one for the other",
			    f->host[i].name, f->host[i].address, f->host[i].name_of);
	if (!down && !f->hosts_pending)
		say(c, r, DOCTOR_WELL, f->hosts ? "each gets requests" : "there are none");
}

JUDGE(judge_disk)
{
	(void)conf;
	if (f->forgetful[0])
		say(c, r, DOCTOR_WRONG,
		    "the state is on %s, which does not keep what was synced through a loss of power", f->forgetful);
	else if (!f->sync_us)
		say(c, r, DOCTOR_WRONG, "nothing can be written and synced where the state is");
	else if (f->sync_us > SYNC_SLOW_US)
		say(c, r, DOCTOR_DOUBTFUL,
		    "a sync of 4 KiB takes %u us (median of 15), and every payment waits for two", f->sync_us);
	else
		say(c, r, DOCTOR_WELL, "a sync of 4 KiB takes %u us (median of 15)", f->sync_us);
}

JUDGE(judge_space)
{
	bool little = f->free_percent < FREE_LEAST_PERCENT || f->free_mb < FREE_LEAST_MB;

	(void)conf;
	if (f->free_percent > 100)
		say(c, r, DOCTOR_DOUBTFUL, "not known");
	else
		say(c, r, little ? DOCTOR_WRONG : DOCTOR_WELL, "%llu MB are free, %u percent",
		    (unsigned long long)f->free_mb, f->free_percent);
}

/* Of capabilities(7), with the number that linux/capability.h gives it. vital: without it what has to be done is not done; else it is done worse. */
static const struct right {
	unsigned number;
	const char *name, *lost;
	bool vital, at_edge; /* at_edge: only where clients come */
} rights[] = {
    {10, "CAP_NET_BIND_SERVICE", "HAProxy cannot listen at port 443", true, true},
    {12, "CAP_NET_ADMIN", "keepalived cannot hold the virtual address", true, true},
    {13, "CAP_NET_RAW", "nobody is told who has the virtual address now, nor are clients of a dead gateway", true,
	true},
    {14, "CAP_IPC_LOCK", "heartbeatd may be paged out, and be too late", false, false},
    {23, "CAP_SYS_NICE", "heartbeatd waits for the processor as everybody does, and may be too late", false, false},
};

JUDGE(judge_rights)
{
	bool missing = false;

	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]) && f->capabilities_known; i++) {
		if (f->capabilities >> rights[i].number & 1 || (rights[i].at_edge && conf->kind != CONF_KIND_GATEWAY))
			continue;
		missing = true;
		say(c, r, rights[i].vital ? DOCTOR_WRONG : DOCTOR_DOUBTFUL, "no service here can have %s: %s",
		    rights[i].name, rights[i].lost);
	}
	if (!f->capabilities_known)
		say(c, r, DOCTOR_DOUBTFUL, "not known");
	else if (!missing)
		say(c, r, DOCTOR_WELL, "services can have the capabilities that they want");
}

#define PAIR (1u << CONF_KIND_GATEWAY)
#define GATEWAY (PAIR | 1u << CONF_KIND_REPLICA)
#define ALL (GATEWAY | 1u << CONF_KIND_WITNESS)
#define HOST (1u << CONF_KIND_WORKER)
#define ANY (ALL | DOCTOR_ALWAYS)

/* clang-format off */
const struct doctor_check doctor_checks[] = {
	{ "conf",         "is holdfast.conf as it may be",
	  "holdfast.conf(5) has every key and its range. Daemons that run keep their values and do not start with this; what rests on it was not looked at here", ANY | HOST, judge_conf },
	{ "member",       "what it says of itself",
	  "holdfastctl status and explain say more; when heartbeatd does not answer: systemctl status holdfast-heartbeatd", ANY, judge_member },
	{ "clock",        "is the clock synchronised",
	  "install chrony. Who is active does not depend on the clock; the times of payments and of the journal do, and whether a certificate is taken", ANY | HOST, judge_clock },
	{ "network",      "is the address on the interface that holdfast.conf names",
	  "set address and interface of holdfast.conf to what 'ip address' shows, or the machine to what holdfast.conf says", ALL | HOST, judge_network },
	{ "mtu",          "does a heartbeat fit into one packet",
	  "ip link set dev INTERFACE mtu 1500, and the same on what lies between the members", ALL, judge_mtu },
	{ "heartbeats",   "is every other member heard",
	  "open UDP 7400 (heartbeat port of holdfast.conf) between all members, both ways; is holdfast-heartbeatd running there, with the same cluster key?", ALL, judge_heartbeats },
	{ "ports",        "are the ports of the other gateways open",
	  "open TCP 3306 and 7443-7445 (ports of holdfast.conf) between the gateways, both ways; the other one may be off", GATEWAY, judge_ports },
	{ "ports",        "are the ports of the gateways open, of a worker host",
	  "open TCP 7443 and 7444 (ports of holdfast.conf) from here to the gateways, and 7443 from them to here; a gateway may be off", HOST, judge_ports },
	{ "settings",     "has the other gateway the same of what both are to have the same in holdfast.conf",
	  "holdfast.conf(5) names those keys, and what makes another value hold; holdfastctl reconfigure, also where only a reload was done: by that the other gateway hears of it", PAIR, judge_settings },
	{ "gateways",     "do the gateways let this worker host in, and does one serve",
	  "is this machine in 'holdfastctl worker list' there, with this address, and is the clock right, here and there? A gateway that has another address now, or is missing: write name and address into "
	  CONF_GATEWAYS_PATH ", then holdfastctl reconfigure. Nobody active: holdfastctl status on a gateway", HOST, judge_gateways },
	{ "address",      "who has the virtual address",
	  "ip neighbour and arping tell who has it; another machine must give it up. Nobody: journalctl -u keepalived on the active gateway, VRRP (protocol 112) open?", PAIR, judge_address },
	{ "units",        "do the services run, and will they after a reboot",
	  "systemctl enable --now UNIT, journalctl -u UNIT; but mariadb only: systemctl disable mariadb; its sockets: "
	  "systemctl disable --now mariadb.socket mariadb-extra.socket", GATEWAY, judge_units },
	{ "units",        "do the services of a machine without a database run, and will they after a reboot",
	  "systemctl enable --now UNIT, journalctl -u UNIT", 1u << CONF_KIND_WITNESS | HOST, judge_units },
	{ "capabilities", "may services have the capabilities that they want",
	  "a container gives its machine fewer: with Docker --cap-add, with systemd-nspawn --capability=, with LXC lxc.cap.keep; heartbeatd does without CAP_SYS_NICE and CAP_IPC_LOCK, "
	  "on a machine with processors to spare", ALL, judge_rights },
	{ "files",        "are the files that Holdfast writes as it wrote them, and its secrets closed",
	  "holdfastctl reconfigure writes them again: what is to differ belongs into holdfast.conf. Secrets: chmod and chown to what is said", ALL | HOST, judge_files },
	{ "programs",     "do HAProxy, keepalived and MariaDB take their configuration",
	  "what they say names file and line; holdfastctl reconfigure writes the file again", GATEWAY | HOST, judge_programs },
	{ "certificates", "how long are the certificates good",
	  "your own for clients: the new one into /etc/holdfast/pki/edge.pem on both gateways, then systemctl reload haproxy. Ours last until 2049: is the clock right?", ANY, judge_certificates },
	{ "certificates", "how long is the certificate of a worker host good",
	  "it is renewed by itself, each half minute if need be: holdfastctl worker sync here says why not; is the clock right? One that has ended: holdfastctl worker remove and worker add on a gateway, then join anew", HOST, judge_certificates },
	{ "workers",      "are the worker hosts used",
	  "is it on, are TCP 7443 to it and 7443-7444 from it open, is it of the same release? There: systemctl status haproxy 'holdfast-workerd@*', journalctl -u holdfast-workers. One that is gone: holdfastctl worker remove NAME. A name that is taken: the same, and worker add with another one. Not told: holdfastctl worker sync here says why", PAIR, judge_hosts },
	{ "disk",         "does the disk keep what it has synced, and how fast",
	  "put /var/lib/holdfast on a local disk with a journal (ext4, xfs); a slow one costs every payment that much", ANY, judge_disk },
	{ "space",        "is there room on the disk",
	  "make room before it ends: a database without room stops payments", ANY, judge_space },
};
/* clang-format on */
const size_t doctor_checks_count = sizeof(doctor_checks) / sizeof(doctor_checks[0]);

enum doctor_grade doctor_judge(const struct doctor_facts *f, const struct conf *conf, struct doctor_report *ret)
{
	enum doctor_grade worst = DOCTOR_WELL;

	ret->findings = 0;
	for (size_t i = 0; i < doctor_checks_count; i++)
		if (f->conf_wrong[0] ? doctor_checks[i].kinds & DOCTOR_ALWAYS
				     : doctor_checks[i].kinds >> conf->kind & 1)
			doctor_checks[i].judge(f, conf, &doctor_checks[i], ret);
	for (size_t i = 0; i < ret->findings; i++)
		if (ret->finding[i].grade > worst)
			worst = ret->finding[i].grade;
	return worst;
}

const char *doctor_grade_word(enum doctor_grade grade)
{
	static const char *const words[] = {"well", "doubtful", "wrong"};

	return words[grade];
}
