-- Events, fees, reversals, holds and withdrawals.

-- next_event: the number the next event gets.
ALTER TABLE ledger_head ADD COLUMN IF NOT EXISTS next_event BIGINT UNSIGNED NOT NULL DEFAULT 1, ALGORITHM=INSTANT;

-- subject: what the path named (the payment of a capture), where public_id is what was created.
-- A movement is `amount` from debit to credit and then, of a capture, `fee` from credit on to fee_account. credit_after is the
-- balance between the two, so the one after the fee is credit_after - fee. Columns, and not a table of entries: a movement never
-- has more legs than these, and one row an operation is what the throughput lives on. The entries of an account are three range
-- scans, by (debit, seq), (credit, seq) and (fee_account, seq).
-- reverses: the transfer that this one took back, once. event (gateway/event.h) and event_seq, without gaps: what the world is
-- told; its data is the body. Identifiers begin with the time: a range of times is a range of public_id, here and below.
-- No CHECK on these: MariaDB adds one to a table that is there only by copying it.
-- principal 0 is the ledger itself: a hold that expired, with the payment's id for a key, so that none expires twice.
ALTER TABLE journal
	ADD COLUMN IF NOT EXISTS subject BINARY(16) NULL,
	ADD COLUMN IF NOT EXISTS reverses BINARY(16) NULL,
	ADD COLUMN IF NOT EXISTS fee_account BINARY(16) NULL,
	ADD COLUMN IF NOT EXISTS fee BIGINT NULL,
	ADD COLUMN IF NOT EXISTS fee_after BIGINT NULL,
	ADD COLUMN IF NOT EXISTS event TINYINT UNSIGNED NULL,
	ADD COLUMN IF NOT EXISTS event_seq BIGINT UNSIGNED NULL,
	ALGORITHM=INSTANT;

ALTER TABLE journal
	ADD UNIQUE KEY IF NOT EXISTS reversed_once (reverses),
	ADD UNIQUE KEY IF NOT EXISTS event_seq (event_seq),
	ADD KEY IF NOT EXISTS fee_account (fee_account, seq),
	ADD KEY IF NOT EXISTS subject (subject, seq),
	ADD KEY IF NOT EXISTS reference (reference, seq),
	ALGORITHM=INPLACE, LOCK=NONE;

ALTER TABLE account ADD KEY IF NOT EXISTS owner (owner), ALGORITHM=INPLACE, LOCK=NONE;

-- status (enum payment_status) is for lists: it follows from hold (enum hold_state) and the amounts. fee: what was taken so far.
-- expires_us is NULL for a payment that was captured at once. `due` is what the expiry of holds walks.
CREATE TABLE IF NOT EXISTS payment (
	id BINARY(16) NOT NULL PRIMARY KEY,
	payer BINARY(16) NOT NULL,
	payee BINARY(16) NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	status TINYINT UNSIGNED NOT NULL,
	hold TINYINT UNSIGNED NOT NULL,
	authorized BIGINT NOT NULL,
	captured BIGINT NOT NULL,
	refunded BIGINT NOT NULL,
	voided BIGINT NOT NULL,
	fee BIGINT NOT NULL,
	fee_bps INT UNSIGNED NULL,
	fee_fixed BIGINT NULL,
	last_seq BIGINT UNSIGNED NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	expires_us BIGINT UNSIGNED NULL,
	reference VARBINARY(256) NULL,
	metadata MEDIUMBLOB NOT NULL,
	KEY due (hold, expires_us),
	KEY payer (payer, id),
	KEY payee (payee, id),
	KEY status (status, id),
	KEY reference (reference, id),
	CONSTRAINT within_authorized CHECK (captured >= 0 AND voided >= 0 AND captured + voided <= authorized),
	CONSTRAINT within_captured CHECK (refunded >= 0 AND refunded <= captured AND fee >= 0 AND fee <= captured)
) ENGINE=InnoDB;

GRANT INSERT, UPDATE ON payment TO 'holdfast-ledger'@localhost;

-- status: enum withdrawal_status. destination: as the client named it, opaque.
CREATE TABLE IF NOT EXISTS withdrawal (
	id BINARY(16) NOT NULL PRIMARY KEY,
	account BINARY(16) NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	channel VARBINARY(32) NOT NULL,
	status TINYINT UNSIGNED NOT NULL,
	amount BIGINT NOT NULL,
	last_seq BIGINT UNSIGNED NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	destination VARBINARY(512) NOT NULL,
	KEY account (account, id),
	KEY status (status, id),
	CONSTRAINT withdrawal_positive CHECK (amount > 0)
) ENGINE=InnoDB;

GRANT INSERT, UPDATE ON withdrawal TO 'holdfast-ledger'@localhost;
