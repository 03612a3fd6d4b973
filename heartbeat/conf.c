#include "heartbeat/conf.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "heartbeat/conf_ports.h"
#include "heartbeat/conf_rules.h"
#include "heartbeat/conf_value.h"

/* clang-format off */
enum shape { SHAPE_NUMBER, SHAPE_NAME, SHAPE_WORD, SHAPE_ADDRESS, SHAPE_CIDR, SHAPE_CHOICE, SHAPE_PATH, SHAPE_LIST, SHAPE_ENDPOINT };
/* clang-format on */

struct key {
	const char *section, *name;
	enum shape shape;
	size_t at, size;      /* in struct conf */
	uint32_t min, max;    /* numbers */
	const char *fallback; /* "" : none */
	const char *wanted;   /* what is allowed, in words */
	const char *meaning;
	unsigned readers,
	    live; /* enum conf_reader: who has it from its start on, and who of them takes it at a reload */
};

#define HEARTBEATD CONF_READER_HEARTBEATD
#define REPLICATIOND CONF_READER_REPLICATIOND
#define LEDGERD CONF_READER_LEDGERD
#define WORKERD CONF_READER_WORKERD
#define TICKLED CONF_READER_TICKLED
#define RENDERED CONF_READER_RENDERED
#define PAGED CONF_READER_PAGED

#define AT(member) offsetof(struct conf, member), sizeof(((struct conf *)0)->member)

