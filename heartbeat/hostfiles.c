#include "heartbeat/hostfiles.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/conf_value.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/pending.h"

#define DAY_S (INT64_C(24) * 3600)

static const struct ctl_owner for_all = {NULL, NULL, 0644};

int hostfiles_load(struct roster *ret, struct errbuf *e)
{
	char text[ROSTER_TEXT_BYTES];
	FILE *f = fopen(ROSTER_PATH, "re");
	size_t n;

	if (!f && errno == ENOENT) {
		memset(ret, 0, sizeof(*ret));
		return 0;
	}
	if (!f)
		return err_set(e, -errno, ROSTER_PATH ": %s", strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	if (n == sizeof(text) - 1)
		return err_set(e, -EINVAL, ROSTER_PATH ": longer than %zu bytes", sizeof(text) - 2);
	return roster_parse(text, ROSTER_PATH, ret, e);
}

int hostfiles_store(const struct roster *r, struct errbuf *e)
{
	char text[ROSTER_TEXT_BYTES];
	int code = pending_mark(HOSTFILES_PENDING_PATH, e);

	roster_print(r, text);
	return code ? code : ctl_file_write(ROSTER_PATH, text, &for_all, e);
}

bool hostfiles_is_due(int64_t end_s, int64_t now_s)
{
	return end_s - now_s < PKI_WORKER_RENEW_DAYS * DAY_S;
}

bool hostfiles_end(const char *id, int64_t *ret_s)
{
	struct errbuf ignored = {""};
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), CONF_HOST_PEM, id);
	return certificate_end(path, ret_s, &ignored) == 0;
}

int hostfiles_make(const struct conf *conf, const uint8_t key[static PKI_KEY_BYTES], const struct roster_entry *one,
    int64_t now_s, char ca[static PKI_PEM_BYTES], char ret[static PKI_PEM_BYTES], struct errbuf *e)
{
	char common[ROSTER_COMMON_BYTES], path[PATH_MAX];
	struct pki_worker who = {.cluster = conf->cluster, .common = common, .address = one->address};
	int code;

	roster_common(one, common);
	if (sodium_hex2bin(who.key, sizeof(who.key), one->key, strlen(one->key), NULL, NULL, NULL))
		return err_set(e, -EINVAL, ROSTER_PATH ": the key of %s", one->name);
	code = pki_make_worker(key, &who, now_s + PKI_WORKER_DAYS * DAY_S, ca, ret, e);
	if (!code)
		code = pending_mark(HOSTFILES_PENDING_PATH, e);
	(void)snprintf(path, sizeof(path), CONF_HOST_PEM, one->id);
	return code ? code : ctl_file_write(path, ret, &for_all, e);
}

int hostfiles_certify(const struct conf *conf, const uint8_t key[static PKI_KEY_BYTES], const struct roster *r,
    int64_t now_s, struct errbuf *e)
{
	char ca[PKI_PEM_BYTES], made[PKI_PEM_BYTES];
	int code = 0;

	for (unsigned i = 0; i < r->count && !code; i++) {
		const struct roster_entry *one = &r->entry[i];
		int64_t end_s = 0;

		if (one->removed_s || (hostfiles_end(one->id, &end_s) && !hostfiles_is_due(end_s, now_s)))
			continue;
		code = hostfiles_make(conf, key, one, now_s, ca, made, e);
	}
	return code;
}

void hostfiles_tidy(const struct roster *r)
{
	char path[PATH_MAX];

	for (unsigned i = 0; i < r->count; i++) {
		(void)snprintf(path, sizeof(path), CONF_HOST_PEM, r->entry[i].id);
		if (r->entry[i].removed_s)
			(void)unlink(path); /* of most it is gone */
	}
}

int hostfiles_gateways(struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e)
{
	FILE *f = fopen(CONF_GATEWAYS_PATH, "re");
	int code;

	if (!f)
		return err_set(e, -errno, CONF_GATEWAYS_PATH ": %s", strerror(errno));
	code = hostfiles_read_gateways(f, CONF_GATEWAYS_PATH, ret, count, e);
	(void)fclose(f);
	return code;
}

/* The name or the address is there already. */
static const char *doubled(const struct settings_member *m, unsigned count, const char *name, const char *address)
{
	struct ip ip = ip_before_slash(address);

	for (unsigned i = 0; i < count; i++) {
		struct ip its = ip_before_slash(m[i].address);

		if (strcmp(m[i].name, name) == 0)
			return name;
		if (ip_same(&its, &ip))
			return address;
	}
	return NULL;
}

int hostfiles_read_gateways(
    FILE *f, const char *file, struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e)
{
	char line[128], name[16], address[48], rest;
	unsigned number = 0, n = 0;
	int code = 0;

	while (!code && fgets(line, sizeof(line), f)) {
		number++;
		if (sscanf(line, "%15s %47s %c", name, address, &rest) != 2 || !ctl_is_name(name) ||
		    !value_is_address(address) || n == CTL_MEMBERS_MAX) {
			code = err_set(e, -EINVAL, "%s:%u: want the name and the address of a gateway", file, number);
			continue;
		}
		if (doubled(ret, n, name, address)) {
			code = err_set(e, -EINVAL,
			    "%s:%u: %s stands there twice: want a line with the name and the address of each gateway",
			    file, number, doubled(ret, n, name, address));
			continue;
		}
		ret[n] = (struct settings_member){.kind = CONF_KIND_GATEWAY};
		memcpy(ret[n].name, name, sizeof(name));
		memcpy(ret[n++].address, address, sizeof(address));
	}
	if (!code && !n)
		code = err_set(e, -EINVAL, "%s: there is no gateway in it", file);
	if (!code)
		*count = n;
	return code;
}
