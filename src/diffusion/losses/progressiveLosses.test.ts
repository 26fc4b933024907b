import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import { add, constantOf, div, leafSpec, mul, scalar, type Scalar, scaleBy, tanh, type Tensor, treeSpec } from '../../dsl/index.js'; // oxfmt-ignore
import { E } from '../../internal/fp.js';
import type { Denoiser, Model } from '../denoisers/denoiser.js';
import { exactDenoiser } from '../denoisers/exact.js';
import { gaussianMixture } from '../denoisers/gaussianMixture.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import type { ContinuousNoising } from '../paths/path.js';
import { progressiveLosses } from './progressiveLosses.js';

/** x̂(z, α, σ) = tanh(p·z/(α + σ)), in numbers and as a denoiser. */
const f = (p: number, z: number, { alpha, sigma }: { alpha: number; sigma: number }): number =>
  Math.tanh((p * z) / (alpha + sigma));
const network: Denoiser<Scalar, [1]> = {
  predicts: 'x0',
  clock: 'level',
  apply: (p, x, { level }) => tanh(scaleBy(mul(x, p), div(1, add(level!.alpha, level!.sigma)))),
};
const model: Model<Scalar, [1]> = { ...network, params: treeSpec<Scalar>(leafSpec([])), init: () => scalar(0) };
const teacherOn = (noising: ContinuousNoising) => ({ model, noising, params: null as never });

const [P, Q] = [0.7, 1.3];
const X0 = [0.5, -1, 0.25, 1];
const NOISE = [1.5, -0.5, 2, 0.125];
const lossesOn = (noising: ContinuousNoising, steps: number, times: readonly number[]) =>
  numbersOf(() => {
    const objective = progressiveLosses({ teacher: teacherOn(noising), steps });
    return objective(noising, network)(scalar(P), {
      x0: constantOf(X0, 4, 1) as Tensor<[4, 1]>,
      noise: constantOf(NOISE, 4, 1) as Tensor<[4, 1]>,
      t: constantOf(times, 4) as Tensor<[4]>,
      teacher: scalar(Q),
    }).losses;
  });

describe('progressiveLosses', () => {
  test.each([rectifiedFlow(), trigonometric()].flatMap((noising) => [1, 2, 4].map((steps) => ({ noising, steps, name: noising.name }))))(
    'is Algorithm 2 of the paper, on $name in $steps steps',
    async ({ noising, steps }) => {
      const times = [0.01, 0.25, 0.6, 1];
      const actual = await lossesOn(noising, steps, times);
      times.forEach((drawn, i) => {
        const [x, epsilon] = [X0[i]!, NOISE[i]!];
        const t = Math.ceil(drawn * steps) / steps;
        const [at, at1, at2] = [t, t - 0.5 / steps, t - 1 / steps].map(noising.levelAt) as [
          ReturnType<typeof noising.levelAt>,
          ReturnType<typeof noising.levelAt>,
          ReturnType<typeof noising.levelAt>,
        ];
        const z = at.alpha * x + at.sigma * epsilon;
        const z1 = at1.alpha * f(Q, z, at) + (at1.sigma / at.sigma) * (z - at.alpha * f(Q, z, at));
        const z2 = at2.alpha * f(Q, z1, at1) + (at2.sigma / at1.sigma) * (z1 - at1.alpha * f(Q, z1, at1));
        const target = (z2 - (at2.sigma / at.sigma) * z) / (at2.alpha - (at2.sigma / at.sigma) * at.alpha);
        const weight = Math.max(at.alpha ** 2 / at.sigma ** 2, 1);
        expect(actual[i]! / (weight * (target - f(P, z, at)) ** 2)).toBeCloseTo(1, 9);
      });
    },
  ); // oxfmt-ignore

  test('a teacher whose prediction is the data has a student of the same prediction', async () => {
    const point = right(gaussianMixture({ shape: [1] as const, weights: [1], means: [[0.3]], variances: [0] }));
    const exact = exactDenoiser(edm())(point);
    const teacher = {
      model: { ...exact, params: treeSpec<object>({}) as never },
      noising: edm(),
      params: null as never,
    };
    const losses = await numbersOf(() => {
      const t = constantOf([0.01, 0.5, 3, 70], 4) as Tensor<[4]>;
      const [x0, noise] = [constantOf([0.3, 0.3, 0.3, 0.3], 4, 1), constantOf(NOISE, 4, 1)] as [Tensor<[4, 1]>, Tensor<[4, 1]>]; // oxfmt-ignore
      return progressiveLosses({ teacher, steps: 4 })(edm(), exact)(null, { x0, noise, t, teacher: null }).losses;
    });
    // weights are up to 1/0.002² of a squared rounding
    losses.forEach((loss) => expect(loss).toBeLessThan(1e-20));
  });

  test('refuses the timesteps of a schedule', async () => {
    const schedule = right(ddpm(cosine(8)));
    const refusal = await outcomeOf(
      () =>
        progressiveLosses({ teacher: teacherOn(rectifiedFlow()), steps: 4 })(schedule, network)(scalar(P), {
          x0: constantOf([1], 1, 1) as Tensor<[1, 1]>,
        }).losses,
    )();
    expect(E.isLeft(refusal) && refusal.left.where).toBe('progressiveLosses: noising');
  });
});
