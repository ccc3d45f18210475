-- Checksums of what is stored. Rows from before have none and are read as before.

-- CRC-32 of the frames' bytes, the text `[start_seq,start]` and the text of `ends`, one after the other.
ALTER TABLE blocks ADD COLUMN checksum INTEGER;

-- JSON array: CRC-32 of the object's bytes from each mark to the next one, the last to the object's end.
ALTER TABLE segments ADD COLUMN checksums TEXT;
