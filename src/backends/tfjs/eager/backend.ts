import type { Backend, HostArray } from '../../../dsl/compile/backend.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { E, type either } from '../../../internal/fp.js';
import { createMemory } from '../../shared/memory/memory.js';
import { memoryBackend } from '../../shared/memoryBackend.js';
import type { Engine } from './engine.js';
import { tensorExecution } from './execution.js';
import { rulesOf } from './rules.js';
import { createTensorTable } from './tensorTable.js';
import { numbersOf, tensorOf } from './transfer.js';

/**
 * A backend whose values are tensors of a tfjs engine. It runs one kernel or more for each primitive, without fusion.
 */
export const tensorBackend = (name: string, engine: Engine): Backend => {
  const table = createTensorTable();
  const memory = createMemory(name, table);
  /** Runs `work` on the engine and returns what it throws as an error value. */
  const attempted = <A>(expected: string, hint: string, work: () => A): either.Either<NoisefoldError, A> =>
    E.tryCatch(work, (thrown) => {
      const actual = thrown instanceof Error ? thrown.message : String(thrown);
      return failure('BackendFailure', { where: `the ${name} backend`, expected, actual, hint });
    });
  const read = (address: number, dtype: Parameters<typeof numbersOf>[2]): either.Either<NoisefoldError, HostArray> =>
    attempted('the numbers of a value', 'an earlier call may have failed: acquire the backend again', () =>
      numbersOf(engine, table.at(address), dtype),
    ); // prettier-ignore
  return memoryBackend({
    name,
    capabilities: { fuses: false, composites: ['filterGradient'], scratchElements: () => 0 },
    // the table counts actual tensor sizes and the intermediate tensors of runs
    memory: { ...memory, stats: table.stats },
    rules: rulesOf(engine),
    layOut: async (plan, kernels) => tensorExecution(plan, kernels, engine, table),
    write: (address, data, dtype) => {
      const put = attempted(
        'room for a value',
        'use a smaller batch, or release values that are no longer needed',
        () => {
          if (data.length > 0) table.put(address, tensorOf(engine, data, dtype));
        },
      );
      return E.isLeft(put) ? put.left : null;
    },
    read: (address, { dtype }) => read(address, dtype),
    close: table.clear,
    lost: () => null,
  });
};
