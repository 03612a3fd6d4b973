/* The listening end of the ledger: who takes places and memory from whom. */
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/hello.h"
#include "gateway/server.h"
#include "heartbeat/rolepage.h"

#define MESH_PLACES 256
#define FOR_EVER_US UINT64_C(3600000000)
#define TURN_US UINT64_C(5000000) /* longer than anything here takes */

static char directory[] = "/tmp/test_server.XXXXXX", path[64];

static void on_op(
    void *userdata, uint64_t session, bool root, uint64_t sent_us, uint64_t id, const struct op_message *m)
{
	(void)userdata;
	(void)session;
	(void)root;
	(void)sent_us;
	(void)id;
	(void)m;
	fail_msg("an operation from nobody");
}

struct ledger {
	sd_event *event;
	struct server *server;
};

/* All of ours count as another host's. */
static void begin(struct ledger *l, uint64_t hello_us)
{
	struct server_users users = {.uid = {geteuid()}, .count = 1, .mesh_uid = geteuid(), .hello_us = hello_us};
	struct errbuf e = {""};

	assert_true(sd_event_new(&l->event) >= 0);
	assert_int_equal(server_new(l->event, path, &users, on_op, NULL, &l->server, &e), 0);
}

static void end(struct ledger *l)
{
	server_free(l->server);
	sd_event_unref(l->event);
	(void)unlink(path);
}

static int come(struct ledger *l)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_true(sd_event_run(l->event, TURN_US) > 0);
	return fd;
}

static bool is_hung_up_on(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_who_says_no_hello_keeps_no_place(void **state)
{
	int fd[MESH_PLACES + 1];
	struct ledger l;

	(void)state;
	begin(&l, FOR_EVER_US);
	for (unsigned i = 0; i <= MESH_PLACES; i++)
		fd[i] = come(&l);
	assert_false(is_hung_up_on(fd[0]));
	assert_false(is_hung_up_on(fd[MESH_PLACES - 1]));
	assert_true(is_hung_up_on(fd[MESH_PLACES]));
	for (unsigned i = 0; i <= MESH_PLACES; i++)
		close(fd[i]);
	end(&l);
	begin(&l, 0);
	fd[0] = come(&l);
	assert_false(is_hung_up_on(fd[0]));
	fd[1] = come(&l);
	assert_true(is_hung_up_on(fd[0]));
	assert_false(is_hung_up_on(fd[1]));
	close(fd[0]);
	close(fd[1]);
	end(&l);
}

/* Somebody clears /run: whoever is there stays, and the next one comes to a new socket. */
static void test_a_socket_that_was_removed_is_made_again(void **state)
{
	struct errbuf e = {""};
	struct ledger l;
	int before, after;

	(void)state;
	begin(&l, FOR_EVER_US);
	before = come(&l);
	assert_int_equal(server_mend(l.server, &e), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(server_mend(l.server, &e), 0);
	after = come(&l);
	assert_false(is_hung_up_on(before) || is_hung_up_on(after));
	close(before);
	close(after);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0); /* in its way */
	assert_int_equal(server_mend(l.server, &e), -EIO);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(server_mend(l.server, &e), 0);
	close(come(&l));
	end(&l);
}

/* Comes and says hello, and is answered; its number is that of its turn. */
static int greet(struct ledger *l)
{
	struct hello h = hello_make(PACKAGE_VERSION, clock_boottime_us());
	char frame[WIRE_HELLO_BYTES_MAX];
	size_t n = hello_encode(frame, sizeof(frame), WIRE_HELLO, &h);
	int fd = come(l);

	assert_int_equal(send(fd, frame, n, MSG_NOSIGNAL), n);
	assert_true(sd_event_run(l->event, TURN_US) > 0);
	assert_int_equal(recv(fd, frame, n, MSG_WAITALL), n);
	return fd;
}

#define GREEDY 16
#define SMALLER 5

/* Sixteen let 7 MiB each pile up, less than one may have, and a few fill what room is left. One who reads gets its answer all the same. */
static void test_who_does_not_read_makes_room(void **state)
{
	static char body[2 * 1024 * 1024];
	struct wire_answer a = {.outcome = WIRE_DONE, .status = 200, .body_bytes = sizeof(body) / 2};
	int fd[GREEDY + SMALLER], reader;
	struct wire_header h;
	struct ledger l;

	(void)state;
	begin(&l, FOR_EVER_US);
	for (unsigned i = 0; i < GREEDY + SMALLER; i++)
		fd[i] = greet(&l);
	reader = greet(&l);
	for (unsigned k = 0; k < 7; k++)
		for (unsigned i = 0; i < GREEDY; i++)
			server_send(l.server, i + 1, k + 1, &a, body);
	for (unsigned i = 0; i < SMALLER; i++) {
		a.body_bytes = (uint32_t)(sizeof(body) >> i) - 1024;
		server_send(l.server, GREEDY + i + 1, 1, &a, body);
	}
	a.body_bytes = 2 * 65536;
	server_send(l.server, GREEDY + SMALLER + 1, 1, &a, body);
	server_flush(l.server);
	assert_int_equal(recv(reader, &h, sizeof(h), MSG_DONTWAIT), sizeof(h));
	for (unsigned i = 0; i < GREEDY + SMALLER; i++)
		close(fd[i]);
	close(reader);
	end(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_socket_that_was_removed_is_made_again),
	    cmocka_unit_test(test_who_says_no_hello_keeps_no_place),
	    cmocka_unit_test(test_who_does_not_read_makes_room),
	};
	struct rlimit files = {.rlim_cur = 2 * MESH_PLACES + 64, .rlim_max = 0};
	struct rlimit now;
	int failed;

	if (getrlimit(RLIMIT_NOFILE, &now) || !mkdtemp(directory))
		return 1;
	files.rlim_max = now.rlim_max;
	if (now.rlim_cur < files.rlim_cur && setrlimit(RLIMIT_NOFILE, &files))
		return 77;
	(void)snprintf(path, sizeof(path), "%s/ledgerd.sock", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(directory);
	return failed;
}
