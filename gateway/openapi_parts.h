/* What the parts of the description (openapi*.c) share; for them only. */
#ifndef HOLDFAST_GATEWAY_OPENAPI_PARTS_H
#define HOLDFAST_GATEWAY_OPENAPI_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "gateway/fields.h"
#include "gateway/operation.h"
#include "gateway/page.h"
#include "gateway/resource.h"

/* A document under construction. Whatever fails makes it worth nothing; so nobody has to look before the end. */
struct openapi {
	json_t *schemas, *responses; /* borrowed from the document */
	bool failed;
};

/* Both take the value. */
void openapi_put(struct openapi *d, json_t *object, const char *name, json_t *value);
void openapi_add(struct openapi *d, json_t *array, json_t *value);

/* {"$ref":"#/components/WHERE/NAME"} */
json_t *openapi_ref(const char *where, const char *name);

/* gateway/openapi_schema.c: all schemas, into d->schemas. */
void openapi_put_schemas(struct openapi *d);

/* The schema of an identifier, and that of a query parameter of a list. */
json_t *openapi_id(const char *prefix);
json_t *openapi_parameter(struct openapi *d, const struct page_kind *kind, const struct page_parameter *p);

/* The name of the schema of a body. Returns buf. */
#define OPENAPI_NAME_BYTES 64
const char *openapi_request_name(const struct operation *o, char buf[static OPENAPI_NAME_BYTES]);

#endif
