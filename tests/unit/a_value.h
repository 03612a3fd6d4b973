/* What a rendered configuration is given for a placeholder. */
#ifndef HOLDFAST_TESTS_UNIT_A_VALUE_H
#define HOLDFAST_TESTS_UNIT_A_VALUE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heartbeat/settings.h"

/* The test fails where there is none. */
static inline const char *value(const struct settings_values *v, const char *name)
{
	for (size_t i = 0; i < v->pairs; i++)
		if (strcmp(v->pair[i].name, name) == 0)
			return v->pair[i].value;
	fail_msg("no value for %s", name);
	return NULL;
}

#endif
