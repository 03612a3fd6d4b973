/*
 * For tests/bench/throughput: payments over HTTP, as many as its connections carry or at a rate of its own (open loop: a payment's time
 * begins when it was due, whether or not a connection was free). One thread; every answer is read, every one that is not 201 an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/aim.h"
#include "tests/bench/tally.h"

#define IN_BYTES (512 * 1024)
#define OUT_BYTES (256 * 1024)
#define CONNECTIONS_MAX 4096
#define DRAIN_US 10000000
#define ITEMS_MAX 500

struct connection {
	int fd;
	SSL *ssl; /* NULL: no TLS */
	bool busy, dead;
	uint64_t due_us;
	size_t in_used, out_used, out_sent;
	size_t answer_bytes; /* head and body, once the head is in; 0 until then */
	unsigned status;
	char *in, *out; /* owned */
};

struct paygen {
	const char *address, *port, *key, *pattern;
	bool tls;
	unsigned connections, items, busy;
	uint64_t rate, accounts, seconds, warm, sent, replayed, local, refused_items;
	char nonce[32];
	struct aim aim;
	struct tally tally;
	SSL_CTX *ssl;
	int epoll;
	struct connection all[CONNECTIONS_MAX];
	struct connection *idle[CONNECTIONS_MAX]; /* a ring: the edge closes a connection without a request after 5 s */
	unsigned idle_first, idle_count;
};

static int die(const char *what)
{
	(void)fprintf(stderr, "paygen: %s\n", what);
	exit(1);
}

static void put_idle(struct paygen *g, struct connection *c)
{
	g->idle[(g->idle_first + g->idle_count++) % CONNECTIONS_MAX] = c;
}

static struct connection *take_idle(struct paygen *g)
{
	struct connection *c = g->idle[g->idle_first];

	g->idle_first = (g->idle_first + 1) % CONNECTIONS_MAX;
	g->idle_count--;
	return c;
}

static void connect_one(struct paygen *g, struct connection *c, const struct addrinfo *to)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
	int one = 1;

	c->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->in = malloc(g->items > 1 ? IN_BYTES : IN_BYTES / 32);
	c->out = malloc(g->items > 1 ? OUT_BYTES : OUT_BYTES / 32);
	if (c->fd < 0 || !c->in || !c->out || connect(c->fd, to->ai_addr, to->ai_addrlen))
		die("cannot connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (g->tls) {
		c->ssl = SSL_new(g->ssl);
		if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_connect(c->ssl) != 1)
			die("TLS failed");
	}
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) || epoll_ctl(g->epoll, EPOLL_CTL_ADD, c->fd, &ev))
		die("cannot watch a connection");
	put_idle(g, c);
}

static void connect_all(struct paygen *g)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *to;

	struct rlimit files = {CONNECTIONS_MAX + 64, CONNECTIONS_MAX + 64};

	(void)setrlimit(RLIMIT_NOFILE, &files);
	g->epoll = epoll_create1(EPOLL_CLOEXEC);
	g->ssl = SSL_CTX_new(TLS_client_method());
	if (g->epoll < 0 || !g->ssl || getaddrinfo(g->address, g->port, &hints, &to))
		die("bad address");
	for (unsigned i = 0; i < g->connections; i++)
		connect_one(g, &g->all[i], to);
	freeaddrinfo(to);
}

/* Bytes, 0: not now, -1: it is over. */
static ssize_t put(struct connection *c)
{
	const char *at = c->out + c->out_sent;
	size_t left = c->out_used - c->out_sent;
	ssize_t n = c->ssl ? SSL_write(c->ssl, at, (int)left) : send(c->fd, at, left, MSG_NOSIGNAL);

	if (n > 0)
		return n;
	if (c->ssl)
		return SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_WRITE ? 0 : -1;
	return errno == EAGAIN ? 0 : -1;
}

static ssize_t take(struct connection *c, size_t size)
{
	ssize_t n = c->ssl ? SSL_read(c->ssl, c->in + c->in_used, (int)(size - c->in_used))
			   : recv(c->fd, c->in + c->in_used, size - c->in_used, 0);

	if (n > 0)
		return n;
	if (c->ssl)
		return SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_READ ? 0 : -1;
	return n < 0 && errno == EAGAIN ? 0 : -1;
}

