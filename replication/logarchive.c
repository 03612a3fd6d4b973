#include "replication/logarchive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/salvage.h"
#include "replication/workdir.h"

#define ID_DIGITS 16
#define SEQ_DIGITS 20
#define SUFFIX ".binlog"
#define NAME_BYTES (ID_DIGITS + 2 * SEQ_DIGITS + 2 + sizeof(SUFFIX))
#define UNFINISHED "unfinished.binlog"
#define PATH_BYTES (WORKDIR_PATH_BYTES + NAME_BYTES + 8)

static bool take_seq(const char *text, uint64_t *ret)
{
	uint64_t seq = 0;

	for (unsigned i = 0; i < SEQ_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		seq = seq * 10 + (uint64_t)(text[i] - '0');
	}
	*ret = seq;
	return true;
}

/* CLUSTER-FIRST-LAST.binlog */
static bool parse_name(const char *name, const char *cluster_id, uint64_t *first, uint64_t *last)
{
	return strlen(name) == NAME_BYTES - 1 && strncmp(name, cluster_id, ID_DIGITS) == 0 && name[ID_DIGITS] == '-' &&
	       take_seq(name + ID_DIGITS + 1, first) && name[ID_DIGITS + 1 + SEQ_DIGITS] == '-' &&
	       take_seq(name + ID_DIGITS + 2 + SEQ_DIGITS, last) &&
	       strcmp(name + ID_DIGITS + 2 + 2 * SEQ_DIGITS, SUFFIX) == 0;
}

/* The names in rising order, which is that of the history. The caller frees each and the list. */
static int list(const char *dir, struct dirent ***ret, struct errbuf *e)
{
	int count = scandir(dir, ret, NULL, alphasort);

	return count < 0 ? err_set(e, -errno, "%.180s: %s", dir, strerror(errno)) : count;
}

static void free_list(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static int find_end(const char *dir, const char *cluster_id, uint64_t *ret, struct errbuf *e)
{
	struct dirent **names;
	int count = list(dir, &names, e);

	*ret = 0;
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		uint64_t first, last;

		if (parse_name(names[i]->d_name, cluster_id, &first, &last) && last > *ret)
			*ret = last;
	}
	free_list(names, count);
	return 0;
}

static int lock(const char *dir, struct errbuf *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code;

	if (fd < 0)
		return err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	code = errno == EWOULDBLOCK ? err_set(e, -EBUSY, "%.180s: another one works there", dir)
				    : err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	close(fd);
	return code;
}

int logarchive_add(
    const char *dir, const char *cluster_id, const char *datadir, struct logarchive_added *ret, struct errbuf *e)
{
	char made[PATH_BYTES], path[PATH_BYTES];
	struct salvage_result r = {0};
	uint64_t end = 0;
	int code = workdir_check_path(dir, e), fd = code ? code : lock(dir, e);

	*ret = (struct logarchive_added){0};
	if (fd < 0)
		return fd;
	(void)snprintf(made, sizeof(made), "%s/" UNFINISHED, dir);
	code = find_end(dir, cluster_id, &end, e);
	if (!code)
		code = salvage_cut(datadir, "binlog.index", (struct gtid){0, 0, end}, made, &r, e);
	if (!code && r.groups) {
		(void)snprintf(path, sizeof(path), "%s/%s-%020" PRIu64 "-%020" PRIu64 SUFFIX, dir, cluster_id,
		    r.first_seq, r.last.seq);
		if (rename(made, path))
			code = err_set(e, -errno, "%.180s: %s", path, strerror(errno));
		else
			code = durable_sync_parent(path, e);
	}
	if (!code && r.groups) {
		*ret = (struct logarchive_added){.first_seq = r.first_seq, .last_seq = r.last.seq};
		/* Logs that begin in the middle are no loss to an archive that begins with them. */
		if (r.hole || (end && r.first_seq != end + 1))
			ret->missing_from = end + 1;
	}
	close(fd);
	return code;
}

/* A list of files, as a binary log's index has them. */
static int write_index(const char *dir, const char *cluster_id, uint64_t above, const char *path, struct errbuf *e)
{
	struct dirent **names;
	int count = list(dir, &names, e), code = 0;
	FILE *f;

	if (count < 0)
		return count;
	f = fopen(path, "we");
	for (int i = 0; f && i < count; i++) {
		uint64_t first, last;

		if (parse_name(names[i]->d_name, cluster_id, &first, &last) && last > above)
			(void)fprintf(f, "%s/%s\n", dir, names[i]->d_name);
	}
	if (!f || fflush(f))
		code = err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	if (f)
		(void)fclose(f);
	free_list(names, count);
	return code;
}

int logarchive_take(const char *dir, const char *cluster_id, struct gtid above, const char *target,
    struct gtid *ret_end, struct errbuf *e)
{
	char index[PATH_BYTES + 16];
	struct salvage_result r = {0};
	int code = workdir_check_path(dir, e);

	*ret_end = (struct gtid){0};
	(void)snprintf(index, sizeof(index), "%s.index", target);
	if (!code)
		code = write_index(dir, cluster_id, above.seq, index, e);
	/* The index names them by their whole paths. */
	if (!code)
		code = salvage_cut("", index, above, target, &r, e);
	(void)unlink(index);
	if (code || !r.groups)
		return code;
	if (r.first_seq != above.seq + 1)
		code = err_set(e, -ENODATA, "%.120s: begins with transaction %" PRIu64 ", and %" PRIu64 " is needed",
		    dir, r.first_seq, above.seq + 1);
	else if (r.hole)
		code = err_set(e, -ENODATA, "%.120s: transactions between %" PRIu64 " and %" PRIu64 " are missing", dir,
		    r.first_seq, r.last.seq);
	if (code)
		(void)unlink(target);
	else
		*ret_end = r.last;
	return code;
}
