-- The keyspace of Latchkey: what the records mean, and which key names which, is the same in
-- every store. Values are JSON.
CREATE TABLE latchkey.records (
    key bytea PRIMARY KEY,
    value bytea NOT NULL,
    -- For denials: the transaction that wrote it last. Servers ask for what is new by it.
    written_by xid8
) WITH (fillfactor = 85);

-- Refreshes write neither of these columns, so their new rows stay out of all indexes.
CREATE INDEX records_written_by ON latchkey.records (written_by) WHERE written_by IS NOT NULL;

-- For people. The byte that keys begin with tells the kind.
CREATE VIEW latchkey.users AS
    SELECT convert_from(value, 'UTF8')::jsonb AS record
    FROM latchkey.records WHERE key >= '\x75' AND key < '\x76';
CREATE VIEW latchkey.sessions AS
    SELECT convert_from(value, 'UTF8')::jsonb AS record
    FROM latchkey.records WHERE key >= '\x73' AND key < '\x74';
CREATE VIEW latchkey.denials AS
    SELECT convert_from(value, 'UTF8')::jsonb AS record
    FROM latchkey.records WHERE key >= '\x64' AND key < '\x65';
