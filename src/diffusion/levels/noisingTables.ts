/** Processes as plain data: the tables of a process, which restore it bit for bit. */
import { fail, failure, type NoisefoldError } from '../../internal/errors.js';
import { natural } from '../../internal/decode.js';
import { E, type either, F } from '../../internal/fp.js';
import { sigmaOf } from './channel.js';
import { type DiscreteNoising, noisingOfMarginals } from './discreteNoising.js';
import { checkedTables } from './schedule.js';

/** The names of the tables, `[T]` each; `scales` and `variances` are α and σ² of the marginals. */
export const TABLES = ['betas', 'alphas', 'alphaBars', 'scales', 'variances', 'timesteps'] as const;

/**
 * The tables of a process, as finite numbers. `sigmas` is present only for a process made from given σ; for others the
 * marginals give exactly the same σ. A σ of ∞, at the last timestep, is stored as 0.
 */
export type NoisingTables = Readonly<Record<(typeof TABLES)[number], ArrayLike<number>>> & {
  readonly sigmas?: ArrayLike<number>;
};

export const tablesOf = ({ schedule, timesteps, marginals }: DiscreteNoising): NoisingTables => {
  const { betas, alphas, alphaBars, sigmas } = schedule;
  const followed = marginals.map(sigmaOf);
  return {
    betas,
    alphas,
    alphaBars,
    scales: marginals.map(({ alpha }) => alpha),
    variances: marginals.map(({ sigma }) => sigma ** 2), // its root is σ to the bit
    timesteps,
    ...(sameNumbers(Array.from(sigmas), followed)
      ? {}
      : { sigmas: sigmas.map((sigma) => (sigma === Infinity ? 0 : sigma)) }),
  };
};

/** The process of tables, `[T]` each. Returns a `DecodeError` if they are invalid; `where` names their place in the file. */
export const noisingOfTables = (
  where: string,
  { betas, alphas, alphaBars, scales, variances, timesteps, sigmas }: NoisingTables,
): either.Either<NoisefoldError, DiscreteNoising> => {
  const wrong = Array.from(timesteps).find((t) => !natural.is(t));
  if (wrong !== undefined)
    return fail('DecodeError', {
      where: `${where}.timesteps`,
      expected: 'timesteps ≥ 0',
      actual: `${wrong}`,
      hint: 'give a file that noisefold wrote',
    });
  const marginals = Array.from(scales, (scale, t) => ({ alpha: scale, sigma: Math.sqrt(variances[t]!) }));
  const tables = {
    betas: Float64Array.from(betas),
    alphas: Float64Array.from(alphas),
    alphaBars: Float64Array.from(alphaBars),
    sigmas: Float64Array.from(marginals, (marginal, t) =>
      sigmas === undefined || marginal.alpha === 0 ? sigmaOf(marginal) : sigmas[t]!,
    ),
  };
  const falling = tables.sigmas.findIndex((sigma, t) => !(sigma > (tables.sigmas[t - 1] ?? 0)));
  if (falling !== -1)
    return fail('DecodeError', {
      where: `${where}.sigmas`,
      expected: 'noise levels above 0 that rise',
      actual: `${tables.sigmas[falling]} at t = ${falling}`,
      hint: 'give a file that noisefold wrote',
    });
  return F.pipe(
    checkedTables(`${where}.betas`, tables),
    E.mapLeft((error) => failure('DecodeError', error)),
    E.map((schedule) => noisingOfMarginals(schedule, marginals, Int32Array.from(timesteps))),
  );
};

const sameNumbers = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && some.every((number, i) => Object.is(number, others[i]));

/**
 * The first table of `stored` that differs from a process. A file without `sigmas` matches any. Variances are equal if their
 * roots are: σ² is rounded, and older files have 1 - ᾱ.
 */
export const differingTable = (own: NoisingTables, stored: NoisingTables): keyof NoisingTables | undefined =>
  ([...TABLES, 'sigmas'] as const).find((name) => {
    const numbers = (tables: NoisingTables): readonly number[] =>
      Array.from(tables[name] ?? own[name] ?? [], (number) => (name === 'variances' ? Math.sqrt(number) : number));
    return !sameNumbers(numbers(own), numbers(stored));
  });

/** The numbers of a process that are not in its tables. For processes that this library makes they follow from these. */
const followingFrom = ({ schedule, posteriors }: DiscreteNoising): readonly number[] => [
  ...schedule.channels.flatMap(({ alpha, sigma }) => [alpha, sigma]),
  ...posteriors.flatMap(({ x0, xt, sigma }) => [x0, xt, sigma]),
];

/** Tests if its tables restore a process. They may not, if it was changed by hand. */
export const followsFromTables = (noising: DiscreteNoising): boolean =>
  E.match(
    () => false,
    (again: DiscreteNoising) => sameNumbers(followingFrom(noising), followingFrom(again)),
  )(noisingOfTables('noising', tablesOf(noising)));
