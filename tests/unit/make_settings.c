/* make_settings ROOT TEMPLATES CONFIGURATION [NAME=ADDRESS ...]: what `holdfastctl init` would put below
 * ROOT, with the certificates of a cluster whose key is not secret. */
#include "heartbeat/pki.h"
#include "heartbeat/settings.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 5

static int write_pem(const char *root, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	if ((size_t)snprintf(path, sizeof(path), "%s" CONF_PKI_DIR "/%s", root, name) >= sizeof(path))
		return -1;
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		return -1;
	}
	(void)fputs(text, f);
	return fclose(f);
}

static int make_certificates(const char *root, const struct conf *conf, struct errbuf *e)
{
	static const uint8_t key[PKI_KEY_BYTES] = {1, 2, 3};
	char vip[sizeof(conf->vip)];
	struct pki_subject who = {.cluster = conf->cluster, .name = conf->name, .address = conf->address, .vip = vip};
	struct pki_pem pem;

	(void)snprintf(vip, sizeof(vip), "%s", conf->vip);
	vip[strcspn(vip, "/")] = '\0';
	if (pki_make(key, &who, &pem, e))
		return -1;
	return write_pem(root, "ca.pem", pem.ca) || write_pem(root, "node.pem", pem.node) ||
	       write_pem(root, "node.key", pem.node_key) || write_pem(root, "edge.pem", pem.edge);
}

int main(int argc, char **argv)
{
	struct settings_member member[MEMBERS_MAX] = {0};
	unsigned count = 0, changed = 0;
	struct errbuf e = {""};
	struct conf conf;

	if (argc < 4 || argc > 4 + MEMBERS_MAX) {
		(void)fprintf(stderr, "usage: %s ROOT TEMPLATES CONFIGURATION [NAME=ADDRESS ...]\n", argv[0]);
		return 2;
	}
	if (sodium_init() < 0 || conf_load(argv[3], &conf, stderr))
		return 1;
	for (int i = 4; i < argc; i++, count++)
		if (sscanf(argv[i], "%15[a-z0-9]=%47s", member[count].name, member[count].address) != 2)
			return 2;
	if (make_certificates(argv[1], &conf, &e) ||
	    settings_write_at(
		&(struct settings_place){.root = argv[1], .templates = argv[2]}, &conf, member, count, &changed, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	(void)printf("%u\n", changed);
	return 0;
}
