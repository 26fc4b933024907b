import type { BackendStats, DeviceBuffer } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import type { NumberType } from '../../dsl/region.js';
import { E, type either } from '../../internal/fp.js';
import type { Space } from './heap.js';

/** A space with its books: who holds what, to the byte. */
export interface Memory {
  /** Memory that is not handed out: an arena, constants. Gives its address. */
  readonly reserve: (elements: number) => Promise<either.Either<NoisefoldError, number>>;
  readonly unreserve: (address: number) => void;
  readonly hold: (
    elements: number,
    dtype: NumberType,
  ) => Promise<either.Either<NoisefoldError, DeviceBuffer>>;
  /** The address of a live buffer; undefined if it was released or donated, or belongs to another backend. */
  readonly addressOf: (buffer: DeviceBuffer) => number | undefined;
  /** Passes the memory of a live buffer on to a new one; the old one is consumed. */
  readonly transfer: (from: DeviceBuffer, dtype: NumberType) => DeviceBuffer;
  /** Does nothing with a buffer that is not live. */
  readonly release: (buffer: DeviceBuffer) => void;
  readonly stats: () => BackendStats;
  /** Frees everything, reserved memory included. Afterwards it must not be used. */
  readonly close: () => void;
  /** The error of whatever is asked for after {@link close}; null before. */
  readonly closed: () => NoisefoldError | null;
}

const MEBIBYTE = 2 ** 20;

export const createMemory = (backend: string, space: Space): Memory => {
  const held = new WeakMap<DeviceBuffer, number>();
  /** Bytes by address. */
  const taken = new Map<number, number>();
  let bytes = 0;
  let peakBytes = 0;
  let isClosed = false;

  const closed: Memory['closed'] = () =>
    isClosed
      ? failure('BackendFailure', {
          where: `the ${backend} backend`,
          expected: 'a live backend',
          actual: 'a closed one',
          hint: 'acquire it again',
        })
      : null;

  const counted = (elements: number): string =>
    `${elements} elements (${((elements * space.bytesPerElement) / MEBIBYTE).toFixed(1)} MiB)`;

  const reserve = async (elements: number): Promise<either.Either<NoisefoldError, number>> => {
    const most = space.mostElements ?? Infinity;
    if (elements > most)
      return E.left(
        failure('BackendFailure', {
          where: `the ${backend} backend`,
          expected: `at most ${counted(most)} in one piece, as the device allows`,
          actual: counted(elements),
          hint: 'use a smaller batch, or several smaller values',
        }),
      );
    const asked = Math.max(1, elements) * space.bytesPerElement;
    const address = await space.allocate(Math.max(1, elements));
    const end = closed();
    if (address !== null && end !== null) space.free(address); // meanwhile
    if (end !== null) return E.left(end);
    if (address === null)
      return E.left(
        failure('BackendFailure', {
          where: `the ${backend} backend`,
          expected: `room for ${(asked / MEBIBYTE).toFixed(1)} MiB`,
          actual: `none left, with ${(bytes / MEBIBYTE).toFixed(1)} MiB in use`,
          hint: 'use a smaller batch, or release values that are not needed',
        }),
      );
    taken.set(address, asked);
    bytes += asked;
    peakBytes = Math.max(peakBytes, bytes);
    return E.right(address);
  };

  const unreserve = (address: number): void => {
    bytes -= taken.get(address) ?? 0;
    if (taken.delete(address)) space.free(address);
  };

  /** The safety net: a buffer that nobody can reach any more, and nobody released, gives its memory back. */
  const unreachable = new FinalizationRegistry<number>(unreserve);

  const handle = (address: number, elements: number, dtype: NumberType): DeviceBuffer => {
    const buffer: DeviceBuffer = { elements, dtype };
    held.set(buffer, address);
    unreachable.register(buffer, address, buffer);
    return buffer;
  };

  const forget = (buffer: DeviceBuffer): void => {
    held.delete(buffer);
    unreachable.unregister(buffer);
  };

  return {
    reserve,
    unreserve,
    hold: async (elements, dtype) =>
      E.map((address: number) => handle(address, elements, dtype))(await reserve(elements)),
    addressOf: (buffer) => (isClosed ? undefined : held.get(buffer)),
    transfer: (from, dtype) => {
      const address = held.get(from)!;
      forget(from);
      return handle(address, from.elements, dtype);
    },
    release: (buffer) => {
      const address = held.get(buffer);
      if (address === undefined) return;
      forget(buffer);
      unreserve(address);
    },
    stats: () => ({ buffers: taken.size, bytes, peakBytes }),
    close: () => {
      isClosed = true;
      for (const address of [...taken.keys()]) unreserve(address);
    },
    closed,
  };
};
