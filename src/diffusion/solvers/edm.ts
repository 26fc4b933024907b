import { add, mul, type Shape, sub, type Tensor } from '../../dsl/index.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { amount, hinted } from '../../internal/decode.js';
import { E, type either, t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Channel, identity, leavesSignal, sigmaOf, transition } from '../schedules/channel.js';
import { flowStep } from './exponentialIntegrator.js';
import { isGradual } from './stepLimits.js';
import type { Leg } from '../grids/leg.js';
import type { Integrator } from './solver.js';
import { type SolverFrom, withOptions } from './solverOptions.js';
import { column, entryAt } from '../process/table.js';

const fields = {
  /** S_churn: the total amount of noise over all steps; 0, the default, adds no noise. */
  churn: optional(hinted(amount, 'a churn of 0 is the deterministic sampler'), 0),
  /** S_tmin: the least σ at which it is added; default 0. */
  sMin: optional(t.number, 0),
  /** S_tmax: the greatest σ at which it is added; by default no limit. */
  sMax: optional(t.number, Infinity),
  /** S_noise: the standard deviation of the noise, 1 (the default) or slightly more. */
  sNoise: optional(hinted(amount, '1 is usual'), 1),
};

/** Churn, the noise added before a step, with the names of EDM (Karras et al. 2022, Algorithm 2); σ is that of {@link sigmaOf}. */
export interface Churn extends OptionsOf<typeof fields> {}

/** The largest γ of a step: σ̂ ≤ √2·σ. */
const MOST = Math.SQRT2 - 1;

const isChurned = (
  { from }: Pick<Leg, 'from'>,
  { churn, sMin, sMax }: Pick<Required<Churn>, 'churn' | 'sMin' | 'sMax'>,
): boolean => {
  const sigma = sigmaOf(from);
  return churn > 0 && leavesSignal(from) && sigma >= sMin && sigma <= sMax;
};

/** The level of a process nearest to a given log σ, not below that of timestep t, and with signal. */
const nearestLevel = (levels: readonly Channel[], t: number, wanted: number): number => {
  const distance = (level: number): number => Math.abs(Math.log(sigmaOf(levels[level]!)) - wanted);
  const isNearer = (level: number): boolean =>
    level < levels.length && leavesSignal(levels[level]!) && distance(level) < distance(level - 1);
  let nearest = t;
  while (isNearer(nearest + 1)) nearest++;
  return nearest;
};

/**
 * The noise level that each leg is raised to (Algorithm 2, line 5): the nearest level of the process (`round_sigma`). The
 * rounding error in ln σ̂ is carried over to the next leg, so the legs together add as much noise as the paper's, up to half
 * a level. The denoiser always gets the true level of x_t; with a rounded level, Heun's method would have order 1.
 */
const raisedTo = (
  legs: readonly Leg[],
  levels: readonly Channel[],
  { churn, sMin, sMax }: Required<Churn>,
): readonly number[] => {
  const each = Math.log1p(Math.min(churn / legs.length, MOST));
  let carried = 0;
  return legs.map(({ t, from }) => {
    if (!isChurned({ from }, { churn, sMin, sMax })) return t;
    const wanted = Math.log(sigmaOf(from)) + each + carried;
    const level = nearestLevel(levels, t, wanted);
    carried = wanted - Math.log(sigmaOf(levels[level]!));
    return level;
  });
};

/** Returns a `ConfigError` for churn that is too small to raise any step in its range to another level. */
const churned = (
  where: string,
  legs: readonly Leg[],
  levels: readonly Channel[],
  given: Required<Churn>,
): either.Either<NoisefoldError, void> => {
  const isWanted = (leg: Leg): boolean => isChurned(leg, given) && leg.t + 1 < levels.length;
  const raised = raisedTo(legs, levels, given);
  const isLost = legs.some(isWanted) && legs.every(({ t }, i) => raised[i] === t);
  return isLost
    ? fail('ConfigError', {
        where,
        expected: 'a churn that raises x_t to another noise level of the process at least once',
        actual: `${given.churn} over ${legs.length} steps, which together do not reach the next level`,
        hint: 'give more churn, or a process with more timesteps; a churn of 0 adds no noise',
      })
    : E.right(undefined);
};

