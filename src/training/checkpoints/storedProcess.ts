/** Processes in files: the tables that they are made of, in float64, so that the process that is loaded has the same bits. */
import type { Process } from '../../diffusion/index.js';
import { processOfMarginals } from '../../diffusion/process.js';
import { checkedTables } from '../../diffusion/schedule.js';
import { fail, failure, leafSpec, type LeafSpec, type NoisefoldError } from '../../dsl/index.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { natural } from '../../internal/decode.js';
import { E, type either, F } from '../../internal/fp.js';

/** The tables of a process, `[T]` each; `scales` and `variances` are those of the marginals. */
const NAMES = ['betas', 'alphas', 'alphaBars', 'scales', 'variances', 'timesteps'] as const;

type Tables = Readonly<Record<(typeof NAMES)[number], ArrayLike<number>>>;

const tablesOf = ({ schedule: { betas, alphas, alphaBars }, timesteps, marginals }: Process): Tables => ({
  betas,
  alphas,
  alphaBars,
  scales: marginals.map(({ scale }) => scale),
  variances: marginals.map(({ variance }) => variance),
  timesteps,
});

/** The tables of a process as tensors, by the paths of {@link processSpec} in `process`. */
export const processTensors = (process: Process): ReadonlyMap<string, StoredTensor> => {
  const tables = tablesOf(process);
  return new Map(
    NAMES.map((name): [string, StoredTensor] => {
      const shape = [tables[name].length];
      return [
        `process.${name}`,
        name === 'timesteps'
          ? { dtype: 'I32', shape, data: Int32Array.from(tables[name]) }
          : { dtype: 'F64', shape, data: Float64Array.from(tables[name]) },
      ];
    }),
  );
};

/** The specs of the tables of a process of T steps. */
export const processSpec = (T: number): Readonly<Record<string, LeafSpec>> =>
  Object.fromEntries(NAMES.map((name) => [name, leafSpec([T], name === 'timesteps' ? 'int32' : 'float32')]));

/** The process of these tables. `DecodeError` if they are those of no process. */
const processOf = (
  path: string,
  { betas, alphas, alphaBars, scales, variances, timesteps }: Tables,
): either.Either<NoisefoldError, Process> => {
  const wrong = Array.from(timesteps).find((t) => !natural.is(t));
  if (wrong !== undefined)
    return fail('DecodeError', {
      where: `${path}: process.timesteps`,
      expected: 'timesteps ≥ 0',
      actual: `${wrong}`,
      hint: 'give a file that noisefold wrote',
    });
  const marginals = Array.from(scales, (scale, t) => ({ scale, variance: variances[t]! }));
  const [b, a, bars] = [betas, alphas, alphaBars].map((table) => Float64Array.from(table));
  return F.pipe(
    checkedTables(`${path}: process.betas`, { betas: b!, alphas: a!, alphaBars: bars! }),
    E.mapLeft((error) => failure('DecodeError', error)),
    E.map((schedule) => processOfMarginals(schedule, marginals, Int32Array.from(timesteps))),
  );
};

/** All numbers that a sampler takes from a process. */
const numbersOf = (process: Process): readonly number[] => [
  ...Object.values(tablesOf(process)).flatMap((table) => Array.from(table)),
  ...process.schedule.channels.flatMap(({ scale, variance }) => [scale, variance]),
  ...process.posteriors.flatMap(({ x0, xt, variance }) => [x0, xt, variance]),
];

const sameNumbers = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && some.every((number, i) => Object.is(number, others[i]));

/** Tests if a process follows from its tables: those that `noisefold/diffusion` makes do. */
export const isOfItsTables = (process: Process): boolean =>
  E.match(
    () => false,
    (again: Process) => sameNumbers(numbersOf(process), numbersOf(again)),
  )(processOf('', tablesOf(process)));

/**
 * The process of a file, by its tables: the one that is given, which must have these, or the one that follows from them.
 * `CheckpointMismatch` at the first table that differs; `DecodeError`; `ConfigError` for a process that does not follow from
 * its tables and is not given.
 */
export const processFrom = (
  path: string,
  tables: Tables,
  kind: 'tables' | 'custom',
  given: Process | undefined,
): either.Either<NoisefoldError, Process> => {
  if (given !== undefined) {
    const own = tablesOf(given);
    const other = NAMES.find((name) => !sameNumbers(Array.from(own[name]), Array.from(tables[name])));
    return other === undefined
      ? E.right(given)
      : fail('CheckpointMismatch', {
          where: `${path}: process.${other}`,
          expected: `those of the process that was given, ${own[other].length}`,
          actual: `${tables[other].length} others`,
          hint: 'leave `process` out: the file has the one of the training',
        });
  }
  if (kind === 'tables') return processOf(path, tables);
  return fail('ConfigError', {
    where: `${path}: process`,
    expected: 'the process of the training, which was made by hand',
    actual: 'none',
    hint: 'give it: loadTrained(path, { process })',
  });
};
