#include "heartbeat/keyfile.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "heartbeat/framedfile.h"

static const struct framedfile_kind kind = {"HFKEYRNG", 1, 1};

void keyfile_first(const uint8_t cluster_key[static WIRE_KEY_BYTES], struct keyring *ret)
{
	struct wire w;

	wire_start(&w, cluster_key);
	*ret = (struct keyring){.cluster = w.cluster, .count = 1};
	memcpy(ret->key[0].secret, w.key[0].secret, KEYRING_SECRET_BYTES);
	sodium_memzero(&w, sizeof(w));
}

int keyfile_load(
    const char *path, const uint8_t cluster_key[static WIRE_KEY_BYTES], struct keyring *ret, struct errbuf *e)
{
	uint8_t buf[FRAMEDFILE_BYTES_MAX];
	struct keyring first;
	const uint8_t *body;
	uint32_t version;
	size_t n;
	int code = framedfile_load(&kind, path, buf, &version, &body, &n, e);

	keyfile_first(cluster_key, &first);
	if (code == -ENOENT) {
		*ret = first;
		code = 0;
	} else if (!code && keyring_decode(body, n, ret)) {
		code = err_set(e, -EBADMSG, "%s: damaged; it is never reset by itself", path);
	} else if (!code && ret->cluster != first.cluster) {
		code = err_set(e, -EBADMSG, "%s: belongs to another cluster than the key", path);
	}
	sodium_memzero(&first, sizeof(first));
	sodium_memzero(buf, sizeof(buf));
	return code;
}

int keyfile_store(const char *path, const struct keyring *ring, struct errbuf *e)
{
	uint8_t body[KEYRING_BYTES_MAX];
	int code = framedfile_store(&kind, path, body, keyring_encode(ring, body), e);

	sodium_memzero(body, sizeof(body));
	return code;
}
