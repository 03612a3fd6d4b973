#include "heartbeat/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/durable.h"
#include "heartbeat/settings_check.h"

#define UNIT_DIR "/etc/systemd/system/"
#define ETC_DIR "/etc/holdfast/"
#define TEXT_BYTES_MAX (256 * 1024)

struct setting {
	const char *target;
	const char *template; /* NULL: the parts behind each other instead */
	const char *part[2];
	mode_t mode;
	const char *owner, *group;
	unsigned bit;	/* enum settings_changed */
	unsigned kinds; /* bit per enum conf_kind that has it */
};

#define GATEWAY (1u << CONF_KIND_GATEWAY)
#define REPLICA (1u << CONF_KIND_REPLICA)
#define WORKER (1u << CONF_KIND_WORKER)

/* Certificates first: what names them is written when they are there. */
static const struct setting settings[] = {
    {CONF_PKI_DIR "/node-full.pem", NULL, {CONF_PKI_DIR "/node.pem", CONF_PKI_DIR "/node.key"}, 0600, "root", "root",
	SETTINGS_HAPROXY, GATEWAY | REPLICA | WORKER},
    {CONF_PKI_DIR "/mariadb.pem", NULL, {CONF_PKI_DIR "/node.pem"}, 0644, "root", "root", SETTINGS_MARIADB,
	GATEWAY | REPLICA},
    {CONF_PKI_DIR "/mariadb.key", NULL, {CONF_PKI_DIR "/node.key"}, 0400, "mysql", "root", SETTINGS_MARIADB,
	GATEWAY | REPLICA},
    {ETC_DIR "haproxy.cfg", "haproxy.cfg.in", {NULL}, 0640, "root", "holdfast", SETTINGS_HAPROXY, GATEWAY},
    {ETC_DIR "haproxy.cfg", "haproxy-replica.cfg.in", {NULL}, 0640, "root", "holdfast", SETTINGS_HAPROXY, REPLICA},
    {ETC_DIR "haproxy.cfg", "haproxy-worker.cfg.in", {NULL}, 0640, "root", "holdfast", SETTINGS_HAPROXY, WORKER},
    {ETC_DIR "keepalived.conf", "keepalived.conf.in", {NULL}, 0644, "root", "root", SETTINGS_KEEPALIVED, GATEWAY},
    {ETC_DIR "mariadb.cnf", "mariadb.cnf.in", {NULL}, 0644, "root", "root", SETTINGS_MARIADB, GATEWAY | REPLICA},
    {UNIT_DIR "mariadb.service.d/holdfast.conf", "mariadb.service.conf", {NULL}, 0644, "root", "root", SETTINGS_UNITS,
	GATEWAY | REPLICA},
    {UNIT_DIR "haproxy.service.d/holdfast.conf", "haproxy.service.conf", {NULL}, 0644, "root", "root", SETTINGS_UNITS,
	GATEWAY | REPLICA},
    {UNIT_DIR "haproxy.service.d/holdfast.conf", "haproxy-worker.service.conf", {NULL}, 0644, "root", "root",
	SETTINGS_UNITS, WORKER},
    {UNIT_DIR "holdfast-workerd@.service.d/holdfast.conf", "workerd.service.conf", {NULL}, 0644, "root", "root",
	SETTINGS_UNITS, WORKER},
    {UNIT_DIR "keepalived.service.d/holdfast.conf", "keepalived.service.conf", {NULL}, 0644, "root", "root",
	SETTINGS_UNITS, GATEWAY},
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* A file that does not exist yet is another content than any. NULL with *code set when it cannot be read. */
static char *read_text(const char *path, int *code, struct errbuf *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd >= 0 ? malloc(TEXT_BYTES_MAX + 1) : NULL;
	size_t used = 0;
	ssize_t n = 1;

	*code = fd < 0 ? -errno : text ? 0 : -ENOMEM;
	while (!*code && n > 0 && used < TEXT_BYTES_MAX) {
		n = read(fd, text + used, TEXT_BYTES_MAX - used);
		if (n > 0)
			used += (size_t)n;
		else if (n < 0)
			*code = -errno;
	}
	if (fd >= 0)
		close(fd);
	if (!*code && used == TEXT_BYTES_MAX)
		*code = -EFBIG;
	if (*code || !text) {
		(void)err_set(e, *code, "%s: %s", path, strerror(-*code));
		free(text);
		return NULL;
	}
	text[used] = '\0';
	return text;
}

static int join_path(char ret[static PATH_MAX], const char *first, const char *second, struct errbuf *e)
{
	if ((size_t)snprintf(ret, PATH_MAX, "%s%s", first, second) >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s%s: path too long", first, second);
	return 0;
}

static int make_parents(char *path, struct errbuf *e)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int code = 0;

		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			code = err_set(e, -errno, "%s: %s", path, strerror(errno));
		*slash = '/';
		if (code)
			return code;
	}
	return 0;
}

