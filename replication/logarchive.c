#include "replication/logarchive.h"

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
#include "replication/archivelist.h"
#include "replication/salvage.h"
#include "replication/workdir.h"

#define UNFINISHED "unfinished.binlog"
#define OPENINGS_MAX 256 /* changes of the active within one call; what comes after them is for the next */

/* Where epochs begin. */
struct openings {
	unsigned count;
	uint64_t until_seq; /* 0: all were kept */
	struct {
		uint64_t seq, epoch;
	} at[OPENINGS_MAX];
};

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

static void keep_opening(void *userdata, uint64_t seq, uint64_t epoch)
{
	struct openings *o = userdata;

	if (o->until_seq)
		return;
	if (o->count == OPENINGS_MAX) {
		o->until_seq = seq - 1;
		return;
	}
	o->at[o->count].seq = seq;
	o->at[o->count++].epoch = epoch;
}

/* The last epoch before `below` that this copy of the data knows of; 0: none. */
static int epoch_before(struct database *db, uint64_t below, uint64_t *ret, struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(
	    db, &row, e, "SELECT COALESCE(MAX(epoch),0) epoch FROM holdfast.cluster_epoch WHERE epoch<%" PRIu64, below);

	if (code)
		return code;
	*ret = database_number(row, "epoch");
	database_row_free(row);
	return 0;
}

/* Where does what is new begin, and in which epoch? The data knew of newest before the logs were read: an epoch that it knows and that does
 * not begin among what is new began before. */
static int look(const struct logarchive_source *from, const struct archive_end *end, struct openings *o,
    struct salvage_result *r, uint64_t *ret_epoch, struct errbuf *e)
{
	const struct salvage_range range = {
	    .above_seq = end->last, .verify = true, .opened = keep_opening, .userdata = o};
	char index[ARCHIVELIST_PATH_BYTES];
	uint64_t newest;
	int code = epoch_before(from->db, UINT64_MAX, &newest, e);

	(void)snprintf(index, sizeof(index), "%s/binlog.index", from->datadir);
	if (!code && access(index, R_OK))
		code = err_set(e, -errno, "%.180s: %s", index, strerror(errno));
	if (!code)
		code = salvage_cut_range(from->datadir, "binlog.index", &range, NULL, r, e);
	if (!code && o->count)
		code = epoch_before(from->db, o->at[0].epoch, &newest, e);
	*ret_epoch = newest;
	return code;
}

static int check_history(
    const char *dir, const struct archive_end *end, const struct salvage_result *r, uint64_t epoch, struct errbuf *e)
{
	/* After a hole the epochs in it are unknown, and nobody gets over it. */
	bool follows = !r->groups || r->first_seq == end->last + 1;

	if (!end->last || (follows && (r->groups ? epoch == end->epoch : epoch <= end->epoch)) ||
	    (!follows && epoch >= end->epoch))
		return 0;
	return err_set(e, -ESTALE,
	    "%.100s: ends with transaction %" PRIu64 " of epoch %" PRIu64 ", and here that is of epoch %" PRIu64
	    ": the history has parted from that one; begin a new directory, and make a new backup now",
	    dir, end->last, end->epoch, epoch);
}

/* One file: what is above `above` up to `until`, all of one epoch. */
static int add_file(const char *dir, const struct logarchive_source *from, uint64_t epoch, uint64_t above,
    uint64_t until, struct logarchive_added *ret, struct errbuf *e)
{
	const struct salvage_range range = {.above_seq = above, .until_seq = until, .verify = true};
	char made[ARCHIVELIST_PATH_BYTES], path[ARCHIVELIST_PATH_BYTES];
	struct salvage_result r;
	int code;

	if (until <= above)
		return 0;
	(void)snprintf(made, sizeof(made), "%s/" UNFINISHED, dir);
	code = salvage_cut_range(from->datadir, "binlog.index", &range, made, &r, e);
	if (code || !r.groups)
		return code;
	code = from->is_final(from->userdata, e);
	archivelist_path(path, dir, from->cluster_id,
	    &(struct archive_file){.epoch = epoch, .first = r.first_seq, .last = r.last_seq});
	if (!code && rename(made, path))
		code = err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	if (code) {
		(void)unlink(made);
		return code;
	}
	if (!ret->first_seq)
		ret->first_seq = r.first_seq;
	ret->last_seq = r.last_seq;
	return durable_sync_parent(path, e);
}

static int add_all(const char *dir, const struct logarchive_source *from, const struct archive_end *end,
    struct openings *o, struct logarchive_added *ret, struct errbuf *e)
{
	struct salvage_result r;
	uint64_t epoch, above = end->last;
	int code = look(from, end, o, &r, &epoch, e);

	if (!code)
		code = check_history(dir, end, &r, epoch, e);
	for (unsigned i = 0; !code && i < o->count; i++) {
		code = add_file(dir, from, epoch, above, o->at[i].seq - 1, ret, e);
		epoch = o->at[i].epoch;
		above = o->at[i].seq - 1;
	}
	/* Up to where we looked: what comes after it may be of another epoch. */
	if (!code && r.groups)
		code = add_file(dir, from, epoch, above, o->until_seq ? o->until_seq : r.last_seq, ret, e);
	if (!code && (r.hole || (end->last && r.groups && r.first_seq != end->last + 1)))
		ret->missing_from = end->last + 1;
	return code;
}

