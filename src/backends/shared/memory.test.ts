import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { DeviceBuffer } from '../../dsl/plan/backend.js';
import { E } from '../../internal/fp.js';
import { hostHeap } from './heap.js';
import { createMemory } from './memory.js';

const fresh = () =>
  createMemory(
    'test',
    hostHeap(4, (dtype) => (dtype === 'float32' ? Float32Array : Int32Array)),
  );

const held = async (memory: ReturnType<typeof fresh>, elements: number): Promise<DeviceBuffer> => {
  const buffer = await memory.hold(elements, 'float32');
  if (E.isLeft(buffer)) throw new Error(buffer.left.message);
  return buffer.right;
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // defined once the flag is set

const collected = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Collects garbage until the finalizers have run, for ten seconds at most. */
const collectUntil = async (done: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !done(); i++) await collected(1);
};

test('frees buffers that are unreachable and keeps buffers in use', async () => {
  const memory = fresh();
  const kept = await held(memory, 10);
  const donor = await held(memory, 7);
  const heir = memory.transfer(donor);
  await (async () => {
    for (let i = 0; i < 20; i++) await held(memory, 5);
  })();
  expect(memory.stats().bytes).toBe(4 * (10 + 7 + 100));
  await collectUntil(() => memory.stats().buffers === 2);
  expect(memory.stats()).toMatchObject({ buffers: 2, bytes: 4 * (10 + 7) });
  expect(memory.addressOf(kept, 'test')._tag).toBe('Right');
  expect(memory.addressOf(heir, 'test')._tag).toBe('Right');
  expect(memory.addressOf(donor, 'test')).toMatchObject({ left: { _tag: 'ValueConsumed', where: 'test' } });
});

test('moves memory back to the buffer that it was transferred from', async () => {
  const memory = fresh();
  const donor = await held(memory, 7);
  const address = memory.addressOf(donor, 'test');
  const heir = memory.transfer(donor);
  memory.restore(heir, donor);
  expect(memory.addressOf(donor, 'test')).toEqual(address);
  expect(memory.addressOf(heir, 'test')).toMatchObject({ left: { _tag: 'ValueConsumed' } });
  memory.release(heir);
  expect(memory.stats()).toMatchObject({ buffers: 1, bytes: 28 });
});

test('does not free a released buffer a second time', async () => {
  const memory = fresh();
  await (async () => memory.release(await held(memory, 5)))();
  const kept = await held(memory, 5);
  await collected(5);
  expect(memory.stats()).toMatchObject({ buffers: 1, bytes: 20 });
  expect(memory.addressOf(kept, 'test')._tag).toBe('Right');
});

test('returns no addresses after close, for earlier and for pending allocations', async () => {
  const heap = hostHeap(4, () => Float32Array);
  const memory = createMemory('test', { ...heap, allocate: async (elements) => heap.allocate(elements) }); // as on a GPU
  const buffer = await held(memory, 5);
  const block = await memory.reserve(5);
  const pending = [memory.hold(5, 'float32'), memory.reserve(5)];
  memory.close();
  const closed = { left: { _tag: 'BackendFailure', where: 'the test backend', actual: 'a closed one' } };
  expect(memory.addressOf(buffer, 'test')).toMatchObject(closed);
  expect(E.isRight(block) && memory.addressOf(block.right, 'test')).toMatchObject(closed);
  for (const outcome of await Promise.all(pending)) expect(outcome).toMatchObject(closed);
  expect(memory.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});