static int give_to(int fd, const struct setting *s, struct errbuf *e)
{
	const struct passwd *user = getpwnam(s->owner);
	const struct group *group = getgrnam(s->group);

	if (!user)
		return err_set(e, -ESRCH, "%s: there is no user %s", s->target, s->owner);
	if (!group)
		return err_set(e, -ESRCH, "%s: there is no group %s", s->target, s->group);
	if (fchown(fd, user->pw_uid, group->gr_gid))
		return err_set(e, -errno, "%s: %s", s->target, strerror(errno));
	return 0;
}

static int fill(int fd, const struct setting *s, const char *text, bool owned, struct errbuf *e)
{
	int code = owned ? give_to(fd, s, e) : 0;

	if (code)
		return code;
	code = durable_write_all(fd, text, strlen(text));
	if (code)
		return err_set(e, code, "%s: %s", s->target, strerror(-code));
	if (fchmod(fd, s->mode) || fsync(fd))
		return err_set(e, -errno, "%s: %s", s->target, strerror(errno));
	return 0;
}

/* The new file beside the old one, and whose it is would take it. When not, it is gone. */
static int prepare(
    char *temporary, const struct setting *s, const char *text, const struct settings_place *place, struct errbuf *e)
{
	bool owned = !*place->root;
	int fd, code = make_parents(temporary, e);

	if (code)
		return code;
	/* Nobody else's leftover, and never anybody's to read before it is whole. */
	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", temporary, strerror(errno));
	code = fill(fd, s, text, owned, e);
	if (close(fd) && !code)
		code = err_set(e, -errno, "%s: %s", temporary, strerror(errno));
	if (!code && place->check && settings_check_has(s->target))
		code = place->check(s->target, temporary, e);
	if (code)
		(void)unlink(temporary);
	return code;
}

static int replace(
    const char *path, const struct setting *s, const char *text, const struct settings_place *place, struct errbuf *e)
{
	char temporary[PATH_MAX];
	int code = join_path(temporary, path, ".new", e);

	if (!code)
		code = prepare(temporary, s, text, place, e);
	if (!code && rename(temporary, path)) {
		code = err_set(e, -errno, "%s: %s", path, strerror(errno));
		(void)unlink(temporary);
	}
	return code ? code : durable_sync_parent(path, e);
}

/* One that cannot be read is another. */
static int is_same(const char *root, const struct setting *s, const char *text, bool *ret, struct errbuf *e)
{
	struct errbuf ignored;
	char path[PATH_MAX], *old;
	int code = join_path(path, root, s->target, e), unread;

	if (code)
		return code;
	old = read_text(path, &unread, &ignored);
	*ret = old && strcmp(old, text) == 0;
	if (old)
		explicit_bzero(old, strlen(old));
	free(old);
	return 0;
}

static int write_setting(
    const struct settings_place *place, const struct setting *s, const char *text, unsigned *changed, struct errbuf *e)
{
	char path[PATH_MAX];
	bool same;
	int code = is_same(place->root, s, text, &same, e);

	if (code || same)
		return code;
	code = join_path(path, place->root, s->target, e);
	if (!code)
		code = replace(path, s, text, place, e);
	if (!code)
		*changed |= s->bit;
	return code;
}

/* The parts behind each other. NULL with *code set. */
static char *put_together(const char *root, const struct setting *s, int *code, struct errbuf *e)
{
	char path[PATH_MAX], *text[2] = {NULL, NULL}, *all = NULL;

	*code = 0;
	for (unsigned i = 0; i < 2 && s->part[i] && !*code; i++) {
		*code = join_path(path, root, s->part[i], e);
		if (!*code)
			text[i] = read_text(path, code, e);
	}
	if (!*code && asprintf(&all, "%s%s", text[0], text[1] ? text[1] : "") < 0) {
		*code = err_set(e, -ENOMEM, "%s: out of memory", s->target);
		all = NULL;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (text[i])
			explicit_bzero(text[i], strlen(text[i]));
		free(text[i]);
	}
	return all;
}

static char *make_text(const char *root, const char *templates, const struct setting *s,
    const struct settings_values *v, int *code, struct errbuf *e)
{
	char directory[PATH_MAX], path[PATH_MAX];

	if (!s->template)
		return put_together(root, s, code, e);
	*code = join_path(directory, templates, "/", e);
	if (!*code)
		*code = join_path(path, directory, s->template, e);
	return *code ? NULL : render_file(path, v->pair, v->pairs, code, e);
}

