#include "heartbeat/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "heartbeat/conf.h"

const struct certificate certificates[] = {
    {"node", CONF_PKI_DIR "/node.pem"},
    {"edge", CONF_PKI_DIR "/edge.pem"},
    {"page", CONF_PAGE_DIR "/page.pem"},
};
const size_t certificates_count = sizeof(certificates) / sizeof(certificates[0]);

static bool take_end(const X509 *one, int64_t *ret_s)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(X509_get0_notAfter(one), &tm) != 1)
		return false;
	*ret_s = (int64_t)timegm(&tm);
	return true;
}

/* A chain is as good as the first of it that ends. */
static int read_all(FILE *f, int64_t *ret_s)
{
	unsigned count = 0;
	int64_t end_s;
	X509 *one;
	bool good = true;

	while (good && (one = PEM_read_X509(f, NULL, NULL, NULL))) {
		good = take_end(one, &end_s);
		if (good && (!count++ || end_s < *ret_s))
			*ret_s = end_s;
		X509_free(one);
	}
	/* What ends the reading of a good file, behind its last certificate, is that no further one begins. */
	good = good && count && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return good ? 0 : -EBADMSG;
}

int certificate_end(const char *path, int64_t *ret_s, struct errbuf *e)
{
	FILE *f = fopen(path, "re");
	int code;

	if (!f)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	code = read_all(f, ret_s);
	(void)fclose(f);
	return code ? err_set(e, code, "%s: no certificate in PEM, or one that cannot be read", path) : 0;
}
