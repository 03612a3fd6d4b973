#include "heartbeat/clusterkey.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "heartbeat/durable.h"

#define TEXT_BYTES 128

int clusterkey_load(const char *path, uint8_t ret[static CLUSTERKEY_BYTES], struct errbuf *e)
{
	char text[TEXT_BYTES];
	size_t n = 0;
	int code = durable_read(path, text, sizeof(text), e);

	if (code)
		return code;
	if (sodium_hex2bin(ret, CLUSTERKEY_BYTES, text, strcspn(text, "\n"), NULL, &n, NULL) || n != CLUSTERKEY_BYTES)
		code = err_set(e, -EINVAL, "%s:1: want %d hexadecimal digits", path, 2 * CLUSTERKEY_BYTES);
	sodium_memzero(text, sizeof(text));
	return code;
}
