/* What jansson has read is gone when it is freed: passwords are among it, and freed memory ends up in whatever comes next. */
#ifndef HOLDFAST_GATEWAY_WIPE_H
#define HOLDFAST_GATEWAY_WIPE_H

/* From now on, for all of the process; before the first value is made. */
void wipe_json(void);

#endif
