#include "heartbeat/metrics.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "heartbeat/durable.h"

#define WHOLE_MAX 1e15

static const struct metrics_family families[] = {
#define X(id, name, type, help) [METRICS_##id] = {"holdfast_" name, METRICS_##type, help},
    METRICS(X)
#undef X
};

const struct metrics_family *metrics_family(enum metrics_id id)
{
	assert(id < METRICS_COUNT);
	return &families[id];
}

const char *metrics_type_word(enum metrics_type type)
{
	static const char *const words[] = {"gauge", "counter", "histogram"};

	return words[type];
}

void metrics_begin(FILE *f, enum metrics_id id)
{
	const struct metrics_family *m = metrics_family(id);

	(void)fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, metrics_type_word(m->type));
}

static void put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			(void)fputc('\\', f);
		if (*text == '\n')
			(void)fputs("\\n", f);
		else
			(void)fputc(*text, f);
	}
}

static void put_labels(FILE *f, const struct metrics_label *label)
{
	if (!label || !label->name)
		return;
	for (const struct metrics_label *l = label; l->name; l++) {
		(void)fprintf(f, "%c%s=\"", l == label ? '{' : ',', l->name);
		put_text(f, l->value);
		(void)fputc('"', f);
	}
	(void)fputc('}', f);
}

static void put_number(FILE *f, double value)
{
	bool small = value > -WHOLE_MAX && value < WHOLE_MAX;

	if (small && (double)(int64_t)value == value)
		(void)fprintf(f, " %" PRId64 "\n", (int64_t)value);
	else
		(void)fprintf(f, " %.9g\n", value);
}

void metrics_value(FILE *f, enum metrics_id id, const struct metrics_label *label, double value)
{
	(void)fputs(metrics_family(id)->name, f);
	put_labels(f, label);
	put_number(f, value);
}

void metrics_single(FILE *f, enum metrics_id id, double value)
{
	metrics_begin(f, id);
	metrics_value(f, id, NULL, value);
}

const double metrics_bounds_seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 0};
const double metrics_bounds_batch[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 0};

void metrics_observe(struct metrics_histogram *h, double value)
{
	unsigned i = 0;

	while (h->bound[i] > 0 && value > h->bound[i])
		i++;
	h->count[i]++;
	h->sum += value;
}

static void put_part(
    FILE *f, const struct metrics_family *m, const char *suffix, const struct metrics_label *label, const char *le)
{
	struct metrics_label all[8] = {{NULL, NULL}};
	unsigned n = 0;

	for (; label && label[n].name && n < 6; n++)
		all[n] = label[n];
	if (le)
		all[n] = (struct metrics_label){"le", le};
	(void)fprintf(f, "%s_%s", m->name, suffix);
	put_labels(f, all);
}

void metrics_put_histogram(
    FILE *f, enum metrics_id id, const struct metrics_label *label, const struct metrics_histogram *h)
{
	const struct metrics_family *m = metrics_family(id);
	uint64_t below = 0;
	char le[32];
	unsigned i;

	for (i = 0; h->bound[i] > 0; i++) {
		below += h->count[i];
		(void)snprintf(le, sizeof(le), "%g", h->bound[i]);
		put_part(f, m, "bucket", label, le);
		put_number(f, (double)below);
	}
	below += h->count[i];
	put_part(f, m, "bucket", label, "+Inf");
	put_number(f, (double)below);
	put_part(f, m, "sum", label, NULL);
	put_number(f, h->sum);
	put_part(f, m, "count", label, NULL);
	put_number(f, (double)below);
}

static int replace(const char *path, const char *text, struct errbuf *e)
{
	char next[128];
	int fd, code;

	if ((size_t)snprintf(next, sizeof(next), "%s.new", path) >= sizeof(next))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", path);
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", next, strerror(errno));
	code = durable_write_all(fd, text, strlen(text));
	close(fd);
	if (!code && rename(next, path))
		code = -errno;
	return code ? err_set(e, code, "%s: %s", path, strerror(-code)) : 0;
}

int metrics_leave(const char *path, void (*print)(FILE *f, const void *of), const void *of, struct errbuf *e)
{
	char text[METRICS_TEXT_BYTES] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	if (!f)
		return err_set(e, -ENOMEM, "%s: no memory", path);
	print(f, of);
	if (fclose(f) || strlen(text) >= sizeof(text) - 1)
		return err_set(e, -EFBIG, "%s: more than %zu bytes", path, sizeof(text));
	return replace(path, text, e);
}

bool metrics_take(const char *path, char text[static METRICS_TEXT_BYTES], int64_t *left_ms)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	text[0] = '\0';
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, METRICS_TEXT_BYTES - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (n < 0)
		return false;
	*left_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return true;
}
