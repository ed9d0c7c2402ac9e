//! The table, made on first use, and the statements that are ever put to it. Each is one transaction, and each can be put a second
//! time without harm: an answer that was lost on the way is asked for again.

use super::SharedError;
use tokio_postgres::Client;

/// The version of the table that is written here.
const VERSION: u32 = 1;
/// What stands before it in the table's comment.
const COMMENT: &str = "espprov ledger, version ";

/// The lock's number: any that nobody else's locks have; "espprov" in letters.
const MAKE: &str = "\
SELECT pg_advisory_xact_lock(28555899407855478);
CREATE TABLE IF NOT EXISTS espprov_ledger (
  key text PRIMARY KEY,
  target text NOT NULL,
  state text NOT NULL CHECK (state IN ('taken', 'ok', 'failed')),
  outcome text,
  ip inet,
  error text,
  ms bigint,
  station text NOT NULL,
  attempts integer NOT NULL,
  look_first boolean NOT NULL,
  lease text NOT NULL,
  lease_until timestamptz NOT NULL,
  attempted_at timestamptz NOT NULL,
  ended_at timestamptz);
COMMENT ON TABLE espprov_ledger IS 'espprov ledger, version 1'";

/// A new connection. That a commit may be lost in a crash of the server is no setting for a ledger.
pub(super) const BEGIN: &str = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// A name for this run, and when it began: microseconds, as a time in words would be in the manner of one connection.
pub(super) const RUN: &str =
    "SELECT gen_random_uuid()::text, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";

/// What is known of these devices.
pub(super) const STATES: &str = "SELECT key, state, outcome FROM espprov_ledger WHERE key = ANY($1)";

/// Takes a device, if nobody has it: key, target, station, lease, its milliseconds, up to when failures are tried again (or none are).
///
/// The lease that is asked for may be there already, by an answer that was lost: then it is as it was.
pub(super) const TAKE: &str = "\
INSERT INTO espprov_ledger AS l (key, target, station, lease, lease_until, state, look_first, attempts, attempted_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond', 'taken', false, 1, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET
  target = $2, station = $3, lease = $4, lease_until = clock_timestamp() + $5 * interval '1 millisecond',
  look_first = CASE WHEN l.lease = $4 THEN l.look_first ELSE l.state = 'taken' OR l.outcome = 'unconfirmed' END,
  attempts = CASE WHEN l.lease = $4 THEN l.attempts ELSE l.attempts + 1 END,
  state = 'taken', outcome = NULL, ip = NULL, error = NULL, ms = NULL, attempted_at = clock_timestamp(), ended_at = NULL
WHERE (l.state = 'taken' AND (l.lease = $4 OR l.lease_until < clock_timestamp()))
   OR (l.state = 'failed' AND CAST(extract(epoch FROM l.ended_at) * 1000000 AS bigint) <= $6)
RETURNING look_first";

/// Why it was not to be had.
pub(super) const HOLDER: &str = "SELECT state, outcome, station FROM espprov_ledger WHERE key = $1";

/// A lease goes on: key, lease, its milliseconds.
pub(super) const RENEW: &str = "\
UPDATE espprov_ledger SET lease_until = clock_timestamp() + $3 * interval '1 millisecond'
WHERE key = $1 AND lease = $2 AND state = 'taken'";

/// Leases end at once: keys, leases.
pub(super) const GIVE_BACK: &str = "\
UPDATE espprov_ledger SET lease_until = clock_timestamp() - interval '1 millisecond'
WHERE key = ANY($1) AND lease = ANY($2) AND state = 'taken'";

/// What came of it: key, lease, state, outcome, address, error, milliseconds. Nobody's lease but the holder's.
pub(super) const FINISH: &str = "\
UPDATE espprov_ledger SET state = $3, outcome = $4, ip = CAST($5 AS inet), error = $6, ms = $7,
  ended_at = COALESCE(ended_at, clock_timestamp())
WHERE key = $1 AND lease = $2";

/// The version of the table that is there; makes one where there is none.
pub(super) async fn prepare(client: &Client) -> Result<(), SharedError> {
    if version(client).await? {
        return Ok(());
    }
    // Statements that are sent together are one transaction. Of several stations one makes the table, and the others wait for it
    // or, if they may not make any, find it.
    let made = client.batch_execute(MAKE).await;
    if version(client).await? {
        return Ok(());
    }
    made.map_err(SharedError::from)?;
    Err(SharedError::NotALedger)
}

/// Is there a table that this program knows?
async fn version(client: &Client) -> Result<bool, SharedError> {
    let sql = "SELECT to_regclass('espprov_ledger') IS NOT NULL, obj_description(to_regclass('espprov_ledger'), 'pg_class')";
    let row = client.query_typed_one(sql, &[]).await?;
    if !row.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    match row.try_get::<_, Option<&str>>(1)?.and_then(number) {
        Some(VERSION) => Ok(true),
        Some(other) => Err(SharedError::OtherVersion(other)),
        None => Err(SharedError::NotALedger),
    }
}

fn number(comment: &str) -> Option<u32> {
    comment.strip_prefix(COMMENT)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_is_made_is_of_the_version_that_is_known() {
        let (_, comment) = MAKE.rsplit_once(" IS ").unwrap();
        assert_eq!(number(comment.trim_matches('\'')), Some(VERSION));
        for other in [
            "",
            "espprov ledger, version ",
            "somebody's",
            "espprov ledger, version x",
        ] {
            assert_eq!(number(other), None);
        }
    }
}
