/** Network R on wasm. */
import { either as E } from 'fp-ts';
import { type Backend, using } from 'noisefold/dsl';
import { wasm } from 'noisefold/backends/wasm';
import { networkR } from './network.js';
import { executorSection } from './sections/executor.js';
import { jaxSection } from './sections/jax.js';
import { memorySection } from './sections/memory.js';
import { planningSection } from './sections/planning.js';
import { speedSection } from './sections/speed.js';
import { orThrow, type Row } from './table.js';

const sections = (rounds: number) => (backend: Backend) => async (): Promise<E.Either<never, readonly Row[]>> => {
  const recipe = orThrow(networkR);
  const planning = await planningSection(backend, recipe); // first, in a cold process
  const memory = await memorySection(backend, recipe); // before the peers enlarge the memory
  const speed = await speedSection(backend, recipe, rounds);
  return E.right([
    ...speed.rows,
    ...(await jaxSection(backend, rounds)),
    ...planning,
    ...(await executorSection(backend, recipe, speed.stepMilliseconds)),
    ...memory,
  ]);
};

export const wasmRows = async (rounds: number): Promise<readonly Row[]> =>
  orThrow(await using(wasm())(sections(rounds))());
