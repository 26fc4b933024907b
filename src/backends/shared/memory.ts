import type { BackendStats, DeviceBuffer } from '../../dsl/plan/backend.js';
import { fail, failure, type NoisefoldError } from '../../internal/errors.js';
import type { NumberType } from '../../dsl/graph/region.js';
import { E, type either } from '../../internal/fp.js';
import type { Space } from './heap.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** An allocation. Opaque: {@link Memory.addressOf} returns its address. */
export interface Block {
  readonly elements: number;
}

/** An allocation. It is a promise only if the space allocates asynchronously. */
type Allocated<A> = Result<A> | Promise<Result<A>>;

/**
 * A space that keeps track of every allocation. Callers keep blocks and buffers, never addresses. They look up an
 * address immediately before they use it, so that they cannot write to memory that was freed in the meantime.
 */
export interface Memory {
  /** Allocates internal memory: an arena, constants. */
  readonly reserve: (elements: number) => Allocated<Block>;
  /** Allocates memory for a value. */
  readonly hold: (elements: number, dtype: NumberType) => Allocated<DeviceBuffer>;
  /**
   * Returns the address of a block or buffer. It is valid until the caller's next `await`. Fails with `BackendFailure`
   * after {@link close}, and with `ValueConsumed` at `where` if the buffer was released or donated, or belongs to
   * another backend.
   */
  readonly addressOf: (block: Block, where: string) => Result<number>;
  /** Moves the memory of a buffer to a new buffer and consumes the old one. */
  readonly transfer: (from: DeviceBuffer) => DeviceBuffer;
  /** Undoes a transfer: moves the memory of `from` back to the buffer `to`, and consumes `from`. */
  readonly restore: (from: DeviceBuffer, to: DeviceBuffer) => void;
  /** Frees the memory of a block or buffer. Does nothing if it was freed already. */
  readonly release: (block: Block) => void;
  readonly stats: () => BackendStats;
  /** Frees all memory, blocks included. No address is available afterwards. */
  readonly close: () => void;
  /** Returns the error of every call after {@link close}; null before. */
  readonly closed: () => NoisefoldError | null;
}

const MEBIBYTE = 2 ** 20;

export const createMemory = (backend: string, space: Space): Memory => {
  const where = `the ${backend} backend`;
  const blocks = new WeakMap<Block, number>();
  /** Size of each allocation in bytes, by address. */
  const allocated = new Map<number, number>();
  let bytes = 0;
  let peakBytes = 0;
  let isClosed = false;

  const closed: Memory['closed'] = () =>
    isClosed
      ? failure('BackendFailure', {
          where,
          expected: 'an open backend',
          actual: 'a closed one',
          hint: 'use values and executables before their backend is closed, or acquire it again; is an `await` missing before nf.run?',
        })
      : null;

  const describeSize = (elements: number): string =>
    `${elements} elements (${((elements * space.bytesPerElement) / MEBIBYTE).toFixed(1)} MiB)`;

  /** Allocates memory, records it and passes its address to `make`, which makes the caller's handle. */
  const take = <A>(elements: number, make: (address: number) => A): Allocated<A> => {
    const limit = space.maxElements ?? Infinity;
    if (elements > limit)
      return fail('BackendFailure', {
        where,
        expected: `at most ${describeSize(limit)} in one allocation, the limit of the device`,
        actual: describeSize(elements),
        hint: 'use a smaller batch, or several smaller values',
      });
    const requested = Math.max(1, elements) * space.bytesPerElement;
    const blockAt = (address: number | null): Result<A> => {
      const closedError = closed();
      if (address !== null && closedError !== null) space.free(address); // the backend was closed while it allocated
      if (closedError !== null) return E.left(closedError);
      if (address === null)
        return fail('BackendFailure', {
          where,
          expected: `${(requested / MEBIBYTE).toFixed(1)} MiB of free memory`,
          actual: `not enough, with ${(bytes / MEBIBYTE).toFixed(1)} MiB in use`,
          hint: 'use a smaller batch, or release values that are no longer needed',
        });
      allocated.set(address, requested);
      bytes += requested;
      peakBytes = Math.max(peakBytes, bytes);
      return E.right(make(address));
    };
    const address = space.allocate(Math.max(1, elements));
    return address instanceof Promise ? address.then(blockAt) : blockAt(address);
  };

  const free = (address: number): void => {
    bytes -= allocated.get(address) ?? 0;
    if (allocated.delete(address)) space.free(address);
  };

  /** Frees the memory of buffers that were garbage-collected without being released. */
  const finalizers = new FinalizationRegistry<number>(free);

  /** Makes a buffer the owner of the memory at an address. */
  const own = (buffer: DeviceBuffer, address: number): DeviceBuffer => {
    blocks.set(buffer, address);
    finalizers.register(buffer, address, buffer);
    return buffer;
  };

  const forget = (block: Block): void => {
    blocks.delete(block);
    finalizers.unregister(block);
  };

  /** Moves the memory of a buffer, whose address the caller has just looked up, to another one. */
  const moved = (from: DeviceBuffer, to: DeviceBuffer): DeviceBuffer => {
    const address = blocks.get(from)!;
    forget(from);
    return own(to, address);
  };

  return {
    reserve: (elements) =>
      take(elements, (address) => {
        const block: Block = { elements };
        blocks.set(block, address);
        return block;
      }),
    hold: (elements, dtype) => take(elements, (address) => own({ elements, dtype }, address)),
    addressOf: (block, user) => {
      const closedError = closed();
      if (closedError !== null) return E.left(closedError);
      const address = blocks.get(block);
      return address === undefined
        ? fail('ValueConsumed', {
            where: user,
            expected: `a live value of ${where}`,
            actual: 'one that was released or donated',
            hint: 'use the value earlier, or use the output that reuses its memory',
          })
        : E.right(address);
    },
    transfer: (from) => moved(from, { ...from }),
    restore: (from, to) => void moved(from, to),
    release: (block) => {
      const address = blocks.get(block);
      if (address === undefined) return;
      forget(block);
      free(address);
    },
    stats: () => ({ buffers: allocated.size, bytes, peakBytes }),
    close: () => {
      isClosed = true;
      for (const address of [...allocated.keys()]) free(address);
    },
    closed,
  };
};
