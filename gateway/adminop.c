#include "gateway/adminop.h"

#include "gateway/query.h"
#include "gateway/row.h"
#include "gateway/scope.h"

#include <errno.h>
#include <string.h>

#define LIST_BYTES_MAX (120 * 1024) /* more does not fit into the scratch of a body */

static int answer(struct batch_tools *t, struct request *r, uint16_t status, const char *words)
{
	struct ledger_decision d = {.status = status};

	text_clear(&t->body);
	text_puts(&t->body, words);
	return query_fill(t, r, &d);
}

static int create(struct batch_tools *t, struct request *r, const char *name, uint64_t now_us, bool *row)
{
	const struct op *op = &r->message.op;
	struct principal p = {.id = 1, .scopes = (uint32_t)(op->amount & SCOPE_ALL)};
	const struct principal *at;

	if (image_principal_by_name(t->image, name))
		return answer(t, r, 409, "an API key of this name exists already");
	for (size_t i = 0; (at = image_principal_at(t->image, i)); i++)
		if (at->id >= p.id)
			p.id = at->id + 1;
	memcpy(p.secret_hash, op->fingerprint, HASH_BYTES);
	memcpy(p.name, name, strlen(name) + 1);
	if (!image_add_principal(t->image, &p))
		return -ENOMEM;
	row_put_principal(&t->admin, &p, now_us);
	*row = true;
	return answer(t, r, 201, "created");
}

static int revoke(struct batch_tools *t, struct request *r, struct principal *p, bool *row)
{
	if (p->revoked)
		return answer(t, r, 200, "revoked already");
	p->revoked = true;
	row_put_revocation(&t->admin, p->id);
	*row = true;
	return answer(t, r, 200, "revoked");
}

/* It stays the same principal, and so has the Idempotency-Keys that it used. */
static int renew(struct batch_tools *t, struct request *r, struct principal *p, bool *row)
{
	if (p->revoked)
		return answer(t, r, 409, "the API key was revoked, which is for good: make another one");
	memcpy(p->secret_hash, r->message.op.fingerprint, HASH_BYTES);
	row_put_secret(&t->admin, p);
	*row = true;
	return answer(t, r, 200, "renewed");
}

int adminop_write(struct batch_tools *t, struct request *r, uint64_t now_us, bool *row)
{
	size_t n = r->message.op.text_bytes[OP_TEXT_REFERENCE];
	struct principal *p;
	char name[65];

	if (*row) { /* one statement a transaction: the next one asks again */
		request_settle(r, WIRE_NOT_EXECUTED);
		return 0;
	}
	if (n == 0 || n >= sizeof(name))
		return answer(t, r, 422, "the name has 1 to 64 characters");
	memcpy(name, r->message.text[OP_TEXT_REFERENCE], n);
	name[n] = '\0';
	if (r->message.op.kind == OP_ADMIN_KEY_CREATE)
		return create(t, r, name, now_us, row);
	p = image_principal_by_name(t->image, name);
	if (!p)
		return answer(t, r, 404, "there is no API key of this name");
	return r->message.op.kind == OP_ADMIN_KEY_RENEW ? renew(t, r, p, row) : revoke(t, r, p, row);
}

int adminop_list(struct batch_tools *t, struct request *r)
{
	struct ledger_decision d = {.status = 200};
	const struct principal *p;
	char scopes[SCOPE_TEXT_BYTES];

	text_clear(&t->body);
	for (size_t i = 0; (p = image_principal_at(t->image, i)); i++) {
		if (t->body.used > LIST_BYTES_MAX) {
			text_puts(&t->body, "... and more\n");
			break;
		}
		text_puts(&t->body, p->name);
		text_puts(&t->body, p->revoked ? "\trevoked\t" : "\tactive\t");
		text_puts(&t->body, scope_format(p->scopes, scopes));
		text_puts(&t->body, "\n");
	}
	return query_fill(t, r, &d);
}
