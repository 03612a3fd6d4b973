/* What each route answers, as a table beside that of the routes: for the description of the API. Pure. */
#ifndef HOLDFAST_GATEWAY_OPERATION_H
#define HOLDFAST_GATEWAY_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/problem.h"
#include "gateway/route.h"

#define PROBLEM_BIT(code) (UINT64_C(1) << (code))

struct operation {
	uint8_t op;	      /* enum op_kind */
	const char *template; /* of a route without op; else NULL */
	const char *id, *says;
	uint16_t status; /* of a success */
	uint8_t answer;	 /* enum resource: then; of a list, each of its items */
	bool list;
	uint64_t problems; /* PROBLEM_BIT of what only this kind of operation meets */
};

/* Ends with a row whose id is NULL. */
extern const struct operation operations[];

/* NULL: the tables disagree, and a test tells. */
const struct operation *operation_of(const struct route *r);

/* Every problem that a worker answers to a request for this route with, as bits. */
uint64_t operation_problems(const struct route *r);

#endif
