/*
 * Throws texts at what reads the other gateway's list of worker hosts, and tokens at what reads those. fuzz_roster [SECONDS [SEED]]: a list that
 * is taken must come back as it was, and two that are put together must be the same whichever was first; of a token that was changed anywhere nothing
 * may be left.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/hostinvite.h"
#include "heartbeat/roster.h"
#include "tests/fuzz/fuzz.h"

#define NOW_S INT64_C(1800000000)
#define PEM(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"

static struct roster one, other, back;
static char text[ROSTER_TEXT_BYTES];

static void draw_roster(struct roster *ret)
{
	unsigned n = (unsigned)draw(6);

	*ret = (struct roster){0};
	for (unsigned i = 0; i < n; i++) {
		struct roster_entry *e = &ret->entry[ret->count];
		unsigned id = (unsigned)draw(8);
		bool there = false;

		for (unsigned k = 0; k < ret->count; k++)
			there = there || ret->entry[k].id[7] == (char)('0' + id);
		if (there)
			continue;
		(void)snprintf(e->name, sizeof(e->name), "w%u", id % 5); /* some of two have the same */
		(void)snprintf(e->address, sizeof(e->address), "10.0.0.%u", id % 6);
		(void)snprintf(e->id, sizeof(e->id), "%08u", id);
		(void)snprintf(e->key, sizeof(e->key), "%064u", id);
		e->removed_s = draw(2) ? NOW_S - (int64_t)draw(1000) : 0;
		ret->count++;
	}
}

/* Of each id, whether it is one. */
static unsigned live_ids(const struct roster *r)
{
	unsigned ids = 0;

	for (unsigned i = 0; i < r->count; i++)
		if (!r->entry[i].removed_s)
			ids |= 1u << (r->entry[i].id[7] - '0');
	return ids;
}

static void try_lists(void)
{
	struct errbuf e = {""};

	draw_roster(&one);
	draw_roster(&other);
	roster_print(&one, text);
	insist(
	    roster_parse(text, "list", &back, &e) == 0 && memcmp(&back, &one, sizeof(one)) == 0, "a list has changed");
	(void)roster_merge(&back, &other, NOW_S);
	(void)roster_merge(&other, &one, NOW_S);
	insist(live_ids(&back) == live_ids(&other), "two lists differ by who was first");
	insist(!roster_merge(&back, &other, NOW_S), "a list has news that it had");
	for (unsigned i = 0; i < back.count; i++)
		for (unsigned k = 0; k < i; k++)
			insist(back.entry[i].removed_s || back.entry[k].removed_s ||
				   (strcmp(back.entry[i].name, back.entry[k].name) != 0 &&
				       strcmp(back.entry[i].address, back.entry[k].address) != 0),
			    "two worker hosts with the same name or address");
}

static void try_text(void)
{
	struct errbuf e = {""};
	size_t n = strlen(text);

	for (unsigned i = 0; n && i < 1 + draw(4); i++)
		text[draw(n)] = "0af w.\n#-Z\x01\xff"[draw(13)];
	back.count = 99;
	if (roster_parse(text, "list", &back, &e)) {
		insist(back.count == 99 && e.text[0], "a list that was refused");
		return;
	}
	insist(back.count <= ROSTER_MAX, "more than there can be");
	roster_print(&back, text);
	insist(roster_parse(text, "list", &one, &e) == 0 && memcmp(&back, &one, sizeof(one)) == 0,
	    "a list that was taken");
}

static void try_token(void)
{
	static struct hostinvite zero, got;
	struct hostinvite v = {.cluster = "pay",
	    .name = "w1",
	    .address = "10.0.0.4",
	    .id = "0123abcd",
	    .mesh_http_port = 1,
	    .mesh_ledger_port = 65535,
	    .gateway = {{"a", "10.0.0.1"}, {"b", "10.0.0.2"}},
	    .ca = PEM("QUJD"),
	    .certificate = PEM("REVG")};
	char token[HOSTINVITE_TEXT_BYTES], *at;
	struct errbuf e = {""};

	for (size_t i = 0; i < sizeof(v.seed); i++)
		v.seed[i] = (uint8_t)draw(256);
	insist(hostinvite_format(&v, token) == 0 && hostinvite_parse(token, &got, &e) == 0 &&
		   memcmp(&got, &v, sizeof(v)) == 0,
	    "a token has changed");
	at = token + draw(strlen(token) - 1);
	*at = *at == 'A' ? 'B' : 'A';
	if (draw(4) == 0)
		*at = '\0';
	insist(hostinvite_parse(token, &got, &e) != 0 && memcmp(&got, &zero, sizeof(zero)) == 0,
	    "a damaged token is taken");
}

int main(int argc, char **argv)
{
	uint64_t tried = 0;

	if (!fuzz_begin("fuzz_roster", argc, argv))
		return 1;
	for (; fuzz_goes_on(); tried++) {
		try_lists();
		roster_print(&one, text);
		try_text();
		try_token();
	}
	printf("%llu lists and tokens\n", (unsigned long long)tried);
	return 0;
}
