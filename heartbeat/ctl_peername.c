#include "heartbeat/ctl_peername.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/ip_socket.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/monotonic.h"

#define LIMIT_MS 2000 /* for all of it, in however small pieces it comes */

static bool wait_for(int fd, short events, int64_t until_ms)
{
	for (;;) {
		int64_t left_ms = until_ms - monotonic_ms();
		int n = left_ms > 0 ? poll(&(struct pollfd){.fd = fd, .events = events}, 1, (int)left_ms) : 0;

		if (n >= 0 || errno != EINTR)
			return n > 0;
	}
}

/* A socket that never blocks; -1. Whether somebody is there shows when it is used. */
static int connect_to(const char *address, uint32_t port, int64_t until_ms)
{
	struct ip ip = ip_before_slash(address);
	union ip_socket to;
	socklen_t length = ip_to_socket(&ip, (uint16_t)port, &to);
	int fd = ip_is_none(&ip) ? -1 : socket(ip_family(&ip), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, &to.any, length) == 0 || (errno == EINPROGRESS && wait_for(fd, POLLOUT, until_ms)))
		return fd;
	(void)close(fd);
	return -1;
}

static bool shake_hands(SSL *ssl, int fd, int64_t until_ms)
{
	for (;;) {
		int done = SSL_connect(ssl), why = SSL_get_error(ssl, done);

		if (done == 1)
			return true;
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return false;
		if (!wait_for(fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ms))
			return false;
	}
}

static bool take_name(const SSL *ssl, char ret[static 64])
{
	X509 *shown = SSL_get1_peer_certificate(ssl);
	bool good = shown && SSL_get_verify_result(ssl) == X509_V_OK &&
		    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, ret, 64) > 0;

	X509_free(shown);
	return good;
}

static bool ask(SSL_CTX *ctx, const char *address, uint32_t port, char ret[static 64])
{
	int64_t until_ms = monotonic_ms() + LIMIT_MS;
	int fd = connect_to(address, port, until_ms);
	SSL *ssl = fd < 0 ? NULL : SSL_new(ctx);
	bool good = false;

	if (ssl && SSL_set_fd(ssl, fd) == 1) {
		SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
		good = shake_hands(ssl, fd, until_ms) && take_name(ssl, ret);
	}
	SSL_free(ssl);
	if (fd >= 0)
		(void)close(fd);
	return good;
}

bool ctl_peername(const char *address, uint32_t port, const char *ca_path, char ret[static 64])
{
	/* Who hangs up in the middle must not end us: libssl writes without MSG_NOSIGNAL. */
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	bool good;

	ERR_clear_error(); /* SSL_get_error() looks at what is there */
	(void)sigaction(SIGPIPE, &ignore, &before);
	good = ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_load_verify_locations(ctx, ca_path, NULL) == 1 && ask(ctx, address, port, ret);
	(void)sigaction(SIGPIPE, &before, NULL);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return good;
}
