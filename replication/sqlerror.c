#include "replication/sqlerror.h"

/* clang-format off */
const struct sqlerror sqlerrors[] = {
	{ 5,    SQLERROR_AGAIN, "input/output error of the disk" },
	{ 12,   SQLERROR_AGAIN, "no memory" },
	{ 24,   SQLERROR_AGAIN, "too many open files" },
	{ 28,   SQLERROR_AGAIN, "no space on the disk" },
	{ 30,   SQLERROR_AGAIN, "the file system is read only" },
	{ 120,  SQLERROR_COPY,  "a row is not there (HA_ERR_KEY_NOT_FOUND)" },
	{ 121,  SQLERROR_COPY,  "a row is there already (HA_ERR_FOUND_DUPP_KEY)" },
	{ 126,  SQLERROR_COPY,  "damaged index (HA_ERR_WRONG_IN_RECORD)" },
	{ 127,  SQLERROR_COPY,  "damaged table (HA_ERR_WRONG_CRASHED)" },
	{ 128,  SQLERROR_AGAIN, "no memory (HA_ERR_OUT_OF_MEM)" },
	{ 135,  SQLERROR_AGAIN, "no room in the data file (HA_ERR_RECORD_FILE_FULL)" },
	{ 136,  SQLERROR_AGAIN, "no room in the index file (HA_ERR_INDEX_FILE_FULL)" },
	{ 146,  SQLERROR_AGAIN, "waited too long for a lock (HA_ERR_LOCK_WAIT_TIMEOUT)" },
	{ 147,  SQLERROR_AGAIN, "lock table full (HA_ERR_LOCK_TABLE_FULL)" },
	{ 149,  SQLERROR_AGAIN, "deadlock (HA_ERR_LOCK_DEADLOCK)" },
	{ 1021, SQLERROR_AGAIN, "disk full (ER_DISK_FULL)" },
	{ 1022, SQLERROR_COPY,  "a key is there already (ER_DUP_KEY)" },
	{ 1026, SQLERROR_AGAIN, "cannot write a file (ER_ERROR_ON_WRITE)" },
	{ 1032, SQLERROR_COPY,  "a row is not there (ER_KEY_NOT_FOUND)" },
	{ 1034, SQLERROR_COPY,  "damaged index (ER_NOT_KEYFILE)" },
	{ 1037, SQLERROR_AGAIN, "no memory (ER_OUTOFMEMORY)" },
	{ 1038, SQLERROR_AGAIN, "no memory to sort (ER_OUT_OF_SORTMEMORY)" },
	{ 1040, SQLERROR_AGAIN, "too many connections (ER_CON_COUNT_ERROR)" },
	{ 1041, SQLERROR_AGAIN, "no memory (ER_OUT_OF_RESOURCES)" },
	{ 1045, SQLERROR_AGAIN, "the active refuses the account (ER_ACCESS_DENIED_ERROR)" },
	{ 1049, SQLERROR_COPY,  "a database is not there (ER_BAD_DB_ERROR)" },
	{ 1050, SQLERROR_COPY,  "a table is there already (ER_TABLE_EXISTS_ERROR)" },
	{ 1051, SQLERROR_COPY,  "a table is not there (ER_BAD_TABLE_ERROR)" },
	{ 1053, SQLERROR_AGAIN, "the server was ending (ER_SERVER_SHUTDOWN)" },
	{ 1054, SQLERROR_COPY,  "a column is not there (ER_BAD_FIELD_ERROR)" },
	{ 1060, SQLERROR_COPY,  "a column is there already (ER_DUP_FIELDNAME)" },
	{ 1061, SQLERROR_COPY,  "an index is there already (ER_DUP_KEYNAME)" },
	{ 1062, SQLERROR_COPY,  "a row is there already (ER_DUP_ENTRY)" },
	{ 1091, SQLERROR_COPY,  "a column or index is not there (ER_CANT_DROP_FIELD_OR_KEY)" },
	{ 1114, SQLERROR_AGAIN, "no room for a table (ER_RECORD_FILE_FULL)" },
	{ 1135, SQLERROR_AGAIN, "cannot create a thread (ER_CANT_CREATE_THREAD)" },
	{ 1146, SQLERROR_COPY,  "a table is not there (ER_NO_SUCH_TABLE)" },
	{ 1158, SQLERROR_AGAIN, "the connection failed (ER_NET_READ_ERROR)" },
	{ 1159, SQLERROR_AGAIN, "the connection timed out (ER_NET_READ_INTERRUPTED)" },
	{ 1160, SQLERROR_AGAIN, "the connection failed (ER_NET_ERROR_ON_WRITE)" },
	{ 1161, SQLERROR_AGAIN, "the connection timed out (ER_NET_WRITE_INTERRUPTED)" },
	{ 1180, SQLERROR_AGAIN, "an error during COMMIT (ER_ERROR_DURING_COMMIT)" },
	{ 1194, SQLERROR_COPY,  "damaged table (ER_CRASHED_ON_USAGE)" },
	{ 1195, SQLERROR_COPY,  "damaged table (ER_CRASHED_ON_REPAIR)" },
	{ 1205, SQLERROR_AGAIN, "waited too long for a lock (ER_LOCK_WAIT_TIMEOUT)" },
	{ 1206, SQLERROR_AGAIN, "lock table full (ER_LOCK_TABLE_FULL)" },
	{ 1213, SQLERROR_AGAIN, "deadlock (ER_LOCK_DEADLOCK)" },
	{ 1236, SQLERROR_COPY,  "the active's log has not what comes next (ER_MASTER_FATAL_ERROR_READING_BINLOG)" },
	{ 1290, SQLERROR_AGAIN, "an option of the server forbids it (ER_OPTION_PREVENTS_STATEMENT)" },
	{ 1317, SQLERROR_AGAIN, "somebody ended it (ER_QUERY_INTERRUPTED)" },
	{ 1451, SQLERROR_COPY,  "a row is referred to (ER_ROW_IS_REFERENCED_2)" },
	{ 1452, SQLERROR_COPY,  "a row that is referred to is not there (ER_NO_REFERENCED_ROW_2)" },
	{ 1535, SQLERROR_COPY,  "a table is another one (ER_BINLOG_ROW_WRONG_TABLE_DEF)" },
	{ 1594, SQLERROR_AGAIN, "a relay log cannot be read (ER_SLAVE_RELAY_LOG_READ_FAILURE)" }, /* it is fetched anew */
	{ 1595, SQLERROR_AGAIN, "a relay log cannot be written (ER_SLAVE_RELAY_LOG_WRITE_FAILURE)" },
	{ 1610, SQLERROR_AGAIN, "a damaged event (ER_SLAVE_CORRUPT_EVENT)" }, /* it is fetched anew */
	{ 1677, SQLERROR_COPY,  "a column is another one (ER_SLAVE_CONVERSION_FAILED)" },
	{ 1712, SQLERROR_COPY,  "damaged index (ER_INDEX_CORRUPT)" },
	{ 1817, SQLERROR_COPY,  "damaged index (ER_INNODB_INDEX_CORRUPT)" },
	{ 1877, SQLERROR_COPY,  "damaged table (ER_TABLE_CORRUPT)" },
	{ 1878, SQLERROR_AGAIN, "cannot write a temporary file (ER_TEMP_FILE_WRITE_FAILURE)" },
	{ 1927, SQLERROR_AGAIN, "somebody ended it (ER_CONNECTION_KILLED)" },
	{ 1932, SQLERROR_COPY,  "a table is not there (ER_NO_SUCH_TABLE_IN_ENGINE)" },
	{ 1945, SQLERROR_COPY,  "the position is not in the active's log (ER_GTID_POSITION_NOT_FOUND_IN_BINLOG)" },
	{ 1947, SQLERROR_COPY,  "the position is behind the own log (ER_MASTER_GTID_POS_CONFLICTS_WITH_BINLOG)" },
	{ 1950, SQLERROR_COPY,  "another transaction has this number (ER_GTID_STRICT_OUT_OF_ORDER)" },
	{ 1955, SQLERROR_COPY,  "the position is not in the active's log (ER_GTID_POSITION_NOT_FOUND_IN_BINLOG2)" },
	{ 1969, SQLERROR_AGAIN, "took too long (ER_STATEMENT_TIMEOUT)" },
	/* As is_network_error() of sql/slave.cc has them, and TLS, which fails in connecting only. */
	{ 2002, SQLERROR_WAY,   "cannot connect (CR_CONNECTION_ERROR)" },
	{ 2003, SQLERROR_WAY,   "cannot connect (CR_CONN_HOST_ERROR)" },
	{ 2006, SQLERROR_WAY,   "the connection is gone (CR_SERVER_GONE_ERROR)" },
	{ 2013, SQLERROR_WAY,   "the connection was lost (CR_SERVER_LOST)" },
	{ 2026, SQLERROR_WAY,   "TLS failed (CR_SSL_CONNECTION_ERROR)" },
	{ 2055, SQLERROR_WAY,   "the connection was lost (CR_SERVER_LOST_EXTENDED)" },
};
/* clang-format on */
const size_t sqlerrors_count = sizeof(sqlerrors) / sizeof(sqlerrors[0]);

static const struct sqlerror *find(unsigned number)
{
	for (size_t i = 0; i < sqlerrors_count; i++)
		if (sqlerrors[i].number == number)
			return &sqlerrors[i];
	return NULL;
}

enum sqlerror_cure sqlerror_cure(unsigned number)
{
	const struct sqlerror *known = find(number);

	return known ? known->cure : SQLERROR_UNSURE;
}

const char *sqlerror_text(unsigned number)
{
	const struct sqlerror *known = find(number);

	return known ? known->text : NULL;
}
