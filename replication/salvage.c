#include "replication/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/binlog.h"
#include "heartbeat/durable.h"
#include "replication/process.h"

#define PATH_BYTES 512
#define LOGS_MAX 60000 /* all are mapped, and the kernel counts (vm.max_map_count) */
#define PROGRAM_LIMIT_MS 600000

struct logs {
	unsigned count;
	char (*path)[PATH_BYTES];
};

struct map {
	const uint8_t *data;
	size_t size;
};

static int map_file(const char *path, struct map *ret, struct errbuf *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = NULL;
	int code = 0;

	*ret = (struct map){0};
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st)) {
		code = err_set(e, -errno, "%s: %s", path, strerror(errno));
	} else if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			code = err_set(e, -errno, "%s: %s", path, strerror(errno));
	}
	close(fd);
	if (!code && p)
		*ret = (struct map){p, (size_t)st.st_size};
	return code;
}

static void unmap(struct map *m)
{
	if (m->data)
		(void)munmap((void *)(uintptr_t)m->data, m->size);
}

static int add_log(struct logs *logs, const char *path, struct errbuf *e)
{
	if (logs->count == LOGS_MAX)
		return err_set(e, -E2BIG, "more than %d logs", LOGS_MAX);
	if (logs->count % 64 == 0) {
		void *more = reallocarray(logs->path, logs->count + 64, sizeof(*logs->path));

		if (!more)
			return err_set(e, -ENOMEM, "no memory for a list of logs");
		logs->path = more;
	}
	(void)snprintf(logs->path[logs->count++], PATH_BYTES, "%s", path);
	return 0;
}

/* The index has a line a log, "./relay.000002", oldest first. */
static int read_index(const char *datadir, const char *index, struct logs *ret, struct errbuf *e)
{
	char line[PATH_BYTES], path[PATH_BYTES];
	FILE *f;
	int code = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", datadir, index);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));
	while (!code && fgets(line, sizeof(line), f)) {
		const char *name = line[0] == '.' && line[1] == '/' ? line + 2 : line;
		int n;

		/* The rest of a line that is too long would be taken for another name. */
		if (!strchr(line, '\n') && !feof(f)) {
			code = err_set(e, -E2BIG, "%s/%s: a name is too long", datadir, index);
			break;
		}
		line[strcspn(line, "\n")] = '\0';
		if (!*name)
			continue;
		n = *name == '/' ? snprintf(path, sizeof(path), "%s", name)
				 : snprintf(path, sizeof(path), "%s/%s", datadir, name);
		code = n < 0 || n >= PATH_BYTES ? err_set(e, -E2BIG, "%s/%s: a name is too long", datadir, index)
						: add_log(ret, path, e);
	}
	(void)fclose(f);
	return code;
}

/* The first log that can hold something above `above`: the last one of which it is known that all before it is older. */
static unsigned first_of_interest(const struct logs *logs, struct gtid above)
{
	unsigned i = logs->count;

	while (i > 1) {
		struct map m;
		uint64_t seq;

		i--;
		if (map_file(logs->path[i], &m, NULL))
			return 0;
		seq = binlog_first_seq(m.data, m.size);
		unmap(&m);
		if (seq <= above.seq)
			return i;
	}
	return 0;
}

int salvage_sync(const char *datadir, const char *index, struct errbuf *e)
{
	struct logs logs = {0};
	int code = read_index(datadir, index, &logs, e);

	for (unsigned i = 0; !code && i < logs.count; i++) {
		int fd = open(logs.path[i], O_RDONLY | O_CLOEXEC);

		/* One that is gone was applied to its end and purged. */
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fsync(fd))
			code = err_set(e, -errno, "%s: %s", logs.path[i], strerror(errno));
		if (fd >= 0)
			close(fd);
		if (!code)
			code = durable_sync_parent(logs.path[i], e);
	}
	free(logs.path);
	return code;
}

static int cut_all(const struct logs *logs, struct binlog_cut *c, struct map *maps, struct errbuf *e)
{
	for (unsigned i = first_of_interest(logs, (struct gtid){0, 0, c->above_seq}); i < logs->count; i++) {
		int code;

		if (c->until_seq && c->last.seq >= c->until_seq)
			return 0;
		code = map_file(logs->path[i], &maps[i], e);
		if (code)
			return code;
		code = maps[i].size ? binlog_cut(c, maps[i].data, maps[i].size) : 0;
		if (code == BINLOG_NO_LOG)
			return err_set(e, -EINVAL, "%s is not a binary log that can be read", logs->path[i]);
		if (code == BINLOG_DAMAGED)
			return err_set(e, -EBADMSG,
			    "%.160s: is damaged after transaction %" PRIu64 ": the checksum of an event does not fit",
			    logs->path[i], c->last.seq);
		if (code)
			return err_set(
			    e, -EIO, "what was in %s could not be written: %s", logs->path[i], strerror(errno));
	}
	return 0;
}

/* A group may go on from file to file, so all of them stay mapped to the end. */
static int map_and_cut_all(const struct logs *logs, struct binlog_cut *c, struct errbuf *e)
{
	struct map *maps = calloc(logs->count + 1, sizeof(*maps));
	int code = maps ? cut_all(logs, c, maps, e) : err_set(e, -ENOMEM, "no memory for a list of logs");

	for (unsigned i = 0; maps && i < logs->count; i++)
		unmap(&maps[i]);
	free(maps);
	return code;
}

struct outlet {
	int fd; /* -1: nothing is written */
	const struct salvage_range *range;
};

static bool write_out(void *userdata, const uint8_t *bytes, size_t size)
{
	const struct outlet *o = userdata;

	return o->fd < 0 || durable_write_all(o->fd, bytes, size) == 0;
}