/* clang-format off */
static const struct key keys[] = {
	{ "cluster", "name", SHAPE_NAME, AT(cluster), 0, 0, "holdfast", "1 to 15 of a-z 0-9 -, beginning with a letter", "name of the cluster", HEARTBEATD, 0 },
	{ "cluster", "vip", SHAPE_CIDR, AT(vip), 0, 0, "", "an IPv4 or IPv6 address with prefix length, such as 10.0.0.100/24 or 2001:db8::100/64", "virtual IP that clients use; none on a witness", HEARTBEATD | TICKLED | RENDERED, 0 },
	{ "cluster", "join", SHAPE_ADDRESS, AT(seed_address), 0, 0, "", VALUE_ADDRESS_WANTED, "member to ask for admission; none on the first node", HEARTBEATD, 0 },
	{ "node", "name", SHAPE_NAME, AT(name), 0, 0, "", "1 to 15 of a-z 0-9 -, beginning with a letter", "name of this node", 0, 0 },
	{ "node", "kind", SHAPE_CHOICE, AT(kind), 0, 0, "gateway", "gateway, witness, replica or worker", "what this node is", 0, 0 },
	{ "node", "address", SHAPE_ADDRESS, AT(address), 0, 0, "", VALUE_ADDRESS_WANTED, "address of this node, for the other members", HEARTBEATD | REPLICATIOND | TICKLED | RENDERED, 0 },
	{ "node", "second-address", SHAPE_ADDRESS, AT(second_address), 0, 0, "", VALUE_ADDRESS_WANTED, "address of this node on a second network, for heartbeats", HEARTBEATD, 0 },
	{ "node", "interface", SHAPE_WORD, AT(interface), 0, 0, "", "a network interface", "where the virtual IP goes; none on a witness", HEARTBEATD | TICKLED | RENDERED, 0 },
	{ "heartbeat", "port", SHAPE_NUMBER, AT(heartbeat_port), 1, 65534, "7400", "1 to 65534", "UDP port of the heartbeats; the next one is tickled's", HEARTBEATD | TICKLED, 0 },
	{ "heartbeat", "interval-ms", SHAPE_NUMBER, AT(interval_ms), 10, 500, "30", "10 to 500", "time between heartbeats", HEARTBEATD, 0 },
	{ "heartbeat", "lease-ms", SHAPE_NUMBER, AT(lease_ms), 100, 1000, "150", "100 to 1000", "life of a lease; a dead active is noticed after it", HEARTBEATD, 0 },
	{ "heartbeat", "peer-timeout-ms", SHAPE_NUMBER, AT(peer_timeout_ms), 100, 60000, "500", "100 to 60000", "a standby silent for so long is left behind (SOLO)", HEARTBEATD | REPLICATIOND, 0 },
	{ "heartbeat", "observe-only", SHAPE_CHOICE, AT(observe_only), 0, 0, "no", "yes or no", "does this node only say what it would do?", HEARTBEATD, 0 },
	{ "replication", "datadir", SHAPE_PATH, AT(datadir), 0, 0, "/var/lib/holdfast/mysql", "an absolute path", "data directory of MariaDB", REPLICATIOND | RENDERED, 0 },
	{ "replication", "port", SHAPE_NUMBER, AT(database_port), 1, 65535, "3306", "1 to 65535", "TCP port of MariaDB on the node's address", REPLICATIOND | RENDERED, 0 },
	{ "replication", "relay-port", SHAPE_NUMBER, AT(relay_port), 1, 65535, "4406", "1 to 65535", "TCP port of the replication relay on 127.0.0.1", REPLICATIOND | RENDERED, 0 },
	{ "replication", "max-backlog-ms", SHAPE_NUMBER, AT(max_backlog_ms), 0, 10000, "200", "0 to 10000", "payments slow down when the standby needs longer to apply what it has; 0: never", HEARTBEATD, 0 },
	{ "replication", "durability", SHAPE_CHOICE, AT(durability_received), 0, 0, "on-disk", "on-disk or received", "what the standby has done when it acknowledges", REPLICATIOND | RENDERED, 0 },
	{ "replication", "buffer-pool-mb", SHAPE_NUMBER, AT(buffer_pool_mb), 64, 1048576, "256", "64 to 1048576", "memory in MiB that MariaDB keeps pages in", RENDERED, 0 },
	{ "gateway", "workers", SHAPE_NUMBER, AT(workers), 1, 64, "2", "1 to 64", "worker processes on this node", RENDERED, 0 },
	{ "gateway", "worker-port", SHAPE_NUMBER, AT(worker_port), 1, 65472, "8101", "1 to 65472", "TCP port of the first worker on 127.0.0.1, for the operator", WORKERD, 0 },
	{ "gateway", "hold-timeout-ms", SHAPE_NUMBER, AT(hold_timeout_ms), 100, 20000, "5000", "100 to 20000", "how long a request waits for a takeover", WORKERD | RENDERED, WORKERD },
	{ "gateway", "in-flight-max", SHAPE_NUMBER, AT(in_flight_max), 1, 8192, "2048", "1 to 8192", "requests of one API key or session under way at a time", LEDGERD, LEDGERD },
	{ "gateway", "tickle", SHAPE_CHOICE, AT(tickle), 0, 0, "yes", "yes or no", "are clients of a gateway that died told to connect anew?", TICKLED, 0 },
	{ "gateway", "access-log", SHAPE_CHOICE, AT(access_log), 0, 0, "errors", "off, on or errors", "which requests workers write a line about", WORKERD, WORKERD },
	{ "gateway", "edge-log", SHAPE_CHOICE, AT(edge_log), 0, 0, "errors", "off, on or errors", "which requests HAProxy writes a line about", RENDERED, 0 },
	{ "gateway", "channels", SHAPE_LIST, AT(channels), 0, 0, "bank", "names of 1 to 32 of a-z 0-9 _ -, each once, separated by blanks", "channels of top-ups", WORKERD, WORKERD },
	{ "gateway", "mesh-http-port", SHAPE_NUMBER, AT(mesh_http_port), 1, 65535, "7443", "1 to 65535", "TCP port for the peer's HAProxy: workers", RENDERED, 0 },
	{ "gateway", "mesh-ledger-port", SHAPE_NUMBER, AT(mesh_ledger_port), 1, 65535, "7444", "1 to 65535", "TCP port for the peer's workers: ledger", RENDERED, 0 },
	{ "gateway", "mesh-seed-port", SHAPE_NUMBER, AT(mesh_seed_port), 1, 65535, "7445", "1 to 65535", "TCP port for the peer's replication: fresh copies", RENDERED, 0 },
	{ "page", "listen", SHAPE_ENDPOINT, AT(page_listen), 0, 0, "", "an address of this machine and a port of 1024 to 65535, such as 10.0.0.1:8407 or [2001:db8::1]:8407", "where the status page is; nowhere unless set", PAGED, 0 },
};
/* clang-format on */
#define KEYS (sizeof(keys) / sizeof(keys[0]))

