-- Users, their sessions, and failed logins. One row of the journal says that a user came into being or changed; sessions and failures
-- have none, and are written in the ledger's transactions all the same.

-- principal: who has an Idempotency-Key; login_key: the login without case. password: struct password_record (gateway/password.h).
CREATE TABLE IF NOT EXISTS user (
	id BINARY(16) NOT NULL PRIMARY KEY,
	principal BIGINT UNSIGNED NOT NULL UNIQUE,
	login_key VARBINARY(64) NOT NULL UNIQUE,
	login VARBINARY(64) NOT NULL,
	display_name VARBINARY(400) NOT NULL,
	password VARBINARY(64) NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB;

-- sweep_us: when the row means nothing any more. NULL: never, a client's Idempotency-Key began it, and that key never executes again.
CREATE TABLE IF NOT EXISTS session (
	token_hash BINARY(32) NOT NULL PRIMARY KEY,
	user BINARY(16) NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	expires_us BIGINT UNSIGNED NOT NULL,
	ended TINYINT UNSIGNED NOT NULL DEFAULT 0,
	sweep_us BIGINT UNSIGNED NULL,
	KEY user (user, expires_us),
	KEY expires (expires_us),
	KEY sweep (sweep_us),
	KEY open (user, ended, expires_us)
) ENGINE=InnoDB;

-- subject: hash of a login or of an address. t1 to t5: the last failures, oldest first, Unix microseconds, 0 none.
CREATE TABLE IF NOT EXISTS login_failure (
	subject BINARY(32) NOT NULL PRIMARY KEY,
	t1 BIGINT UNSIGNED NOT NULL,
	t2 BIGINT UNSIGNED NOT NULL,
	t3 BIGINT UNSIGNED NOT NULL,
	t4 BIGINT UNSIGNED NOT NULL,
	t5 BIGINT UNSIGNED NOT NULL,
	KEY newest (t5)
) ENGINE=InnoDB;

GRANT INSERT, UPDATE ON user TO 'holdfast-ledger'@localhost;
GRANT INSERT, UPDATE, DELETE ON session TO 'holdfast-ledger'@localhost;
GRANT INSERT, UPDATE, DELETE ON login_failure TO 'holdfast-ledger'@localhost;