static void tell_epoch(void *userdata, uint64_t seq, uint64_t epoch)
{
	const struct outlet *o = userdata;

	if (o->range->opened)
		o->range->opened(o->range->userdata, seq, epoch);
}

static int cut_into(const struct logs *logs, const struct salvage_range *range, const char *target,
    struct salvage_result *ret, struct errbuf *e)
{
	struct outlet o = {.fd = -1, .range = range};
	struct binlog_cut c = {.above_seq = range->above_seq,
	    .until_seq = range->until_seq,
	    .verify = range->verify,
	    .take = write_out,
	    .opened = tell_epoch,
	    .userdata = &o};
	int code;

	o.fd = target ? open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	if (target && o.fd < 0)
		return err_set(e, -errno, "%s: %s", target, strerror(errno));
	code = map_and_cut_all(logs, &c, e);
	if (!code && target && fsync(o.fd))
		code = err_set(e, -errno, "%s: %s", target, strerror(errno));
	if (target)
		close(o.fd);
	if (target && (code || !c.groups))
		(void)unlink(target);
	if (!code)
		*ret = (struct salvage_result){c.groups, c.first_seq, c.taken.seq, c.hole, c.last};
	return code || !target ? code : durable_sync_parent(target, e);
}

int salvage_cut_range(const char *datadir, const char *index, const struct salvage_range *range, const char *target,
    struct salvage_result *ret, struct errbuf *e)
{
	struct logs logs = {0};
	int code = read_index(datadir, index, &logs, e);

	*ret = (struct salvage_result){0};
	if (!code)
		code = cut_into(&logs, range, target, ret, e);
	free(logs.path);
	return code;
}

int salvage_cut(const char *datadir, const char *index, struct gtid above, const char *target,
    struct salvage_result *ret, struct errbuf *e)
{
	const struct salvage_range range = {.above_seq = above.seq};

	return salvage_cut_range(datadir, index, &range, target, ret, e);
}

int salvage_apply(const char *file, const char *socket_path, const atomic_bool *cancel, struct errbuf *e)
{
	return salvage_replay(file, socket_path, NULL, PROGRAM_LIMIT_MS, cancel, e);
}

int salvage_replay(const char *file, const char *socket_path, const char *stop, uint32_t limit_ms,
    const atomic_bool *cancel, struct errbuf *e)
{
	const char *reader_argv[] = {"/usr/bin/mariadb-binlog", file, stop, NULL};
	const char *client_argv[] = {"/usr/bin/mariadb", "--no-defaults", "--socket", socket_path, "--binary-mode",
	    "--batch", "--max-allowed-packet=1G", NULL};
	struct process reader = {0}, client = {0};
	struct errbuf own;
	int pipes[2], code;

	if (pipe2(pipes, O_CLOEXEC))
		return err_set(e, -errno, "pipe: %s", strerror(errno));
	code = process_start(
	    &(struct process_spec){.argv = client_argv, .stdin_fd = pipes[0], .stdout_fd = -1}, &client, e);
	if (!code)
		code = process_start(
		    &(struct process_spec){.argv = reader_argv, .stdin_fd = -1, .stdout_fd = pipes[1], .utc = true},
		    &reader, e);
	close(pipes[0]);
	close(pipes[1]);
	if (!code)
		code = process_wait(&reader, limit_ms, cancel, e);
	if (!code)
		code = process_wait(&client, limit_ms, cancel, e);
	/* When it was the client that broke the pipe, its own words are the better ones. */
	else if (code == -EIO && client.pid > 0 && process_wait(&client, 1000, NULL, &own) == -EIO)
		*e = own;
	process_kill(&reader);
	process_kill(&client);
	return code;
}

static int list_payments(const char *sql, const char *target, struct journal_counts *ret, struct errbuf *e)
{
	FILE *in = fopen(sql, "re"), *out = fopen(target, "we");
	struct journal_rows rows = {0};
	struct journal_entry entry;
	char line[8192];
	int code = 0;

	*ret = (struct journal_counts){0};
	while (in && out && fgets(line, sizeof(line), in))
		if (journal_rows_take(&rows, line, &entry)) {
			(void)fprintf(
			    out, "%s%s%s\n", entry.id, entry.change ? " " : "", entry.change ? entry.change : "");
			journal_counts_add(ret, &entry);
		}
	if (!in || !out || ferror(in) || ferror(out) || fflush(out) || fsync(fileno(out)))
		code = err_set(e, -EIO, "%s: %s", target, strerror(errno));
	if (in)
		(void)fclose(in);
	if (out)
		(void)fclose(out);
	return code;
}

int salvage_print(const char *file, const atomic_bool *cancel, struct journal_counts *ret, struct errbuf *e)
{
	const char *argv[] = {"/usr/bin/mariadb-binlog", "-v", file, NULL};
	char sql[PATH_BYTES], payments[PATH_BYTES];
	int fd, code;

	(void)snprintf(sql, sizeof(sql), "%s.sql", file);
	(void)snprintf(payments, sizeof(payments), "%s.payments", file);
	fd = open(sql, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", sql, strerror(errno));
	code = process_run(
	    &(struct process_spec){.argv = argv, .stdin_fd = -1, .stdout_fd = fd}, PROGRAM_LIMIT_MS, cancel, e);
	if (!code && fsync(fd))
		code = err_set(e, -errno, "%s: %s", sql, strerror(errno));
	close(fd);
	if (!code)
		code = list_payments(sql, payments, ret, e);
	return code ? code : durable_sync_parent(sql, e);
}