const integrator = (
  legs: readonly Leg[],
  levels: readonly Channel[],
  given: Required<Churn>,
  corrects: (from: Channel, to: Channel) => boolean,
): Integrator => {
  const raised = raisedTo(legs, levels, given);
  const beginnings = legs.map(({ from }, i) => (raised[i] === legs[i]!.t ? from : levels[raised[i]!]!));
  const raises = legs.map(({ t, from }, i) => (raised[i] === t ? identity : transition(from, beginnings[i]!)));
  const stochastic = raised.some((level, i) => level !== legs[i]!.t);
  const steps = legs.map(({ to }, i) => flowStep(beginnings[i]!, to));
  // lines 10 and 11, in x̂₀: with r = σ_s/σ̂, x̂₀ + (x̂₀' - x̂₀)/(2r)
  const seconds = legs.map(({ to }, i) =>
    corrects(beginnings[i]!, to) ? sigmaOf(beginnings[i]!) / sigmaOf(to) / 2 : 0,
  );
  const [ofX, ofX0] = [entryAt(column(steps, ({ x }) => x)), entryAt(column(steps, ({ x0 }) => x0))];
  const second = seconds.some((weight) => weight !== 0);
  const ofSecond = entryAt(seconds);
  const ofRaised = entryAt(column(raises, ({ alpha }) => alpha));
  const ofNoise = entryAt(column(raises, ({ sigma }) => given.sNoise * sigma));
  const raisedAt = entryAt(Int32Array.from(raised));
  return {
    memory: 0,
    stochastic,
    step: ({ x: xt, memory }, { index, next, predict, noise }) => {
      const begin = stochastic ? add(mul(xt, ofRaised(index)), mul(noise('churn'), ofNoise(index))) : xt;
      const to = <S extends Shape>(from: Tensor<S>, x0: Tensor<S>): Tensor<S> =>
        add(mul(from, ofX(index)), mul(x0, ofX0(index)));
      const first = predict(begin, raisedAt(index));
      const euler = to(begin, first);
      if (!second) return { state: { x: euler, memory }, x0: first };
      const again = predict(euler, next);
      const x = to(begin, add(first, mul(sub(again, first), ofSecond(index))));
      return { state: { x, memory }, x0: first };
    },
  };
};

const solver = (where: string, corrects: (from: Channel, to: Channel) => boolean): SolverFrom<Churn> =>
  withOptions(
    schema(where, fields).rule(({ sMin, sMax }) =>
      sMin <= sMax
        ? null
        : {
            field: 'sMin',
            expected: 'sMin ≤ sMax',
            actual: `sMin ${sMin}, sMax ${sMax}`,
            hint: 'churn is added where σ is between them',
          },
    ),
    (given) => ({
      integrate: (legs, levels) =>
        E.map(() => integrator(legs, levels, given, corrects))(churned(where, legs, levels, given)),
    }),
  );

/**
 * Euler's method in σ (EDM, Karras et al. 2022, Algorithm 2 without its lines 9 to 11). Without churn it is DDIM with η = 0.
 * Churn raises x_t to noisier levels of the process between steps. It rounds the paper's σ̂ to these levels, and adds as much
 * noise in total.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(4), solver: euler({ churn: 1 }) }))
 * made.stochastic // → true
 */
export const euler = solver('euler', () => false);

/**
 * Heun's method in σ (EDM, Karras et al. 2022, Algorithm 2): two evaluations a step. The last step, which ends at the data,
 * uses only the first, and so does a step over which σ falls more than 100-fold, such as the first on a coarse grid of the
 * cosine schedule, from a σ of thousands. (The paper's grids begin at 80, and fall gradually.) Churn works as in
 * {@link euler}.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(4), solver: heun({ churn: 1, sMin: 0.05, sMax: 50, sNoise: 1.003 }) }))
 * made.memory // → 0
 */
export const heun = solver('heun', (from, to) => isGradual(from, to, 'end'));

/** {@link heun} with two evaluations in every step but the last, however far σ falls, as in diffusers. */
export const heunThroughout = solver('heun', (_, to) => to.sigma > 0);
