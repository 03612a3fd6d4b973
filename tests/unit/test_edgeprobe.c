/* gateway/edgeprobe.c against an edge that is there, not there, mute, or says something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/edgeprobe.h"
#include "heartbeat/fitness.h"

#define START_US 1000000000u
#define STEP_US 20000u

struct edge {
	char dir[64], path[80];
	int listener;
	struct edgeprobe probe;
	uint64_t now_us;
};

static void listen_there(struct edge *g)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", g->path);
	g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(g->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(g->listener, 8), 0);
}

static int set_up(void **state)
{
	static struct edge g;

	g = (struct edge){.dir = "/tmp/edgeprobe-XXXXXX", .listener = -1, .now_us = START_US};
	if (!mkdtemp(g.dir))
		return -1;
	(void)snprintf(g.path, sizeof(g.path), "%s/edge.sock", g.dir);
	edgeprobe_start(&g.probe, g.path, g.now_us);
	*state = &g;
	return 0;
}

static int tear_down(void **state)
{
	struct edge *g = *state;

	edgeprobe_end(&g->probe);
	if (g->listener >= 0)
		close(g->listener);
	(void)unlink(g->path);
	return rmdir(g->dir);
}

/* Lets time pass; an edge that speaks gives `says` to whoever asks. */
static void pass(struct edge *g, uint64_t us, const char *says)
{
	char question[256];

	for (uint64_t end_us = g->now_us + us; g->now_us < end_us; g->now_us += STEP_US) {
		int one = says ? accept4(g->listener, NULL, NULL, SOCK_CLOEXEC) : -1;

		if (one >= 0) {
			assert_true(recv(one, question, sizeof(question), 0) > 0);
			assert_memory_equal(question, "GET /edgez HTTP/1.0\r\n", 21);
			(void)!send(one, says, strlen(says), MSG_NOSIGNAL); /* the asker may have given up */
			close(one);
		}
		edgeprobe_step(&g->probe, g->now_us);
	}
}

static void one_that_answers_is_not_silent(void **state)
{
	struct edge *g = *state;

	assert_true(g->probe.silent_us); /* before the first answer nothing is known */
	listen_there(g);
	for (unsigned i = 0; i < 10; i++) {
		pass(g, 1000000, "HTTP/1.1 200 OK\r\n\r\n");
		assert_int_equal(g->probe.silent_us, 0);
	}
}

static void one_that_is_not_there_is_gone(void **state)
{
	struct edge *g = *state;

	pass(g, 1000000, NULL);
	assert_true(g->probe.silent_us && g->probe.gone);
	listen_there(g);
	pass(g, 1000000, "HTTP/1.0 200 OK\r\n\r\n");
	assert_int_equal(g->probe.silent_us, 0);
	/* Its socket stays behind when it is killed. */
	close(g->listener);
	g->listener = -1;
	pass(g, 1000000, NULL);
	assert_true(g->probe.silent_us && g->probe.gone);
	assert_in_range(g->probe.silent_us, START_US + 2000000, START_US + 2000000 + 2 * FIT_EDGE_TRY_US);
}

static void one_that_is_mute_is_silent_since_it_was_asked(void **state)
{
	struct edge *g = *state;

	listen_there(g);
	pass(g, 1000000, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(g->probe.silent_us, 0);
	pass(g, 20000000, NULL); /* its queue fills, and that is no refusal */
	assert_false(g->probe.gone);
	assert_in_range(
	    g->probe.silent_us, START_US + 1000000 - FIT_EDGE_TRY_US, START_US + 1000000 + 2 * FIT_EDGE_TRY_US);
	pass(g, 5000000, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(g->probe.silent_us, 0);
}

static void one_that_says_something_else_does_not_count(void **state)
{
	static const char *const words[] = {
	    "HTTP/1.1 503 no\r\n\r\n", "HTTP/1.1 2", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2.0 200 OK"};
	struct edge *g = *state;

	listen_there(g);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		pass(g, 1000000, words[i]);
		assert_true(g->probe.silent_us);
		assert_false(g->probe.gone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_that_answers_is_not_silent, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_that_is_not_there_is_gone, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_that_is_mute_is_silent_since_it_was_asked, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_that_says_something_else_does_not_count, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("edgeprobe", tests, NULL, NULL);
}
