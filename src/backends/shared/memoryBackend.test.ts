import { expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { heapAccess, memoryBackend, type Parts } from './memoryBackend.js';
import { hostHeap } from './heap.js';
import { createMemory } from './memory.js';

test('an upload takes the numbers at the call, also if memory is allocated later, as on a GPU', async () => {
  const heap = hostHeap(4, () => Float32Array);
  const space = { ...heap, allocate: (elements: number) => Promise.resolve(heap.allocate(elements)) };
  const parts: Partial<Parts<never>> = {
    memory: createMemory('test', space),
    ...heapAccess(heap),
    lost: () => null,
  };
  const { upload, read } = memoryBackend(parts as Parts<never>); // the parts that these two functions use
  const [filled, moved] = [Float32Array.of(1, 2), Float32Array.of(3, 4)];
  const working = [upload(filled, 'float32')(), upload(moved, 'float32')()] as const;
  filled.fill(99);
  structuredClone(moved, { transfer: [moved.buffer] });
  for (const [i, buffer] of (await Promise.all(working)).entries())
    expect(right(await read(right(buffer))())).toEqual(Float32Array.of(1 + 2 * i, 2 + 2 * i));
});
