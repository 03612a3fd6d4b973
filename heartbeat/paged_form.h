/* What a browser sends to the status page: fields of a form, cookies, and where a request comes from. Pure. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_FORM_H
#define HOLDFAST_HEARTBEAT_PAGED_FORM_H

#include <stdbool.h>
#include <stddef.h>

/* The field of that name in a body of application/x-www-form-urlencoded (WHATWG URL Standard, section 5.1), decoded and terminated. False: it is
 * not there, or twice, does not fit into size, has a NUL or a % without two hex digits; *ret is "" then. */
bool paged_form_take(const char *body, size_t bytes, const char *name, char *ret, size_t size);

/* The cookie of that name in a Cookie header (RFC 6265, section 4.2.1). False: header is NULL, or it is not there, or twice, or does not fit;
 * *ret is "" then. */
bool paged_cookie_take(const char *header, const char *name, char *ret, size_t size);

/* Does a page of our own ask? origin is the header Origin, NULL when the browser sent none; host the header Host. A browser sends Origin
 * with every POST of a page that is not ours; what sends none is no browser. */
bool paged_origin_is_own(const char *origin, const char *host);

/* A Content-Length as a number. False: it is none that fits into max. */
bool paged_length_take(const char *text, size_t max, size_t *ret);

#endif
