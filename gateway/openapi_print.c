/* Prints the description of the API, for people and tools: what GET /v1/openapi.json answers. Runs when the packages are built. */
#include "gateway/openapi.h"

#include <stdbool.h>
#include <stdio.h>

int main(void)
{
	json_t *document = openapi_make();
	bool good =
	    document && !json_dumpf(document, stdout, JSON_INDENT(1)) && putchar('\n') != EOF && !fflush(stdout);

	json_decref(document);
	if (!good)
		(void)fprintf(stderr, "openapi_print: cannot make or write the description\n");
	return good ? 0 : 1;
}
