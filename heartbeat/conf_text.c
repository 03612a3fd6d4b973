/* A configuration as text: the file, the table of keys, and what two of them do not have in common. */
#include "heartbeat/conf.h"

#include <errno.h>
#include <string.h>

#include "heartbeat/conf_table.h"

void conf_show(const struct conf *c, const struct conf_key *k, char *text, size_t size)
{
	const char *where = (const char *)c + k->at;
	uint32_t number;

	if (k->shape != SHAPE_NUMBER && k->shape != SHAPE_CHOICE) {
		(void)snprintf(text, size, "%s", where);
		return;
	}
	memcpy(&number, where, sizeof(number));
	if (k->shape == SHAPE_NUMBER) {
		(void)snprintf(text, size, "%u", number);
		return;
	}
	for (size_t i = 0; i < conf_choice_count; i++)
		if (strcmp(conf_choices[i].key, k->name) == 0)
			(void)snprintf(text, size, "%s", conf_choices[i].word[number]);
}

int conf_write(FILE *f, const struct conf *conf)
{
	const char *section = "";

	for (size_t i = 0; i < conf_key_count; i++) {
		char text[sizeof(conf->channels)];

		conf_show(conf, &conf_keys[i], text, sizeof(text));
		if (!text[0] || strcmp(text, conf_keys[i].fallback) == 0)
			continue;
		if (strcmp(section, conf_keys[i].section) != 0) {
			if (fprintf(f, "%s[%s]\n", section[0] ? "\n" : "", conf_keys[i].section) < 0)
				return -errno;
			section = conf_keys[i].section;
		}
		if (fprintf(f, "%s = %s\n", conf_keys[i].name, text) < 0)
			return -errno;
	}
	return fflush(f) ? -errno : 0;
}

unsigned conf_changes(const struct conf *running, const struct conf *now, unsigned reader, bool live,
    const char *ret[static CONF_KEYS_MAX])
{
	unsigned count = 0;

	for (size_t i = 0; i < conf_key_count; i++)
		if ((conf_keys[i].readers & reader) && (conf_keys[i].live & reader) == (live ? reader : 0) &&
		    memcmp((const char *)running + conf_keys[i].at, (const char *)now + conf_keys[i].at,
			conf_keys[i].size) != 0)
			ret[count++] = conf_keys[i].name;
	return count;
}

/* What has to be done that a change holds, in words. */
static void print_readers(FILE *f, const struct conf_key *k)
{
	static const struct {
		unsigned bit;
		const char *unit;
	} units[] = {{CONF_READER_HEARTBEATD, "holdfast-heartbeatd"},
	    {CONF_READER_REPLICATIOND, "holdfast-replicationd"}, {CONF_READER_LEDGERD, "holdfast-ledgerd"},
	    {CONF_READER_WORKERD, "holdfast-workerd"}, {CONF_READER_TICKLED, "holdfast-tickled"},
	    {CONF_READER_PAGED, "holdfast-page"}};
	const char *between = "";

	if (!k->readers)
		(void)fprintf(f, "never");
	if (k->readers & CONF_READER_RENDERED) {
		(void)fprintf(f, "reconfigure");
		between = ", ";
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (k->readers & units[i].bit) {
			(void)fprintf(
			    f, "%s%s %s", between, k->live & units[i].bit ? "reload" : "restart", units[i].unit);
			between = ", ";
		}
}

void conf_print_keys(FILE *f)
{
	for (size_t i = 0; i < conf_key_count; i++) {
		(void)fprintf(f, "%s\t%s\t%s\t%s\t%s\t", conf_keys[i].section, conf_keys[i].name, conf_keys[i].wanted,
		    conf_keys[i].fallback[0] ? conf_keys[i].fallback : "-", conf_keys[i].meaning);
		print_readers(f, &conf_keys[i]);
		(void)fprintf(f, "\t%s\n", conf_keys[i].same ? "same" : "-");
	}
}

unsigned conf_print_changes(FILE *f, const struct conf *then, const struct conf *now)
{
	char before[sizeof(now->channels)], after[sizeof(now->channels)];
	unsigned count = 0;

	for (size_t i = 0; i < conf_key_count; i++) {
		const struct conf_key *k = &conf_keys[i];

		conf_show(then, k, before, sizeof(before));
		conf_show(now, k, after, sizeof(after));
		if (strcmp(before, after) == 0)
			continue;
		count++;
		(void)fprintf(f, "  [%s] %s: %s -> %s: ", k->section, k->name, before[0] ? before : "none",
		    after[0] ? after : "none");
		if (k->readers)
			print_readers(f, k);
		else
			(void)fprintf(f, "cannot be changed");
		(void)fputs(k->same ? "; the same on both gateways\n" : "\n", f);
	}
	return count;
}
