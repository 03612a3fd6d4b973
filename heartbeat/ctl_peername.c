#include "heartbeat/ctl_peername.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/ip_socket.h"
#include "heartbeat/ip_text.h"

#define STEP_S 1 /* the connection, and each time that something is to come */

/* A socket with limits that hold for connect(), too; -1. */
static int connect_to(const char *address, uint32_t port)
{
	const struct timeval limit = {.tv_sec = STEP_S};
	struct ip ip = ip_before_slash(address);
	union ip_socket to;
	socklen_t length = ip_to_socket(&ip, (uint16_t)port, &to);
	int fd = ip_is_none(&ip) ? -1 : socket(ip_family(&ip), SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 && connect(fd, &to.any, length) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static bool take_name(const SSL *ssl, char ret[static 64])
{
	X509 *shown = SSL_get1_peer_certificate(ssl);
	bool good = shown && SSL_get_verify_result(ssl) == X509_V_OK &&
		    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, ret, 64) > 0;

	X509_free(shown);
	return good;
}

bool ctl_peername(const char *address, uint32_t port, const char *ca_path, char ret[static 64])
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;
	bool good = false;
	int fd = -1;

	if (ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_load_verify_locations(ctx, ca_path, NULL) == 1)
		ssl = SSL_new(ctx);
	if (ssl)
		fd = connect_to(address, port);
	if (fd >= 0 && SSL_set_fd(ssl, fd) == 1) {
		SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
		good = SSL_connect(ssl) == 1 && take_name(ssl, ret);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	if (fd >= 0)
		(void)close(fd);
	return good;
}
