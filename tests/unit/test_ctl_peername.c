/* Who is at an address, by the certificate that it shows, and for how long we ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <limits.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heartbeat/ctl_peername.h"
#include "heartbeat/pki.h"

#define HANGS_S 60 /* far above the 2 s: what is still going on then has no end */
#define DRIPS 6000 /* one each 100 ms */

static char dir[] = "/tmp/test_ctl_peername.XXXXXX", ca[64];

static void put(const char *name, const char *first, const char *second)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(first, f) >= 0 && fputs(second, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* One of the cluster, one of another, and one that nobody signed but itself. */
static int set_up(void **state)
{
	static const struct pki_subject b = {"pay", "b", "127.0.0.1", NULL};
	static struct pki_pem ours, other;
	static char page[PKI_PEM_BYTES];
	uint8_t key[PKI_KEY_BYTES] = {1};
	struct errbuf e = {""};

	(void)state;
	if (!mkdtemp(dir) || pki_make(key, &b, &ours, &e) || pki_make_page(&b, page, &e))
		return -1;
	key[0] = 2;
	if (pki_make(key, &b, &other, &e))
		return -1;
	(void)snprintf(ca, sizeof(ca), "%s/ca", dir);
	put("ca", ours.ca, "");
	put("ours", ours.node, ours.node_key);
	put("other", other.node, other.node_key);
	put("nobody", page, "");
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"ca", "ours", "other", "nobody"};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

/* In a process of its own: talks TLS with that certificate, until the client has gone. */
static void serve(int fd, const char *certificate)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char path[PATH_MAX], rest[64];
	SSL *ssl;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, certificate);
	if (SSL_CTX_use_certificate_file(ctx, path, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
		_exit(1);
	ssl = SSL_new(ctx);
	if (SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1)
		(void)SSL_read(ssl, rest, sizeof(rest));
	_exit(0);
}

/* The beginning of a long record, byte by byte, so that something always comes and nothing is ever whole. */
static void drip(int fd)
{
	static const unsigned char head[] = {0x16, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb};

	for (size_t i = 0; i < DRIPS; i++) {
		if (send(fd, i < sizeof(head) ? (const void *)&head[i] : "", 1, MSG_NOSIGNAL) != 1)
			_exit(0);
		(void)poll(NULL, 0, 100);
	}
	_exit(0);
}

/* A machine at 127.0.0.1 that shows this certificate; NULL: that drips; "hangs up": at once. */
static pid_t start(const char *certificate, uint32_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	pid_t pid;

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &length), 0);
	*port = ntohs(at.sin_port);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		(void)alarm(HANGS_S);
		fd = accept(listener, NULL, NULL);
		if (fd >= 0 && certificate && strcmp(certificate, "hangs up") != 0)
			serve(fd, certificate);
		if (fd >= 0 && !certificate)
			drip(fd);
		_exit(fd < 0);
	}
	(void)close(listener);
	return pid;
}

static bool ask(const char *certificate, char ret[static 64])
{
	uint32_t port;
	pid_t pid = start(certificate, &port);
	bool good;
	int status;

	(void)alarm(HANGS_S);
	good = ctl_peername("127.0.0.1", port, ca, ret);
	(void)alarm(0);
	(void)kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return good;
}

static void test_one_of_the_cluster_has_a_name(void **state)
{
	char name[64] = "";

	(void)state;
	assert_true(ask("ours", name));
	assert_string_equal(name, "b");
}

static void test_one_of_another_cluster_has_none(void **state)
{
	char name[64] = "";

	(void)state;
	assert_false(ask("other", name));
	assert_false(ask("nobody", name));
	assert_string_equal(name, "");
}

static void test_who_drips_is_not_waited_for(void **state)
{
	char name[64] = "";

	(void)state;
	assert_false(ask(NULL, name));
	assert_string_equal(name, "");
}

static void test_nobody_is_there(void **state)
{
	char name[64] = "";
	uint32_t port;
	pid_t pid = start("hangs up", &port);
	int status;

	(void)state;
	assert_false(ctl_peername("127.0.0.1", port, ca, name));
	assert_int_equal(waitpid(pid, &status, 0), pid); /* and nobody listens any more */
	assert_false(ctl_peername("127.0.0.1", port, ca, name));
	assert_false(ctl_peername("nowhere", port, ca, name));
	assert_false(ctl_peername("127.0.0.1", port, "/nowhere/ca.pem", name));
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_of_the_cluster_has_a_name),
	    cmocka_unit_test(test_one_of_another_cluster_has_none),
	    cmocka_unit_test(test_who_drips_is_not_waited_for),
	    cmocka_unit_test(test_nobody_is_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
