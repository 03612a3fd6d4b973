#include "gateway/intake.h"

#include "gateway/cardguard.h"
#include "gateway/fields.h"
#include "gateway/page.h"
#include "gateway/scope.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool refuse(struct intake *in, enum problem_code code, const char *detail, const char *param)
{
	in->refusal.code = code;
	in->refusal.detail = detail;
	in->refusal.param = param;
	return false;
}

static bool is_visible(const char *s, size_t chars_max)
{
	size_t n = strlen(s);

	if (n < 1 || n > chars_max)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x21 || s[i] > 0x7e)
			return false;
	return true;
}

void intake_init(struct intake *in, const struct http_facts *facts, const char *channels, const char *own_id)
{
	const char *id = facts->request_id;

	memset(in, 0, sizeof(*in));
	in->facts = facts;
	in->channels = channels;
	if (!id || !is_visible(id, OP_REQUEST_ID_BYTES_MAX) || cardguard_finds(id, strlen(id)))
		id = own_id;
	memcpy(in->request_id, id, strlen(id) + 1);
	in->m.text[OP_TEXT_REQUEST_ID] = in->request_id;
	in->m.op.text_bytes[OP_TEXT_REQUEST_ID] = (uint32_t)strlen(in->request_id);
}

bool intake_keep_secret(struct secret *ret, const char *text, size_t bytes)
{
	ret->text = malloc(bytes + 1);
	if (!ret->text)
		return false;
	memcpy(ret->text, text, bytes);
	ret->bytes = bytes;
	return true;
}

static void forget(struct secret *s)
{
	if (s->text)
		sodium_memzero(s->text, s->bytes);
	free(s->text);
	s->text = NULL;
}

void intake_free(struct intake *in)
{
	forget(&in->password);
	forget(&in->new_password);
	json_decref(in->root);
	free(in->canonical);
	free(in->metadata);
	free(in->items);
	in->root = NULL;
	in->canonical = in->metadata = in->items = NULL;
}

static bool is_json_type(const char *type)
{
	static const char json[] = "application/json";
	const char *at;

	if (!type || strncasecmp(type, json, sizeof(json) - 1) != 0)
		return false;
	at = type + sizeof(json) - 1;
	at += strspn(at, " \t");
	if (!*at)
		return true;
	if (*at++ != ';')
		return false;
	at += strspn(at, " \t");
	return !*at || strcasecmp(at, "charset=utf-8") == 0 || strcasecmp(at, "charset=\"utf-8\"") == 0;
}

