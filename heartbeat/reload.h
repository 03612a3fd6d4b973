/* SIGHUP: the configuration is read again, and what is wrong changes nothing. */
#ifndef HOLDFAST_HEARTBEAT_RELOAD_H
#define HOLDFAST_HEARTBEAT_RELOAD_H

#include <stdbool.h>

#include "heartbeat/conf.h"

/*
 * Reads path again for this one reader (enum conf_reader), which runs with *running. False: it is wrong; each error is logged as conf.refuse,
 * and nothing is to be changed. True: *now is what it says; each key of the reader's that differs is logged, as conf.apply when it holds at
 * once, which is the caller's to do, and as conf.restart when the reader has to be started again for it, which the caller does not copy into
 * *running, so that it is said again. Nothing differs: conf.same. Reads a file: not for whom no disk may hold up.
 */
bool reload_read(const char *path, const struct conf *running, unsigned reader, struct conf *now);

#endif