static void forget(char *text[static SETTINGS])
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (text[i])
			explicit_bzero(text[i], strlen(text[i]));
		free(text[i]);
	}
}

/* A gateway's worker hosts, and when the certificates that it has for them end. */
static int load_roster(const char *root, const struct conf *conf, struct roster *ret, bool *listed, struct errbuf *e)
{
	char path[PATH_MAX], name[PATH_MAX], *text;
	int code = join_path(path, root, ROSTER_PATH, e);

	if (code || conf->kind != CONF_KIND_GATEWAY)
		return code;
	text = read_text(path, &code, e);
	if (code == -ENOENT)
		return 0;
	if (!code)
		code = roster_parse(text, ROSTER_PATH, ret, e);
	free(text);
	*listed = !code;
	for (unsigned i = 0; i < ret->count && !code; i++) {
		struct errbuf ignored = {""};

		(void)snprintf(name, sizeof(name), CONF_HOST_PEM, ret->entry[i].id);
		code = join_path(path, root, name, e);
		if (!code && certificate_end(path, &ret->entry[i].end_s, &ignored))
			ret->entry[i].end_s = 0;
	}
	return code;
}

/* The texts of all that a node of this kind has, for the caller to forget() also when it fails. */
static int make_all(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, char *ret[static SETTINGS], struct errbuf *e)
{
	static struct settings_values v; /* large */
	static struct roster roster;
	bool listed = false;
	int code = load_roster(place->root, conf, &roster, &listed, e);

	v = (struct settings_values){0};
	if (!code)
		code = settings_values(conf, member, count, listed ? &roster : NULL, &v, e);

	for (size_t i = 0; i < SETTINGS && !code; i++)
		if (settings[i].kinds >> conf->kind & 1)
			ret[i] = make_text(place->root, place->templates, &settings[i], &v, &code, e);
	return code;
}

int settings_write_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, unsigned *changed, struct errbuf *e)
{
	char *text[SETTINGS] = {NULL};
	int code, refused = 0;

	*changed = 0;
	if (conf->kind == CONF_KIND_WITNESS)
		return 0;
	code = make_all(place, conf, member, count, text, e);
	for (size_t i = 0; i < SETTINGS && !code; i++) {
		struct errbuf why = {""};
		int one = text[i] ? write_setting(place, &settings[i], text[i], changed, &why) : 0;

		/* What one program refuses is no reason to keep the others where they were. */
		if (one && !refused) {
			refused = one;
			*e = why;
		}
		code = one == -EINVAL ? 0 : one;
	}
	forget(text);
	return code ? code : refused;
}

static int look_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, bool tries, const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e)
{
	char *text[SETTINGS] = {NULL};
	int code;

	_Static_assert(SETTINGS <= SETTINGS_FILES_MAX, "each has room");
	*different = 0;
	if (conf->kind == CONF_KIND_WITNESS)
		return 0;
	code = make_all(place, conf, member, count, text, e);
	for (size_t i = 0; i < SETTINGS && !code; i++) {
		bool same = true;

		if (text[i])
			code = is_same(place->root, &settings[i], text[i], &same, e);
		if (!code && !same && tries && settings_check_has(settings[i].target))
			code = settings_check_text(place, settings[i].target, text[i], e);
		if (!code && !same)
			ret[(*different)++] = settings[i].target;
	}
	forget(text);
	return code;
}

int settings_look_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e)
{
	return look_at(place, conf, member, count, false, ret, different, e);
}

int settings_try_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e)
{
	return look_at(place, conf, member, count, true, ret, different, e);
}

static const struct settings_place here = {"", HOLDFAST_DATADIR, settings_check_file};

int settings_look(const struct conf *conf, const struct settings_member *member, unsigned count,
    const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e)
{
	return settings_look_at(&here, conf, member, count, ret, different, e);
}

int settings_try(const struct conf *conf, const struct settings_member *member, unsigned count,
    const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e)
{
	return settings_try_at(&here, conf, member, count, ret, different, e);
}

int settings_write(
    const struct conf *conf, const struct settings_member *member, unsigned count, unsigned *changed, struct errbuf *e)
{
	return settings_write_at(&here, conf, member, count, changed, e);
}

bool settings_has(uint32_t kind, const char *target)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].target, target) == 0 && (settings[i].kinds >> kind & 1))
			return true;
	return false;
}

unsigned settings_secrets(uint32_t kind, struct settings_secret ret[static SETTINGS_FILES_MAX])
{
	unsigned count = 0;

	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if ((s->kinds >> kind & 1) && !(s->mode & 07))
			ret[count++] = (struct settings_secret){s->target, s->owner, s->group, s->mode};
	}
	return count;
}
