/* A machine with which nothing is wrong, and one thing each that can be: what the doctor sees, for its test. */
#ifndef HOLDFAST_TESTS_UNIT_A_MACHINE_H
#define HOLDFAST_TESTS_UNIT_A_MACHINE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/doctor.h"
#include "heartbeat/wire.h"

#define SET(field, text) ((void)snprintf((field), sizeof(field), "%s", (text)))

static const struct conf gateway = {
    .kind = CONF_KIND_GATEWAY, .name = "a", .address = "10.0.0.1", .interface = "eth0", .vip = "10.0.0.9/24"};

static const struct conf worker_host = {.kind = CONF_KIND_WORKER, .name = "w1", .address = "10.0.0.7"};

/* A machine with which nothing is wrong. */
static struct doctor_facts well(void)
{
	struct doctor_facts f = {
	    .clock = DOCTOR_CLOCK_SYNCED,
	    .mtu_bytes = 1500,
	    .active = "b",
	    .vip = DOCTOR_VIP_ACTIVE,
	    .member = {{"b", "10.0.0.2", true, "", 0}, {"w", "10.0.0.3", true, "", 0}},
	    .members = 2,
	    .peer = "b",
	    .peer_tells = true,
	    .port = {{"b", "10.0.0.2", 3306, 0}},
	    .ports = 1,
	    .unit = {{"haproxy.service", true, true, true}, {"mariadb.service", false, false, false},
		{"mariadb.socket", false, false, false}},
	    .units = 3,
	    .capabilities = UINT64_C(0x1fffeffffff),
	    .capabilities_known = true,
	    .sync_us = 400,
	    .free_mb = 50000,
	    .free_percent = 60,
	};

	return f;
}

static void conf_is_wrong(struct doctor_facts *f)
{
	SET(f->conf_wrong, "holdfast.conf:3: unknown key\n");
}
static void two_hosts(struct doctor_facts *f)
{
	SET(f->host[0].name, "w1");
	SET(f->host[1].name, "w2");
	SET(f->host[1].address, "10.0.0.22");
	SET(f->host[0].state, "up");
	SET(f->host[1].state, "up");
	f->hosts = 2;
}
static void a_host_down(struct doctor_facts *f)
{
	two_hosts(f);
	SET(f->host[1].state, "not ready");
}
static void a_host_with_a_members_name(struct doctor_facts *f)
{
	two_hosts(f);
	SET(f->host[1].name_of, "gateway at 10.0.0.2");
}
static void a_host_pending(struct doctor_facts *f)
{
	f->hosts_pending = true;
}
static void may_not_have_addresses(struct doctor_facts *f)
{
	f->capabilities &= ~(UINT64_C(1) << 12);
}
static void may_not_be_first(struct doctor_facts *f)
{
	f->capabilities &= ~(UINT64_C(1) << 23);
}
static void may_what_is_not_known(struct doctor_facts *f)
{
	f->capabilities_known = false;
	f->capabilities = 0;
}
static void clock_runs_free(struct doctor_facts *f)
{
	f->clock = DOCTOR_CLOCK_FREE;
}
static void clock_is_mute(struct doctor_facts *f)
{
	f->clock = DOCTOR_CLOCK_UNKNOWN;
}
static void wrong_interface(struct doctor_facts *f)
{
	SET(f->network, "--address 10.0.0.1 is on eth1");
}
static void small_mtu(struct doctor_facts *f)
{
	f->mtu_bytes = 1279;
}
static void least_mtu(struct doctor_facts *f)
{
	f->mtu_bytes = 1280;
}
static void no_mtu(struct doctor_facts *f)
{
	f->mtu_bytes = 0;
}
static void no_heartbeatd(struct doctor_facts *f)
{
	SET(f->no_answer, "connection refused");
}
static void not_well(struct doctor_facts *f)
{
	SET(f->own, "its database does not answer");
}
static void given_up(struct doctor_facts *f)
{
	SET(f->own, "given up");
	f->outside = true;
}
static void one_silent(struct doctor_facts *f)
{
	f->member[1].heard = false;
}
static void port_dropped(struct doctor_facts *f)
{
	f->port[0].code = -ETIMEDOUT;
}
static void port_refused(struct doctor_facts *f)
{
	f->port[0].code = -ECONNREFUSED;
}
static void no_route(struct doctor_facts *f)
{
	f->port[0].code = -EHOSTUNREACH;
}
static void no_ports(struct doctor_facts *f)
{
	f->ports = 0;
}
static void other_channels(struct doctor_facts *f)
{
	f->unlike[0] = (struct settings_unlike){"gateway", "channels", "bank card", "bank"};
	f->unlikes = 1;
}
static void settings_not_told(struct doctor_facts *f)
{
	f->peer_tells = false;
}
static void no_peer(struct doctor_facts *f)
{
	settings_not_told(f);
	f->peer[0] = '\0';
}
static void vip_unanswered(struct doctor_facts *f)
{
	f->vip = DOCTOR_VIP_NOBODY;
}
static void nobody_serves(struct doctor_facts *f)
{
	vip_unanswered(f), f->active[0] = '\0';
}
static void vip_mute(struct doctor_facts *f)
{
	f->vip = DOCTOR_VIP_UNKNOWN;
}
static void vip_taken(struct doctor_facts *f)
{
	f->vip = DOCTOR_VIP_STRANGER, SET(f->stranger, "02:00:00:00:00:07");
}
static void other_lease(struct doctor_facts *f)
{
	f->member[1].lease_ms = 300;
}
static void unit_dead(struct doctor_facts *f)
{
	f->unit[0].active = false;
}
static void unit_disabled(struct doctor_facts *f)
{
	f->unit[0].enabled = false;
}
static void mariadb_enabled(struct doctor_facts *f)
{
	f->unit[1].enabled = true;
}
static void socket_listens(struct doctor_facts *f)
{
	f->unit[2].active = true;
}
static void no_units(struct doctor_facts *f)
{
	f->units = 0;
}
static void open_key(struct doctor_facts *f)
{
	SET(f->file[0].path, "/etc/holdfast/cluster.key");
	SET(f->file[0].what, "a secret that others may read");
	f->files = 1;
}
static void refused(struct doctor_facts *f)
{
	SET(f->refusal[0].name, "HAProxy");
	SET(f->refusal[0].words, "unknown keyword 'x'");
	f->refusals = 1;
}
static void put_certificate(struct doctor_facts *f, int64_t left_s)
{
	f->certificate[0].path = "/etc/holdfast/pki/edge.pem";
	f->certificate[0].left_s = left_s;
	f->certificates = 1;
}
static void certificate_ends(struct doctor_facts *f)
{
	put_certificate(f, 21 * 86400 - 1);
}
static void certificate_stays(struct doctor_facts *f)
{
	put_certificate(f, 21 * 86400);
}
static void certificate_ended(struct doctor_facts *f)
{
	put_certificate(f, 0);
}
static void certificate_unread(struct doctor_facts *f)
{
	put_certificate(f, 0);
	SET(f->certificate[0].unread, "edge.pem: no certificate in PEM");
}
static void on_tmpfs(struct doctor_facts *f)
{
	SET(f->forgetful, "tmpfs");
}
static void no_sync(struct doctor_facts *f)
{
	f->sync_us = 0;
}
static void slow_sync(struct doctor_facts *f)
{
	f->sync_us = 20001;
}
static void disk_full(struct doctor_facts *f)
{
	f->free_percent = 9;
}
static void disk_small(struct doctor_facts *f)
{
	f->free_mb = 1023;
}
static void room_unknown(struct doctor_facts *f)
{
	f->free_percent = 101;
}

#endif
