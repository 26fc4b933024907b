import type { Backend, HostArray } from '../../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../../dsl/errors.js';
import { E, type either } from '../../../internal/fp.js';
import { createMemory } from '../../shared/memory/memory.js';
import { memoryBackend } from '../../shared/memoryBackend.js';
import type { Engine } from './engine.js';
import { tensorExecution } from './execution.js';
import { rulesOf } from './rules.js';
import { createTensorTable } from './tensorTable.js';
import { numbersOf, tensorOf } from './transfer.js';

/** A backend whose values are tensors of a tfjs engine, and whose calls are its kernels, one primitive at a time. */
export const tensorBackend = (name: string, engine: Engine): Backend => {
  const table = createTensorTable();
  const memory = createMemory(name, table);
  /** What the engine gives; what it throws as a value. */
  const attempted = <A>(expected: string, hint: string, work: () => A): either.Either<NoisefoldError, A> =>
    E.tryCatch(work, (thrown) => {
      const actual = thrown instanceof Error ? thrown.message : String(thrown);
      return failure('BackendFailure', { where: `the ${name} backend`, expected, actual, hint });
    });
  const read = (address: number, dtype: Parameters<typeof numbersOf>[2]): either.Either<NoisefoldError, HostArray> =>
    attempted('the numbers of a value', 'a call before may have failed: acquire the backend again', () =>
      numbersOf(engine, table.at(address), dtype),
    ); // prettier-ignore
  return memoryBackend({
    name,
    capabilities: { fuses: false, composites: ['filterGradient'], scratchElements: () => 0 },
    // tensors are as large as they are, and some live in a run alone
    memory: { ...memory, stats: table.stats },
    rules: rulesOf(engine),
    layOut: async (plan, kernels) => tensorExecution(plan, kernels, engine, table),
    write: (address, data, dtype) => {
      const put = attempted(
        'room for a value',
        'use a smaller batch, or release values that are not needed',
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
