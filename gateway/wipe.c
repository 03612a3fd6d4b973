#include "gateway/wipe.h"

#include <jansson.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>

static void wipe_and_free(void *p)
{
	if (p)
		sodium_memzero(p, malloc_usable_size(p));
	free(p);
}

/* jansson never reallocs with these: what grows is copied, and the old one freed. */
void wipe_json(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}
