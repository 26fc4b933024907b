/** Processes as plain data: the tables of a process, which restore it bit for bit. */
import { fail, failure, type NoisefoldError } from '../../internal/errors.js';
import { natural } from '../../internal/decode.js';
import { E, type either, F } from '../../internal/fp.js';
import { type DiscreteNoising, noisingOf } from './discreteNoising.js';
import { checkedTables, sigmaOfAlphaBar } from '../schedules/schedule.js';

/** The names of the tables, `[T]` each. */
export const TABLES = ['betas', 'alphas', 'alphaBars', 'timesteps'] as const;

/**
 * The tables of a process, as finite numbers. `sigmas` is present only for a process made from given σ; for others ᾱ gives
 * exactly the same σ. A σ of ∞, at the last timestep, is stored as 0.
 */
export type NoisingTables = Readonly<Record<(typeof TABLES)[number], ArrayLike<number>>> & {
  readonly sigmas?: ArrayLike<number>;
};

export const tablesOf = ({
  schedule: { betas, alphas, alphaBars, sigmas },
  timesteps,
}: DiscreteNoising): NoisingTables => ({
  betas,
  alphas,
  alphaBars,
  timesteps,
  ...(sameNumbers(sigmas, alphaBars.map(sigmaOfAlphaBar))
    ? {}
    : { sigmas: sigmas.map((sigma) => (sigma === Infinity ? 0 : sigma)) }),
});

/** The largest difference of an ᾱ from the ᾱ of its σ that rounding may cause. */
const ROUNDING = 2 ** -40;

/** The process of tables, `[T]` each. Returns a `DecodeError` if they are invalid; `where` names their place in the file. */
export const noisingOfTables = (
  where: string,
  { timesteps, ...tables }: NoisingTables,
): either.Either<NoisefoldError, DiscreteNoising> => {
  const [betas, alphas, alphaBars] = [tables.betas, tables.alphas, tables.alphaBars].map((table) =>
    Float64Array.from(table),
  ) as [Float64Array, Float64Array, Float64Array];
  const sigmas = alphaBars.map((alphaBar, t) =>
    tables.sigmas === undefined || alphaBar === 0 ? sigmaOfAlphaBar(alphaBar) : tables.sigmas[t]!,
  );
  const wrong = (table: string, expected: string, at: number, value: number) =>
    fail('DecodeError', {
      where: `${where}.${table}`,
      expected,
      actual: `${value} at t = ${at}`,
      hint: 'give a file that noisefold wrote',
    });
  const unnatural = Array.from(timesteps).findIndex((t) => !natural.is(t));
  if (unnatural !== -1) return wrong('timesteps', 'timesteps ≥ 0', unnatural, timesteps[unnatural]!);
  const other = alphaBars.findIndex((alphaBar, t) => !(Math.abs(alphaBar - 1 / (1 + sigmas[t]! ** 2)) < ROUNDING));
  if (other !== -1) return wrong('alphaBars', 'ᾱ between 0 and 1 that agree with σ', other, alphaBars[other]!);
  return F.pipe(
    checkedTables(`${where}.betas`, { betas, alphas, alphaBars, sigmas }),
    E.bimap(
      (error) => failure('DecodeError', error),
      (schedule) => noisingOf(schedule, Int32Array.from(timesteps)),
    ),
  );
};

const sameNumbers = (some: ArrayLike<number>, others: ArrayLike<number>): boolean =>
  some.length === others.length && Array.from(some).every((number, i) => Object.is(number, others[i]));

/** The first table of `other` that differs from a process. */
export const differingTable = (own: NoisingTables, other: NoisingTables): keyof NoisingTables | undefined =>
  ([...TABLES, 'sigmas'] as const).find((name) => !sameNumbers(own[name] ?? [], other[name] ?? []));

/** The numbers of a process that are not in its tables. For processes that this library makes they follow from these. */
const followingFrom = ({ schedule, marginals, posteriors }: DiscreteNoising): readonly number[] => [
  ...[...schedule.channels, ...marginals].flatMap(({ alpha, sigma }) => [alpha, sigma]),
  ...posteriors.flatMap(({ x0, xt, sigma }) => [x0, xt, sigma]),
];

/** Tests if the tables of a process restore it. They do not, if a user changed the process or gave it another measure between timesteps. */
export const followsFromTables = (noising: DiscreteNoising): boolean =>
  noising.between === undefined &&
  E.match(
    () => false,
    (again: DiscreteNoising) => sameNumbers(followingFrom(noising), followingFrom(again)),
  )(noisingOfTables('noising', tablesOf(noising)));
