#include "replication/adoptcopy.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/copydir.h"
#include "replication/hotcopy.h"
#include "replication/process.h"

#define CP "/bin/cp"
#define COPY_LIMIT_MS (24 * 3600 * 1000)
#define PATH_BYTES (COPYDIR_PATH_BYTES + 256)
#define LINE_BYTES 512
#define OWN_WORDS 6 /* of cp, before what it copies */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* A link leads out of it, and so does the .isl of a table with a DATA DIRECTORY: the copy would share that table with the original. */
static bool leads_out(const FTSENT *entry)
{
	return entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE || ends_with(entry->fts_name, ".isl");
}

static int find_way_out(const char *dir, struct errbuf *e)
{
	char copy[COPYDIR_PATH_BYTES];
	char *paths[] = {copy, NULL};
	FTSENT *entry;
	FTS *fts;
	int code = 0;

	(void)snprintf(copy, sizeof(copy), "%s", dir);
	fts = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL); /* dir itself may be a link */
	if (!fts)
		return err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	while (!code && (entry = fts_read(fts)))
		if (leads_out(entry))
			code = err_set(e, -ENOTSUP,
			    "%.200s: what it stands for lies elsewhere: move that into %.100s first", entry->fts_path,
			    dir);
	(void)fts_close(fts);
	return code;
}

int adoptcopy_check(const char *dir, struct errbuf *e)
{
	static const char *const signs[] = {"ibdata1", "ib_logfile0", "mysql"};
	char path[PATH_BYTES];

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, signs[i]);
		if (access(path, F_OK))
			return err_set(e, errno == ENOENT ? -ENOENT : -errno,
			    errno == ENOENT
				? "%.180s: not there: that is no data directory of MariaDB, or not all of one"
				: "%.180s: cannot be read",
			    path);
	}
	return find_way_out(dir, e);
}

/* Does the index, one name of a log a line, have that name? Logs beside it stand there as "./NAME", or with their path. */
static bool index_names(const char *index, const char *name)
{
	char line[LINE_BYTES];
	bool found = false;
	FILE *f = fopen(index, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *slash;

		line[strcspn(line, "\n")] = '\0';
		slash = strrchr(line, '/');
		found = strcmp(slash ? slash + 1 : line, name) == 0;
	}
	if (f)
		(void)fclose(f);
	return found;
}

struct contents {
	const char *dir;
	struct dirent **entry;
	int count;
};

/* NAME.index, what it names, and NAME.state. With a log of the old server the new one would go on in the old one's history. */
static bool is_log(const struct contents *c, const char *name)
{
	char path[PATH_BYTES];

	if (ends_with(name, ".index"))
		return true;
	for (int i = 0; i < c->count; i++) {
		const char *index = c->entry[i]->d_name;
		size_t stem = strlen(index) - strlen(".index");

		if (!ends_with(index, ".index"))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", c->dir, index);
		if (index_names(path, name) || (strncmp(name, index, stem) == 0 && strcmp(name + stem, ".state") == 0))
			return true;
	}
	return false;
}

static bool is_left_out(const struct contents *c, const char *name)
{
	static const char *const names[] = {".", "..", "lost+found"}, *const ends[] = {
									  ".pid", ".sock", ".lock", ".err"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return is_log(c, name);
}

/* Of what will be copied. */
static int measure(const struct contents *c, uint64_t *ret_bytes, struct errbuf *e)
{
	char path[PATH_BYTES];
	int code = 0;

	*ret_bytes = 0;
	for (int i = 0; !code && i < c->count; i++) {
		uint64_t bytes = 0;

		if (is_left_out(c, c->entry[i]->d_name))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", c->dir, c->entry[i]->d_name);
		code = copydir_size(path, &bytes, e);
		*ret_bytes += bytes;
	}
	return code;
}

static int copy(const struct contents *c, const char **word, const char *into, struct errbuf *e)
{
	char to[COPYDIR_PATH_BYTES + 24];
	const struct process_spec spec = {.argv = word, .stdin_fd = -1, .stdout_fd = -1, .background = true};
	size_t words = OWN_WORDS;
	int code = 0;

	(void)snprintf(to, sizeof(to), "--target-directory=%s", into);
	word[0] = CP;
	word[1] = "--archive";
	word[2] = "--reflink=auto";
	word[3] = "--sparse=always"; /* a page that was punched out of a compressed table stays out */
	word[4] = to;
	word[5] = "--";
	for (int i = 0; !code && i < c->count; i++) {
		char *path;

		if (is_left_out(c, c->entry[i]->d_name))
			continue;
		if (asprintf(&path, "%s/%s", c->dir, c->entry[i]->d_name) < 0)
			code = err_set(e, -ENOMEM, "no memory");
		else
			word[words++] = path;
	}
	if (!code)
		code = process_run(&spec, COPY_LIMIT_MS, NULL, e);
	while (words > OWN_WORDS)
		free((void *)(uintptr_t)word[--words]);
	return code;
}

int adoptcopy_take(const char *dir, const char *into, struct errbuf *e)
{
	struct contents c = {.dir = dir};
	const char **word;
	uint64_t bytes = 0;
	int code;

	c.count = scandir(dir, &c.entry, NULL, NULL);
	if (c.count < 0)
		return err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	word = calloc((size_t)c.count + OWN_WORDS + 1, sizeof(*word));
	code = word ? measure(&c, &bytes, e) : err_set(e, -ENOMEM, "no memory");
	if (!code)
		code = hotcopy_check_room(into, bytes, e);
	if (!code)
		code = copy(&c, word, into, e);
	free(word);
	for (int i = 0; i < c.count; i++)
		free(c.entry[i]);
	free(c.entry);
	return code;
}
