-- The records of Latchkey. Keys and values are the same in every store. A value is JSON, or empty if
-- the record belongs to an index.
CREATE TABLE latchkey.records (
    key bytea PRIMARY KEY,
    value bytea NOT NULL,
    -- For denials: the id of the transaction that wrote the row last. Servers use it to find new
    -- denials.
    written_by xid8
) WITH (fillfactor = 85);

-- Updating a session's record changes no indexed column, so it updates no index (HOT update).
CREATE INDEX records_written_by ON latchkey.records (written_by) WHERE written_by IS NOT NULL;

-- Views for operators. The first byte of a key identifies the table.
CREATE VIEW latchkey.users AS
    SELECT convert_from(value, 'UTF8')::jsonb AS record
    FROM latchkey.records WHERE key >= '\x75' AND key < '\x76';
CREATE VIEW latchkey.sessions AS
    SELECT convert_from(value, 'UTF8')::jsonb AS record
    FROM latchkey.records WHERE key >= '\x73' AND key < '\x74';
CREATE VIEW latchkey.denials AS
    SELECT convert_from(value, 'UTF8')::jsonb AS record
    FROM latchkey.records WHERE key >= '\x64' AND key < '\x65';
