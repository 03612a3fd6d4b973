#include "heartbeat/ctl_scrape.h"

#include <stdbool.h>
#include <string.h>

#include "heartbeat/metrics.h"

static char got[CTL_SCRAPE_SOURCES_MAX][METRICS_TEXT_BYTES]; /* large */

unsigned ctl_scrape_sources(const struct conf *conf, struct ctl_scrape_source ret[static CTL_SCRAPE_SOURCES_MAX])
{
	unsigned n = 0;

	if (conf->kind == CONF_KIND_WITNESS)
		return 0;
	if (conf->kind != CONF_KIND_WORKER)
		ret[n++] = (struct ctl_scrape_source){"replicationd", METRICS_REPLICATIOND_PATH};
	if (conf->kind == CONF_KIND_REPLICA)
		return n;
	if (conf->kind == CONF_KIND_GATEWAY)
		ret[n++] = (struct ctl_scrape_source){"ledgerd", METRICS_LEDGERD_PATH};
	for (unsigned i = 1; i <= conf->workers && n < CTL_SCRAPE_SOURCES_MAX; i++, n++) {
		(void)snprintf(ret[n].daemon, sizeof(ret[n].daemon), "workerd@%u", i);
		(void)snprintf(ret[n].path, sizeof(ret[n].path), METRICS_WORKERD_FORMAT, i);
	}
	return n;
}

/* Its text, or "" when there is none that is fresh. */
static bool take(const char *path, int64_t now_s, char text[static METRICS_TEXT_BYTES])
{
	int64_t left_ms;

	if (metrics_take(path, text, &left_ms) && left_ms / 1000 + METRICS_FRESH_MS / 1000 >= now_s)
		return true;
	text[0] = '\0';
	return false;
}

static bool is_plain(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return true;
}

/* "name{...} 1", "name 1", and of a histogram name_bucket, name_sum, name_count. */
static bool is_of(const struct metrics_family *m, const char *line, size_t length)
{
	static const char *const suffixes[] = {"_bucket{", "_sum{", "_sum ", "_count{", "_count "};
	size_t n = strlen(m->name);

	if (length <= n + 1 || strncmp(line, m->name, n) != 0)
		return false;
	if (m->type != METRICS_HISTOGRAM)
		return line[n] == '{' || line[n] == ' ';
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strncmp(line + n, suffixes[i], strlen(suffixes[i])) == 0)
			return true;
	return false;
}

static void put_family(FILE *f, enum metrics_id id, unsigned sources)
{
	bool begun = false;

	for (unsigned i = 0; i < sources; i++)
		for (const char *line = got[i], *end; (end = strchr(line, '\n')); line = end + 1) {
			size_t length = (size_t)(end - line);

			if (!is_of(metrics_family(id), line, length) || !is_plain(line, length))
				continue;
			if (!begun)
				metrics_begin(f, id);
			begun = true;
			(void)fprintf(f, "%.*s\n", (int)length, line);
		}
}

void ctl_scrape_print(FILE *f, const struct ctl_scrape_source *source, unsigned sources, int64_t now_s)
{
	if (!sources)
		return;
	metrics_begin(f, METRICS_DAEMON_UP);
	for (unsigned i = 0; i < sources; i++) {
		const struct metrics_label label[] = {{"daemon", source[i].daemon}, {NULL, NULL}};

		metrics_value(f, METRICS_DAEMON_UP, label, take(source[i].path, now_s, got[i]));
	}
	for (unsigned id = METRICS_DAEMON_UP + 1; id < METRICS_COUNT; id++)
		put_family(f, (enum metrics_id)id, sources);
}
