#include "gateway/event.h"

#include <stddef.h>
#include <string.h>

static const char *const words[EVENT_TYPE_END] = {
#define X(name, value, word) [name] = word,
    EVENTS(X)
#undef X
};

const char *event_word(uint8_t type)
{
	return type < EVENT_TYPE_END ? words[type] : NULL;
}

uint8_t event_parse(const char *word)
{
	for (uint8_t i = EVENT_NONE + 1; i < EVENT_TYPE_END; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return EVENT_NONE;
}
