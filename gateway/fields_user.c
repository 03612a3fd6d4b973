/* Logins, names and passwords in the body of a request. */
#include "gateway/cardguard.h"
#include "gateway/fields_parts.h"
#include "gateway/password.h"
#include "gateway/user.h"

static void set_text(struct intake *in, enum op_text which, const char *s, size_t bytes)
{
	in->m.text[which] = s;
	in->m.op.text_bytes[which] = (uint32_t)bytes;
}

void fields_read_login(struct intake *in, const struct field *f, const json_t *v)
{
	const char *s = json_string_value(v);
	size_t bytes = json_string_length(v);

	if (bytes < LOGIN_CHARS_MIN)
		fields_complain(in, f->name, NULL, "too_short");
	else if (!fields_has_length(f->type, s, bytes))
		fields_complain(in, f->name, NULL, "too_long");
	else if (cardguard_finds(s, bytes))
		fields_complain(in, f->name, NULL, "pan_not_allowed");
	else if (!user_login_is_good(s, bytes))
		fields_complain(in, f->name, NULL, "invalid");
	else
		set_text(in, OP_TEXT_REFERENCE, s, bytes);
	in->m.op.has_reference = 1;
}

void fields_read_name(struct intake *in, const struct field *f, const json_t *v)
{
	const char *s = json_string_value(v);
	size_t bytes = json_string_length(v);

	if (bytes == 0)
		fields_complain(in, f->name, NULL, "too_short");
	else if (!fields_has_length(f->type, s, bytes))
		fields_complain(in, f->name, NULL, "too_long");
	else if (cardguard_finds(s, bytes))
		fields_complain(in, f->name, NULL, "pan_not_allowed");
	else
		set_text(in, OP_TEXT_NAME, s, bytes);
}

/* One that is to be checked may be of another time, with other limits. */
void fields_read_password(struct intake *in, const struct field *f, const json_t *v)
{
	bool is_new = f->type == FIELD_NEW_PASSWORD;
	struct secret *secret = is_new ? &in->new_password : &in->password;
	int64_t chars = (int64_t)fields_count_chars(json_string_value(v), json_string_length(v));

	if (chars < field_shape(f->type)->min)
		fields_complain(in, f->name, NULL, "too_short");
	else if (chars > field_shape(f->type)->max)
		fields_complain(in, f->name, NULL, "too_long");
	else if (!intake_keep_secret(secret, json_string_value(v), json_string_length(v)))
		fields_complain(in, f->name, NULL, "too_large");
}
