/** Changes the beginnings and ends of steps to those of schedulers of diffusers. */
import { entryAt, legsOf, type Integrator, type Process, type Solver } from '../../../diffusion/index.js';
import { legBetween } from '../../../diffusion/grids/leg.js';
import { channelOfSigma } from '../../../diffusion/schedules/channel.js';
import { add, exp, mul, type Shape, type Tensor } from '../../../dsl/index.js';
import { E } from '../../../internal/fp.js';

/** Tests if timesteps are the last ones of a grid. On any other grid, a solver takes its own path. */
const isTailOf = (whole: readonly number[], part: readonly number[]): boolean =>
  part.every((t, i) => t === whole[whole.length - part.length + i]);

/** Steps of ⌊T/n⌋, even if the next one begins elsewhere. The last one ends at the data, or at `last`. */
export const strides =
  (grid: readonly number[], T: number, last: 0 | null): NonNullable<Solver['path']> =>
  (process, timesteps) => {
    const stride = Math.floor(T / grid.length);
    return isTailOf(grid, timesteps)
      ? timesteps.map((t) => legBetween(process, t, t >= stride ? t - stride : last))
      : legsOf(process, timesteps);
  };

/** A noise level between timesteps, and the timestep that the network gets for it. */
export interface SigmaLevel {
  readonly sigma: number;
  readonly timestep: number;
}

/** Changes the noise levels of the timesteps of a grid, and the timesteps that the network gets for them. */
export const withLevels =
  (grid: readonly number[], levels: readonly SigmaLevel[]): NonNullable<Solver['processFor']> =>
  (process, timesteps): Process => {
    if (!isTailOf(grid, timesteps)) return process;
    const at = new Map(grid.map((t, i) => [t, levels[i]!]));
    return {
      ...process,
      marginals: process.marginals.map((own, t) => (at.has(t) ? channelOfSigma(at.get(t)!.sigma) : own)),
      timesteps: process.timesteps.map((own, t) => at.get(t)?.timestep ?? own),
    };
  };

/** Changes the integrator of a solver on the grid of its scheduler, or on its last timesteps. */
const changing = (
  grid: readonly number[],
  change: (it: Integrator, legs: Parameters<Solver['integrate']>[0]) => Integrator,
) => {
  const isOurs = (timesteps: readonly number[]): boolean => timesteps.length > 0 && isTailOf(grid, timesteps);
  return (solver: Solver): Solver => ({
    ...solver,
    integrate: (legs, levels) =>
      E.map((it: Integrator) => (isOurs(legs.map(({ t }) => t)) ? change(it, legs) : it))(
        solver.integrate(legs, levels),
      ),
  });
};

/** Begins with noise of the standard deviation √(1-ᾱ_T): diffusers begins at σ_T·ε, and noisefold at x_T = ε. */
export const fromSigma = (grid: readonly number[]) =>
  changing(grid, (it, legs) => {
    if (legs.length < grid.length) return it; // it starts from an image
    const scaleAt = entryAt(legs.map(({ from }, i) => (i === 0 ? from.sigma : 1)));
    return {
      ...it,
      step: (state, moment) => it.step({ ...state, x: mul(state.x, scaleAt(moment.index)) }, moment),
    };
  });

/** The variance that diffusers takes for 0. */
const LEAST = Math.log(1e-20);

/** Adds the noise of DDPM's last step if it does not begin at t = 0; its β is 1-ᾱ_t. */
export const noisyToTheEnd = (grid: readonly number[]) =>
  changing(grid, (it, legs) => {
    const logBeta = 2 * Math.log(legs.at(-1)!.from.sigma);
    const isLast = entryAt(legs.map((_, i) => (i === legs.length - 1 ? 1 : 0)));
    const sigmaOf = <S extends Shape>(share: Tensor<S>): Tensor<S> =>
      exp(add(mul(share, (logBeta - LEAST) / 4), (logBeta + LEAST) / 4)); // of a share in -1…1
    return {
      ...it,
      stochastic: true,
      step: (state, moment) => {
        const { state: next, x0 } = it.step(state, moment);
        const noise = mul(moment.noise('last'), isLast(moment.index));
        const sized =
          moment.learned === undefined
            ? mul(noise, Math.exp(logBeta / 2))
            : mul(noise, sigmaOf(moment.learned.variance(state.x, moment.t)));
        return { state: { ...next, x: add(next.x, sized) }, x0 };
      },
    };
  });