#define CHOICE_WORDS CONF_KINDS

const char *const conf_kind_words[CONF_KINDS] = {"gateway", "witness", "replica", "worker"};

/* The words for 0, 1, 2 and 3. */
static const struct {
	const char *key, *word[CHOICE_WORDS];
} choices[] = {{"kind", {"gateway", "witness", "replica", "worker"}}, {"durability", {"on-disk", "received"}},
    {"tickle", {"no", "yes"}}, {"observe-only", {"no", "yes"}}, {"access-log", {"off", "on", "errors"}},
    {"edge-log", {"off", "on", "errors"}}};

static bool well_formed(const struct key *k, const char *value)
{
	struct ip ip;
	uint32_t port;

	switch (k->shape) {
	case SHAPE_NAME: return value_is_of(value, 15, "-") && value[0] >= 'a' && value[0] <= 'z';
	case SHAPE_WORD: return *value && !strpbrk(value, " /\t") && strlen(value) < 16;
	case SHAPE_ADDRESS: return value_is_address(value);
	case SHAPE_CIDR: return value_is_cidr(value);
	case SHAPE_PATH: return value[0] == '/' && !strpbrk(value, " \t\"'");
	case SHAPE_LIST: return value_is_list(value);
	case SHAPE_ENDPOINT: return value_is_endpoint(value, &ip, &port);
	case SHAPE_NUMBER:
	case SHAPE_CHOICE: break;
	}
	return true;
}

static bool parse_choice(const char *name, const char *value, uint32_t *ret)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (strcmp(choices[i].key, name) != 0)
			continue;
		for (uint32_t k = 0; k < CHOICE_WORDS && choices[i].word[k]; k++)
			if (strcmp(value, choices[i].word[k]) == 0) {
				*ret = k;
				return true;
			}
	}
	return false;
}

static bool set(struct conf *c, const struct key *k, const char *value)
{
	char *where = (char *)c + k->at, address[IP_TEXT_BYTES];
	uint32_t number;

	if (k->shape == SHAPE_NUMBER || k->shape == SHAPE_CHOICE) {
		bool good = k->shape == SHAPE_NUMBER ? value_number(value, k->min, k->max, &number)
						     : parse_choice(k->name, value, &number);

		if (good)
			memcpy(where, &number, sizeof(number));
		return good;
	}
	if (!well_formed(k, value) || strlen(value) >= k->size)
		return false;
	/* However it was written: as heartbeatd and the kernel show it. */
	if (k->shape == SHAPE_ADDRESS)
		value = value_shortest(value, address);
	memset(where, 0, k->size);
	memcpy(where, value, strlen(value));
	return true;
}

struct reading {
	FILE *errs;
	const char *file;
	struct conf conf;
	FILE *source;
	unsigned errors;
	int line;      /* Debian's inih does not tell its handler */
	bool unread;   /* a line that is neither was named */
	bool has_keys; /* the section so far: an indented line goes on with the last one */
	int line_of[KEYS];
};

/* As it may be shown on a terminal. */
static const char *plain(const char *text, char ret[static 64])
{
	size_t n = 0;

	for (; n < 63 && text[n]; n++)
		ret[n] = (unsigned char)text[n] < ' ' || text[n] == 127 ? '?' : text[n];
	ret[n] = '\0';
	return ret;
}

