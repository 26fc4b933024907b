/** The memory that a device still has, and that this process has returned, on a device that only counts. */
import { expect, test } from 'vitest';
import { failure } from '../../../internal/errors.js';
import type { Gpu } from './gpu.js';
import { gpuSpace } from './gpuSpace.js';

const MIB = 2 ** 20;

/** A device with so many bytes of memory, which refuses more. */
const deviceOf = (capacity = Infinity) => {
  let bytes = 0;
  const createBuffer = ({ size }: { readonly size: number }) => {
    if (bytes + size > capacity) throw new Error('out of memory');
    bytes += size;
    let isDestroyed = false;
    return {
      size,
      destroy: () => {
        if (!isDestroyed) bytes -= size;
        isDestroyed = true;
      },
    };
  };
  const gpu = {
    device: { limits: { maxBufferSize: 2 ** 30 }, createBuffer },
    guarded: async (where: string, work: () => void) => {
      try {
        work();
        return null;
      } catch (thrown) {
        return failure('BackendFailure', { where, expected: 'memory', actual: String(thrown), hint: 'use less' });
      }
    },
  };
  // the members that a space uses
  return { space: gpuSpace(gpu as unknown as Gpu), inUse: () => bytes };
};

const addressOf = async (address: number | null | Promise<number | null>): Promise<number> => {
  const number = await address;
  if (number === null) throw new Error('no memory');
  return number;
};

/** Frees and allocates buffers of many sizes; afterwards all of them are free. */
const churn = async (space: ReturnType<typeof deviceOf>['space'], sizes: readonly number[]): Promise<void> => {
  const addresses: number[] = [];
  for (const bytes of sizes) addresses.push(await addressOf(space.allocate(bytes / 4)));
  for (const address of addresses) space.free(address);
};

test('memory that is freed is used again, for buffers of the same size', async () => {
  const { space, inUse } = deviceOf();
  const first = await addressOf(space.allocate(MIB));
  space.free(first);
  expect(await addressOf(space.allocate(MIB))).toBe(first);
  expect(inUse()).toBe(4 * MIB);
});

test('at most 64 MiB of freed memory stay on the device', async () => {
  const { space, inUse } = deviceOf();
  await churn(space, [128 * MIB, 70 * MIB]);
  expect(inUse()).toBe(0);
  for (let round = 0; round < 5; round++) {
    await churn(
      space,
      Array.from({ length: 20 }, (_, i) => (1 + round + 5 * i) * MIB),
    ); // other sizes each time
    expect(inUse()).toBeLessThanOrEqual(64 * MIB);
  }
});

test('freed memory is returned if the device has no other', async () => {
  const { space, inUse } = deviceOf(96 * MIB);
  await churn(space, [30 * MIB, 20 * MIB]);
  expect(inUse()).toBe(50 * MIB);
  await addressOf(space.allocate((80 * MIB) / 4));
  expect(inUse()).toBe(80 * MIB);
  expect(await space.allocate((80 * MIB) / 4)).toBeNull();
});
