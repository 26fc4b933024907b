import type { BackendStats, DeviceBuffer } from '../../dsl/backend.js';
import { fail, failure, type NoisefoldError } from '../../dsl/errors.js';
import type { NumberType } from '../../dsl/region.js';
import { E, type either } from '../../internal/fp.js';
import type { Space } from './heap.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** A piece of memory. Opaque: {@link Memory.addressOf} says where it lies. */
export interface Block {
  readonly elements: number;
}

/**
 * A space with its books: who holds what, to the byte. Callers keep blocks and buffers, never addresses: an
 * address is asked for where it is used, so that memory that was freed meanwhile is not written to.
 */
export interface Memory {
  /** Takes memory that is not handed out: an arena, constants. */
  readonly reserve: (elements: number) => Promise<Result<Block>>;
  /** Takes memory for a value. */
  readonly hold: (elements: number, dtype: NumberType) => Promise<Result<DeviceBuffer>>;
  /**
   * The address of a block or buffer. It holds until the caller waits for anything. `BackendFailure` after
   * {@link close}; `ValueConsumed` at `where` if the buffer was released or donated, or belongs to another backend.
   */
  readonly addressOf: (block: Block, where: string) => Result<number>;
  /** Passes the memory of a buffer on to a new one; the old one is consumed. */
  readonly transfer: (from: DeviceBuffer, dtype: NumberType) => DeviceBuffer;
  /** Gives the memory of a block or buffer back, unless it has none any more. */
  readonly release: (block: Block) => void;
  readonly stats: () => BackendStats;
  /** Frees everything, blocks included. Afterwards nothing has an address. */
  readonly close: () => void;
  /** The error of every call after {@link close}; null before. */
  readonly closed: () => NoisefoldError | null;
}

const MEBIBYTE = 2 ** 20;

export const createMemory = (backend: string, space: Space): Memory => {
  const where = `the ${backend} backend`;
  const held = new WeakMap<Block, number>();
  /** Bytes by address. */
  const taken = new Map<number, number>();
  let bytes = 0;
  let peakBytes = 0;
  let isClosed = false;

  const closed: Memory['closed'] = () =>
    isClosed
      ? failure('BackendFailure', {
          where,
          expected: 'an open backend',
          actual: 'a closed one',
          hint: 'use values and executables before their backend is closed, or acquire it again',
        })
      : null;

  const counted = (elements: number): string =>
    `${elements} elements (${((elements * space.bytesPerElement) / MEBIBYTE).toFixed(1)} MiB)`;

  /** Takes memory, and hands its address to `own`, which makes what is kept of it. */
  const take = async <A>(elements: number, own: (address: number) => A): Promise<Result<A>> => {
    const most = space.mostElements ?? Infinity;
    if (elements > most)
      return fail('BackendFailure', {
        where,
        expected: `at most ${counted(most)} in one piece, as the device allows`,
        actual: counted(elements),
        hint: 'use a smaller batch, or several smaller values',
      });
    const asked = Math.max(1, elements) * space.bytesPerElement;
    const address = await space.allocate(Math.max(1, elements));
    const end = closed();
    if (address !== null && end !== null) space.free(address); // closed meanwhile
    if (end !== null) return E.left(end);
    if (address === null)
      return fail('BackendFailure', {
        where,
        expected: `room for ${(asked / MEBIBYTE).toFixed(1)} MiB`,
        actual: `none left, with ${(bytes / MEBIBYTE).toFixed(1)} MiB in use`,
        hint: 'use a smaller batch, or release values that are not needed',
      });
    taken.set(address, asked);
    bytes += asked;
    peakBytes = Math.max(peakBytes, bytes);
    return E.right(own(address));
  };

  const free = (address: number): void => {
    bytes -= taken.get(address) ?? 0;
    if (taken.delete(address)) space.free(address);
  };

  /** The safety net: a buffer that nobody can reach any more, and nobody released, gives its memory back. */
  const unreachable = new FinalizationRegistry<number>(free);

  const handle = (address: number, elements: number, dtype: NumberType): DeviceBuffer => {
    const buffer: DeviceBuffer = { elements, dtype };
    held.set(buffer, address);
    unreachable.register(buffer, address, buffer);
    return buffer;
  };

  const forget = (block: Block): void => {
    held.delete(block);
    unreachable.unregister(block);
  };

  return {
    reserve: (elements) =>
      take(elements, (address) => {
        const block: Block = { elements };
        held.set(block, address);
        return block;
      }),
    hold: (elements, dtype) => take(elements, (address) => handle(address, elements, dtype)),
    addressOf: (block, user) => {
      const end = closed();
      if (end !== null) return E.left(end);
      const address = held.get(block);
      return address === undefined
        ? fail('ValueConsumed', {
            where: user,
            expected: `a live value of ${where}`,
            actual: 'one that was released or donated',
            hint: 'use it before, or use the output that took over its memory',
          })
        : E.right(address);
    },
    transfer: (from, dtype) => {
      const address = held.get(from)!; // a run has just looked it up
      forget(from);
      return handle(address, from.elements, dtype);
    },
    release: (block) => {
      const address = held.get(block);
      if (address === undefined) return;
      forget(block);
      free(address);
    },
    stats: () => ({ buffers: taken.size, bytes, peakBytes }),
    close: () => {
      isClosed = true;
      for (const address of [...taken.keys()]) free(address);
    },
    closed,
  };
};
