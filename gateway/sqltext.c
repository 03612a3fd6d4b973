#include "gateway/sqltext.h"

#include <string.h>

/* Where the name of what the value was for begins: the last such place, for a value may hold anything. NULL: it is not told. */
static const char *find_name(const char *said)
{
	static const char *const before[] = {" for key '", " for column ", " for table "};
	const char *last = NULL;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		for (const char *at = strstr(said, before[i]); at; at = strstr(at + 1, before[i]))
			if (!last || at > last)
				last = at;
	return last;
}

void sqltext_put(struct text *t, const char *said)
{
	const char *quote = strchr(said, '\''), *name = find_name(said);

	if (!quote || (name && name < quote)) {
		text_puts(t, said);
		return;
	}
	text_put(t, said, (size_t)(quote - said));
	text_puts(t, "'...'");
	if (name)
		text_puts(t, name);
}
