#include "heartbeat/paged_body.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char head[] = {
#include "heartbeat/page/head.inc"
};
static const unsigned char style[] = {
#include "heartbeat/page/style.inc"
};
static const unsigned char body[] = {
#include "heartbeat/page/body.inc"
};
static const unsigned char script[] = {
#include "heartbeat/page/script.inc"
};

static char *text, policy[PAGED_POLICY_BYTES];
static size_t text_bytes;

static void hash_of(const unsigned char *of, size_t bytes, char ret[static 48])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, of, bytes);
	(void)sodium_bin2base64(ret, 48, hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
}

static void put(FILE *f, const unsigned char *part, size_t bytes)
{
	(void)fwrite(part, 1, bytes, f);
}

int paged_body_open(void)
{
	char of_style[48], of_script[48];
	FILE *f = open_memstream(&text, &text_bytes);

	if (!f)
		return -ENOMEM;
	put(f, head, sizeof(head));
	(void)fputs("<style>", f);
	put(f, style, sizeof(style));
	(void)fputs("</style></head>", f);
	put(f, body, sizeof(body));
	(void)fputs("<script>", f);
	put(f, script, sizeof(script));
	(void)fputs("</script></body></html>\n", f);
	if (fclose(f))
		return -ENOMEM;
	hash_of(style, sizeof(style), of_style);
	hash_of(script, sizeof(script), of_script);
	(void)snprintf(policy, sizeof(policy),
	    "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; connect-src 'self'; img-src data:; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	    of_style, of_script);
	return 0;
}

void paged_body_close(void)
{
	free(text);
	text = NULL;
}

const char *paged_body_text(size_t *bytes)
{
	*bytes = text_bytes;
	return text;
}

const char *paged_body_policy(void)
{
	return policy;
}
