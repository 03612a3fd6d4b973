/* heartbeatd, the real program, among fakes: it neither allocates after it is ready nor waits for any of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heartbeat/localclient.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/statefile.h"
#include "heartbeat/wire.h"

#define A "127.0.0.1"
#define B 0x7f000002u
#define LIMIT_MS 20000
#define ROUNDS 300

static char dir[64], path[128];
static struct wire wire;
static struct hb_register reg;
static int notify, log_end, peer;
static uint16_t port;
static pid_t pid;

static const char *in_dir(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static const char *read_text(const char *name)
{
	static char text[64];
	FILE *f = fopen(in_dir(name), "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	return text;
}

/* A free port: of the peer's own socket, which heartbeatd uses on its own address. */
static void open_peer(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(B)};
	socklen_t length = sizeof(sa);

	peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(getsockname(peer, (struct sockaddr *)&sa, &length), 0);
	port = ntohs(sa.sin_port);
	sa.sin_addr.s_addr = inet_addr(A);
	assert_int_equal(connect(peer, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

/* a, gateway and active, and b, which is us. */
static void write_files(void)
{
	struct hb_record *r = &reg.accepted;
	uint8_t key[WIRE_KEY_BYTES] = {1};
	struct errbuf e;
	char text[400];

	wire_start(&wire, key);
	reg = (struct hb_register){.cluster = wire.cluster, .name = "a", .instance = 11, .admitted = 1};
	reg.promised = reg.accepted_ballot = (struct hb_ballot){5, 0};
	*r = (struct hb_record){.version = 3, .epoch = 2, .phase = HB_OPEN, .in_sync = 3, .members = 2};
	r->member[0] = (struct hb_member){.name = "a", .instance = 11, .address = ip_of_v4(0x7f000001), .port = port};
	r->member[1] = (struct hb_member){.name = "b", .instance = 12, .address = ip_of_v4(B), .port = port};
	memset(&r->token[0], 1, sizeof(r->token[0]));
	memset(&r->token[1], 2, sizeof(r->token[1]));
	assert_int_equal(statefile_store(in_dir("register"), &reg, &e), 0);
	write_text("key", "0100000000000000000000000000000000000000000000000000000000000000\n");
	(void)snprintf(text, sizeof(text),
	    "[cluster]\nname = test\nvip = 127.0.0.77/8\n[node]\nname = a\naddress = " A "\ninterface = lo\n"
	    "[heartbeat]\nport = %u\n",
	    port);
	write_text("holdfast.conf", text);
}

static void exec_heartbeatd(int log)
{
	static char conf[128], key[128], state[128], socket_path[128];
	const char *program = getenv("HEARTBEATD"), *preload = getenv("WATCH_MEMORY");

	(void)snprintf(conf, sizeof(conf), "%s/holdfast.conf", dir);
	(void)snprintf(key, sizeof(key), "%s/key", dir);
	(void)snprintf(state, sizeof(state), "%s/register", dir);
	(void)snprintf(socket_path, sizeof(socket_path), "%s/notify", dir);
	setenv("NOTIFY_SOCKET", socket_path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
#ifndef __SANITIZE_ADDRESS__ /* which wants to be first, and allocates as it likes */
	setenv("LD_PRELOAD", preload ? preload : "./tests/unit/watch_memory.so", 1);
#else
	(void)preload;
#endif
	if (dup2(log, STDERR_FILENO) >= 0)
		(void)execl(program ? program : "./holdfast-heartbeatd", "holdfast-heartbeatd", "-f", conf, "--key",
		    key, "--state", state, "--run", dir, (char *)NULL);
	_exit(127);
}

/* As systemd does: standard error is a stream to journald, which does not read it here. */
static int start(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int log[2];
	char word[64] = "";

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_heartbeatd.XXXXXX");
	assert_non_null(mkdtemp(dir));
	open_peer();
	write_files();
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", dir);
	notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(notify, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, log), 0);
	log_end = log[0];
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		exec_heartbeatd(log[1]);
	(void)close(log[1]);
	assert_true(recv(notify, word, sizeof(word) - 1, 0) > 0);
	assert_string_equal(word, "READY=1");
	return 0;
}

static int stop(void **state)
{
	static const char *const files[] = {"holdfast.conf", "key", "register", "notify", "role", "vrrp", "vrrp-epoch",
	    "address-repair", "heartbeatd.sock", "members"};

	(void)state;
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlink(in_dir(files[i]));
	return rmdir(dir);
}

static void say(struct hb_message *m)
{
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	static uint64_t count;

	count++;
	memcpy(nonce, &count, sizeof(count));
	m->from = 1;
	m->boot = 1;
	m->instance = 12;
	(void)send(peer, buf, wire_seal(&wire, wire_way_to(&wire, 0), m, nonce, buf), 0);
}

/* Waits for a message of that type from heartbeatd. */
static void hear(uint8_t type, struct hb_message *m)
{
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX];
	struct wire_way way;

	for (unsigned i = 0; i < 10000; i++) {
		struct pollfd p = {.fd = peer, .events = POLLIN};
		ssize_t n;

		assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
		n = recv(peer, buf, sizeof(buf), 0);
		if (n > 0 && wire_open(&wire, 0, buf, (size_t)n, &way, m) == 0 && m->type == type)
			return;
	}
	fail_msg("nothing but others in 10,000 messages");
}

static void answer_read(void)
{
	struct hb_message m = {.type = HB_STATE, .promised = {5, 0}, .accepted_ballot = {5, 0}, .has_record = 1};

	m.record = reg.accepted;
	say(&m);
}

/* Each with a higher ballot: every one goes to the disk before it is answered. */
static void prepare(uint64_t counter)
{
	struct hb_message m = {.type = HB_PREPARE, .ballot = {counter, 1}}, answer;

	say(&m);
	do
		hear(HB_PROMISE, &answer);
	while (answer.ballot.counter != counter);
}

static int meet(enum local_client who)
{
	struct errbuf e;
	int fd = local_connect(in_dir("heartbeatd.sock"), who, &e);

	assert_true(fd >= 0);
	return fd;
}

static void ask(const char *question)
{
	struct local_text t = {0};
	int fd = meet(LOCAL_CLIENT_CTL);

	(void)snprintf(t.text, sizeof(t.text), "%s", question);
	assert_int_equal(local_send(fd, LOCAL_ASK, &t, sizeof(t)), 0);
	do {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
		assert_int_equal(local_receive(fd, &t, sizeof(t)), sizeof(t));
	} while (!t.last);
	(void)close(fd);
}

/* Those that a daemon may meet: one that says nothing, one that is gone at once, one that talks nonsense. */
static void meet_strangers(unsigned round)
{
	static int silent[100];
	uint8_t garbage[600];
	int fd;

	if (silent[round % 100])
		(void)close(silent[round % 100]);
	silent[round % 100] = meet(LOCAL_CLIENT_CTL);
	(void)close(meet(LOCAL_CLIENT_WORKERD));
	fd = meet(LOCAL_CLIENT_CTL);
	memset(garbage, (int)round, sizeof(garbage));
	(void)send(fd, garbage, round, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
	(void)send(peer, garbage, round * 2 % sizeof(garbage), 0);
}

static void report(unsigned round)
{
	struct repl_report r = {.state = REPL_FOLLOWING, .fit = 1, .db_up = 1, .token = reg.accepted.token[0]};
	struct ledger_report l = {.fit = 1, .ready = 1};
	int replicationd = meet(LOCAL_CLIENT_REPLICATIOND), ledgerd = meet(LOCAL_CLIENT_LEDGERD);

	(void)snprintf(r.reason, sizeof(r.reason), "round %u", round);
	assert_int_equal(local_send(replicationd, LOCAL_REPLICATION, &r, sizeof(r)), 0);
	assert_int_equal(local_send(ledgerd, LOCAL_LEDGER, &l, sizeof(l)), 0);
	ask("status");
	(void)close(replicationd);
	(void)close(ledgerd);
}

static const char *read_log(void)
{
	static char text[1 << 20];
	size_t used = 0;
	ssize_t n;

	while ((n = recv(log_end, text + used, sizeof(text) - 1 - used, MSG_DONTWAIT)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return text;
}

static void come_and_go(void)
{
	struct hb_message m;

	for (unsigned i = 0; i < ROUNDS; i++) {
		m = (struct hb_message){.type = HB_BEAT, .ballot = {5, 0}, .has_record = 1, .record = reg.accepted};
		m.accepted_ballot = m.promised = (struct hb_ballot){5, 0};
		say(&m);
		if (i % 20 == 0)
			prepare(10 + i);
		report(i);
		meet_strangers(i);
		ask(i % 3 ? "members" : i % 2 ? "history" : "what");
	}
}

/* It stood still for longer than holdfastctl waits, which has said that nobody answers. */
static void command_while_it_stands_still(const char *words)
{
	struct local_text t = {0};
	const char *text;
	int fd, status;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	fd = meet(LOCAL_CLIENT_CTL);
	(void)snprintf(t.text, sizeof(t.text), "%s", words);
	assert_int_equal(local_send(fd, LOCAL_ASK, &t, sizeof(t)), 0);
	(void)close(fd);
	assert_int_equal(kill(pid, SIGCONT), 0);
	do
		ask("status");
	while (!strstr(text = read_log(), "event=command."));
	assert_non_null(strstr(text, "event=command.late "));
}

static size_t read_register(uint8_t *ret, size_t size)
{
	FILE *f = fopen(in_dir("register"), "re");
	size_t n;

	assert_non_null(f);
	n = fread(ret, 1, size, f);
	(void)fclose(f);
	assert_in_range(n, 1, size - 1);
	return n;
}

/* Somebody types its name beside the service: what the one that runs has promised meanwhile is not taken back. */
static void test_a_second_one_leaves_the_register_alone(void **state)
{
	uint8_t before[65536], after[sizeof(before)];
	size_t bytes = read_register(before, sizeof(before));
	char said[4096] = "";
	int log[2], status;
	pid_t second;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, log), 0);
	second = fork();
	assert_true(second >= 0);
	if (second == 0)
		exec_heartbeatd(log[1]);
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(recv(log[0], said, sizeof(said) - 1, MSG_DONTWAIT) > 0);
	assert_non_null(strstr(said, "held by another process of this program"));
	(void)close(log[0]);
	(void)close(log[1]);
	assert_int_equal(read_register(after, sizeof(after)), bytes);
	assert_memory_equal(before, after, bytes);
	ask("status");
}

/* Nobody reads the log meanwhile, as when journald hangs: what finds no place is lost, and counted. */
static void test_all_that_comes_and_goes(void **state)
{
	char word[64] = "";
	struct hb_message m;
	const char *text;
	int status;

	(void)state;
	assert_string_equal(read_text("vrrp"), "1\n"); /* before anybody is told that it is ready */
	hear(HB_READ, &m);
	answer_read();
	hear(HB_BEAT, &m);
	assert_non_null(strstr(read_log(), "event=daemon.start "));
	command_while_it_stands_still("maintenance-on a");
	come_and_go();
	while (recv(notify, word, sizeof(word) - 1, MSG_DONTWAIT) > 0)
		;
	assert_true(recv(notify, word, sizeof(word) - 1, 0) > 0);
	assert_string_equal(word, "WATCHDOG=1");
	text = read_log();
	assert_null(strstr(text, "event=log.lost "));
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pid = 0;
	text = read_log();
	assert_non_null(strstr(text, "event=log.lost count="));
	assert_non_null(strstr(text, "event=daemon.stop "));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_second_one_leaves_the_register_alone),
	    cmocka_unit_test(test_all_that_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
