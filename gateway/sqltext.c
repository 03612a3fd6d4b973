#include "gateway/sqltext.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const unsigned of_data[] = {
	1022, /* ER_DUP_KEY */
	1048, /* ER_BAD_NULL_ERROR */
	1062, /* ER_DUP_ENTRY */
	1264, /* ER_WARN_DATA_OUT_OF_RANGE */
	1265, /* WARN_DATA_TRUNCATED */
	1292, /* ER_TRUNCATED_WRONG_VALUE */
	1366, /* ER_TRUNCATED_WRONG_VALUE_FOR_FIELD */
	1406, /* ER_DATA_TOO_LONG */
	1451, /* ER_ROW_IS_REFERENCED_2 */
	1452, /* ER_NO_REFERENCED_ROW_2 */
	1586, /* ER_DUP_ENTRY_WITH_KEY_NAME */
	1644, /* ER_SIGNAL_EXCEPTION: a trigger's word, where an operator has put one */
	1690, /* ER_DATA_OUT_OF_RANGE */
	1977, /* ER_CANNOT_CONVERT_CHARACTER */
	4025, /* ER_CONSTRAINT_FAILED */
};
/* clang-format on */

bool sqltext_is_of_data(unsigned number)
{
	for (size_t i = 0; i < sizeof(of_data) / sizeof(of_data[0]); i++)
		if (of_data[i] == number)
			return true;
	return false;
}

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
