-- Who looks whether the ledger adds up (holdfastctl verify), with no right but to read.

CREATE USER IF NOT EXISTS 'holdfast-verify'@localhost IDENTIFIED VIA unix_socket WITH MAX_USER_CONNECTIONS 2;
GRANT SELECT ON ledger_head TO 'holdfast-verify'@localhost;
GRANT SELECT ON cluster_epoch TO 'holdfast-verify'@localhost;
GRANT SELECT ON account TO 'holdfast-verify'@localhost;
GRANT SELECT ON journal TO 'holdfast-verify'@localhost;
GRANT SELECT ON payment TO 'holdfast-verify'@localhost;
GRANT SELECT ON withdrawal TO 'holdfast-verify'@localhost;

-- With it, ROLLBACK TO SAVEPOINT gives up the metadata locks of what was read, so that no change of a table waits for the end of a transaction
-- that reads for hours. Nothing that its session may do would be in the binary log. The right to set it by itself would be one to purge
-- binary logs, too. The definer is named: who makes a cluster's first data is nobody.
CREATE DEFINER='root'@localhost PROCEDURE IF NOT EXISTS verify_begins() SQL SECURITY DEFINER SET SESSION sql_log_bin=0;
GRANT EXECUTE ON PROCEDURE verify_begins TO 'holdfast-verify'@localhost;
