/* What the parts of the fields (fields*.c) share; for them only. */
#ifndef HOLDFAST_GATEWAY_FIELDS_PARTS_H
#define HOLDFAST_GATEWAY_FIELDS_PARTS_H

#include <stddef.h>

#include "gateway/intake.h"

enum field_type {
	FIELD_AMOUNT,
	FIELD_CURRENCY,
	FIELD_KIND,
	FIELD_OWNER,
	FIELD_MIN,
	FIELD_MAX,
	FIELD_METADATA,
	FIELD_FROM,
	FIELD_TO,
	FIELD_CHANNEL,
	FIELD_REFERENCE,
	FIELD_CAPTURE,
	FIELD_HOLD_SECONDS,
	FIELD_FEE,
	FIELD_FINAL,
	FIELD_DESTINATION,
	FIELD_ATOMIC,
	FIELD_ITEMS, /* only that there are some: fields_read_items */
	FIELD_LOGIN,
	FIELD_NAME,
	FIELD_PASSWORD,	    /* that is to be checked */
	FIELD_NEW_PASSWORD, /* that is to be one */
};

struct field {
	uint8_t op; /* enum op_kind */
	const char *name;
	enum field_type type;
	bool required;
};

/* One more error; below names a member of `member`, NULL none. */
void fields_complain(struct intake *in, const char *member, const char *below, const char *code);

/* Of UTF-8. */
size_t fields_count_chars(const char *s, size_t bytes);

/* gateway/fields_batch.c: the items of a batch of transfers, into in->items. */
void fields_read_items(struct intake *in, const json_t *array);

/* gateway/fields_user.c: members of requests about users; v is a string. */
void fields_read_login(struct intake *in, const struct field *f, const json_t *v);
void fields_read_name(struct intake *in, const struct field *f, const json_t *v);
void fields_read_password(struct intake *in, const struct field *f, const json_t *v);

#endif
