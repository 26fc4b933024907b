import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import {
  add,
  bernoulli,
  type Dim,
  cast,
  constantOf,
  div,
  grad,
  leafSpec,
  mul,
  scalar,
  type Scalar,
  scaleBy,
  sqrt,
  sum,
  tanh,
  type Tensor,
  treeSpec,
  zerosLike,
} from '../../dsl/index.js';
import { labelOf } from '../../conditions/values.js';
import { E } from '../../internal/fp.js';
import { gaussianMixture } from '../denoisers/gaussianMixture.js';
import { exactDenoiser } from '../denoisers/exact.js';
import type { Denoiser, Model } from '../denoisers/denoiser.js';
import { cfg } from '../guidance/classifierFreeGuidance.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { continuousLinear, edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import { consistencyDistillationLosses, consistencyLosses } from './consistencyLosses.js';
import { pseudoHuberDistance } from './distances.js';
import type { Objective } from './objective.js';
import { ectPairs, type NoisePairs } from './noisePairs.js';

/** f(x, σ) = tanh(p·x/(1 + σ)), in numbers and as a denoiser. */
const f = (p: number, x: number, sigma: number): number => Math.tanh((p * x) / (1 + sigma));
const network: Denoiser<Scalar, [2]> = {
  predicts: 'x0',
  clock: 'level',
  apply: (p, x, { level }) => tanh(scaleBy(mul(x, p), div(1, mul(add(level!.sigma, level!.alpha), 1)))),
};

/** r = ratio·t. */
const at = (ratio: number): NoisePairs => ({ settings: { ratio }, of: (t) => ({ t, r: mul(t, ratio) }) });

const SIGMAS = [0.3, 2, 40];
const X0 = [0.5, -0.25, 1, -1, 0, 0.125];
const NOISE = [1.5, -0.5, 0.25, 2, -1, 0.75];
const batch = {
  x0: constantOf(X0, 3, 2) as Tensor<[3, 2]>,
  noise: constantOf(NOISE, 3, 2) as Tensor<[3, 2]>,
  t: constantOf(SIGMAS, 3) as Tensor<[3]>,
};
const C = 0.03;
const huber = (error: readonly number[]): number => Math.sqrt(error.reduce((all, e) => all + e * e, C * C)) - C;
const P = 0.7;
const lossesOf = (objective: Objective, noising = edm(), p = P) =>
  numbersOf(() => objective(noising, network)(scalar(p), batch).losses);

describe('consistencyLosses', () => {
  test.each([0.5, 0.9, 0])('is d(f(x_t, t), f(x_r, r))/(t - r) for r = %d·t, with f(x, 0) = x', async (ratio) => {
    const actual = await lossesOf(consistencyLosses({ pairs: at(ratio), distance: pseudoHuberDistance(C) }));
    SIGMAS.forEach((t, i) => {
      const r = ratio * t;
      const error = [0, 1].map((j) => {
        const [x0, noise] = [X0[2 * i + j]!, NOISE[2 * i + j]!];
        return f(P, x0 + t * noise, t) - (r === 0 ? x0 : f(P, x0 + r * noise, r));
      });
      expect(actual[i]).toBeCloseTo(huber(error) / (t - r), 12);
    });
  });

  test('its gradient stops at the target', async () => {
    const objective = consistencyLosses({ pairs: at(0.5), distance: pseudoHuberDistance(C) });
    const [slope] = await numbersOf(() =>
      grad((p: Scalar) => sum(objective(edm(), network)(p, batch).losses))(scalar(P)),
    );
    // the loss with the target of a fixed p
    const held = (p: number): number =>
      SIGMAS.reduce((all, t, i) => {
        const error = [0, 1].map((j) => {
          const [x0, noise] = [X0[2 * i + j]!, NOISE[2 * i + j]!];
          return f(p, x0 + t * noise, t) - f(P, x0 + 0.5 * t * noise, 0.5 * t);
        });
        return all + huber(error) / (0.5 * t);
      }, 0);
    expect(slope).toBeCloseTo((held(P + 1e-5) - held(P - 1e-5)) / 2e-5, 7);
  });

  test('c is 0.00054·√d if it is left out', async () => {
    const given = await lossesOf(
      consistencyLosses({ pairs: at(0.5), distance: pseudoHuberDistance(0.00054 * Math.SQRT2) }),
    );
    expect(await lossesOf(consistencyLosses({ pairs: at(0.5) }))).toEqual(given);
  });

  test('both ends have the same dropout and the same conditions', async () => {
    const random: Denoiser<null, [2]> = {
      predicts: 'x0',
      clock: 'level',
      conditions: { label: { classes: 3 } },
      apply: (_, x, at) =>
        add(
          cast(bernoulli(0.5, ...([3, 2] as const))(at.dropout!), 'float32') as typeof x,
          scaleBy(add(zerosLike(x), 1), cast(labelOf(at)!, 'float32')),
        ),
    };
    const conditions = { label: constantOf(Int32Array.of(0, 1, 2), 3) as Tensor<[3], 'int32'> };
    const objective = consistencyLosses({ pairs: at(0.5) });
    const actual = await numbersOf(
      (key) => objective(edm(), random, { conditionDropout: 0.5 })(null, { ...batch, key, conditions }).losses,
    );
    expect(actual).toEqual([0, 0, 0]);
  });

  test('the pairs get the number of updates', async () => {
    const objective = consistencyLosses({ pairs: ectPairs({ steps: 800, k: 0 }), distance: pseudoHuberDistance(C) });
    const actual = await numbersOf(
      () => objective(edm(), network)(scalar(P), { ...batch, step: scalar(100, 'int32') }).losses,
    );
    expect(actual).toEqual(await lossesOf(consistencyLosses({ pairs: at(0.75), distance: pseudoHuberDistance(C) })));
  });
});