static bool is_section(const char *name, size_t length)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strlen(keys[i].section) == length && strncmp(keys[i].section, name, length) == 0)
			return true;
	return false;
}

static void take_section(struct reading *r, const char *name)
{
	size_t length = strcspn(name, "]\n");
	char text[64];

	r->has_keys = false;
	if (name[length] == ']' && is_section(name, length))
		return;
	r->errors++;
	r->unread = r->unread || name[length] != ']';
	if (name[length] != ']') {
		(void)fprintf(r->errs, "%s:%d: want '[section]' or 'key = value'\n", r->file, r->line);
		return;
	}
	(void)fprintf(r->errs, "%s:%d: unknown section [%.*s], want", r->file, r->line, (int)length, plain(name, text));
	for (size_t i = 0; i < KEYS; i++)
		if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
			(void)fprintf(r->errs, "%s[%s]", i ? ", " : " ", keys[i].section);
	(void)fputc('\n', r->errs);
}

/* What the parser does not say: sections without a key, and every line that it cannot read, not only the first. */
static void look_at(struct reading *r, const char *text)
{
	const char *at = text + (r->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0), *start;

	start = at + strspn(at, " \t\r\n\v\f");
	if (!*start || strchr(";#", *start) || (r->has_keys && start > at))
		return;
	if (*start == '[') {
		take_section(r, start + 1);
		return;
	}
	for (at = start; *at && !strchr("=:", *at) && !(*at == ';' && strchr(" \t", at[-1])); at++)
		;
	if (*at && *at != ';') {
		r->has_keys = true;
		return;
	}
	(void)fprintf(r->errs, "%s:%d: want '[section]' or 'key = value'\n", r->file, r->line);
	r->errors++;
	r->unread = true;
}

/* The parser would take what does not fit for another line. */
static void skip_rest(struct reading *r, const char *text, int size)
{
	int c = 0, length = (int)strlen(text);
	bool whole = length == size - 1; /* else a NUL ends it, and the rest of the line is read already */

	while (whole && (c = getc(r->source)) != EOF && c != '\n')
		;
	if (whole && strchr(";#", text[strspn(text, " \t")]))
		return;
	(void)fprintf(r->errs, "%s:%d: %s %d characters\n", r->file, r->line,
	    whole ? "longer than" : "a NUL byte after", whole ? size - 2 : length);
	r->errors++;
}

static char *next_line(char *text, int size, void *stream)
{
	struct reading *r = stream;
	char *ret = fgets(text, size, r->source);

	if (!ret)
		return NULL;
	r->line++;
	look_at(r, text);
	if (!strchr(text, '\n') && !feof(r->source))
		skip_rest(r, text, size);
	return ret;
}

static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	int line = r->line;
	char text[64];

	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0)
			continue;
		if (r->line_of[i]) {
			(void)fprintf(
			    r->errs, "%s:%d: '%s' was already set on line %d\n", r->file, line, name, r->line_of[i]);
			r->errors++;
		} else if (!set(&r->conf, &keys[i], value)) {
			(void)fprintf(r->errs, "%s:%d: '%s' is '%s', want %s\n", r->file, line, name,
			    plain(value, text), keys[i].wanted);
			r->errors++;
		}
		r->line_of[i] = line;
		return 1;
	}
	if (*section && !is_section(section, strlen(section)))
		return 1; /* said of the section */
	if (*section)
		(void)fprintf(r->errs, "%s:%d: unknown key '%s' in [%s]\n", r->file, line, plain(name, text), section);
	else
		(void)fprintf(r->errs, "%s:%d: '%s' comes before any [section]\n", r->file, line, plain(name, text));
	r->errors++;
	return 1;
}

