/**
 * `npm run bench`: network R on wasm, in one process and in turns with its peers; medians. Prints one table
 * and writes bench/results.json. `--rounds 5` says how many turns.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { either as E } from 'fp-ts';
import { type Backend, using } from 'noisefold/dsl';
import { wasm } from 'noisefold/backends/wasm';
import { networkR } from './network.js';
import { executorSection } from './sections/executor.js';
import { jaxSection } from './sections/jax.js';
import { memorySection } from './sections/memory.js';
import { planningSection } from './sections/planning.js';
import { speedSection } from './sections/speed.js';
import { orThrow, type Row, table } from './table.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);

const sections = (backend: Backend) => async (): Promise<E.Either<never, readonly Row[]>> => {
  const recipe = orThrow(networkR);
  const planning = await planningSection(backend, recipe); // while the process is young
  const memory = await memorySection(backend, recipe); // before the peers fill the memory that it grows
  const speed = await speedSection(backend, recipe, rounds);
  return E.right([
    ...speed.rows,
    ...(await jaxSection(backend, rounds)),
    ...planning,
    ...(await executorSection(backend, recipe, speed.stepMilliseconds)),
    ...memory,
  ]);
};

const rows = orThrow(await using(wasm())(sections)());
console.log(table(rows));
writeFileSync(
  'bench/results.json',
  `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, rounds, rows }, null, 2)}\n`,
);
process.exitCode = rows.every(({ met }) => met !== false) ? 0 : 1;
