import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import {
  add,
  cast,
  constantOf,
  cos,
  div,
  grad,
  mul,
  scalar,
  type Scalar,
  scaleBy,
  sin,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Tensor,
  treeSpec,
  zerosLike,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import type { Denoiser, Model } from '../denoisers/denoiser.js';
import { rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { continuousConsistencyDistillationLosses, continuousConsistencyLosses } from './continuousConsistencyLosses.js';
import type { Objective } from './objective.js';

const path = trigonometric({ timeScale: 1 });

/** F(x, t) = tanh(p·x·(1 + t²)) for the angle t, in numbers and as a denoiser. */
const F = (p: number, x: number, t: number): number => Math.tanh(p * x * (1 + t * t));
const network: Denoiser<Scalar, [2]> = {
  predicts: 'v',
  apply: (p, x, { t }) => {
    const angle = mul(t, Math.PI / 2) as Tensor<[3]>;
    return tanh(scaleBy(mul(x, p), add(mul(angle, angle), 1) as never));
  },
};

/** The velocity of a teacher, sin(x + t), in numbers and as a model. */
const teacherModel: Model<object, [2]> = {
  params: treeSpec<object>({}),
  init: () => ({}),
  predicts: 'v',
  apply: (_, x, { t }) => sin(add(x, scaleBy(add(zerosLike(x), 1), mul(t, Math.PI / 2) as never))),
};
const teacher = { model: teacherModel, noising: path, params: {} };

const T = [0.2, 0.7, 0.95];
const X0 = [0.5, -0.25, 1, -1, 0, 0.125];
const NOISE = [1.5, -0.5, 0.25, 2, -1, 0.75];
const batch = {
  x0: constantOf(X0, 3, 2) as Tensor<[3, 2]>,
  noise: constantOf(NOISE, 3, 2) as Tensor<[3, 2]>,
  t: constantOf(T, 3) as Tensor<[3]>,
};
const P = 0.7;

/** The target of F for sample i, by algorithm 1 of the paper in plain numbers, with differences in place of derivatives. */
const targetOf = (i: number, r: number, c: number, velocity?: (x: number, t: number) => number) => {
  const t = (T[i]! * Math.PI) / 2;
  const g = [0, 1].map((j) => {
    const [x0, noise] = [X0[2 * i + j]!, NOISE[2 * i + j]!];
    const x = Math.cos(t) * x0 + Math.sin(t) * noise;
    const dx = velocity?.(x, t) ?? Math.cos(t) * noise - Math.sin(t) * x0;
    const h = 1e-5;
    const dF = (F(P, x + h * dx, t + h) - F(P, x - h * dx, t - h)) / (2 * h);
    return { x, value: -(Math.cos(t) ** 2) * (F(P, x, t) - dx) - r * Math.cos(t) * Math.sin(t) * (x + dF) };
  });
  const norm = Math.hypot(...g.map(({ value }) => value)) + c;
  return g.map(({ x, value }) => ({ x, t, g: value / norm }));
};

describe('continuousConsistencyLosses', () => {
  test.each([
    [undefined, 1],
    [0, 0],
    [250, 0.25],
    [9000, 1],
  ])('is algorithm 1 of sCM: before step %s, r is %d', async (step, r) => {
    const objective = continuousConsistencyLosses({ c: 0.3, warmup: 1000 });
    const inputs = { ...batch, ...(step === undefined ? {} : { step: cast(scalar(step), 'int32') }) };
    const losses = await numbersOf(() => objective(path, network)(scalar(P), inputs).losses);
    T.forEach((_, i) => {
      const expected = targetOf(i, r, 0.3).reduce((all, { g }) => all + g * g, 0) / 2;
      expect(losses[i]! / expected).toBeCloseTo(1, 6);
    });
  });

  test('its gradient moves F alone towards F + g', async () => {
    const objective = continuousConsistencyLosses({ warmup: 0 });
    const [slope] = await numbersOf(() =>
      grad((p: Scalar) => sum(objective(path, network)(p, batch).losses))(scalar(P)),
    );
    const h = 1e-5;
    const expected = T.flatMap((_, i) => targetOf(i, 1, 0.1)).reduce(
      (all, { x, t, g }) => all - (g * (F(P + h, x, t) - F(P - h, x, t))) / (2 * h),
      0,
    );
    expect(slope! / expected).toBeCloseTo(1, 6);
  });

  test('distillation takes the velocity of the teacher', async () => {
    const objective = continuousConsistencyDistillationLosses({ teacher, c: 0.3 });
    const losses = await numbersOf(() => objective(path, network)(scalar(P), { ...batch, teacher: {} }).losses);
    T.forEach((_, i) => {
      const expected = targetOf(i, 1, 0.3, (x, t) => Math.sin(x + t)).reduce((all, { g }) => all + g * g, 0) / 2;
      expect(losses[i]! / expected).toBeCloseTo(1, 6);
    });
  });

  test('is 0 for the consistency function of a normal distribution, along its own flow', async () => {
    // N(0, s²): f = s·x/√(s²cos² + sin²), and v = (1 - s²)·cos·sin·x/(s²cos² + sin²)
    const s = 0.5;
    const about = (t: Tensor<[3]>) => {
      const [a, b] = [cos(mul(t, Math.PI / 2)), sin(mul(t, Math.PI / 2))];
      return { a, b, variance: add(mul(square(a), s * s), square(b)) };
    };
    const exact: Denoiser<null, [2]> = {
      predicts: 'v',
      apply: (_, x, { t }) => {
        const { a, b, variance } = about(t as Tensor<[3]>);
        return scaleBy(x, div(sub(a, div(s, sqrt(variance))), b) as never); // F = (cos·x - f)/sin
      },
    };
    const flowing: Model<object, [2]> = {
      ...teacherModel,
      apply: (_, x, { t }) => {
        const { a, b, variance } = about(t as Tensor<[3]>);
        return scaleBy(x, div(mul(mul(a, b), 1 - s * s), variance) as never);
      },
    };
    const objective = continuousConsistencyDistillationLosses({ teacher: { ...teacher, model: flowing }, c: 1 });
    const losses = await numbersOf(() => objective(path, exact)(null, { ...batch, teacher: {} }).losses);
    for (const loss of losses) expect(loss).toBeLessThan(1e-24);
  });

  test.each<readonly [string, () => Objective]>([
    ['continuousConsistencyLosses', continuousConsistencyLosses],
    ['continuousConsistencyDistillationLosses', () => continuousConsistencyDistillationLosses({ teacher })],
  ])('%s refuses another path', async (name, objective) => {
    const refusal = await outcomeOf(() => objective()(rectifiedFlow(), network)(scalar(P), batch).losses)();
    expect(E.isLeft(refusal) && refusal.left.where).toBe(`${name}: noising`);
  });
});