static void complain(struct reading *r, const char *what)
{
	(void)fprintf(r->errs, "%s: %s\n", r->file, what);
	r->errors++;
}

/* Number of the key that is stored there. */
static size_t key_at(size_t at)
{
	size_t i = 0;

	while (keys[i].at != at)
		i++;
	return i;
}

/* "file:line: " of the key, or of the other when that is at its default; both at it do not disagree. */
static void begin_complaint(struct reading *r, size_t key, size_t other)
{
	int line = r->line_of[key] ? r->line_of[key] : r->line_of[other];

	r->errors++;
	if (line)
		(void)fprintf(r->errs, "%s:%d: ", r->file, line);
	else
		(void)fprintf(r->errs, "%s: ", r->file);
}

/* Fewer than three heartbeats in it, and the loss of one is the loss of a member. */
static void check_interval(struct reading *r, size_t at, uint32_t value)
{
	size_t key = key_at(at), interval = key_at(offsetof(struct conf, interval_ms));
	uint32_t ms = r->conf.interval_ms;

	if (value >= 3 * ms)
		return;
	begin_complaint(r, key, interval);
	(void)fprintf(r->errs,
	    3 * ms <= keys[key].max
		? "'%s' is %u, want %u to %u: at least 3 x 'interval-ms', which is %u\n"
		: "'%s' is %u, want %u, and %u is the most: at least 3 x 'interval-ms', which is %u\n",
	    keys[key].name, value, 3 * ms, keys[key].max, ms);
}

#define EXPORTER_PORT 8405 /* of etc/haproxy.cfg.in */

/* Who listens on TCP ports of a gateway, where; two of them cannot have the same. */
static void check_ports(struct reading *r)
{
	struct conf_port ports[CONF_PORTS];

	conf_ports(&r->conf, ports);
	for (size_t i = 0; i < CONF_PORTS; i++) {
		size_t key = key_at(ports[i].at);

		if ((ports[i].where & CONF_ON_LOCALHOST) && EXPORTER_PORT - ports[i].first < ports[i].count) {
			begin_complaint(r, key, key_at(offsetof(struct conf, workers)));
			(void)fprintf(r->errs, "'%s' takes TCP port %d, which is that of HAProxy's figures\n",
			    keys[key].name, EXPORTER_PORT);
		}
		for (size_t k = 0; k < i; k++) {
			size_t other = key_at(ports[k].at);
			uint32_t from = ports[i].first > ports[k].first ? ports[i].first : ports[k].first;

			if (!(ports[i].where & ports[k].where) || from - ports[i].first >= ports[i].count ||
			    from - ports[k].first >= ports[k].count)
				continue;
			begin_complaint(r, key, other);
			(void)fprintf(r->errs,
			    "'%s' of [%s] and '%s' of [%s] both take TCP port %u: they must differ\n", keys[key].name,
			    keys[key].section, keys[other].name, keys[other].section, from);
		}
	}
}

static void check_together(struct reading *r)
{
	const char *broken[CONF_RULES_MAX];
	unsigned count = conf_rules_broken(&r->conf, broken);

	for (unsigned i = 0; i < count; i++)
		complain(r, broken[i]);
	check_interval(r, offsetof(struct conf, lease_ms), r->conf.lease_ms);
	check_interval(r, offsetof(struct conf, peer_timeout_ms), r->conf.peer_timeout_ms);
	if (r->conf.kind != CONF_KIND_WITNESS)
		check_ports(r);
}

unsigned conf_read(FILE *f, const char *name, struct conf *ret, FILE *errs)
{
	struct reading r = {.errs = errs, .file = name, .source = f};
	int first_bad;

	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].fallback[0])
			(void)set(&r.conf, &keys[i], keys[i].fallback);
	first_bad = ini_parse_stream(next_line, &r, take_line, &r);
	if (ferror(f))
		complain(&r, strerror(errno)); /* a directory can be opened */
	if (first_bad && !r.unread) {
		(void)fprintf(errs, "%s:%d: want '[section]' or 'key = value'\n", name, first_bad > 0 ? first_bad : 1);
		r.errors++;
	}
	if (!r.errors)
		check_together(&r);
	*ret = r.conf;
	return r.errors;
}

