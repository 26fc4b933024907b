import type { Backend, Capabilities } from '../../dsl/plan/backend.js';
import { freedAfter, type Heap } from './heap.js';
import { breather } from '../../internal/stop.js';
import { hostExecution } from './hostExecution.js';
import { createJobs } from './jobs.js';
import type { RulesFor } from './kernel.js';
import { createMemory } from './memory.js';
import { heapAccess, memoryBackend } from './memoryBackend.js';

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
    ...heapAccess(heap),
    close: jobs.drain,
    lost: () => null,
  });
};
