-- Commits a change if its conditions hold, and returns whether they did. SQLSTATE 23505 or class 40
-- also means that a condition did not hold, because of a concurrent transaction.
CREATE FUNCTION latchkey.commit(
    -- The record of the expected store id; empty: any.
    store bytea,
    -- The lock ids of conflict groups: one change at a time per group.
    families bigint[],
    -- Conditions: keys that must have these values (NULL: must not exist).
    keys bytea[], vals bytea[],
    -- Conditions: pages, each the first `page_limit` rows in [from, til), that must have this digest.
    page_from bytea[], page_til bytea[], page_limit bigint[], page_digest bytea[],
    -- Writes: rows to insert or replace, rows to insert that must not exist, keys to remove.
    put_keys bytea[], put_vals bytea[],
    new_keys bytea[], new_vals bytea[],
    gone bytea[],
    -- Whether there are new denials, and the ids of users with new security events.
    denies boolean, accounts text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- If there are conditions, the reads that produced them already checked the store id.
    IF cardinality(keys) = 0 AND length(store) > 0 THEN
        IF NOT EXISTS (SELECT FROM latchkey.records WHERE key = 'mid' AND value = store) THEN
            RAISE EXCEPTION 'this is another store' USING ERRCODE = 'LK001';
        END IF;
    END IF;

    -- Most changes are small, so each step is skipped if it has nothing to do.
    IF cardinality(families) > 0 THEN
        PERFORM pg_advisory_xact_lock(family)
        FROM (SELECT DISTINCT unnest(families) AS family ORDER BY 1) AS sorted;
    END IF;

    IF cardinality(keys) > 0 THEN
        -- Lock in key order, so that deadlocks are rare. In a deadlock, PostgreSQL aborts one
        -- transaction with an error of class 40. Rows that are only read are locked in shared mode.
        PERFORM FROM latchkey.records WHERE key = ANY (keys) AND key = ANY (put_keys || gone)
        ORDER BY key FOR UPDATE;
        PERFORM FROM latchkey.records WHERE key = ANY (keys) AND NOT key = ANY (put_keys || gone)
        ORDER BY key FOR SHARE;
        IF EXISTS (
            SELECT FROM unnest(keys, vals) AS expected (key, value)
            LEFT JOIN latchkey.records AS found USING (key)
            WHERE found.value IS DISTINCT FROM expected.value
        ) THEN
            RETURN false;
        END IF;
    END IF;
    IF cardinality(page_from) > 0 AND EXISTS (
        SELECT FROM unnest(page_from, page_til, page_limit, page_digest)
            AS expected (first, til, most, digest)
        WHERE latchkey.page_digest(first, til, most) IS DISTINCT FROM expected.digest
    ) THEN
        RETURN false;
    END IF;

    IF cardinality(new_keys) > 0 THEN
        INSERT INTO latchkey.records (key, value, written_by)
        SELECT key, value, latchkey.writer_of(key)
        FROM unnest(new_keys, new_vals) AS new (key, value) ORDER BY key;
    END IF;
    IF cardinality(put_keys) > 0 THEN
        INSERT INTO latchkey.records (key, value, written_by)
        SELECT key, value, latchkey.writer_of(key)
        FROM unnest(put_keys, put_vals) AS put (key, value) ORDER BY key
        ON CONFLICT (key) DO UPDATE
        SET value = excluded.value, written_by = excluded.written_by;
    END IF;
    IF cardinality(gone) > 0 THEN
        DELETE FROM latchkey.records WHERE key = ANY (gone);
    END IF;

    -- Any notification makes servers query for new denials.
    IF cardinality(accounts) > 0 THEN
        PERFORM pg_notify('latchkey', account) FROM unnest(accounts) AS account;
    END IF;
    IF denies THEN
        PERFORM pg_notify('latchkey', '');
    END IF;
    RETURN true;
END
$$;

-- The id of the current transaction if the key is that of a denial ('d'), else NULL.
CREATE FUNCTION latchkey.writer_of(key bytea) RETURNS xid8 LANGUAGE sql AS $$
    SELECT CASE WHEN get_byte(key, 0) = 100 THEN pg_current_xact_id() END
$$;

-- The digest of a page. Conditions compare digests instead of rows.
CREATE FUNCTION latchkey.page_digest(first bytea, til bytea, most bigint)
RETURNS bytea LANGUAGE sql AS $$
    SELECT sha256(coalesce(string_agg(
        int4send(length(key)) || key || int4send(length(value)) || value, ''::bytea ORDER BY key
    ), ''::bytea))
    FROM (
        SELECT key, value FROM latchkey.records
        WHERE key >= first AND key < til
        ORDER BY key LIMIT most
    ) AS page
$$;
