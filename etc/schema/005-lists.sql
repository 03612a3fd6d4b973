-- The ways into lists: an index in their order for each filter. The ledger is open meanwhile; a list whose index is not there yet is
-- answered 503.

-- All of one kind (gateway/op.h), newest first: appended to at as many places as there are kinds.
ALTER TABLE journal ADD KEY IF NOT EXISTS kind (kind, seq), ALGORITHM=INPLACE, LOCK=NONE;

ALTER TABLE account ADD KEY IF NOT EXISTS status (status, id), ALGORITHM=INPLACE, LOCK=NONE;
