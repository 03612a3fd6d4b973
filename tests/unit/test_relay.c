/* The relay between a standby's mariadbd and the active, with real connections on 127.0.0.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "replication/relay.h"

#define HOST "127.0.0.1"
#define PAIRS_MAX 8 /* as in relay.c */
#define PATIENCE_MS 5000
#define TURN_US 5000
#define MANY_BYTES (1u << 20)

struct net {
	sd_event *loop;
	struct relay *relay;
	uint16_t port; /* of the relay */
	uint16_t active_port;
	int active;   /* listens */
	int reserved; /* keeps the relay's port from others */
};

/* A free port that nobody else gets; connections are refused until somebody listens. */
static int reserve(uint16_t *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(sa);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &length), 0);
	*port = ntohs(sa.sin_port);
	return fd;
}

static int listen_somewhere(uint16_t *port)
{
	int fd = reserve(port);

	assert_int_equal(listen(fd, 2 * PAIRS_MAX), 0);
	return fd;
}

static int set_up(void **state)
{
	struct net *n = calloc(1, sizeof(*n));

	if (!n || sd_event_new(&n->loop) < 0)
		return -1;
	n->active = listen_somewhere(&n->active_port);
	n->reserved = reserve(&n->port);
	n->relay = relay_new(n->loop, n->port);
	*state = n;
	return n->relay ? 0 : -1;
}

static int tear_down(void **state)
{
	struct net *n = *state;

	relay_free(n->relay);
	sd_event_unref(n->loop);
	close(n->active);
	close(n->reserved);
	free(n);
	return 0;
}

