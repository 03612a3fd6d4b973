/*
 * Every time-out that decides whether a node can do its work: one table (doc/failures.md repeats it). Daemons without real-time
 * priority get seconds, because a busy machine is not a broken one; only a sign that cannot be mistaken, such as a process
 * that is gone, counts sooner.
 */
#ifndef HOLDFAST_HEARTBEAT_FITNESS_H
#define HOLDFAST_HEARTBEAT_FITNESS_H

#define FIT_REPORT_US 2000000	    /* replicationd or ledgerd says nothing */
#define FIT_LOOK_US 2000000	    /* mariadbd does not answer replicationd */
#define FIT_COMMIT_US 2000000	    /* a COMMIT does not return and waits for nobody: the disk */
#define FIT_STATEMENT_US 3000000    /* any other statement of the ledger does not return */
#define FIT_OPEN_US 2000000	    /* the ledger cannot open the database that is open for it */
#define FIT_REGISTER_US 2000000	    /* a write of the register does not end, or fails again and again */
#define FIT_REGISTER_SLOW_US 500000 /* it takes so long that rounds of others wait for it */
#define FIT_ROUND_US 2000000	    /* nobody answers a round that payments wait for, though they grant us the lease */
#define FIT_EDGE_GONE_US 1000000    /* HAProxy refuses connections: nobody is there */
#define FIT_EDGE_MUTE_US 2000000    /* HAProxy takes connections and answers nothing */
#define FIT_ADDRESS_US 2000000	    /* it serves without the address, and has asked for it */
#define FIT_ADDRESS_DEAF_US 1000000 /* keepalived does not listen, so that the address would not come */
#define FIT_OPENING_US 10000000	    /* an opening that does not end, while another whole copy waits */

/* mariadbd has answered in this life and does not any more: replicationd kills it, and starts it again if that is wanted. */
#define FIT_HUNG_US 10000000

/* What dies so often within this time is not fit before it has lived for a while. */
#define FIT_DEATHS 4
#define FIT_DEATHS_US 15000000
#define FIT_ALIVE_US 5000000

/* An address that did not come though keepalived listens, as without a link: nobody hands over to that one for so long; doubled
 * each time that it did not come again, so often at most. */
#define FIT_ADDRESS_AGAIN_US 30000000
#define FIT_ADDRESS_DOUBLED 3

/* How often that which is idle is tried, so that it is not taken for that which is stuck. */
#define FIT_COMMIT_TRY_US 500000
#define FIT_REGISTER_TRY_US 1000000
#define FIT_EDGE_TRY_US 250000

#endif
