/* The table of what a configuration may say: each key, what is allowed, and who reads it. */
#ifndef HOLDFAST_HEARTBEAT_CONF_TABLE_H
#define HOLDFAST_HEARTBEAT_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/conf.h"

enum shape {
	SHAPE_NUMBER,
	SHAPE_NAME,
	SHAPE_WORD,
	SHAPE_ADDRESS,
	SHAPE_CIDR,
	SHAPE_CHOICE,
	SHAPE_PATH,
	SHAPE_LIST,
	SHAPE_ENDPOINT
};

struct conf_key {
	const char *section, *name;
	enum shape shape;
	size_t at, size;      /* in struct conf */
	uint32_t min, max;    /* numbers */
	const char *fallback; /* "" : none */
	const char *wanted;   /* what is allowed, in words */
	const char *meaning;
	unsigned readers,
	    live; /* enum conf_reader: who has it from its start on, and who of them takes it at a reload */
	/* Both gateways are to have the same: rendered, for each tells it the other (heartbeat/settings_same.h). Not so lease-ms: every heartbeat
	 * says that. */
	bool same;
};

extern const struct conf_key conf_keys[];
extern const size_t conf_key_count; /* at most CONF_KEYS_MAX */

/* The words for 0, 1, 2 and 3 of a key of SHAPE_CHOICE. */
struct conf_choice {
	const char *key, *word[CONF_KINDS];
};

extern const struct conf_choice conf_choices[];
extern const size_t conf_choice_count;

/* The value as it would be written in the file; "" when there is none. */
void conf_show(const struct conf *conf, const struct conf_key *key, char *ret, size_t size);

#endif
