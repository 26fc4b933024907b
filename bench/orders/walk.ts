/** Integrators on paths of any log-SNR, without schedule or sampler: a step, compiled for the float64 reference. */
import {
  type Channel,
  exactDenoiser,
  type GaussianMixture,
  type Leg,
  type Solver,
  transition,
} from 'noisefold/diffusion';
import {
  ascribeLike,
  type Backend,
  broadcastTo,
  compile,
  type Dim,
  dims,
  program,
  read,
  reshape,
  type Shape,
  type Tensor,
} from 'noisefold/dsl';
import { orThrow } from '../table.js';
import { channelAt } from './flow.js';

/** A path with as many legs as are asked for, equal in λ. */
export interface Path {
  readonly legs: readonly Leg[];
  /** The λ at which each leg begins, and where the last one ends. */
  readonly lambdas: readonly number[];
  /** The noise levels that a step may name, the noisiest last. */
  readonly levels: readonly Channel[];
}

/** How many levels there are to a leg, for solvers that raise x_t to one in between. */
const BETWEEN = 4;

/** n legs from one λ to another; a walk towards noise has the legs that a rising grid has. */
export const pathOf = (from: number, to: number, n: number): Path => {
  const step = Math.abs(to - from) / n;
  const count = n * BETWEEN + BETWEEN;
  const levels = Array.from({ length: count + 1 }, (_, t) =>
    channelAt(Math.max(from, to) - (t * step) / BETWEEN),
  );
  const timesteps = Array.from({ length: n + 1 }, (_, i) => (from < to ? n - i : i) * BETWEEN);
  return {
    levels,
    lambdas: timesteps.map((t) => Math.max(from, to) - (t * step) / BETWEEN),
    legs: timesteps.slice(0, -1).map((t, i) => {
      const next = timesteps[i + 1]!;
      return { t, next, from: levels[t]!, to: levels[next]!, between: transition(levels[next]!, levels[t]!) };
    }),
  };
};

/** B samples of N numbers each, row-major. */
export type Batch = Float64Array;

/** A state on the host. */
export interface HostState {
  readonly x: Batch;
  readonly memory: readonly Batch[];
}

/** A solver at work on a path, with the exact denoiser of a mixture. */
export interface Walk {
  readonly memory: number;
  readonly stochastic: boolean;
  /** One step of B samples, with the noise it is to draw. */
  readonly step: (index: number, state: HostState, noise: Batch) => Promise<HostState>;
  readonly release: () => void;
}

export const walkOf = async (
  backend: Backend,
  { integrate }: Solver,
  { legs, levels }: Omit<Path, 'lambdas'>,
  mixture: GaussianMixture<Shape>,
  batch: number,
): Promise<Walk> => {
  const integrator = orThrow(integrate(legs, levels));
  const { apply } = exactDenoiser({ marginals: levels })(mixture);
  const size = (mixture.shape as readonly number[]).reduce((a, b) => a * b, 1);
  const predict = <S extends Shape>(x: Tensor<S>, t: Tensor<[], 'int32'>): Tensor<S> => {
    const shaped = reshape(batch, ...(mixture.shape as readonly number[]))(x) as Tensor<Shape> as Tensor<
      [Dim, ...Shape]
    >;
    const x0 = apply(null, shaped, { t: broadcastTo(batch)(t) as Tensor<[Dim], 'int32'> });
    return ascribeLike(x)(reshape(...dims(x))(x0) as Tensor<Shape>);
  };
  const timestepAt = (index: number): number => legs[index]!.t;
  const nextAt = (index: number): number => legs[index]!.next ?? legs[index]!.t;
  const memory: readonly 'B N'[] = Array.from({ length: integrator.memory }, () => 'B N');
  const executable = orThrow(
    await compile(
      program(
        {
          state: { x: 'B N', memory },
          index: ':int32',
          t: ':int32',
          next: ':int32',
          noise: 'B N',
        },
        ({ state, index, t, next, noise }) => ({
          state: integrator.step(state, {
            index,
            t,
            next,
            predict,
            noise: () => noise,
          }),
        }),
      ),
      { B: batch, N: size },
    )(backend)(),
  );
  return {
    memory: integrator.memory,
    stochastic: integrator.stochastic,
    release: () => executable.release(),
    step: async (index, state, noise) => {
      const given = { state, noise, index, t: timestepAt(index), next: nextAt(index) };
      const { state: after } = orThrow(await executable.run(given)());
      const numbers = async (value: typeof after.x): Promise<Batch> =>
        Float64Array.from(orThrow(await read(value)(backend)()));
      const [x, ...kept] = await Promise.all([after.x, ...after.memory].map(numbers));
      return { x: x!, memory: kept };
    },
  };
};
