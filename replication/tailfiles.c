#include "replication/tailfiles.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 512
#define PIECE_BYTES 65536

/* "epoch-NUMBER-": how many bytes of the name that is. */
static size_t epoch_bytes(const char *name)
{
	size_t first = strcspn(name, "-");

	return name[first] ? first + 1 + strcspn(name + first + 1, "-") + 1 : strlen(name);
}

static const char *after_time(const char *name)
{
	size_t n = epoch_bytes(name);

	return n < strlen(name) ? name + n + strcspn(name + n, "-") : "";
}

static bool is_alike(const char *one, const char *other)
{
	size_t n = epoch_bytes(one);

	return strcmp(one, other) != 0 && !strchr(other, '.') && strlen(other) > n && strncmp(one, other, n) == 0 &&
	       strcmp(after_time(one), after_time(other)) == 0;
}

static bool is_same(FILE *one, FILE *other)
{
	static char a[PIECE_BYTES], b[PIECE_BYTES];
	size_t n;

	do {
		n = fread(a, 1, sizeof(a), one);
		if (fread(b, 1, sizeof(b), other) != n || memcmp(a, b, n) != 0)
			return false;
	} while (n == sizeof(a));
	return !ferror(one) && !ferror(other);
}

static bool has_same_bytes(const char *one, const char *other)
{
	FILE *a = fopen(one, "re"), *b = fopen(other, "re");
	bool same = a && b && is_same(a, b);

	if (a)
		(void)fclose(a);
	if (b)
		(void)fclose(b);
	return same;
}

bool tailfiles_has(const char *file, char *ret, size_t size)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	char directory[PATH_BYTES], path[PATH_BYTES], summary[PATH_BYTES + 16];
	const struct dirent *one;
	bool found = false;
	DIR *d;

	(void)snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - file) : 1, slash ? file : ".");
	d = opendir(directory);
	while (!found && d && (one = readdir(d))) {
		if (!is_alike(name, one->d_name) ||
		    (size_t)snprintf(path, sizeof(path), "%.240s/%s", directory, one->d_name) >= sizeof(path))
			continue;
		(void)snprintf(summary, sizeof(summary), "%s.summary", path);
		found = access(summary, F_OK) == 0 && has_same_bytes(file, path);
	}
	if (found)
		(void)snprintf(ret, size, "%s", path);
	if (d)
		(void)closedir(d);
	return found;
}
