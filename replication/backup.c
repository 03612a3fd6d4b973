#include "replication/backup.h"

#include "config.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/clusterkey.h"
#include "heartbeat/durable.h"
#include "heartbeat/keyfile.h"
#include "heartbeat/message.h"
#include "replication/backupdata.h"
#include "replication/copydir.h"
#include "replication/workdir.h"

static const char *const modes[] = {
    [ROLE_MODE_STALLED] = "STALLED", [ROLE_MODE_SOLO] = "SOLO", [ROLE_MODE_SYNC] = "SYNC"};

/* May a backup be taken here now? A standby has everything that was answered only while it is in sync. */
static int check_role(const struct backup_source *from, struct role_view *v, struct errbuf *e)
{
	int code = hotcopy_read_role(from->role_path, v, e);

	if (!code)
		code = hotcopy_check_age(v, e);
	if (code)
		return code;
	if (v->active == ROLEPAGE_NO_NODE || !v->open || v->mode > ROLE_MODE_SYNC)
		return err_set(e, -EPERM, "nobody has the role: see holdfastctl status");
	if (v->active != v->self && from->from_active)
		return err_set(
		    e, -EPERM, "this node is not the active one, %s is: leave --from-active out", v->active_name);
	if (v->active != v->self)
		return v->in_sync
			   ? 0
			   : err_set(e, -EPERM,
				 "this copy is not in sync, it lacks what %s answers: wait for SYNC, or take it there "
				 "with --from-active",
				 v->active_name);
	if (!from->from_active && v->mode == ROLE_MODE_SYNC)
		return err_set(
		    e, -EREMOTE, "this node is the active one, which a backup would slow down: the standby makes it");
	if (!from->from_active)
		return err_set(e, -EPERM,
		    "this node is the active one, and the mode is %s: wait for SYNC, or add --from-active to slow "
		    "payments down",
		    modes[v->mode]);
	if (v->writable_epoch != v->epoch)
		return err_set(e, -EPERM, "this node has not been opened in epoch %" PRIu64 " yet", v->epoch);
	return 0;
}