static void turn(struct net *n)
{
	assert_true(sd_event_run(n->loop, TURN_US) >= 0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Turns the loop until it holds. */
#define UNTIL(n, what)                                                                                                 \
	do {                                                                                                           \
		int64_t until_ms = now_ms() + PATIENCE_MS;                                                             \
                                                                                                                       \
		while (!(what) && now_ms() < until_ms)                                                                 \
			turn(n);                                                                                       \
		assert_true(what);                                                                                     \
	} while (0)

static void open_for(struct net *n, uint64_t epoch)
{
	struct errbuf e = {""};

	assert_int_equal(relay_open(n->relay, HOST, n->active_port, epoch, &e), 0);
	assert_int_equal(relay_open_epoch(n->relay), epoch);
}

/* A connection to the relay, or -1 when it refuses. */
static int connect_relay(const struct net *n)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_port = htons(n->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		assert_int_equal(errno, ECONNREFUSED);
		close(fd);
		return -1;
	}
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static int accept_active(struct net *n)
{
	int fd = -1;

	UNTIL(n, (fd = fd >= 0 ? fd : accept4(n->active, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
	return fd;
}

/* Both ends of a connection through the relay. */
static void join(struct net *n, int *client, int *active)
{
	*client = connect_relay(n);
	assert_true(*client >= 0);
	*active = accept_active(n);
}

static void send_all(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool arrives(struct net *n, int fd, const char *text)
{
	char buf[64] = "";
	ssize_t got = -1;

	UNTIL(n, got > 0 || (got = recv(fd, buf, sizeof(buf) - 1, 0)) >= 0);
	return strcmp(buf, text) == 0;
}

/* Ended, and nothing came before the end. The loop does not turn. */
static bool is_cut(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char byte;

	if (poll(&p, 1, PATIENCE_MS) != 1)
		return false;
	return recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
}

static bool has_ended(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, 0);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static void test_closed_by_default(void **state)
{
	struct net *n = *state;

	assert_int_equal(relay_open_epoch(n->relay), 0);
	assert_int_equal(relay_epoch(n->relay), 0);
	assert_int_equal(connect_relay(n), -1);
	relay_close(n->relay);
	assert_int_equal(connect_relay(n), -1);
	relay_free(NULL);
}

/* One direction of a stream. */
struct stream {
	int from, to;
	size_t sent, received;
	uint8_t *bytes, *arrived;
};

static struct stream make_stream(int from, int to)
{
	struct stream s = {.from = from, .to = to, .bytes = malloc(MANY_BYTES), .arrived = calloc(1, MANY_BYTES)};

	assert_true(s.bytes && s.arrived);
	randombytes_buf(s.bytes, MANY_BYTES);
	return s;
}

static bool move(struct stream *s)
{
	ssize_t n = send(s->from, s->bytes + s->sent, MANY_BYTES - s->sent, MSG_NOSIGNAL);

	if (n > 0)
		s->sent += (size_t)n;
	n = recv(s->to, s->arrived + s->received, MANY_BYTES - s->received, 0);
	if (n > 0)
		s->received += (size_t)n;
	return s->received == MANY_BYTES;
}

static void test_bytes_pass_both_ways(void **state)
{
	struct net *n = *state;
	struct stream s[2];
	int client, active;

	open_for(n, 7);
	join(n, &client, &active);
	s[0] = make_stream(client, active);
	s[1] = make_stream(active, client);
	UNTIL(n, (int)move(&s[0]) + (int)move(&s[1]) == 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_memory_equal(s[i].bytes, s[i].arrived, MANY_BYTES);
		free(s[i].bytes);
		free(s[i].arrived);
	}
	assert_int_equal(relay_epoch(n->relay), 7);
	close(client);
	close(active);
}

/* What was sent before an end arrives before it. */
static void test_an_end_passes_after_the_bytes(void **state)
{
	struct net *n = *state;
	struct stream s;
	int client, active;

	open_for(n, 7);
	join(n, &client, &active);
	s = make_stream(active, client);
	UNTIL(n, (move(&s), s.sent == MANY_BYTES));
	close(active);
	UNTIL(n, move(&s));
	assert_memory_equal(s.bytes, s.arrived, MANY_BYTES);
	UNTIL(n, has_ended(client));
	UNTIL(n, relay_epoch(n->relay) == 0);
	free(s.bytes);
	free(s.arrived);
	close(client);
}

static void test_epoch_only_while_connected(void **state)
{
	struct net *n = *state;
	int client, active;

	open_for(n, 7);
	turn(n);
	assert_int_equal(relay_epoch(n->relay), 0);
	for (unsigned i = 0; i < 2; i++) {
		join(n, &client, &active);
		UNTIL(n, relay_epoch(n->relay) == 7);
		close(i ? client : active);
		UNTIL(n, relay_epoch(n->relay) == 0);
		UNTIL(n, has_ended(i ? active : client));
		close(i ? active : client);
	}
	assert_int_equal(relay_open_epoch(n->relay), 7);
}

/* R6, M10: when relay_close() returns nothing can pass, whatever was under way. */
static void test_close_cuts_at_once(void **state)
{
	struct net *n = *state;
	int client, active, waiting;

	open_for(n, 7);
	join(n, &client, &active);
	send_all(client, "before");
	assert_true(arrives(n, active, "before"));
	send_all(client, "late");
	send_all(active, "late");
	waiting = connect_relay(n); /* not accepted yet */
	relay_close(n->relay);
	assert_int_equal(relay_epoch(n->relay), 0);
	assert_int_equal(relay_open_epoch(n->relay), 0);
	assert_true(is_cut(active));
	assert_true(is_cut(client));
	assert_true(is_cut(waiting));
	assert_int_equal(connect_relay(n), -1);
	turn(n);
	turn(n);
	assert_int_equal(accept(n->active, NULL, NULL), -1);
	close(client);
	close(active);
	close(waiting);
}

static void test_another_epoch_cuts_the_one_before(void **state)
{
	struct net *n = *state;
	int client, active, client2, active2;

	open_for(n, 7);
	join(n, &client, &active);
	UNTIL(n, relay_epoch(n->relay) == 7);
	/* The same order once more */
	open_for(n, 7);
	assert_int_equal(relay_epoch(n->relay), 7);
	send_all(client, "still");
	assert_true(arrives(n, active, "still"));
	open_for(n, 8);
	assert_int_equal(relay_epoch(n->relay), 0);
	assert_true(is_cut(client));
	assert_true(is_cut(active));
	join(n, &client2, &active2);
	UNTIL(n, relay_epoch(n->relay) == 8);
	send_all(active2, "new");
	assert_true(arrives(n, client2, "new"));
	close(client);
	close(active);
	close(client2);
	close(active2);
}

static void test_another_active_cuts_the_one_before(void **state)
{
	struct net *n = *state;
	struct errbuf e;
	uint16_t port;
	int client, active, other = listen_somewhere(&port);

	open_for(n, 7);
	join(n, &client, &active);
	assert_int_equal(relay_open(n->relay, HOST, port, 7, &e), 0);
	assert_true(is_cut(client));
	assert_true(is_cut(active));
	close(client);
	client = connect_relay(n);
	UNTIL(n, relay_epoch(n->relay) == 7);
	assert_int_equal(accept(n->active, NULL, NULL), -1);
	close(client);
	close(active);
	close(other);
}

static void test_an_active_that_refuses(void **state)
{
	struct net *n = *state;
	int client;

	close(n->active);
	n->active = reserve(&n->active_port);
	open_for(n, 7);
	for (unsigned i = 0; i < 2 * PAIRS_MAX; i++) {
		client = connect_relay(n);
		assert_true(client >= 0);
		UNTIL(n, has_ended(client));
		assert_int_equal(relay_epoch(n->relay), 0);
		close(client);
	}
}

static void test_more_connections_than_there_are_places(void **state)
{
	struct net *n = *state;
	int client[PAIRS_MAX], active[PAIRS_MAX], more, last;

	open_for(n, 7);
	for (unsigned i = 0; i < PAIRS_MAX; i++)
		join(n, &client[i], &active[i]);
	more = connect_relay(n);
	UNTIL(n, has_ended(more));
	close(more);
	/* The others go on, */
	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		send_all(client[i], "here");
		assert_true(arrives(n, active[i], "here"));
	}
	/* and a place that is free again is taken. */
	close(client[3]);
	UNTIL(n, has_ended(active[3]));
	assert_int_equal(relay_epoch(n->relay), 7);
	close(active[3]);
	join(n, &client[3], &last);
	send_all(last, "again");
	assert_true(arrives(n, client[3], "again"));
	active[3] = last;
	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		close(client[i]);
		close(active[i]);
	}
	UNTIL(n, relay_epoch(n->relay) == 0);
}

/* An order that cannot be carried out leaves it closed, not open for the order before. */
static void test_errors_leave_it_closed(void **state)
{
	struct net *n = *state;
	struct errbuf e = {""};
	struct relay *taken = relay_new(n->loop, n->active_port);
	int client, active;

	open_for(n, 7);
	join(n, &client, &active);
	assert_int_equal(relay_open(n->relay, "a.example", n->active_port, 8, &e), -EINVAL);
	assert_string_not_equal(e.text, "");
	assert_int_equal(relay_open_epoch(n->relay), 0);
	assert_true(is_cut(client));
	assert_true(is_cut(active));
	e.text[0] = '\0';
	assert_non_null(taken);
	assert_int_equal(relay_open(taken, HOST, n->active_port, 8, &e), -EADDRINUSE);
	assert_string_not_equal(e.text, "");
	assert_int_equal(relay_open_epoch(taken), 0);
	relay_free(taken);
	close(client);
	close(active);
}

#define WITH_NET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_NET(test_closed_by_default),
	    WITH_NET(test_bytes_pass_both_ways),
	    WITH_NET(test_an_end_passes_after_the_bytes),
	    WITH_NET(test_epoch_only_while_connected),
	    WITH_NET(test_close_cuts_at_once),
	    WITH_NET(test_another_epoch_cuts_the_one_before),
	    WITH_NET(test_another_active_cuts_the_one_before),
	    WITH_NET(test_an_active_that_refuses),
	    WITH_NET(test_more_connections_than_there_are_places),
	    WITH_NET(test_errors_leave_it_closed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
