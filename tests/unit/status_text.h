/* What heartbeatd of a pair in SOLO tells. */
#ifndef HOLDFAST_TESTS_UNIT_STATUS_TEXT_H
#define HOLDFAST_TESTS_UNIT_STATUS_TEXT_H

static const char status_text[] =
    "{\"cluster\":\"pay\",\"epoch\":7,\"mode\":\"SOLO\",\"observed\":false,\"active\":\"a\",\"in_sync\":["
    "\"a\"],"
    "\"vip\":{\"address\":\"10.0.0.100/24\",\"holder\":\"a\"},\"nodes\":["
    "{\"name\":\"a\",\"kind\":\"gateway\",\"address\":\"10.0.0.1\",\"state\":\"active\",\"reachable\":true,"
    "\"gtid_binlog\":\"0-1-42\",\"gtid_applied\":null,\"lease_ms\":350,\"reason\":\"\"},"
    "{\"name\":\"b\",\"kind\":\"gateway\",\"address\":\"10.0.0.2\",\"state\":\"seeding\",\"reachable\":true,"
    "\"gtid_binlog\":null,\"backlog_ms\":0,\"reason\":\"12 of 100 MB\"}],"
    "\"last_transition\":{\"epoch\":7,\"from\":\"b\",\"to\":\"a\",\"reason\":\"lease-expired\",\"took_ms\":"
    "431,"
    "\"at\":\"2026-01-01T00:00:00.000Z\"},\"state\":\"seeding\",\"reason\":\"12 of 100 MB\"}";

#endif