unsigned conf_load(const char *path, struct conf *ret, FILE *errs)
{
	FILE *f = fopen(path, "re");
	unsigned errors;

	if (!f) {
		(void)fprintf(errs, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	errors = conf_read(f, path, ret, errs);
	(void)fclose(f);
	return errors;
}

/* The value as it would be written in the file; "" when there is none. */
static void show(const struct conf *c, const struct key *k, char *text, size_t size)
{
	const char *where = (const char *)c + k->at;
	uint32_t number;

	if (k->shape != SHAPE_NUMBER && k->shape != SHAPE_CHOICE) {
		(void)snprintf(text, size, "%s", where);
		return;
	}
	memcpy(&number, where, sizeof(number));
	if (k->shape == SHAPE_NUMBER) {
		(void)snprintf(text, size, "%u", number);
		return;
	}
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (strcmp(choices[i].key, k->name) == 0)
			(void)snprintf(text, size, "%s", choices[i].word[number]);
}

int conf_write(FILE *f, const struct conf *conf)
{
	const char *section = "";

	for (size_t i = 0; i < KEYS; i++) {
		char text[sizeof(conf->channels)];

		show(conf, &keys[i], text, sizeof(text));
		if (!text[0] || strcmp(text, keys[i].fallback) == 0)
			continue;
		if (strcmp(section, keys[i].section) != 0) {
			if (fprintf(f, "%s[%s]\n", section[0] ? "\n" : "", keys[i].section) < 0)
				return -errno;
			section = keys[i].section;
		}
		if (fprintf(f, "%s = %s\n", keys[i].name, text) < 0)
			return -errno;
	}
	return fflush(f) ? -errno : 0;
}

unsigned conf_changes(const struct conf *running, const struct conf *now, unsigned reader, bool live,
    const char *ret[static CONF_KEYS_MAX])
{
	unsigned count = 0;

	_Static_assert(KEYS <= CONF_KEYS_MAX, "each has room");
	for (size_t i = 0; i < KEYS; i++)
		if ((keys[i].readers & reader) && (keys[i].live & reader) == (live ? reader : 0) &&
		    memcmp((const char *)running + keys[i].at, (const char *)now + keys[i].at, keys[i].size) != 0)
			ret[count++] = keys[i].name;
	return count;
}

/* What has to be done that a change holds, in words. */
static void print_readers(FILE *f, const struct key *k)
{
	static const struct {
		unsigned bit;
		const char *unit;
	} units[] = {{HEARTBEATD, "holdfast-heartbeatd"}, {REPLICATIOND, "holdfast-replicationd"},
	    {LEDGERD, "holdfast-ledgerd"}, {WORKERD, "holdfast-workerd"}, {TICKLED, "holdfast-tickled"},
	    {PAGED, "holdfast-page"}};
	const char *between = "";

	if (!k->readers)
		(void)fprintf(f, "never");
	if (k->readers & RENDERED) {
		(void)fprintf(f, "reconfigure");
		between = ", ";
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (k->readers & units[i].bit) {
			(void)fprintf(
			    f, "%s%s %s", between, k->live & units[i].bit ? "reload" : "restart", units[i].unit);
			between = ", ";
		}
}

void conf_print_keys(FILE *f)
{
	for (size_t i = 0; i < KEYS; i++) {
		(void)fprintf(f, "%s\t%s\t%s\t%s\t%s\t", keys[i].section, keys[i].name, keys[i].wanted,
		    keys[i].fallback[0] ? keys[i].fallback : "-", keys[i].meaning);
		print_readers(f, &keys[i]);
		(void)fputc('\n', f);
	}
}
