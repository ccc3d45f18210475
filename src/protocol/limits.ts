/** Every fixed limit of the server, in one place. Sizes are bytes of payload unless the name says otherwise. */

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** The largest body of one PUT or POST. */
export const APPEND_BYTES_MAX = 16 * MIB;
/**
 * What the bodies that one object is reading may hold together. With {@link ANSWERS_BYTES_MAX} it stays below the
 * 128 MB of an object, and leaves as much again for what is not thrown away yet.
 */
export const UPLOADS_BYTES_MAX = 24 * MIB;
/** What the answers that one object has not sent yet may hold together. */
export const ANSWERS_BYTES_MAX = 24 * MIB;
/** Bodies and answers up to this size are not counted: that would cost more than they hold. */
export const UNCOUNTED_BYTES_MAX = 16 * KIB;
/** A body has this long to arrive, and a second more for every {@link BODY_BYTES_PER_SECOND_MIN} of its length. */
export const BODY_MS_MAX = 30_000;
export const BODY_BYTES_PER_SECOND_MIN = 64 * KIB;
/** How long a body may take, in milliseconds, when others wait for its room. */
export const UPLOAD_STAY_MS = 10_000;
/** The same for an answer: its reader takes nothing of it, or is very slow. */
export const ANSWER_STAY_MS = 5_000;
/** How long one waits for room. */
export const ROOM_WAIT_MS = 30_000;
/** How much of a refused body is read and thrown away, so that its sender can finish and read the answer. */
export const DISCARD_BYTES_MAX = 64 * MIB;
/** The largest single JSON message; a batch may hold many, up to the append limit. */
export const MESSAGE_BYTES_MAX = MIB;
/** A larger append to a byte stream is stored as several frames of this size. */
export const FRAME_BYTES_MAX = 512 * KIB;
/** A read answers at most this, or one whole frame when that alone is larger. */
export const READ_BYTES_MAX = MIB;
/** A read that begins in a segment ends before the next multiple of this in the stream, after a whole frame. */
export const SEGMENT_PAGE_BYTES = MIB + 512 * KIB;
/** Where that would be less than this, the page goes on to the multiple after it. */
export const SEGMENT_PAGE_BYTES_MIN = 256 * KIB;
/** What all objects of one isolate keep of the segments that they have read. */
export const SEGMENT_CACHE_BYTES_MAX = 16 * MIB;
/** The raw bytes of one D1 block, or one whole frame when that alone is larger. Its text must stay below 2 MB. */
export const BLOCK_BYTES_MAX = 512 * KIB;
/** A block that is smaller is written anew, longer, by the next flush, so that few rows hold small appends. */
export const OPEN_BLOCK_BYTES_MAX = 4 * KIB;
/** What a flush holds in memory at one time: one batch of blocks. A larger journal row is a portion by itself. */
export const FLUSH_PORTION_BYTES = 2 * MIB;
/** The raw bytes of one journal row, or one whole frame when that alone is larger. */
export const JOURNAL_ROW_BYTES_MAX = MIB;
/** The frames of one block or journal row: where each ends is stored as text, of up to 8 bytes a frame. */
export const CHUNK_FRAMES_MAX = 65_536;
/** The newest bytes an object keeps in memory, so that readers at the tail touch no database. */
export const TAIL_BYTES_MAX = MIB;
/** The number of appends those bytes may be made of. */
export const TAIL_CHUNKS_MAX = 16_384;
/** A stream's path, percent-decoded and encoded as UTF-8. It is also the name of its object. */
export const PATH_BYTES_MAX = 1_024;
/** `Producer-Id`, in UTF-16 units as received. */
export const PRODUCER_ID_LENGTH_MAX = 256;
/** `Stream-Seq`, in UTF-16 units as received. */
export const STREAM_SEQ_LENGTH_MAX = 1_024;
/** `Content-Type`, in UTF-16 units as received. */
export const CONTENT_TYPE_LENGTH_MAX = 256;
/** How many ancestors a fork may have: the whole lineage is kept in one row. */
export const LINEAGE_LENGTH_MAX = 1_000;
/** The longest `Stream-TTL`: a thousand years, so that every deadline is an exact number of milliseconds. */
export const TTL_SECONDS_MAX = 31_557_600_000;
/** How many streams one page of the catalogue may hold, and how many it does unless it is asked for another number. */
export const LIST_COUNT_MAX = 1_000;
export const LIST_COUNT_DEFAULT = 100;