static void put_time(char ret[static MANIFEST_VALUE_BYTES])
{
	time_t now = time(NULL);
	struct tm tm;

	(void)strftime(ret, MANIFEST_VALUE_BYTES, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

static int put_cluster(const struct backup_source *from, struct manifest *m, struct errbuf *e)
{
	uint8_t key[CLUSTERKEY_BYTES];
	struct keyring first;
	int code = clusterkey_load(from->key_path, key, e);

	if (code)
		return code;
	keyfile_first(key, &first);
	(void)snprintf(m->cluster_id, sizeof(m->cluster_id), "%016" PRIx64, first.cluster);
	sodium_memzero(&first, sizeof(first));
	sodium_memzero(key, sizeof(key));
	return 0;
}

static int put_version(const struct backup_source *from, struct manifest *m, struct errbuf *e)
{
	struct database *db = database_new(from->database.database_socket);
	struct database_row *row;
	int code = db ? database_open(db, e) : err_set(e, -ENOMEM, "out of memory");

	if (!code)
		code = database_query(db, &row, e, "SELECT VERSION() version");
	if (!code) {
		(void)snprintf(m->mariadb, sizeof(m->mariadb), "%s", database_value(row, "version"));
		database_row_free(row);
	}
	database_free(db);
	return code;
}

/* What is known before there is any data. */
static int describe(const struct backup_source *from, const struct role_view *v, struct manifest *m, struct errbuf *e)
{
	int code;

	*m = (struct manifest){.format = "1", .product = PACKAGE_VERSION, .level = HB_LEVEL, .epoch = v->epoch};
	(void)snprintf(m->cluster, sizeof(m->cluster), "%s", from->conf->cluster);
	(void)snprintf(m->node, sizeof(m->node), "%s", from->conf->name);
	(void)snprintf(m->role, sizeof(m->role), "%s", v->active == v->self ? "active" : "standby");
	code = put_cluster(from, m, e);
	if (!code)
		code = put_version(from, m, e);
	return code ? code : copydir_size(from->conf->datadir, &m->data_bytes, e);
}

static int check_place(const struct backup_source *from, const char *dir, struct errbuf *e)
{
	char parent[PATH_MAX], data[PATH_MAX], up[WORKDIR_PATH_BYTES];
	size_t length;
	int code = workdir_check_path(dir, e);

	if (code)
		return code;
	/* Where it really is: one of them may be reached by a symbolic link. */
	(void)snprintf(up, sizeof(up), "%.*s/", (int)(strrchr(dir, '/') - dir), dir);
	if (!realpath(up, parent))
		return err_set(e, -errno, "%.180s: %s", up, strerror(errno));
	if (!realpath(from->conf->datadir, data))
		return err_set(e, -errno, "%.180s: %s", from->conf->datadir, strerror(errno));
	length = strlen(data);
	if (strncmp(parent, data, length) == 0 && (!parent[length] || parent[length] == '/'))
		return err_set(e, -EINVAL, "%.120s: lies in the data directory", dir);
	return workdir_check_free(dir, e);
}

/* The data, and what came out when it was restored for trial. */
static int fill(const struct backup_source *from, const struct workdir *w, const atomic_bool *cancel,
    struct manifest *m, struct errbuf *e)
{
	char path[sizeof(w->path) + 24], text[MANIFEST_TEXT_BYTES], gtid[GTID_TEXT_BYTES];
	struct backup_trial t = {0};
	int code;

	put_time(m->begun);
	(void)snprintf(path, sizeof(path), "%s/" BACKUP_DATA, w->path);
	code = backupdata_take(&from->database, path, cancel, &m->stream_bytes, m->blake2b, e);
	put_time(m->ended);
	if (!code)
		code = backup_try(w->path, m, cancel, &t, e);
	if (code)
		return code;
	(void)snprintf(m->gtid, sizeof(m->gtid), "%s", gtid_format(t.position, gtid));
	m->ledger_epoch = t.facts.epoch;
	m->operations = t.facts.operations;
	m->accounts = t.facts.accounts;
	(void)snprintf(m->findings, sizeof(m->findings), "%s", t.facts.said);
	(void)manifest_format(m, text);
	(void)snprintf(path, sizeof(path), "%s/" BACKUP_MANIFEST, w->path);
	code = durable_write(path, text, e);
	return code ? code : ledgercheck_judge(&t.facts, e);
}

/* One that is whole and does not add up may be all that there is of what happened. One of them is kept, the first. */
static void keep_suspect(struct workdir *w, const char *dir, struct errbuf *e)
{
	char path[WORKDIR_PATH_BYTES + 24], pattern[WORKDIR_PATH_BYTES + 24];
	const char *why = NULL;
	struct errbuf found = *e, other;
	glob_t g;

	(void)snprintf(path, sizeof(path), "%s" BACKUP_SUSPECT, dir);
	(void)snprintf(pattern, sizeof(pattern), "%.*s/*" BACKUP_SUSPECT, (int)(strrchr(dir, '/') - dir), dir);
	if (glob(pattern, GLOB_ERR | GLOB_NOSORT, NULL, &g) == GLOB_NOMATCH)
		why = workdir_finish(w, path, &other) ? other.text : NULL;
	else
		why = "an earlier one is";
	globfree(&g);
	(void)err_set(e, -EBADMSG, "%.300s; %s%.120s", found.text, why ? "not kept, " : "kept as ", why ? why : path);
}

int backup_make(const struct backup_source *from, const char *dir, const atomic_bool *cancel, struct manifest *ret,
    struct errbuf *e)
{
	struct role_view before, after;
	struct workdir w;
	int code = check_role(from, &before, e);

	if (!code)
		code = check_place(from, dir, e);
	if (!code)
		code = describe(from, &before, ret, e);
	if (!code)
		code = workdir_begin(dir, ".new", &w, e);
	if (code)
		return code;
	/* The stream, and the trial beside it. */
	code = hotcopy_check_room(w.path, 2 * ret->data_bytes, e);
	if (!code)
		code = fill(from, &w, cancel, ret, e);
	if (code == -EBADMSG && ret->blake2b[0] && ret->gtid[0])
		keep_suspect(&w, dir, e);
	/* A copy from one that was deposed meanwhile may hold what nobody acknowledged, or lack what was answered. */
	if (!code)
		code = check_role(from, &after, e);
	if (!code && after.epoch != before.epoch)
		code = err_set(e, -ESTALE, "the epoch changed meanwhile: the role was moved; begin again");
	if (!code)
		code = workdir_finish(&w, dir, e);
	workdir_drop(&w);
	return code;
}

/* May what the binary log here has be taken back? What a standby in sync has executed stays: whoever takes over has it. What an active one
 * has that is in sync alone stays, too: there is no other one to take over. But while there is another, its last ones, which nobody answered,
 * go if that one takes over. */
static int check_final(const struct backup_source *from, struct role_view *v, struct errbuf *e)
{
	int code = check_role(from, v, e);

	if (code || v->active != v->self)
		return code;
	if (v->mode == ROLE_MODE_SYNC)
		return err_set(
		    e, -EREMOTE, "the last transactions of the active one are not final: the standby adds them");
	return v->mode == ROLE_MODE_SOLO ? 0
					 : err_set(e, -EPERM,
					       "this node is the active one, and the mode is %s: its last transactions "
					       "are not final; wait for SOLO or SYNC",
					       modes[v->mode]);
}

struct adding {
	const struct backup_source *from;
	struct role_view before;
};

static int still_final(void *userdata, struct errbuf *e)
{
	const struct adding *a = userdata;
	struct role_view now;
	int code = check_final(a->from, &now, e);

	if (!code && (now.epoch != a->before.epoch || now.active != a->before.active))
		code = err_set(e, -ESTALE, "the role was moved meanwhile: begin again");
	return code;
}

int backup_add_logs(const struct backup_source *from, const char *dir, struct logarchive_added *ret, struct errbuf *e)
{
	struct adding a = {.from = from};
	struct logarchive_source source = {.datadir = from->conf->datadir, .is_final = still_final, .userdata = &a};
	struct manifest m = {0};
	int code = check_final(from, &a.before, e);

	*ret = (struct logarchive_added){0};
	/* A restore takes nothing that others could have changed: better said now than on the day of the disaster. */
	if (!code)
		code = workdir_check_owner(dir, e);
	if (!code)
		code = put_cluster(from, &m, e);
	if (code)
		return code;
	source.cluster_id = m.cluster_id;
	source.db = database_new(from->database.database_socket);
	code = source.db ? database_open(source.db, e) : err_set(e, -ENOMEM, "out of memory");
	if (!code)
		code = logarchive_add(dir, &source, ret, e);
	database_free(source.db);
	return code;
}