/* The parser has no limit of its own that would fit. */
static bool is_too_deep(const char *body, size_t bytes)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < bytes; i++) {
		char c = body[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return true;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return false;
}

static bool parse_body(struct intake *in)
{
	const struct http_facts *f = in->facts;
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_error_t e;

	if (is_too_deep(f->body, f->body_bytes))
		return refuse(in, PROBLEM_MALFORMED_JSON, "The body is nested more than 16 levels deep.", NULL);
	in->root = json_loadb(f->body, f->body_bytes, flags, &e);
	/* A number too large for 64 bits is good JSON; what it is good for is for the validation to say. */
	if (!in->root && json_error_code(&e) == json_error_numeric_overflow)
		in->root = json_loadb(f->body, f->body_bytes, flags | JSON_DECODE_INT_AS_REAL, &e);
	if (!in->root && json_error_code(&e) == json_error_numeric_overflow) {
		in->root = json_null();
		in->has_huge_number = true;
	}
	if (!in->root)
		return refuse(in, PROBLEM_MALFORMED_JSON, "The body is not one well-formed JSON value.", NULL);
	return true;
}

bool intake_form(struct intake *in)
{
	const struct http_facts *f = in->facts;

	in->route = route_find(f->method, f->target, strcspn(f->target, "?"), in->param, in->refusal.allow);
	if (!in->route && in->refusal.allow[0])
		return refuse(in, PROBLEM_METHOD_NOT_ALLOWED, "The resource does not know this method.", NULL);
	if (!in->route)
		return refuse(in, PROBLEM_NOT_FOUND, "There is no such route.", NULL);
	in->m.op.kind = in->route->op;
	if (f->too_large)
		return refuse(in, PROBLEM_TOO_LARGE, "The body is larger than this route takes.", NULL);
	if (!in->route->keyed)
		return true;
	if (in->route->bare && !f->body_bytes && (!f->content_type || is_json_type(f->content_type))) {
		in->root = json_object();
		return in->root || refuse(in, PROBLEM_INTERNAL, "Out of memory.", NULL);
	}
	if (!is_json_type(f->content_type))
		return refuse(in, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.", "Content-Type");
	return parse_body(in);
}

bool intake_identify(struct intake *in)
{
	static const char scheme[] = "Bearer ";
	const char *a = in->facts->authorization;
	const char *secret;

	if (!a || strncasecmp(a, scheme, sizeof(scheme) - 1) != 0)
		return refuse(in, PROBLEM_UNAUTHENTICATED,
		    "Send Authorization: Bearer sk_... (an API key) or st_... (a session).", NULL);
	secret = a + sizeof(scheme) - 1;
	secret += strspn(secret, " ");
	in->m.op.by_session = strncmp(secret, "st_", 3) == 0;
	if ((!in->m.op.by_session && strncmp(secret, "sk_", 3) != 0) || !is_visible(secret, 256))
		return refuse(in, PROBLEM_UNAUTHENTICATED, "The API key or the session is not known.", NULL);
	(void)crypto_generichash(
	    in->m.op.secret_hash, HASH_BYTES, (const unsigned char *)secret, strlen(secret), NULL, 0);
	return true;
}

bool intake_authorize(struct intake *in, uint32_t scopes)
{
	if ((scopes & in->route->scope) != in->route->scope)
		return refuse(in, PROBLEM_SCOPE_MISSING,
		    scopes & SCOPE_SESSION ? "This needs an API key." : "The API key lacks the scope for this.", NULL);
	return true;
}

static void hash_key(struct intake *in, const char *key)
{
	(void)crypto_generichash(in->m.op.key_hash, HASH_BYTES, (const unsigned char *)key, strlen(key), NULL, 0);
}

static bool check_key(struct intake *in)
{
	const struct http_facts *f = in->facts;

	if (f->key_count == 0 && in->route->keyed == ROUTE_KEY_OPTIONAL) {
		randombytes_buf(
		    in->m.op.key_hash, HASH_BYTES); /* a row of the journal has one; nobody knows this one */
		in->m.op.key_drawn = 1;
		return true;
	}
	if (f->key_count == 0)
		return refuse(
		    in, PROBLEM_IDEMPOTENCY_KEY_MISSING, "This request needs an Idempotency-Key.", "Idempotency-Key");
	if (f->key_count > 1 || !f->key || !is_visible(f->key, KEY_CHARS_MAX) || strchr(f->key, '#'))
		return refuse(in, PROBLEM_IDEMPOTENCY_KEY_INVALID,
		    "One Idempotency-Key of 1 to 250 visible ASCII characters without '#' is allowed.",
		    "Idempotency-Key");
	if (cardguard_finds(f->key, strlen(f->key)))
		return refuse(
		    in, PROBLEM_PAN_NOT_ALLOWED, "The Idempotency-Key looks like a card number.", "Idempotency-Key");
	hash_key(in, f->key);
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. False: a '%' without two hex digits, or NUL. */
static bool percent_decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if (hex_value(s[1]) < 0 || hex_value(s[2]) < 0)
			return false;
		*to = (char)(hex_value(s[1]) << 4 | hex_value(s[2]));
		if (!*to++)
			return false;
		s += 2;
	}
	*to = '\0';
	return true;
}

static bool check_param(struct intake *in)
{
	switch ((enum route_param)in->route->param) {
	case ROUTE_PARAM_NONE: return true;
	case ROUTE_PARAM_ID:
		if (id_parse(in->param, strlen(in->param), in->route->prefix, &in->m.op.subject))
			return true;
		return refuse(in, PROBLEM_NOT_FOUND, "There is no such resource.", NULL);
	case ROUTE_PARAM_KEY: break;
	}
	if (!percent_decode(in->param) || !is_visible(in->param, KEY_CHARS_MAX) || strchr(in->param, '#'))
		return refuse(in, PROBLEM_IDEMPOTENCY_KEY_INVALID,
		    "An Idempotency-Key has 1 to 250 visible ASCII characters without '#'.", "key");
	if (cardguard_finds(in->param, strlen(in->param)))
		return refuse(in, PROBLEM_PAN_NOT_ALLOWED, "The Idempotency-Key looks like a card number.", "key");
	hash_key(in, in->param);
	return true;
}

static bool take_fingerprint(struct intake *in)
{
	const char *parts[] = {in->route->method, in->route->template, in->param, NULL};
	crypto_generichash_state state;

	in->canonical = json_dumps(in->root, JSON_COMPACT | JSON_SORT_KEYS);
	if (!in->canonical)
		return refuse(in, PROBLEM_INTERNAL, "Out of memory.", NULL);
	parts[3] = in->canonical;
	(void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) /* with the NULs: no two lists run together */
		(void)crypto_generichash_update(&state, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
	(void)crypto_generichash_final(&state, in->m.op.fingerprint, HASH_BYTES);
	return true;
}

void intake_address(const struct http_facts *facts, char ret[static CHANNEL_BYTES])
{
	const char *address = facts->address ? facts->address : "";
	size_t n = strspn(address, "0123456789abcdefABCDEF.:%");

	if (n == 0 || n >= CHANNEL_BYTES || !strchr(", ", address[n])) {
		address = "unknown";
		n = strlen(address);
	}
	memcpy(ret, address, n);
	ret[n] = '\0';
}

/* As the client wrote it, so that a typo is found; not what is long, or could be anything but a name. */
static void name_unknown(struct intake *in, const char *query)
{
	size_t bytes = 0;
	const char *name = page_unknown(page_kind(in->m.op.kind), query, &bytes);

	if (!name || bytes >= sizeof(in->refusal.param_name))
		return;
	memcpy(in->refusal.param_name, name, bytes);
	in->refusal.param_name[bytes] = '\0';
	if (is_visible(in->refusal.param_name, bytes) && !cardguard_finds(name, bytes))
		in->refusal.param = in->refusal.param_name;
}

/* After the path: the filters of a list, and so its cursors, are bound to what that names. */
static bool check_query(struct intake *in)
{
	const char *query = strchr(in->facts->target, '?');
	struct refusal *r = &in->refusal;

	if (!query && !page_kind(in->m.op.kind))
		return true;
	if (!page_kind(in->m.op.kind))
		(void)refuse(in, PROBLEM_BAD_PARAMETER, "This route takes no query parameters.", NULL);
	else if (page_read(query ? query + 1 : "", &in->m, in->reference, &r->code, &r->param, &r->detail))
		return true;
	if (r->code == PROBLEM_BAD_PARAMETER && !r->param)
		name_unknown(in, query + 1);
	return false;
}

bool intake_validate(struct intake *in)
{
	if (in->route->op == OP_SESSION_CREATE || in->route->op == OP_USER_PASSWORD)
		intake_address(in->facts, in->m.op.channel); /* failed logins count by address too */
	if (!check_param(in) || !check_query(in))
		return false;
	if (!in->route->keyed)
		return true;
	return check_key(in) && fields_read(in) && take_fingerprint(in);
}
