import type { Backend, Capabilities } from '../../dsl/compile/backend.js';
import { E } from '../../internal/fp.js';
import { freedAfter, type Heap } from './memory/heap.js';
import { breather } from '../../internal/stop.js';
import { hostExecution } from './hostExecution.js';
import { createJobs } from './jobs.js';
import type { RulesFor } from './kernel.js';
import { createMemory } from './memory/memory.js';
import { memoryBackend } from './memoryBackend.js';
import { readNumbers, writeNumbers } from './memory/numbers.js';

/** Makes a backend whose memory the host can read and write. `rules` choose the kernel of each call. */
export const hostBackend = (parts: {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly heap: Heap;
  readonly rules: RulesFor;
}): Backend => {
  const { name, capabilities, heap, rules } = parts;
  const jobs = createJobs();
  const memory = createMemory(name, freedAfter(heap, jobs));
  const turns = { jobs, memory, breathe: breather() };
  return memoryBackend({
    name,
    capabilities,
    memory,
    rules,
    layOut: (plan, kernels) => hostExecution(plan, heap, kernels, turns),
    write: (address, data, dtype) => {
      writeNumbers(heap.array(address, 0, data.length, dtype), data, dtype);
      return null;
    },
    read: (address, { elements, dtype }) => E.right(readNumbers(heap.array(address, 0, elements, dtype), dtype)),
    close: jobs.drain,
    lost: () => null,
  });
};
