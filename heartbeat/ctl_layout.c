#include "heartbeat/ctl_layout.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SYSTEMD_DIR "/etc/systemd/system"
#define KEY_TEXT_BYTES (2 * PKI_KEY_BYTES + 2)
#define CONF_TEXT_BYTES 4096

static const struct {
	const char *path;
	struct ctl_owner owner;
	bool witness; /* has it too */
} dirs[] = {
    {"/etc/holdfast", {NULL, NULL, 0755}, true},
    {CONF_PKI_DIR, {NULL, NULL, 0755}, true},
    {"/run/holdfast", {NULL, "holdfast-heartbeat", 01775}, true},
    {"/run/holdfast/ledger", {"holdfast-ledger", "holdfast", 0750}, false},
    {"/run/holdfast/ledger/own", {"holdfast-ledger", "holdfast", 0700}, false},
    {"/run/holdfast/worker", {"holdfast-worker", "holdfast", 0750}, false},
    {"/run/holdfast-root", {NULL, NULL, 0700}, false},
    {CONF_STATE_DIR, {NULL, NULL, 0755}, true},
    {CONF_STATE_DIR "/heartbeat", {"holdfast-heartbeat", "holdfast", 0700}, true},
    {CONF_STATE_DIR "/replication", {NULL, NULL, 0700}, false},
    {CONF_TAILS_DIR, {NULL, NULL, 0700}, false},
};
#define DIRS (sizeof(dirs) / sizeof(dirs[0]))

/* What settings_write makes of these. */
static const char *const rendered[] = {
    CONF_PKI_DIR "/node-full.pem",
    CONF_PKI_DIR "/mariadb.pem",
    CONF_PKI_DIR "/mariadb.key",
    "/etc/holdfast/haproxy.cfg",
    "/etc/holdfast/keepalived.conf",
    "/etc/holdfast/mariadb.cnf",
    SYSTEMD_DIR "/mariadb.service.d",
    SYSTEMD_DIR "/mariadb.service.d/holdfast.conf",
    SYSTEMD_DIR "/haproxy.service.d",
    SYSTEMD_DIR "/haproxy.service.d/holdfast.conf",
    SYSTEMD_DIR "/keepalived.service.d",
    SYSTEMD_DIR "/keepalived.service.d/holdfast.conf",
};

static const struct ctl_owner for_all = {NULL, NULL, 0644};
static const struct ctl_owner for_daemons = {NULL, "holdfast", 0640};

/* Notes that the file comes from us, and writes it. */
int ctl_layout_write(
    struct ctl_setup *s, const char *path, const char *text, const struct ctl_owner *owner, struct errbuf *e)
{
	ctl_undo_expect(&s->undo, path);
	return ctl_file_write(path, text, owner, e);
}

static int make_dirs(struct ctl_setup *s, struct errbuf *e)
{
	int code = 0;

	for (size_t i = 0; i < DIRS && !code; i++) {
		if (s->conf.kind == CONF_KIND_WITNESS && !dirs[i].witness)
			continue;
		ctl_undo_expect(&s->undo, dirs[i].path);
		code = ctl_dir_make(dirs[i].path, &dirs[i].owner, e);
	}
	return code;
}

static int write_key(struct ctl_setup *s, struct errbuf *e)
{
	char text[KEY_TEXT_BYTES];
	int code;

	(void)sodium_bin2hex(text, sizeof(text), s->key, sizeof(s->key));
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\0';
	code = ctl_layout_write(s, CONF_KEY_PATH, text, &for_daemons, e);
	sodium_memzero(text, sizeof(text));
	return code;
}

int ctl_layout_write_conf(struct ctl_setup *s, struct errbuf *e)
{
	char text[CONF_TEXT_BYTES] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	int code;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	code = conf_write(f, &s->conf);
	if (fclose(f) && !code)
		code = -errno;
	if (code)
		return err_set(e, code, "%s: %s", CONF_PATH, strerror(-code));
	return ctl_layout_write(s, CONF_PATH, text, &for_all, e);
}

static int write_pki(struct ctl_setup *s, const struct pki_pem *pem, struct errbuf *e)
{
	const struct {
		const char *path, *text;
		const struct ctl_owner *owner;
	} files[] = {
	    {CONF_PKI_DIR "/ca.pem", pem->ca, &for_all},
	    {CONF_PKI_DIR "/node.pem", pem->node, &for_all},
	    {CONF_PKI_DIR "/node.key", pem->node_key, &for_daemons},
	    {CONF_PKI_DIR "/edge.pem", pem->edge, &for_daemons},
	};
	int code = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !code; i++)
		if (files[i].text[0])
			code = ctl_layout_write(s, files[i].path, files[i].text, files[i].owner, e);
	return code;
}

static int make_pki(struct ctl_setup *s, struct errbuf *e)
{
	const struct conf *c = &s->conf;
	char vip[sizeof(c->vip)], name[sizeof(c->name) + sizeof(PKI_REPLICA)];
	struct pki_subject who = {.cluster = c->cluster, .name = name, .address = c->address, .vip = vip};
	struct pki_pem pem;
	int code;

	memcpy(vip, c->vip, sizeof(vip));
	vip[strcspn(vip, "/")] = '\0';
	(void)snprintf(name, sizeof(name), "%s%s", c->kind == CONF_KIND_REPLICA ? PKI_REPLICA : "", c->name);
	code = pki_make(s->key, &who, &pem, e);
	if (!code)
		code = write_pki(s, &pem, e);
	sodium_memzero(&pem, sizeof(pem));
	return code;
}

int ctl_layout_make(struct ctl_setup *s, struct errbuf *e)
{
	char made[CTL_PATH_BYTES];
	unsigned changed;
	int code;

	code = make_dirs(s, e);
	if (!code)
		code = write_key(s, e);
	if (!code)
		code = make_pki(s, e);
	if (!code)
		code = ctl_layout_write_conf(s, e);
	if (code || s->conf.kind == CONF_KIND_WITNESS)
		return code;
	ctl_undo_expect(&s->undo, s->conf.datadir);
	/* Where it is made: as large as the data, when it is given up in the middle. */
	(void)snprintf(made, sizeof(made), "%s.new", s->conf.datadir);
	ctl_undo_expect(&s->undo, made);
	for (size_t i = 0; i < sizeof(rendered) / sizeof(rendered[0]); i++)
		ctl_undo_expect(&s->undo, rendered[i]);
	return settings_write(&s->conf, s->member, s->members, &changed, e);
}
