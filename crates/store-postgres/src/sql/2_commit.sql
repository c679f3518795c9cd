-- Makes a change if its conditions hold, and says whether it did. An error of class 23505 or 40
-- means that they did not hold either: another transaction was faster.
CREATE FUNCTION latchkey.commit(
    -- The id that the store must have; empty: any.
    store bytea,
    -- Groups of keys that are read as a whole: one change at a time for each.
    families bigint[],
    -- Keys that must have these values (NULL: must not be there).
    keys bytea[], vals bytea[],
    -- Pages that must read as they did: [from, til), so many rows, the digest of them.
    page_from bytea[], page_til bytea[], page_limit bigint[], page_digest bytea[],
    -- What to write, what to add where nothing may be, what to remove.
    put_keys bytea[], put_vals bytea[],
    new_keys bytea[], new_vals bytea[],
    gone bytea[],
    -- Whether denials are among it, and the accounts that something happened to.
    denies boolean, accounts text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever read something before was told by that.
    IF cardinality(keys) = 0 AND length(store) > 0 THEN
        IF NOT EXISTS (SELECT FROM latchkey.records WHERE key = 'mid' AND value = store) THEN
            RAISE EXCEPTION 'this is another store' USING ERRCODE = 'LK001';
        END IF;
    END IF;

    -- Most changes are small: what there is nothing for is not asked.
    IF cardinality(families) > 0 THEN
        PERFORM pg_advisory_xact_lock(family)
        FROM (SELECT DISTINCT unnest(families) AS family ORDER BY 1) AS sorted;
    END IF;

    IF cardinality(keys) > 0 THEN
        -- Always in the order of the keys, so that two changes never wait for each other. What is
        -- only read may be read by others at the same time.
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

    -- Servers look for new denials when they hear something.
    IF cardinality(accounts) > 0 THEN
        PERFORM pg_notify('latchkey', account) FROM unnest(accounts) AS account;
    END IF;
    IF denies THEN
        PERFORM pg_notify('latchkey', '');
    END IF;
    RETURN true;
END
$$;

-- This transaction, if the key is a denial's ('d').
CREATE FUNCTION latchkey.writer_of(key bytea) RETURNS xid8 LANGUAGE sql AS $$
    SELECT CASE WHEN get_byte(key, 0) = 100 THEN pg_current_xact_id() END
$$;

-- The rows of a page, digested: they need not be sent back to be compared.
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
