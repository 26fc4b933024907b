/** Runs the plans of solvers without a sampler: a compiled evaluation with its state on the host. */
import { exactDenoiser, type GaussianMixture, integratorOf, type SolverPlan } from 'noisefold/diffusion';
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
import { listed } from './listed.js';

/** B samples of N numbers each, row-major. */
export type Batch = Float64Array;

/** A state on the host. */
export interface HostState {
  readonly x: Batch;
  readonly memory: readonly Batch[];
}

/** A solver on its way, with the exact denoiser of a mixture. */
export interface Walk {
  readonly memory: number;
  readonly stochastic: boolean;
  /** One step of B samples, with given noise. */
  readonly step: (index: number, state: HostState, noise: Batch) => Promise<HostState>;
  readonly release: () => void;
}

export const walkOf = async (
  backend: Backend,
  plan: SolverPlan,
  mixture: GaussianMixture<Shape>,
  batch: number,
): Promise<Walk> => {
  const integrator = integratorOf(plan);
  const levels = plan.flatMap(({ stages }) => stages.map(({ at }) => at));
  const { apply } = exactDenoiser(listed(levels))(mixture);
  const size = (mixture.shape as readonly number[]).reduce((a, b) => a * b, 1);
  const denoised = <S extends Shape>(x: Tensor<S>, index: Tensor<[], 'int32'>): Tensor<S> => {
    const shaped = reshape(x, batch, ...(mixture.shape as readonly number[])) as Tensor<Shape> as Tensor<
      [Dim, ...Shape]
    >;
    const x0 = apply(null, shaped, { t: broadcastTo(index, batch) as Tensor<[Dim], 'int32'> });
    const shape: readonly number[] = dims(x);
    return ascribeLike(reshape(x0, ...shape) as Tensor<Shape>, x);
  };
  const memory: readonly 'B N'[] = Array.from({ length: integrator.memory }, () => 'B N');
  const executable = valueOf(
    await compile(
      program({ state: { x: 'B N', memory }, index: ':int32', noise: 'B N' }, ({ state, index, noise }) => {
        const predict = <S extends Shape>(x: Tensor<S>) => denoised(x, index);
        const evaluation = { index, predict, uncorrected: predict, noise: () => noise };
        return { state: integrator.step(state, evaluation).state };
      }),
      { B: batch, N: size },
    )(backend)(),
  );
  const evaluated = async (index: number, state: HostState, noise: Batch): Promise<HostState> => {
    const { state: after } = valueOf(await executable.run({ state, noise, index })());
    const numbers = async (value: typeof after.x): Promise<Batch> =>
      Float64Array.from(valueOf(await read(value)(backend)()));
    const [x, ...memory] = await Promise.all([after.x, ...after.memory].map(numbers));
    return { x: x!, memory };
  };
  const firsts = plan.map((_, i) => plan.slice(0, i).reduce((sum, { stages }) => sum + stages.length, 0));
  return {
    memory: integrator.memory,
    stochastic: integrator.stochastic,
    release: () => executable.release(),
    step: async (index, state, noise) => {
      let now = state;
      for (let k = 0; k < plan[index]!.stages.length; k++) now = await evaluated(firsts[index]! + k, now, noise);
      return now;
    },
  };
};
