import type pg from 'pg';

/**
 * A watch on the database of a fleet, in the database itself: triggers hold every write of a stream's cursor, a
 * subscription's budget, a settled batch and a fold against who holds the lease for it at that moment. Each worker says who it is
 * by `application_name` in its database URL, which the product knows nothing of. The guard at the head of a write's
 * transaction holds the row of its lease, so what the trigger reads there cannot change until the write is in or undone.
 */
const WATCH = `
CREATE SCHEMA watch;
CREATE TABLE watch.stale (at timestamptz NOT NULL DEFAULT clock_timestamp(), piece text, writer text, holder text);
CREATE SEQUENCE watch.looked;
CREATE FUNCTION watch.look(piece text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  writer text := current_setting('application_name');
  holder text;
BEGIN
  SELECT w.name INTO holder FROM lease l JOIN worker w ON w.id = l.owner WHERE l.resource = piece;
  PERFORM nextval('watch.looked');
  IF holder IS DISTINCT FROM writer THEN INSERT INTO watch.stale (piece, writer, holder) VALUES (piece, writer, holder); END IF;
END $$;
CREATE FUNCTION watch.stream() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM watch.look('pull/' || NEW.subscription);
  RETURN NULL;
END $$;
CREATE FUNCTION watch.budget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM watch.look('pull/' || NEW.subscription);
  RETURN NULL;
END $$;
CREATE FUNCTION watch.delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM watch.look('deliver/' || OLD.sink || '/' || s.subscription)
    FROM batch b JOIN stream s ON s.id = b.stream WHERE b.id = OLD.batch;
  RETURN NULL;
END $$;
CREATE FUNCTION watch.space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM watch.look('deliver/#inventory/' || NEW.subscription);
  RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER UPDATE ON space FOR EACH ROW EXECUTE FUNCTION watch.space();
CREATE TRIGGER watch AFTER UPDATE ON stream FOR EACH ROW
  WHEN (NEW.seq <> OLD.seq OR NEW.checkpoint <> OLD.checkpoint OR NEW.fence <> OLD.fence) EXECUTE FUNCTION watch.stream();
CREATE TRIGGER watch AFTER INSERT OR UPDATE ON budget FOR EACH ROW EXECUTE FUNCTION watch.budget();
CREATE TRIGGER watch AFTER DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION watch.delivery();
CREATE TRIGGER watch_retry AFTER UPDATE ON delivery FOR EACH ROW
  WHEN (NEW.attempts > OLD.attempts) EXECUTE FUNCTION watch.delivery();
`;

/** Begins to watch a database whose schema is there. */
export const beginWatch = async (client: pg.Client): Promise<void> => void (await client.query(WATCH));

export interface Watched {
  /** Writes that were looked at. */
  readonly looked: number;
  /** Those by somebody who did not hold the lease. */
  readonly stale: readonly string[];
}

export async function readWatch(client: pg.Client): Promise<Watched> {
  const { rows } = await client.query<{ n: string }>('SELECT last_value AS n FROM watch.looked');
  const stale = await client.query<{ line: string }>(
    `SELECT at || ' ' || piece || ' by ' || coalesce(writer, '?') || ', held by ' || coalesce(holder, 'nobody') AS line FROM watch.stale`,
  );
  return { looked: Number(rows[0]!.n), stale: stale.rows.map(({ line }) => line) };
}
