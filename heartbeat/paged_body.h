/* The page itself: one text without anything from elsewhere, made of heartbeat/page/ when Holdfast is built. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_BODY_H
#define HOLDFAST_HEARTBEAT_PAGED_BODY_H

#include <stddef.h>

#define PAGED_POLICY_BYTES 512

/* Puts it together, once. 0 or -ENOMEM. */
int paged_body_open(void);
void paged_body_close(void);

const char *paged_body_text(size_t *bytes);

/* Its Content-Security-Policy (CSP level 3): nothing but this very script and style runs, nothing is loaded, nobody may frame it. */
const char *paged_body_policy(void);

#endif
