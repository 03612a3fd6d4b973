#include "replication/archivelist.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ID_DIGITS 16
#define SUFFIX ".binlog"
#define NUMBER_FORMAT "%020" PRIu64
#define NUMBER_DIGITS 20
#define NUMBERS 3
#define NAME_BYTES (ID_DIGITS + NUMBERS * (1 + NUMBER_DIGITS) + sizeof(SUFFIX))

static bool take_number(const char *text, uint64_t *ret)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < NUMBER_DIGITS; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret = number;
	return true;
}

static bool parse_name(const char *name, const char *cluster_id, struct archive_file *ret)
{
	uint64_t *const number[NUMBERS] = {&ret->epoch, &ret->first, &ret->last};
	const char *at = name + ID_DIGITS;

	*ret = (struct archive_file){0};
	if (strlen(name) != NAME_BYTES - 1 || strncmp(name, cluster_id, ID_DIGITS) != 0)
		return false;
	for (unsigned i = 0; i < NUMBERS; i++, at += 1 + NUMBER_DIGITS)
		if (*at != '-' || !take_number(at + 1, number[i]))
			return false;
	return strcmp(at, SUFFIX) == 0 && ret->first && ret->first <= ret->last;
}

static int measure(const char *dir, const char *name, uint64_t *ret, struct errbuf *e)
{
	char path[ARCHIVELIST_PATH_BYTES];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (lstat(path, &st))
		return err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "%.180s: is no plain file", path);
	*ret = (uint64_t)st.st_size;
	return 0;
}

int archivelist_read(const char *dir, const char *cluster_id, struct archivelist *ret, struct errbuf *e)
{
	struct dirent **names;
	int count = scandir(dir, &names, NULL, alphasort), code = 0;

	*ret = (struct archivelist){0};
	if (count < 0)
		return err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	ret->file = calloc((size_t)count + 1, sizeof(*ret->file));
	if (!ret->file)
		code = err_set(e, -ENOMEM, "out of memory");
	for (int i = 0; i < count; i++) {
		struct archive_file f;

		if (!code && parse_name(names[i]->d_name, cluster_id, &f)) {
			code = measure(dir, names[i]->d_name, &f.bytes, e);
			ret->file[ret->count++] = f;
		}
		free(names[i]);
	}
	free(names);
	return code;
}

void archivelist_free(struct archivelist *a)
{
	free(a->file);
	*a = (struct archivelist){0};
}

int archivelist_check(const struct archivelist *a, const struct archive_file *begin, const char *dir, struct errbuf *e)
{
	struct archive_file last = {0};

	if (begin)
		last = *begin;
	for (size_t i = 0; i < a->count; i++) {
		const struct archive_file *f = &a->file[i];
		bool before = begin && f->epoch < begin->epoch;

		if (before ? f->last > begin->last : f->epoch > last.epoch && f->first <= last.last)
			return err_set(e, -ESTALE,
			    "%.100s: has transaction %" PRIu64 " in epoch %" PRIu64 ", and in epoch %" PRIu64
			    " there is one up to %" PRIu64
			    ": these are two histories, of before and after force promote",
			    dir, f->first, f->epoch, before ? begin->epoch : last.epoch,
			    before ? begin->last : last.last);
		if (!before && f->last > last.last)
			last = *f;
	}
	return 0;
}

struct archive_end archivelist_end(const struct archivelist *a)
{
	struct archive_end end = {0};

	for (size_t i = 0; i < a->count; i++) {
		end.epoch = a->file[i].epoch;
		if (a->file[i].last > end.last)
			end.last = a->file[i].last;
	}
	return end;
}

void archivelist_path(
    char ret[static ARCHIVELIST_PATH_BYTES], const char *dir, const char *cluster_id, const struct archive_file *f)
{
	(void)snprintf(ret, ARCHIVELIST_PATH_BYTES,
	    "%.239s/%.16s-" NUMBER_FORMAT "-" NUMBER_FORMAT "-" NUMBER_FORMAT SUFFIX, dir, cluster_id, f->epoch,
	    f->first, f->last);
}

int archivelist_write_index(const struct archivelist *a, const char *dir, const char *cluster_id, uint64_t above,
    const char *path, struct errbuf *e)
{
	char line[ARCHIVELIST_PATH_BYTES];
	FILE *f = fopen(path, "we");
	int code = 0;

	for (size_t i = 0; f && i < a->count; i++) {
		if (a->file[i].last <= above)
			continue;
		archivelist_path(line, dir, cluster_id, &a->file[i]);
		(void)fprintf(f, "%s\n", line);
	}
	if (!f || fflush(f))
		code = err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	if (f)
		(void)fclose(f);
	return code;
}
