/* The routes of the API, as one table that serves and documents them. Pure. */
#ifndef HOLDFAST_GATEWAY_ROUTE_H
#define HOLDFAST_GATEWAY_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does it want an Idempotency-Key? Whatever takes one has a body. */
enum route_key { ROUTE_KEY_NONE, ROUTE_KEY_REQUIRED, ROUTE_KEY_OPTIONAL };

enum route_param { ROUTE_PARAM_NONE, ROUTE_PARAM_ID, ROUTE_PARAM_KEY };

struct route {
	const char *method, *template;
	uint8_t op;	    /* enum op_kind; 0: answered by the worker itself */
	uint8_t keyed;	    /* enum route_key */
	uint32_t scope;	    /* enum scope, all of them */
	uint8_t param;	    /* enum route_param: what "{...}" stands for */
	const char *prefix; /* of the identifier */
	bool bare;	    /* the body may be left out: {} */
	bool described;	    /* answers with the description of the API */
};

#define BODY_BYTES_MAX ((size_t)64 * 1024)
#define BATCH_BODY_BYTES_MAX ((size_t)1024 * 1024)

#define ROUTE_ACTIVE "/activez" /* what worker hosts ask the workers of a gateway */
#define ROUTE_PARAM_BYTES 1024
#define ROUTE_ALLOW_BYTES 64

/* Ends with a row whose method is NULL. */
extern const struct route routes[];

/* The route of a path (raw, percent-encoded, without query), *param its raw parameter (terminated, "" none).
 * NULL: no route; then allow is "" for an unknown path, or the methods that it knows. */
const struct route *route_find(const char *method, const char *path, size_t path_bytes,
    char param[static ROUTE_PARAM_BYTES], char allow[static ROUTE_ALLOW_BYTES]);

/* How large the body of a request for this target may be. */
size_t route_body_bytes_max(const char *target);

#endif
