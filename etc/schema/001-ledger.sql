-- The ledger's schema. One writer (holdfast-ledgerd); every transaction begins with the UPDATE of ledger_head (R12).
-- The CHECK and UNIQUE constraints are the second line of defence: the ledger decides before they could object.
-- Deterministic and keyed throughout, for row-based replication by GTID.
-- What the ledger cannot work without is in the first files, made with the tables or added in no time (INSTANT); indexes of tables that
-- are there already are built by files after those (gateway/store.h, STORE_SCHEMA_VERSION): the ledger does not wait for them.

-- opened_server, opened_seq: the last transaction before that epoch, of the log of whoever opened it. Two histories are compared by these
-- rows (replication/lineage.h).
CREATE TABLE IF NOT EXISTS cluster_epoch (
	epoch BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	node VARCHAR(64) NOT NULL,
	reason VARCHAR(120) NOT NULL DEFAULT '',
	opened_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
	opened_server INT UNSIGNED NOT NULL DEFAULT 0,
	opened_seq BIGINT UNSIGNED NOT NULL DEFAULT 0
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- next_seq: the journal position the next outcome gets; next_event: the number the next event gets. last_us: ledger time, never goes
-- back (Unix microseconds).
CREATE TABLE IF NOT EXISTS ledger_head (
	id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
	epoch BIGINT UNSIGNED NOT NULL,
	batch_seq BIGINT UNSIGNED NOT NULL,
	next_seq BIGINT UNSIGNED NOT NULL,
	last_us BIGINT UNSIGNED NOT NULL,
	next_event BIGINT UNSIGNED NOT NULL DEFAULT 1,
	CONSTRAINT one_head CHECK (id = 1)
) ENGINE=InnoDB;

INSERT IGNORE INTO ledger_head (id, epoch, batch_seq, next_seq, last_us) VALUES (1, 0, 0, 1, 0);

-- kind: 1 wallet 2 merchant 3 clearing 4 fee 5 suspense. status: 0 open 1 frozen 2 closed.
-- posted = credits - debits for every kind, so that the sum over a currency is always 0.
CREATE TABLE IF NOT EXISTS account (
	id BINARY(16) NOT NULL PRIMARY KEY,
	kind TINYINT UNSIGNED NOT NULL,
	status TINYINT UNSIGNED NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	owner BINARY(16) NULL,
	channel VARBINARY(32) NULL,
	posted BIGINT NOT NULL,
	pending_in BIGINT NOT NULL,
	pending_out BIGINT NOT NULL,
	min_balance BIGINT NULL,
	max_balance BIGINT NULL,
	last_seq BIGINT UNSIGNED NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	metadata MEDIUMBLOB NOT NULL,
	UNIQUE KEY clearing (channel, currency),
	KEY owner (owner),
	CONSTRAINT pending CHECK (pending_in >= 0 AND pending_out >= 0),
	CONSTRAINT above_min CHECK (min_balance IS NULL OR posted - pending_out >= min_balance),
	CONSTRAINT below_max CHECK (max_balance IS NULL OR posted + pending_in <= max_balance)
) ENGINE=InnoDB;

-- One row an operation: entry, idempotency record and event at once. kind: enum op_kind (gateway/op.h).
-- public_id and the money columns are those of what was created; a refusal has none. replay_of: the top-up that this
-- one, sent again under another key, turned out to be.
-- subject: what the path named (the payment of a capture), where public_id is what was created.
-- A movement is `amount` from debit to credit and then, of a capture, `fee` from credit on to fee_account. credit_after is the
-- balance between the two, so the one after the fee is credit_after - fee. Columns, and not a table of entries: a movement never
-- has more legs than these, and one row an operation is what the throughput lives on. The entries of an account are three range
-- scans, by (debit, seq), (credit, seq) and (fee_account, seq).
-- reverses: the transfer that this one took back, once. event (gateway/event.h) and event_seq, without gaps: what the world is
-- told; its data is the body. Identifiers begin with the time: a range of times is a range of public_id, here and below.
-- principal 0 is the ledger itself: a hold that expired, with the payment's id for a key, so that none expires twice.
CREATE TABLE IF NOT EXISTS journal (
	seq BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	public_id BINARY(16) NULL UNIQUE,
	principal BIGINT UNSIGNED NOT NULL,
	key_hash BINARY(32) NOT NULL,
	fingerprint BINARY(32) NOT NULL,
	batch_seq BIGINT UNSIGNED NOT NULL,
	kind TINYINT UNSIGNED NOT NULL,
	status SMALLINT UNSIGNED NOT NULL,
	replay_of BIGINT UNSIGNED NULL,
	debit BINARY(16) NULL,
	credit BINARY(16) NULL,
	amount BIGINT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NULL,
	debit_after BIGINT NULL,
	credit_after BIGINT NULL,
	channel VARBINARY(32) NULL,
	channel_reference VARBINARY(256) NULL,
	reference VARBINARY(256) NULL,
	body MEDIUMBLOB NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	subject BINARY(16) NULL,
	reverses BINARY(16) NULL,
	fee_account BINARY(16) NULL,
	fee BIGINT NULL,
	fee_after BIGINT NULL,
	event TINYINT UNSIGNED NULL,
	event_seq BIGINT UNSIGNED NULL,
	UNIQUE KEY idempotency (key_hash, principal),
	UNIQUE KEY channel_once (channel, channel_reference),
	UNIQUE KEY reversed_once (reverses),
	UNIQUE KEY event_seq (event_seq),
	KEY debit (debit, seq),
	KEY credit (credit, seq),
	KEY fee_account (fee_account, seq),
	KEY subject (subject, seq),
	KEY reference (reference, seq),
	CONSTRAINT amount_positive CHECK (amount IS NULL OR amount > 0),
	CONSTRAINT two_sides CHECK ((debit IS NULL) = (credit IS NULL) AND (debit IS NULL OR debit <> credit))
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS api_key (
	id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	name VARBINARY(64) NOT NULL UNIQUE,
	secret_hash BINARY(32) NOT NULL UNIQUE,
	scopes INT UNSIGNED NOT NULL,
	revoked TINYINT UNSIGNED NOT NULL DEFAULT 0,
	created_us BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB;

-- The ledger's account: it reads everything, and writes what it has to. Nobody changes the journal. The first GRANT makes the REVOKE
-- succeed in any database: those of before there were rights by table had that.
CREATE USER IF NOT EXISTS 'holdfast-ledger'@localhost IDENTIFIED VIA unix_socket WITH MAX_USER_CONNECTIONS 64;
GRANT UPDATE ON ledger_head TO 'holdfast-ledger'@localhost;
GRANT INSERT, UPDATE ON account TO 'holdfast-ledger'@localhost;
GRANT INSERT ON journal TO 'holdfast-ledger'@localhost;
GRANT INSERT, UPDATE ON api_key TO 'holdfast-ledger'@localhost;
GRANT SELECT, INSERT, UPDATE ON holdfast.* TO 'holdfast-ledger'@localhost;
REVOKE INSERT, UPDATE ON holdfast.* FROM 'holdfast-ledger'@localhost;
