-- The catalogue is read in the order of its paths. A path has more than one row while an earlier stream there is erased.
CREATE INDEX streams_by_path ON streams (path, created_at);
