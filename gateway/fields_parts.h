/* What the parts of the fields (fields*.c) share; for them only. */
#ifndef HOLDFAST_GATEWAY_FIELDS_PARTS_H
#define HOLDFAST_GATEWAY_FIELDS_PARTS_H

#include <stddef.h>

#include "gateway/fields.h"
#include "gateway/intake.h"

/* One more error; below names a member of `member`, NULL none. */
void fields_complain(struct intake *in, const char *member, const char *below, const char *code);

/* Of UTF-8. */
size_t fields_count_chars(const char *s, size_t bytes);

/* Has a text as many characters as this type allows? */
bool fields_has_length(enum field_type type, const char *s, size_t bytes);

/* gateway/fields_batch.c: the items of a batch of transfers, into in->items. */
void fields_read_items(struct intake *in, const json_t *array);

/* gateway/fields_user.c: members of requests about users; v is a string. */
void fields_read_login(struct intake *in, const struct field *f, const json_t *v);
void fields_read_name(struct intake *in, const struct field *f, const json_t *v);
void fields_read_password(struct intake *in, const struct field *f, const json_t *v);

#endif
