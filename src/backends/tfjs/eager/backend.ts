import type { Backend } from '../../../dsl/plan/backend.js';
import type { Plan } from '../../../dsl/plan/plan.js';
import { failure, messageOf, type NoisefoldError, showShape } from '../../../internal/errors.js';
import { E } from '../../../internal/fp.js';
import { nameOf } from '../../shared/executor.js';
import { breather } from '../../../internal/stop.js';
import { createJobs } from '../../shared/jobs.js';
import { freedAfter } from '../../shared/heap.js';
import { createMemory } from '../../shared/memory.js';
import { memoryBackend } from '../../shared/memoryBackend.js';
import type { Engine } from './engine.js';
import { tensorExecution } from './execution.js';
import { operationsOf } from './operations.js';
import { rulesOf } from './rules.js';
import { createTensorTable } from './tensorTable.js';
import { numbersOf, tensorOf } from './transfer.js';

/**
 * The maximum number of axes that all kernels of tfjs take. Beyond it some engines compute wrong numbers without an
 * error.
 */
export const MOST_AXES = 6;

/** Returns an error if a tensor of a plan has too many axes, otherwise null. */
const excessOf = ({ calls }: Plan, name: string): NoisefoldError | null => {
  for (const call of calls) {
    if (call.kind === 'region') continue; // only backends that fuse have such calls
    const shapes = [call.output, ...(call.kind === 'random' ? [] : call.inputs)].map(({ shape }) => shape);
    const excess = shapes.find((shape) => shape.length > MOST_AXES);
    if (excess !== undefined)
      return failure('BackendFailure', {
        where: nameOf(call),
        expected: `at most ${MOST_AXES} axes, which the kernels of tfjs take`,
        actual: showShape(excess),
        hint: `merge axes with reshape, nest fewer vmaps, or use another backend than ${name}`,
      });
  }
  return null;
};

/**
 * A backend whose values are tensors of a tfjs engine. It runs one kernel or more for each primitive, without fusion.
 */
export const tensorBackend = (name: string, engine: Engine): Backend => {
  const ops = operationsOf(engine);
  const table = createTensorTable();
  const jobs = createJobs();
  const memory = createMemory(name, freedAfter(table, jobs));
  const turns = { jobs, memory, breathe: breather() };
  const errorOf =
    (expected: string, hint: string) =>
    (thrown: unknown): NoisefoldError =>
      failure('BackendFailure', { where: `the ${name} backend`, expected, actual: messageOf(thrown), hint });
  const loss = (): NoisefoldError | null => engine.device?.lost() ?? null;
  return memoryBackend({
    name,
    capabilities: { fuses: false, composites: ['filterGradient'], scratchElements: () => 0 },
    // the table counts actual tensor sizes and the intermediate tensors of runs
    memory: { ...memory, stats: table.stats },
    rules: rulesOf(ops),
    layOut: async (plan, kernels) => {
      const excess = excessOf(plan, name);
      return excess === null ? tensorExecution(plan, kernels, ops, table, turns) : E.left(excess);
    },
    write: (address, data, dtype) => {
      const put = E.tryCatch(
        () => {
          if (data.length > 0) table.put(address, tensorOf(engine, data, dtype));
        },
        errorOf('room for a value', 'use a smaller batch, or release values that are no longer needed'),
      );
      return E.isLeft(put) ? put.left : null;
    },
    read: async (address, { dtype }) => {
      const lost = loss();
      if (lost !== null) return E.left(lost);
      try {
        return E.right(await numbersOf(engine, table.at(address), dtype));
      } catch (thrown) {
        const hint = 'an earlier call may have failed: acquire the backend again';
        return E.left(loss() ?? errorOf('the numbers of a value', hint)(thrown));
      }
    },
    close: async () => {
      await jobs.drain();
      table.clear();
      engine.device?.destroy();
    },
    lost: loss,
  });
};