static void flush(struct connection *c)
{
	while (!c->dead && c->out_sent < c->out_used) {
		ssize_t n = put(c);

		if (n == 0)
			return;
		if (n < 0)
			c->dead = true;
		else
			c->out_sent += (size_t)n;
	}
}

static size_t write_item(struct paygen *g, char *at, size_t size)
{
	char from[ID_TEXT_BYTES], to[ID_TEXT_BYTES];
	uint64_t i, j;
	struct ulid u, v;

	aim_draw(&g->aim, &i, &j);
	aim_id(i, &u);
	aim_id(j, &v);
	return (size_t)snprintf(at, size,
	    "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":1,\"currency\":\"CNY\",\"reference\":\"order-%llu\"}",
	    id_format("acc_", &u, from), id_format("acc_", &v, to), (unsigned long long)g->sent);
}

static void begin(struct paygen *g, struct connection *c, uint64_t due_us)
{
	static char body[OUT_BYTES];
	size_t n = 0;

	if (g->items > 1) {
		n = (size_t)snprintf(body, sizeof(body), "{\"atomic\":false,\"items\":[");
		for (unsigned i = 0; i < g->items; i++) {
			body[n] = ',';
			n += i != 0;
			n += write_item(g, body + n, sizeof(body) - n);
		}
		n += (size_t)snprintf(body + n, sizeof(body) - n, "]}");
	} else {
		n = write_item(g, body, sizeof(body));
	}
	c->out_used = (size_t)snprintf(c->out, OUT_BYTES,
	    "POST /v1/transfers%s HTTP/1.1\r\nHost: holdfast\r\nAuthorization: Bearer %s\r\nContent-Type: "
	    "application/json\r\n"
	    "Idempotency-Key: %s-%llu\r\nContent-Length: %zu\r\n\r\n%.*s",
	    g->items > 1 ? "/batch" : "", g->key, g->nonce, (unsigned long long)g->sent++, n, (int)n, body);
	c->out_sent = c->in_used = c->answer_bytes = 0;
	c->busy = true;
	c->due_us = due_us;
	g->busy++;
	flush(c);
}

static const char *find_header(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);

	return at ? at + strlen(name) : NULL;
}

/* True when the whole answer is in. */
static bool is_whole(struct paygen *g, struct connection *c)
{
	const char *end, *length, *word;

	c->in[c->in_used] = '\0';
	if (!c->answer_bytes) {
		end = strstr(c->in, "\r\n\r\n");
		if (!end)
			return false;
		length = find_header(c->in, "\r\ncontent-length: ");
		c->status = (unsigned)strtoul(c->in + 9, NULL, 10);
		c->answer_bytes = (size_t)(end - c->in) + 4 + (length ? strtoull(length, NULL, 10) : 0);
		word = find_header(c->in, "\r\nidempotent-replayed: ");
		g->replayed += word && *word == 't';
		word = find_header(c->in, "\r\ndurability: ");
		g->local += word && *word == 'l';
	}
	return c->in_used >= c->answer_bytes;
}

static void count_refused_items(struct paygen *g, const char *body)
{
	for (; (body = strstr(body, "\"status\":")); body++)
		g->refused_items += strncmp(body + 9, "201", 3) != 0 && body[9] >= '0' && body[9] <= '9';
}

static void finish(struct paygen *g, struct connection *c)
{
	unsigned good = g->items > 1 ? 200 : 201;

	c->busy = false;
	g->busy--;
	if (c->dead)
		c->status = 0;
	else
		put_idle(g, c);
	if (g->items > 1 && c->status == 200)
		count_refused_items(g, strstr(c->in, "\r\n\r\n"));
	g->tally.statuses[c->status < TALLY_STATUS_MAX ? c->status : 0]++;
	tally_add(&g->tally, c->status == good, c->due_us, tally_now_us());
}

static void serve(struct paygen *g, struct connection *c)
{
	size_t size = (g->items > 1 ? IN_BYTES : IN_BYTES / 32) - 1;
	ssize_t n = 1;

	flush(c);
	while (c->busy && !c->dead && n > 0) {
		n = take(c, size);
		if (n < 0 || (n == 0 && c->in_used == size))
			c->dead = true;
		else
			c->in_used += (size_t)n;
		if (n > 0 && is_whole(g, c))
			break;
	}
	if (c->busy && (c->dead || (c->answer_bytes && c->in_used >= c->answer_bytes)))
		finish(g, c);
}