describe('consistencyDistillationLosses', () => {
  /** D(x, σ) = tanh(q·x/(1 + σ²)). */
  const D = (q: number, x: number, sigma: number): number => Math.tanh((q * x) / (1 + sigma ** 2));
  const apply: Model<Scalar, [2]>['apply'] = (q, x, { level }) =>
    tanh(scaleBy(mul(x, q), div(1, add(mul(level!.sigma, level!.sigma), mul(level!.alpha, level!.alpha)))));
  const model: Model<Scalar, [2]> = {
    predicts: 'x0',
    clock: 'level',
    apply,
    params: treeSpec<Scalar>(leafSpec([])),
    init: () => scalar(0),
  };
  const teacher = { model, noising: edm(), params: null as never };
  const Q = 1.3;
  const distilled = (objective: Objective) =>
    numbersOf(() => objective(edm(), network)(scalar(P), { ...batch, teacher: scalar(Q) }).losses);

  test.each([0.5, 0])('x_r is a step of Heun from x_t, for r = %d·t', async (ratio) => {
    const actual = await distilled(
      consistencyDistillationLosses({ teacher, pairs: at(ratio), distance: pseudoHuberDistance(C) }),
    );
    SIGMAS.forEach((t, i) => {
      const r = ratio * t;
      const error = [0, 1].map((j) => {
        const xt = X0[2 * i + j]! + t * NOISE[2 * i + j]!;
        const d = (xt - D(Q, xt, t)) / t;
        const next = xt + (r - t) * d;
        if (r === 0) return f(P, xt, t) - next;
        const d2 = (next - D(Q, next, r)) / r;
        return f(P, xt, t) - f(P, xt + ((r - t) * (d + d2)) / 2, r);
      });
      expect(actual[i]).toBeCloseTo(huber(error) / (t - r), 12);
    });
  });

  test('the teacher may be guided', async () => {
    // half of the prediction without a class: guided by 3, it is 2 times the prediction with one
    const classes: Model<Scalar, [2]> = {
      ...model,
      conditions: { label: { classes: 1 } },
      apply: (q, x, at) => scaleBy(apply(q, x, at), div(add(mul(cast(labelOf(at)!, 'float32'), -1), 2), 2)),
    };
    const conditions = { label: constantOf(Int32Array.of(0, 0, 0), 3) as Tensor<[3], 'int32'> };
    const student: Denoiser<Scalar, [2]> = { ...network, conditions: { label: { classes: 1 } } };
    const double: Model<Scalar, [2]> = { ...classes, apply: (q, x, given) => mul(apply(q, x, given), 2) };
    const [guided, plain] = await Promise.all(
      [
        consistencyDistillationLosses({ teacher: { ...teacher, model: classes }, guidance: cfg(3), pairs: at(0.5) }),
        consistencyDistillationLosses({ teacher: { ...teacher, model: double }, pairs: at(0.5) }),
      ].map((objective) =>
        numbersOf(() => objective(edm(), student)(scalar(P), { ...batch, conditions, teacher: scalar(Q) }).losses),
      ),
    );
    guided!.forEach((loss, i) => expect(loss).toBeCloseTo(plain![i]!, 12));
  });

  test('the teacher must be of the path, unless it reads noise levels', async () => {
    const timed = { ...teacher, model: { ...model, clock: 'timestep' as const } };
    const lossOn = (given: typeof timed, noising = rectifiedFlow()) =>
      outcomeOf(
        () =>
          consistencyDistillationLosses({ teacher: given, pairs: at(0.5) })(noising, network)(scalar(P), {
            ...batch,
            t: constantOf([0.3, 0.5, 0.9], 3) as Tensor<[3]>,
            teacher: scalar(Q),
          }).losses,
      )();
    const refusal = await lossOn(timed);
    expect(E.isLeft(refusal) && refusal.left).toMatchObject({
      _tag: 'ConfigError',
      where: 'consistencyDistillationLosses: teacher',
      actual: 'one of edm {}',
    });
    expect(E.isRight(await lossOn(teacher as never))).toBe(true);
  });
});

