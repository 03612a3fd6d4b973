#include "replication/backuptrial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/message.h"
#include "replication/backupdata.h"
#include "replication/privatedb.h"
#include "replication/process.h"
#include "replication/workdir.h"

#define VERSION_LIMIT_MS 10000
#define MARIADBD "/usr/sbin/mariadbd"

/* "10.11" of "10.11.19-MariaDB": within one of these the files are the same. */
static size_t major_length(const char *version)
{
	size_t first = strspn(version, "0123456789");
	size_t second = version[first] == '.' ? strspn(version + first + 1, "0123456789") : 0;

	return first && second ? first + 1 + second : 0;
}

/* "mariadbd  Ver 10.11.19-MariaDB-..." */
int backup_installed_version(char *ret, size_t size, struct errbuf *e)
{
	static const char *const argv[] = {MARIADBD, "--no-defaults", "--version", NULL};
	struct process_spec spec = {.argv = argv, .stdin_fd = -1};
	char text[256] = "", *at;
	ssize_t n;
	int code;

	spec.stdout_fd = memfd_create("holdfast-version", MFD_CLOEXEC);
	if (spec.stdout_fd < 0)
		return err_set(e, -errno, "memfd: %s", strerror(errno));
	code = process_run(&spec, VERSION_LIMIT_MS, NULL, e);
	n = pread(spec.stdout_fd, text, sizeof(text) - 1, 0);
	close(spec.stdout_fd);
	if (code)
		return code;
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "Ver ");
	if (!at || !major_length(at + 4))
		return err_set(e, -EPROTO, MARIADBD " --version: '%.100s'", text);
	(void)snprintf(ret, size, "%.*s", (int)strcspn(at + 4, " \n"), at + 4);
	return 0;
}

/* What is in it is served in the end, and a mariadbd of root's runs on it before: it must be root's. */
static int load(const char *dir, struct manifest *ret, struct errbuf *e)
{
	char path[WORKDIR_PATH_BYTES + 64];
	struct stat st;
	int code = workdir_check_path(dir, e);

	(void)snprintf(path, sizeof(path), "%.199s/" BACKUP_MANIFEST, dir);
	if (!code)
		code = manifest_load(path, ret, e);
	if (!code)
		code = workdir_check_owner(dir, e);
	if (!code)
		code = workdir_check_owner(path, e);
	(void)snprintf(path, sizeof(path), "%.199s/" BACKUP_DATA, dir);
	if (!code)
		code = workdir_check_owner(path, e);
	if (code)
		return code;
	if (stat(path, &st))
		return err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	if ((uint64_t)st.st_size != ret->stream_bytes)
		return err_set(e, -EBADMSG,
		    "%.140s: has %" PRIu64 " bytes, its manifest says %" PRIu64 ": it is not whole", path,
		    (uint64_t)st.st_size, ret->stream_bytes);
	return 0;
}

int backup_open(const char *dir, struct manifest *ret, struct errbuf *e)
{
	char here[64];
	size_t major;
	int code = load(dir, ret, e);

	if (code)
		return code;
	if (ret->level > HB_LEVEL)
		return err_set(e, -ENOTSUP,
		    "%.100s: made by holdfast %.20s, level %" PRIu64 "; this release knows level %d", dir, ret->product,
		    ret->level, HB_LEVEL);
	code = backup_installed_version(here, sizeof(here), e);
	if (code)
		return code;
	major = major_length(ret->mariadb);
	if (!major || major != major_length(here) || strncmp(ret->mariadb, here, major) != 0)
		return err_set(e, -ENOTSUP, "%.100s: made on MariaDB %.*s, and here is %.*s: want the same", dir,
		    (int)(major ? major : strcspn(ret->mariadb, "-")), ret->mariadb, (int)major_length(here), here);
	return 0;
}

static int unpack(const char *dir, const struct manifest *m, const char *into, const atomic_bool *cancel,
    struct gtid *ret, struct errbuf *e)
{
	char path[WORKDIR_PATH_BYTES + 64];
	int code;

	(void)snprintf(path, sizeof(path), "%.239s/" BACKUP_DATA, dir);
	code = hotcopy_check_room(into, m->data_bytes, e);
	if (!code)
		code = backupdata_unpack(path, m->stream_bytes, m->blake2b, into, cancel, e);
	if (!code)
		code = hotcopy_prepare(into, cancel, e);
	return code ? code : hotcopy_position(into, ret, e);
}

int backup_unpack(
    const char *dir, const struct manifest *m, const char *into, const atomic_bool *cancel, struct errbuf *e)
{
	struct gtid position;
	char found[GTID_TEXT_BYTES];
	int code = unpack(dir, m, into, cancel, &position, e);

	if (!code && strcmp(gtid_format(position, found), m->gtid) != 0)
		code =
		    err_set(e, -EBADMSG, "%.120s: its data is at %.40s, its manifest says %.40s", dir, found, m->gtid);
	return code;
}

int backup_try(
    const char *dir, const struct manifest *m, const atomic_bool *cancel, struct backup_trial *ret, struct errbuf *e)
{
	struct workdir trial;
	struct privatedb p;
	int code = workdir_begin(dir, ".trial", &trial, e);

	if (code)
		return code;
	code = unpack(dir, m, trial.path, cancel, &ret->position, e);
	if (!code)
		code = privatedb_start(trial.path, "root", cancel, &p, e);
	if (!code) {
		code = ledgercheck_run(p.db, cancel, &ret->facts, e);
		privatedb_kill(&p);
	}
	workdir_drop(&trial);
	return code;
}

int backup_verify(const char *dir, const atomic_bool *cancel, struct manifest *ret, struct errbuf *e)
{
	char found[GTID_TEXT_BYTES];
	struct backup_trial t;
	int code = backup_open(dir, ret, e);

	if (!code)
		code = backup_try(dir, ret, cancel, &t, e);
	if (!code)
		code = ledgercheck_judge(&t.facts, e);
	if (code)
		return code;
	(void)snprintf(ret->findings, sizeof(ret->findings), "%s", t.facts.said);
	if (strcmp(gtid_format(t.position, found), ret->gtid) == 0 && t.facts.epoch == ret->ledger_epoch &&
	    t.facts.operations == ret->operations && t.facts.accounts == ret->accounts)
		return 0;
	return err_set(e, -EBADMSG,
	    "%.60s: is at %.40s with %" PRIu64 " operations and %" PRIu64 " accounts; its manifest says %.40s, %" PRIu64
	    ", %" PRIu64,
	    dir, found, t.facts.operations, t.facts.accounts, ret->gtid, ret->operations, ret->accounts);
}