static void wait_for_events(struct paygen *g, uint64_t wait_us)
{
	struct epoll_event events[256];
	struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
	int n = epoll_pwait2(g->epoll, events, 256, &wait, NULL);

	for (int i = 0; i < n; i++)
		serve(g, events[i].data.ptr);
}

static void run(struct paygen *g)
{
	uint64_t start_us = tally_now_us(), begun = 0, now_us;

	while ((now_us = tally_now_us()) < g->tally.until_us) {
		uint64_t wait_us = 10000;

		while (g->idle_count) {
			uint64_t due_us = g->rate ? start_us + begun * 1000000 / g->rate : now_us;

			if (due_us > now_us) {
				wait_us = due_us - now_us < wait_us ? due_us - now_us : wait_us;
				break;
			}
			begin(g, take_idle(g), due_us);
			begun++;
		}
		if (g->busy == 0 && g->idle_count == 0)
			die("all connections are dead");
		wait_for_events(g, wait_us);
	}
	while (g->busy && tally_now_us() < g->tally.until_us + DRAIN_US)
		wait_for_events(g, 10000);
	g->tally.errors += g->busy;
	g->tally.statuses[0] += g->busy;
}

static void take_options(struct paygen *g, int argc, char **argv)
{
	static const struct option options[] = {{"address", 1, NULL, 'a'}, {"port", 1, NULL, 'p'},
	    {"key", 1, NULL, 'k'}, {"tls", 0, NULL, 't'}, {"connections", 1, NULL, 'c'}, {"rate", 1, NULL, 'r'},
	    {"accounts", 1, NULL, 'n'}, {"pattern", 1, NULL, 'z'}, {"seconds", 1, NULL, 's'}, {"warm", 1, NULL, 'w'},
	    {"items", 1, NULL, 'i'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'a': g->address = optarg; break;
		case 'p': g->port = optarg; break;
		case 'k': g->key = optarg; break;
		case 't': g->tls = true; break;
		case 'c': g->connections = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'r': g->rate = strtoull(optarg, NULL, 10); break;
		case 'n': g->accounts = strtoull(optarg, NULL, 10); break;
		case 'z': g->pattern = optarg; break;
		case 's': g->seconds = strtoull(optarg, NULL, 10); break;
		case 'w': g->warm = strtoull(optarg, NULL, 10); break;
		case 'i': g->items = (unsigned)strtoul(optarg, NULL, 10); break;
		default: exit(2);
		}
}

/* Letters only: digits may look like the number of a card. */
static void make_nonce(char *nonce, size_t size)
{
	uint64_t v = (uint64_t)time(NULL) << 24 | (unsigned)getpid();
	size_t n = 0;

	for (; v && n + 1 < size; v /= 26)
		nonce[n++] = (char)('a' + v % 26);
	nonce[n] = '\0';
}

int main(int argc, char **argv)
{
	static struct paygen g = {.address = "10.77.0.100",
	    .port = "443",
	    .key = "",
	    .pattern = "uniform",
	    .connections = 128,
	    .items = 1,
	    .accounts = 10000,
	    .seconds = 10,
	    .warm = 2};
	uint64_t seed = tally_now_us();
	char more[160];

	take_options(&g, argc, argv);
	if (optind != argc || !g.connections || g.connections > CONNECTIONS_MAX || !g.items || g.items > ITEMS_MAX ||
	    !aim_init(&g.aim, g.pattern, g.accounts, seed))
		die("bad arguments");
	make_nonce(g.nonce, sizeof(g.nonce));
	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to what the edge has closed: an error of that connection */
	connect_all(&g);
	if (!tally_init(&g.tally, g.warm * 1000000, g.seconds * 1000000))
		die("out of memory");
	run(&g);
	(void)snprintf(more, sizeof(more),
	    "\"sent\":%llu,\"items\":%u,\"replayed\":%llu,\"local\":%llu,\"refused_items\":%llu,",
	    (unsigned long long)g.sent, g.items, (unsigned long long)g.replayed, (unsigned long long)g.local,
	    (unsigned long long)g.refused_items);
	tally_print(&g.tally, more);
	tally_free(&g.tally);
	return 0;
}
