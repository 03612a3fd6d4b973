/* A worker's line to a ledger: what one turn of the event loop has to send goes together, and is not forgotten. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/client.h"
#include "gateway/hello.h"
#include "gateway/unixlisten.h"
#include "heartbeat/rolepage.h"

#define TURN_US UINT64_C(5000000) /* longer than anything here takes */

static char directory[] = "/tmp/test_client.XXXXXX";
static unsigned answers, losses;

static void on_answer(void *userdata, uint64_t id, const struct wire_answer *a, const char *body)
{
	(void)userdata;
	(void)id;
	(void)a;
	(void)body;
	answers++;
}

static void on_lost(void *userdata, struct client *c)
{
	(void)userdata;
	(void)c;
	losses++;
}

static void on_ready(void *userdata, struct client *c)
{
	(void)userdata;
	(void)c;
}

static const struct client_handlers handlers = {.answer = on_answer, .lost = on_lost, .ready = on_ready};

struct line {
	sd_event *event;
	struct client *client;
	int listener, ledger;
	char path[64];
};

/* Both ends, after their hello. */
static void begin(struct line *l)
{
	struct hello h = hello_make(PACKAGE_VERSION, clock_boottime_us());
	struct errbuf e = {""};
	char frame[WIRE_HELLO_BYTES_MAX];
	size_t n = hello_encode(frame, sizeof(frame), WIRE_HELLO, &h);

	(void)snprintf(l->path, sizeof(l->path), "%s/ledgerd.sock", directory);
	l->listener = unix_listen(l->path, &e);
	assert_true(l->listener >= 0);
	assert_true(sd_event_new(&l->event) >= 0);
	l->client = client_new(l->event, l->path, &handlers, NULL);
	assert_non_null(l->client);
	assert_int_equal(client_look(l->client), CLIENT_AWAY);
	l->ledger = accept(l->listener, NULL, NULL);
	assert_true(l->ledger >= 0);
	assert_int_equal(recv(l->ledger, frame, n, MSG_WAITALL), n);
	assert_int_equal(send(l->ledger, frame, n, MSG_NOSIGNAL), n);
	while (client_look(l->client) != CLIENT_READY)
		assert_true(sd_event_run(l->event, TURN_US) > 0);
}

static void end(struct line *l)
{
	client_free(l->client);
	sd_event_unref(l->event);
	close(l->ledger);
	close(l->listener);
	(void)unlink(l->path);
}

static struct op_message question(void)
{
	struct op_message m;

	memset(&m, 0, sizeof(m));
	m.op.kind = OP_AUTHENTICATE;
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		m.text[i] = "";
	return m;
}

static void test_together(void **state)
{
	static char got[65536];
	struct op_message m = question();
	struct wire_header h;
	struct line l;
	size_t at = 0;
	ssize_t n;

	(void)state;
	begin(&l);
	for (uint64_t id = 1; id <= 3; id++)
		assert_true(client_send(l.client, id, &m));
	assert_int_equal(recv(l.ledger, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(sd_event_run(l.event, TURN_US) > 0);
	n = recv(l.ledger, got, sizeof(got), MSG_DONTWAIT);
	for (uint64_t id = 1; id <= 3; id++) {
		ssize_t frame = wire_frame(got + at, (size_t)n - at, &h);

		assert_true(frame > 0);
		assert_int_equal(h.type, WIRE_OP);
		assert_int_equal(h.id, id);
		at += (size_t)frame;
	}
	assert_int_equal(at, n);
	assert_int_equal(sd_event_run(l.event, 0), 0); /* nothing is left to do */
	end(&l);
}

/* A burst does not wait for the end of the turn. */
static void test_burst(void **state)
{
	struct op_message m = question();
	char byte;
	struct line l;

	(void)state;
	begin(&l);
	for (uint64_t id = 1; recv(l.ledger, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 1; id++) {
		assert_true(id < 10000);
		assert_true(client_send(l.client, id, &m));
	}
	end(&l);
}

/* The ledger goes before the end of the turn: what was to be sent is lost, which is said, and the line can be free of it. */
static void test_lost(void **state)
{
	struct op_message m = question();
	struct line l;

	(void)state;
	begin(&l);
	assert_true(client_send(l.client, 1, &m));
	(void)shutdown(l.ledger, SHUT_RDWR);
	losses = 0;
	while (!losses)
		assert_true(sd_event_run(l.event, TURN_US) > 0);
	assert_int_equal(client_look(l.client), CLIENT_AWAY);
	while (sd_event_run(l.event, 0) > 0)
		;
	assert_int_equal(losses, 1);
	assert_int_equal(answers, 0);
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_together),
	    cmocka_unit_test(test_burst),
	    cmocka_unit_test(test_lost),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(directory);
	return failed;
}
