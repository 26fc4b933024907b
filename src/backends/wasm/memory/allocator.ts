/**
 * An allocator for a growing address space: best fit, with neighbouring free blocks joined. Its records are outside the
 * memory, so that no kernel can damage them.
 */

export interface Allocator {
  /** Returns the address of a new block, a multiple of {@link ALIGNMENT}, or null if there is no room. */
  readonly allocate: (bytes: number) => number | null;
  /** Frees a block. Does nothing for an address that is not allocated. */
  readonly free: (address: number) => void;
}

/** A cache line, so that two threads that write to neighbouring blocks do not slow each other down. */
export const ALIGNMENT = 64;

interface Block {
  readonly address: number;
  readonly bytes: number;
}

const endOf = ({ address, bytes }: Block): number => address + bytes;

/**
 * Makes an allocator of the addresses from `start` up to `end`. If no free block is large enough, it asks for more:
 * `grow(bytes)` returns the new end of the space, at least `bytes` higher, or null.
 */
export const allocator = (start: number, end: number, grow: (bytes: number) => number | null): Allocator => {
  /** In the order of addresses; no two are neighbours. */
  const free: Block[] = start < end ? [{ address: start, bytes: end - start }] : [];
  /** Sizes of the allocated blocks, by address. */
  const sizes = new Map<number, number>();
  let limit = end;

  /** Inserts a free block, joined with its neighbours. */
  const insert = (block: Block): void => {
    let at = free.findIndex(({ address }) => address > block.address);
    if (at < 0) at = free.length;
    const [before, after] = [free[at - 1], free[at]];
    const joinsBefore = before !== undefined && endOf(before) === block.address;
    const joinsAfter = after !== undefined && endOf(block) === after.address;
    const address = joinsBefore ? before.address : block.address;
    const last = joinsAfter ? endOf(after) : endOf(block);
    free.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), {
      address,
      bytes: last - address,
    });
  };

  /** The position of the smallest free block of at least `bytes`; -1 if there is none. */
  const bestFit = (bytes: number): number =>
    free.reduce(
      (best, block, i) => (block.bytes >= bytes && (best < 0 || block.bytes < free[best]!.bytes) ? i : best),
      -1,
    );

  /** Grows the space so that a block of `bytes` fits at the end. */
  const extend = (bytes: number): boolean => {
    const last = free.at(-1);
    const available = last !== undefined && endOf(last) === limit ? last.bytes : 0;
    const grown = grow(bytes - available);
    if (grown === null) return false;
    insert({ address: limit, bytes: grown - limit });
    limit = grown;
    return true;
  };

  return {
    allocate: (requested) => {
      const bytes = Math.max(ALIGNMENT, Math.ceil(requested / ALIGNMENT) * ALIGNMENT);
      if (bestFit(bytes) < 0 && !extend(bytes)) return null;
      const at = bestFit(bytes);
      const block = free[at]!;
      if (block.bytes === bytes) free.splice(at, 1);
      else free[at] = { address: block.address + bytes, bytes: block.bytes - bytes };
      sizes.set(block.address, bytes);
      return block.address;
    },
    free: (address) => {
      const bytes = sizes.get(address);
      if (bytes === undefined) return;
      sizes.delete(address);
      insert({ address, bytes });
    },
  };
};