test('consistency losses refuse the timesteps of a schedule', async () => {
  const schedule = right(ddpm(cosine(10)));
  const refusal = await outcomeOf(() => consistencyLosses({ pairs: at(0.5) })(schedule, network)(scalar(P), batch).losses)(); // oxfmt-ignore
  expect(E.isLeft(refusal) && refusal.left).toMatchObject({
    where: 'consistencyLosses: noising',
    hint: 'train on edm(), rectifiedFlow() or continuousCosine()',
  });
});

test.each([rectifiedFlow(), trigonometric(), continuousLinear()])(
  'consistency losses are the same on every path: $name',
  async (path) => {
    const mixture = right(gaussianMixture({ shape: [2] as const, weights: [0.4, 0.6], means: [[-1, 0], [0.5, 1]], variances: [0.2, 0.1] })); // oxfmt-ignore
    const losses = (noising: typeof path, times: readonly number[]) =>
      numbersOf(() => {
        const t = constantOf(times, 3) as Tensor<[3]>;
        const objective = consistencyLosses({
          pairs: ectPairs({ steps: 1, stages: 3 }),
          distance: pseudoHuberDistance(C),
        });
        return objective(noising, exactDenoiser(noising)(mixture))(null, { ...batch, t }).losses;
      });
    const expected = await losses(edm(), SIGMAS);
    const actual = await losses(path, SIGMAS.map((sigma) => path.levelOfSigma(sigma).t)); // oxfmt-ignore
    actual.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!, 9));
  },
);

test('the consistency function of a Gaussian is distilled from its exact denoiser, with the order of Heun’s method', async () => {
  const [m, tau] = [0.5, 0.4];
  const data = right(gaussianMixture({ shape: [2] as const, weights: [1], means: [[m, m]], variances: [tau ** 2] }));
  // the end of the probability flow, m + τ·(x - m)/√(τ² + σ²)
  const exact: Denoiser<null, [2]> = {
    predicts: 'x0',
    clock: 'level',
    apply: <B extends Dim>(_: null, x: Tensor<[B, 2]>, { level }: { level?: { sigma: Tensor<[B]> } }) =>
      add(scaleBy(add(x, -m), div(tau, sqrt(add(mul(level!.sigma, level!.sigma), tau ** 2)))), m),
  };
  const teacher = {
    model: { ...exactDenoiser(edm())(data), params: treeSpec<object>({}) as never },
    noising: edm(),
    params: null as never,
  };
  const losses = (ratio: number) =>
    numbersOf(
      () =>
        consistencyDistillationLosses({ teacher, pairs: at(ratio), distance: pseudoHuberDistance(1e-30) })(
          edm(),
          exact,
        )(null, {
          ...batch,
          teacher: null,
        }).losses,
    );
  const [coarse, fine] = [await losses(0.998), await losses(0.999)];
  // the error of a step is of order 3, and the loss divides it by the step
  coarse.forEach((loss, i) => expect(Math.log2(loss / fine[i]!)).toBeCloseTo(2, 1));
});
