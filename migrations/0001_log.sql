-- The log and the catalogue. docs/formats.md describes every column.

-- One row per incarnation of a stream: an id is never used again.
CREATE TABLE streams (
  stream_id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  content_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- JSON array: where a fork's inherited bytes are stored. Empty for other streams.
  lineage TEXT NOT NULL
) WITHOUT ROWID;

-- Recent history: runs of consecutive frames. The key is the byte position of the first frame.
CREATE TABLE blocks (
  stream_id TEXT NOT NULL,
  start INTEGER NOT NULL,
  start_seq INTEGER NOT NULL,
  end INTEGER NOT NULL,
  end_seq INTEGER NOT NULL,
  -- 'json': body is a JSON array of the messages. 'text': body is the frames' text, one after the other.
  -- 'base64': body is a JSON array with the base64 of each frame.
  encoding TEXT NOT NULL CHECK (encoding IN ('json', 'text', 'base64')),
  -- JSON array: where each frame ends, in payload bytes after start.
  ends TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (stream_id, start)
) WITHOUT ROWID;

-- Cold history: one row per object in R2.
CREATE TABLE segments (
  stream_id TEXT NOT NULL,
  start INTEGER NOT NULL,
  start_seq INTEGER NOT NULL,
  end INTEGER NOT NULL,
  end_seq INTEGER NOT NULL,
  key TEXT NOT NULL,
  -- JSON array of [seq, byte]: frame boundaries at which a read may begin.
  marks TEXT NOT NULL,
  PRIMARY KEY (stream_id, start)
) WITHOUT ROWID;

-- Every message that D1 holds, one row each. A fork's rows start at its own first frame. `offset` is where the
-- message starts: reading from there answers this message first.
CREATE VIEW messages (path, seq, offset, value) AS
SELECT
  s.path,
  b.start_seq + e.key,
  printf('%016d_%016d', b.start_seq + e.key, b.start + iif(e.key = 0, 0, json_extract(b.ends, '$[' || (e.key - 1) || ']'))),
  CASE b.encoding
    WHEN 'text' THEN CAST(
      substr(
        CAST(b.body AS BLOB),
        1 + iif(e.key = 0, 0, json_extract(b.ends, '$[' || (e.key - 1) || ']')),
        e.value - iif(e.key = 0, 0, json_extract(b.ends, '$[' || (e.key - 1) || ']'))
      ) AS TEXT
    )
    ELSE (b.body -> ('$[' || e.key || ']'))
  END
FROM blocks b
JOIN streams s ON s.stream_id = b.stream_id
JOIN json_each(b.ends) e;
