/** Runs integrators without a sampler, on given legs: a compiled step with its state on the host. */
import { type Channel, exactDenoiser, type GaussianMixture, type Leg, type Solver } from 'noisefold/diffusion';
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
import { valueOf } from './plans.js';

/** B samples of N numbers each, row-major. */
export type Batch = Float64Array;

/** A state on the host. */
export interface HostState {
  readonly x: Batch;
  readonly memory: readonly Batch[];
}

/** Legs, and the noise levels of the process that they are of. */
export interface Place {
  readonly legs: readonly Leg[];
  readonly levels: readonly Channel[];
}

/** A solver on a path, with the exact denoiser of a mixture. */
export interface Walk {
  readonly memory: number;
  readonly stochastic: boolean;
  /** One step of B samples, with given noise. */
  readonly step: (index: number, state: HostState, noise: Batch) => Promise<HostState>;
  readonly release: () => void;
}

export const walkOf = async (
  backend: Backend,
  { integrate }: Solver,
  { legs, levels }: Place,
  mixture: GaussianMixture<Shape>,
  batch: number,
): Promise<Walk> => {
  const integrator = valueOf(integrate(legs, levels));
  const { apply } = exactDenoiser({ marginals: levels })(mixture);
  const size = (mixture.shape as readonly number[]).reduce((a, b) => a * b, 1);
  const predict = <S extends Shape>(x: Tensor<S>, t: Tensor<[], 'int32'>): Tensor<S> => {
    const shaped = reshape(x, batch, ...(mixture.shape as readonly number[])) as Tensor<Shape> as Tensor<
      [Dim, ...Shape]
    >;
    const x0 = apply(null, shaped, { t: broadcastTo(t, batch) as Tensor<[Dim], 'int32'> });
    const shape: readonly number[] = dims(x);
    return ascribeLike(reshape(x0, ...shape) as Tensor<Shape>, x);
  };
  const timestepAt = (index: number): number => legs[index]!.t;
  const nextAt = (index: number): number => legs[index]!.next ?? legs[index]!.t;
  const memory: readonly 'B N'[] = Array.from({ length: integrator.memory }, () => 'B N');
  const executable = valueOf(
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
          state: integrator.step(state, { index, t, next, predict, noise: () => noise }).state,
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
      const { state: after } = valueOf(await executable.run(given)());
      const numbers = async (value: typeof after.x): Promise<Batch> =>
        Float64Array.from(valueOf(await read(value)(backend)()));
      const [x, ...kept] = await Promise.all([after.x, ...after.memory].map(numbers));
      return { x: x!, memory: kept };
    },
  };
};
