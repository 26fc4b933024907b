/** Options of solvers. */
import { amount, hinted, oneOf, refined, share } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { E, F, t } from '../../internal/fp.js';
import { type Fields, type Filled, optional, type OptionsOf, type Schema } from '../../internal/schema.js';
import { type Channel, sigmaOf } from '../channels/channel.js';
import { type Level, pairsOf } from '../channels/level.js';
import { type Algorithm, plus, times } from './algorithm.js';
import type { Solver } from './plan.js';
import { ancestralLevel, evaluatesAgain } from './steps.js';

/** Makes a solver from optional options `O`. If the options are invalid, the plan of the solver is the `ConfigError`. */
export type SolverFrom<O> = <G = unknown>(options?: Exact<G, keyof O> & O) => Solver;

/** A solver that refuses levels whose noise rises. */
const onFallingLevels = (name: string, solver: Solver): Solver => ({
  ...solver,
  plan: (levels, noising) => {
    const rise = pairsOf(levels).find(([from, to]) => sigmaOf(to) > sigmaOf(from));
    if (rise === undefined) return solver.plan(levels, noising);
    const [from, to] = rise;
    return fail('ConfigError', {
      where: `${name}: levels`,
      expected: 'levels whose σ/α falls, from noise to the data',
      actual: `σ/α = ${sigmaOf(from)} at t = ${from.t}, then ${sigmaOf(to)} at t = ${to.t}`,
      hint: 'give the levels in the order of a grid; ddimInversion(), which steps from the data to noise, takes them so too',
    });
  },
});

/** The maker of a solver with options. */
export const withOptions =
  <Fs extends Fields>(options: Schema<Fs>, solver: (options: Filled<Fs>) => Solver): SolverFrom<OptionsOf<Fs>> =>
  (settings) =>
    F.pipe(
      options.decode(settings),
      E.match(
        (error): Solver => ({ plan: () => E.left(error) }),
        (known) => onFallingLevels(options.name, solver(known)),
      ),
    );

/** η of DDIM. */
export const etaOf = (hint: string): t.Type<number> => hinted(refined(share, 'η from 0 to 1', share.is), hint);

/** η of the solvers of k-diffusion, which may be above 1. */
export const anyEta = (hint: string): t.Type<number> => hinted(refined(amount, 'η ≥ 0', amount.is), hint);

/** An order of a method: one of `orders`, which begin with 1 and have no gaps. */
export const orderOf = <const N extends number>(...orders: readonly N[]): t.Type<N> =>
  hinted(
    refined(t.number as t.Type<unknown> as t.Type<N>, `a whole order from 1 to ${orders.length}`, (n) =>
      orders.includes(n),
    ),
    'an order of 2 is usual',
  );

/** The largest ratio of σ/α at the beginning and at the end of a step with more than one prediction; see {@link MAX_SIGMA_RATIO}. */
const sigmaRatio = hinted(
  refined(t.number, 'a number ≥ 1, or Infinity', (n) => n >= 1),
  'Infinity is as in published code; in JSON, which has none, write 1e300',
);

/** The option of solvers that evaluate again in a step. */
export const fallFields = {
  /** The most by which σ may fall in a step that evaluates again; if left out, 100 from a σ above 1000, else any; Infinity as in published code. */
  maxSigmaRatio: optional(sigmaRatio),
};

/** The option `maxSigmaRatio` of solvers that use it only with some values of another option. So its declaration has no default. */
export const sigmaRatioBeside = optional(sigmaRatio);

/** The rule of {@link sigmaRatioBeside}: refuses `maxSigmaRatio` unless the other option has a value with which it has an effect. */
export const refusedSigmaRatio = (
  ratio: number | undefined,
  [option, value]: readonly [option: string, value: string],
  others: readonly string[],
) =>
  ratio === undefined || others.includes(value)
    ? null
    : ({
        field: 'maxSigmaRatio',
        expected: `${option}: ${others.map((other) => `'${other}'`).join(' or ')} beside it`,
        actual: `${option}: '${value}'`,
        hint: 'leave it out',
      } as const);

/** The options of an exponential integrator in x̂₀ or ε̂. */
export const spaceFields = {
  /** The prediction that it integrates: 'x0' if left out, or 'epsilon'. */
  space: optional(oneOf('x0', 'epsilon'), 'x0'),
  /** In ε̂, the most by which σ may fall in a step of order above 1; 100 if left out, Infinity as in published code. */
  maxSigmaRatio: sigmaRatioBeside,
};

/** The rule between {@link spaceFields}: only a method in ε̂ takes `maxSigmaRatio`. */
export const sigmaRatioInNoise = ({ space, maxSigmaRatio }: Filled<typeof spaceFields>) =>
  refusedSigmaRatio(maxSigmaRatio, ['space', space], ['epsilon']);

/** The rule for two predictions: 'midpoint' adds half of the step times their difference, 'heun' integrates the line through both. */
export const pairRule = optional(oneOf('midpoint', 'heun'), 'midpoint');

/** The standard deviation of the noise of a stochastic solver. */
export const noiseFactor = optional(hinted(amount, '1 is usual'), 1);

/** The options of ancestral solvers, which step to a noise level below the next level, then add noise up to the next level. */
export const ancestralFields = {
  /** η ≥ 0: 0 is deterministic, and above 1 more noise; 1 if left out. */
  eta: optional(anyEta('0 is deterministic, 1 is usual'), 1),
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
};

/**
 * Ancestral sampling by a method: the method steps to a noise level below the next level, then new noise leads up to the next
 * level. The method evaluates a second time if `again` is true. A step adds noise if `draws` is true for it.
 */
export const ancestrally =
  (
    { eta, sNoise, maxSigmaRatio }: Filled<typeof ancestralFields> & { readonly maxSigmaRatio?: number | undefined },
    method: (again: boolean) => Algorithm<Channel>,
    draws: (from: Level, down: Channel) => boolean = () => true,
  ): Algorithm =>
  (parts, from, to) => {
    const { down, up } = ancestralLevel(from, to, eta);
    const again = down.sigma > 0 && evaluatesAgain(from, to, maxSigmaRatio);
    const next = method(again)(parts, from, down);
    return draws(from, down) ? plus(next, times(sNoise * up, parts.noise())) : next;
  };