int logarchive_add(
    const char *dir, const struct logarchive_source *from, struct logarchive_added *ret, struct errbuf *e)
{
	struct openings *o = calloc(1, sizeof(*o));
	struct archivelist all = {0};
	struct archive_end end;
	int code = o ? workdir_check_path(dir, e) : err_set(e, -ENOMEM, "out of memory"),
	    fd = code ? code : lock(dir, e);

	*ret = (struct logarchive_added){0};
	if (fd >= 0) {
		code = archivelist_read(dir, from->cluster_id, &all, e);
		if (!code)
			code = archivelist_check(&all, NULL, dir, e);
		end = archivelist_end(&all);
		if (!code)
			code = add_all(dir, from, &end, o, ret, e);
		close(fd);
	}
	archivelist_free(&all);
	free(o);
	return fd < 0 ? fd : code;
}

/* Epochs that begin where the archive says that they do. */
static void check_off(void *userdata, uint64_t seq, uint64_t epoch)
{
	struct archivelist *all = userdata;

	for (size_t i = 0; i < all->count; i++)
		if (all->file[i].epoch == epoch && seq <= all->file[i].last)
			all->file[i].begun = true;
}

static int check_taken(const char *dir, const struct logarchive_wanted *w, const struct archivelist *all,
    const struct salvage_result *r, struct errbuf *e)
{
	if (r->groups && r->first_seq != w->above.seq + 1)
		return err_set(e, -ENODATA, "%.120s: begins with transaction %" PRIu64 ", and %" PRIu64 " is needed",
		    dir, r->first_seq, w->above.seq + 1);
	if (r->hole)
		return err_set(e, -ENODATA, "%.120s: transactions between %" PRIu64 " and %" PRIu64 " are missing", dir,
		    r->first_seq, r->last_seq);
	for (size_t i = 0; i < all->count; i++) {
		const struct archive_file *f = &all->file[i];

		if (f->last > w->above.seq && f->last > r->last_seq)
			return err_set(e, -EBADMSG,
			    "%.120s: is damaged: the last transaction in it is %" PRIu64
			    ", and by its names it is %" PRIu64,
			    dir, r->last_seq, f->last);
		if (f->last > w->above.seq && f->epoch != w->epoch && !f->begun)
			return err_set(e, -ESTALE,
			    "%.120s: epoch %" PRIu64 " does not begin after transaction %" PRIu64 " of epoch %" PRIu64
			    ": the history of the archive has parted from that of the backup",
			    dir, f->epoch, w->above.seq, w->epoch);
	}
	return 0;
}

int logarchive_take(
    const char *dir, const struct logarchive_wanted *wanted, const char *target, struct gtid *ret_end, struct errbuf *e)
{
	char index[ARCHIVELIST_PATH_BYTES];
	const struct archive_file begin = {
	    .epoch = wanted->epoch, .first = wanted->above.seq, .last = wanted->above.seq};
	struct archivelist all = {0};
	const struct salvage_range range = {
	    .above_seq = wanted->above.seq, .verify = true, .opened = check_off, .userdata = &all};
	struct salvage_result r = {0};
	int code = workdir_check_path(dir, e);

	*ret_end = (struct gtid){0};
	(void)snprintf(index, sizeof(index), "%s.index", target);
	if (!code)
		code = archivelist_read(dir, wanted->cluster_id, &all, e);
	if (!code)
		code = archivelist_check(&all, &begin, dir, e);
	if (!code)
		code = archivelist_write_index(&all, dir, wanted->cluster_id, wanted->above.seq, index, e);
	/* The index names them by their whole paths. */
	if (!code)
		code = salvage_cut_range("", index, &range, target, &r, e);
	(void)unlink(index);
	if (!code)
		code = check_taken(dir, wanted, &all, &r, e);
	archivelist_free(&all);
	if (code)
		(void)unlink(target);
	else if (r.groups)
		*ret_end = r.last;
	return code;
}

int logarchive_size(const char *dir, const struct logarchive_wanted *wanted, uint64_t *ret_bytes, struct errbuf *e)
{
	const struct archive_file begin = {
	    .epoch = wanted->epoch, .first = wanted->above.seq, .last = wanted->above.seq};
	struct archivelist all = {0};
	int code = workdir_check_path(dir, e);

	*ret_bytes = 0;
	if (!code)
		code = workdir_check_owner(dir, e);
	if (!code)
		code = archivelist_read(dir, wanted->cluster_id, &all, e);
	if (!code)
		code = archivelist_check(&all, &begin, dir, e);
	for (size_t i = 0; i < all.count; i++)
		if (all.file[i].last > wanted->above.seq)
			*ret_bytes += all.file[i].bytes;
	archivelist_free(&all);
	return code;
}
