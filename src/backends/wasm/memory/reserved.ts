/** The first addresses of the memory, which are never allocated. */

/** The maximum number of threads of a backend. */
export const MOST_THREADS = 64;

/** Address 0 stays unused, because it stands for a missing address. */
export const SPILL_START = 64;

/** A buffer for each thread, for a tile of results of a partial panel: at most 6 rows of 16 floats. */
export const SPILL_BYTES = 384;

/** The state that threads share. */
export const SYNC_START = SPILL_START + MOST_THREADS * SPILL_BYTES;

/** The first address that is allocated. */
export const RESERVED_BYTES = SYNC_START + 64;
