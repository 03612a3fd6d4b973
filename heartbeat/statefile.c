#include "heartbeat/statefile.h"

#include <errno.h>

#include "heartbeat/framedfile.h"

#define FLAT_VERSION 1

static const struct framedfile_kind kind = {"HFREGIST", FLAT_VERSION, STATEFILE_VERSION};

size_t statefile_encode(const struct hb_register *reg, uint8_t buf[static STATEFILE_BYTES_MAX])
{
	uint8_t body[HB_REGISTER_BYTES_MAX];

	return framedfile_encode(&kind, body, hb_register_encode(reg, body), buf);
}

int statefile_decode(const uint8_t *buf, size_t size, uint32_t *version, struct hb_register *ret)
{
	const uint8_t *body;
	size_t n;
	int code = framedfile_decode(&kind, buf, size, version, &body, &n);

	if (code)
		return code;
	return hb_register_decode(body, n, *version == FLAT_VERSION, ret) ? -EBADMSG : 0;
}

int statefile_load(const char *path, uint64_t cluster, struct hb_register *ret, struct errbuf *e)
{
	uint8_t buf[FRAMEDFILE_BYTES_MAX];
	const uint8_t *body;
	uint32_t version;
	size_t n;
	int code = framedfile_load(&kind, path, buf, &version, &body, &n, e);

	if (code)
		return code;
	if (hb_register_decode(body, n, version == FLAT_VERSION, ret))
		return err_set(e, -EBADMSG, "%s: damaged; it is never reset by itself", path);
	if (ret->cluster != cluster)
		return err_set(e, -EBADMSG, "%s: belongs to another cluster than the key", path);
	return 0;
}

int statefile_store(const char *path, const struct hb_register *reg, struct errbuf *e)
{
	uint8_t body[HB_REGISTER_BYTES_MAX];

	return framedfile_store(&kind, path, body, hb_register_encode(reg, body), e);
}
