-- Sessions that end without a row being written for each.

-- A session that began at sessions_from_us or before is over, but for session_kept: the one that set the password.
ALTER TABLE user
	ADD COLUMN IF NOT EXISTS sessions_from_us BIGINT UNSIGNED NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS session_kept BINARY(32) NULL,
	ALGORITHM=INSTANT;

-- sweep_us: when the row means nothing any more. NULL: never, a client's Idempotency-Key began it, and that key never executes again.
ALTER TABLE session ADD COLUMN IF NOT EXISTS sweep_us BIGINT UNSIGNED NULL, ALGORITHM=INSTANT;

ALTER TABLE session
	ADD KEY IF NOT EXISTS sweep (sweep_us),
	ADD KEY IF NOT EXISTS open (user, ended, expires_us),
	ALGORITHM=INPLACE, LOCK=NONE;
