/*
 * The description of the API, OpenAPI 3.1, made from the tables that serve it: routes (gateway/route.h), what they answer
 * (gateway/operation.h, gateway/resource.h), members of requests (gateway/fields.h), query parameters (gateway/page.h) and problems
 * (gateway/problem.h). No I/O.
 */
#ifndef HOLDFAST_GATEWAY_OPENAPI_H
#define HOLDFAST_GATEWAY_OPENAPI_H

#include <jansson.h>

/* The whole document, to be given up with json_decref; the same each time. NULL: no memory. */
json_t *openapi_make(void);

#endif
