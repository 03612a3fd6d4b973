/* What may be asked of a list: limit, cursor and filters, as one table that reads and documents them. Pure. */
#ifndef HOLDFAST_GATEWAY_PAGE_H
#define HOLDFAST_GATEWAY_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/op.h"
#include "gateway/problem.h"

#define PAGE_LIMIT_MAX 100
#define PAGE_LIMIT_DEFAULT 20
#define PAGE_REFERENCE_CHARS_MAX 64

enum page_filter {
	PAGE_ACCOUNT = 1 << 0,
	PAGE_STATUS = 1 << 1,
	PAGE_REFERENCE = 1 << 2,
	PAGE_CREATED = 1 << 3,
	PAGE_TYPES = 1 << 4,
};

/* A list as data. */
struct page_kind {
	uint8_t op;				    /* enum op_kind; 0 ends the table */
	uint32_t takes;				    /* enum page_filter */
	const char *(*status_word)(uint8_t status); /* NULL for a number that is none */
};

extern const struct page_kind page_kinds[];

/* NULL: not a list. */
const struct page_kind *page_kind(uint8_t op);

enum page_value {
	PAGE_IS_LIMIT,
	PAGE_IS_CURSOR,
	PAGE_IS_ACCOUNT,
	PAGE_IS_STATUS,
	PAGE_IS_REFERENCE,
	PAGE_IS_FROM,
	PAGE_IS_TO,
	PAGE_IS_TYPES
};

/* A query parameter as data; name NULL ends the table. takes 0: every list has it. */
struct page_parameter {
	const char *name;
	uint32_t takes;
	enum page_value is;
	const char *says; /* for the documentation */
};

extern const struct page_parameter page_parameters[];

/* Statuses are small numbers from 0 on. */
#define PAGE_STATUS_END 16

/* Reads the query of a target (what follows '?', raw; "" none) into m: page, fingerprint (of the filters) and reference, whose bytes go
 * to `reference`. m->op.kind and m->op.subject are set before. False: *code is PROBLEM_BAD_PARAMETER or PROBLEM_BAD_CURSOR and *param
 * names the parameter, NULL for one that is unknown; `why` says what is allowed. */
bool page_read(const char *query, struct op_message *m, char reference[static OP_REFERENCE_BYTES_MAX + 1],
    enum problem_code *code, const char **param, const char **why);

/* The first parameter of the query that a list of this kind has not (NULL: that is none, and has no parameters): where its name begins, raw,
 * and how long it is. NULL: there is none. */
const char *page_unknown(const struct page_kind *kind, const char *query, size_t *bytes);

/* For the ledger: could page_read have made this? */
bool page_is_good(const struct op *op);

#endif
