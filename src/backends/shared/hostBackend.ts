import type { Backend, Capabilities } from '../../dsl/backend.js';
import { E } from '../../internal/fp.js';
import type { Heap } from './heap.js';
import { hostExecution } from './hostExecution.js';
import type { RulesFor } from './kernel.js';
import { createMemory } from './memory.js';
import { memoryBackend } from './memoryBackend.js';
import { readNumbers, writeNumbers } from './numbers.js';

/** A backend whose memory the host sees: `rules` say how each call is carried out. */
export const hostBackend = (parts: {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly heap: Heap;
  readonly rules: RulesFor;
}): Backend => {
  const { name, capabilities, heap, rules } = parts;
  const memory = createMemory(name, heap);
  return memoryBackend({
    name,
    capabilities,
    memory,
    rules,
    layOut: (plan, kernels) => hostExecution(plan, heap, memory, kernels),
    write: (address, data, dtype) => {
      writeNumbers(heap.array(address, 0, data.length, dtype), data, dtype);
      return null;
    },
    read: (address, { elements, dtype }) =>
      E.right(readNumbers(heap.array(address, 0, elements, dtype), dtype)),
    close: () => undefined,
    lost: () => null,
  });
};
