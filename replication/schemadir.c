#include "replication/schemadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_sql(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

static int read_text(struct schema_file *f, const char *path, struct errbuf *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;
	ssize_t n = 1;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	f->statements = malloc(SCHEMA_FILE_BYTES + 1);
	if (!f->statements)
		code = err_set(e, -ENOMEM, "no memory for %s", path);
	while (!code && n > 0) {
		n = read(fd, f->statements + f->bytes, SCHEMA_FILE_BYTES - f->bytes);
		if (n < 0)
			code = err_set(e, -errno, "%s: %s", path, strerror(errno));
		else
			f->bytes += (size_t)n;
	}
	close(fd);
	if (!code && f->bytes == SCHEMA_FILE_BYTES)
		code = err_set(e, -EFBIG, "%s: more than %d bytes", path, SCHEMA_FILE_BYTES);
	if (!code)
		f->statements[f->bytes] = '\0';
	return code;
}

static int load_file(const char *directory, const char *file_name, struct schema *s, struct errbuf *e)
{
	struct schema_file *f = &s->file[s->count];
	char path[512];
	int code;

	*f = (struct schema_file){0};
	if (!schema_name(file_name, &f->number, f->name))
		return err_set(e, -EINVAL, "%s/%s: the name is not NNN-name.sql", directory, file_name);
	if (s->count && s->file[s->count - 1].number >= f->number)
		return err_set(e, -EINVAL, "%s: two files have the number %03u", directory, f->number);
	s->count++; /* what it holds from now on is freed with the rest */
	(void)snprintf(path, sizeof(path), "%s/%s", directory, file_name);
	code = read_text(f, path, e);
	return code ? code : schema_take_text(f, e);
}

int schemadir_load(const char *directory, struct schema *ret, struct errbuf *e)
{
	struct dirent **names;
	int count = scandir(directory, &names, is_sql, alphasort), code = 0;

	ret->count = 0;
	if (count < 0)
		return err_set(e, -errno, "%s: %s", directory, strerror(errno));
	if (count == 0 || count > SCHEMA_FILES_MAX)
		code = err_set(e, -ENOENT, "%s: %d *.sql files, 1 to %d expected", directory, count, SCHEMA_FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (!code)
			code = load_file(directory, names[i]->d_name, ret, e);
		free(names[i]);
	}
	free(names);
	if (code)
		schemadir_free(ret);
	return code;
}

void schemadir_free(struct schema *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->file[i].statements);
	s->count = 0;
}

int schemadir_write_script(const struct schema *s, int fd, struct errbuf *e)
{
	char sql[SCHEMA_SQL_BYTES];
	bool good = dprintf(fd, SCHEMA_VERSION_TABLE ";\n") > 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct schema_file *f = &s->file[i];
		const char *statement;
		size_t at = 0;

		while (good && (statement = schema_next_statement(f, &at)))
			good = dprintf(fd, "%s;\n", statement) > 0;
		good = good && dprintf(fd, "%s;\n", schema_version_sql(f, sql)) > 0;
	}
	return good ? 0 : err_set(e, -EIO, "the script of the schema cannot be written");
}
