import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import {
  add,
  cast,
  clip,
  constantOf,
  iota,
  mul,
  onesLike,
  scalar,
  scaleBy,
  sub,
  tanh,
  type Tensor,
  zerosLike,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import {
  apg,
  autoguidance,
  cfg,
  cfgPlusPlus,
  cfgZero,
  conditionGuidance,
  cosine,
  ddim,
  ddpm,
  type Correction,
  type Denoiser,
  eulerAncestral,
  type Guidance,
  guidanceMonoid,
  heun,
  labelOf,
  levelsOf,
  overNoising,
  overParams,
  pairGuidance,
  rectifiedFlow,
  sampler,
  stepOf,
  trailing,
  uncorrected,
  unguided,
} from '../index.js';

const CLASSES = 3;
const N = 4;
const noising = right(ddpm(cosine(1000)));
const START = [0.3, -0.8, 1.1, 0.2];

/** x̂₀ of a sample with a label: tanh(x·(0.7 + 0.1·label)) + 0.2·label. */
const x0Of = (x: number, label: number): number => Math.tanh(x * (0.7 + 0.1 * label)) + 0.2 * label;
const denoiser: Denoiser<null, [number]> = {
  predicts: 'x0',
  conditions: { label: { classes: CLASSES } },
  apply: (_, x, at) => {
    const number = cast(labelOf(at)!, 'float32');
    return add(tanh(scaleBy(x, add(mul(number, 0.1), 0.7))), scaleBy(onesLike(x), mul(number, 0.2)));
  },
};

const guidable = overParams((_: { readonly guide: null }) => null)(denoiser);

/** The sample that a guided solver draws from START with label 1. */
const draw = async (
  guidance: Guidance,
  { solver = ddim(), of = denoiser, noising: on = noising, steps = 5, correction = uncorrected } = {} as {
    readonly correction?: Correction;
    readonly solver?: ReturnType<typeof ddim>;
    readonly of?: Denoiser<null, [number]>;
    readonly noising?: typeof noising | ReturnType<typeof rectifiedFlow>;
    readonly steps?: number;
  },
): Promise<readonly number[]> => {
  const result = right(
    sampler<null, [number]>({ noising: on, denoiser: of, grid: steps, solver, guidance, correction }),
  );
  return numbersOf(() => {
    const x = constantOf(START, 1, N) as Tensor<[1, number]>;
    const conditions = { label: constantOf(Int32Array.of(1), 1) };
    const noise = { noise: x, churn: x };
    return Array.from({ length: result.steps }).reduce<ReturnType<typeof result.start<1>>>(
      (state, _, i) => result.step(null, state, { index: scalar(i, 'int32'), conditions, noise }).state,
      result.start(x),
    ).x;
  });
};
const close = (actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void =>
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance));

const levels = levelsOf(noising, right(trailing(5)(noising)));
const steps = levels.slice(1).map((to, i) => [levels[i]!, to] as const);

describe('guidance by two predictions', () => {
  it('cfgPlusPlus renoises with the prediction without a class, as its Algorithm 2', async () => {
    const lambda = 0.6;
    const expected = START.map((start) =>
      steps.reduce((x, [from, to]) => {
        const [withClass, without] = [x0Of(x, 1), x0Of(x, CLASSES)];
        const noise = (x - from.alpha * without) / from.sigma;
        return to.alpha * (without + lambda * (withClass - without)) + to.sigma * noise;
      }, start),
    );
    close(await draw(cfgPlusPlus(lambda)), expected);
    expect(Math.abs((await draw(cfg(lambda)))[0]! - expected[0]!)).toBeGreaterThan(1e-3);
  });

  it('cfgPlusPlus is corrected before it renoises, so that a correction without effect on x̂₀ has none', async () => {
    const [lambda, most] = [0.9, 0.2];
    const clipped = (x: number): number => Math.max(-most, Math.min(most, x));
    const correction: Correction = clip(-most, most);
    const loop = (correct: (x0: number) => number) =>
      START.map((start) =>
        steps.reduce((x, [from, to]) => {
          const [withClass, without] = [x0Of(x, 1), x0Of(x, CLASSES)];
          const noise = (x - from.alpha * without) / from.sigma;
          return to.alpha * correct(without + lambda * (withClass - without)) + to.sigma * noise;
        }, start),
      );
    close(await draw(cfgPlusPlus(lambda), { correction }), loop(clipped));
    expect(Math.abs(loop(clipped)[2]! - loop((x) => x)[2]!)).toBeGreaterThan(1e-3); // it has an effect here
    close(
      await draw(cfgPlusPlus(lambda), { correction: clip(-9, 9) }),
      loop((x) => x),
    );
    const own = conditionGuidance({
      space: 'epsilon',
      combine: ({ positive, negative }) => add(negative, mul(sub(positive, negative), lambda)),
      renoise: ({ negative }) => negative,
    });
    close(await draw(own, { correction }), loop(clipped));
  });

  it('cfgPlusPlus keeps the noise of a stochastic step: DDIM with η = 1', async () => {
    const lambda = 0.6;
    const expected = START.map((start) =>
      steps.reduce((x, [from, to]) => {
        const [withClass, without] = [x0Of(x, 1), x0Of(x, CLASSES)];
        const noise = (x - from.alpha * without) / from.sigma;
        const variance = (to.sigma / from.sigma) ** 2 * (1 - (from.alpha / to.alpha) ** 2);
        const x0 = without + lambda * (withClass - without);
        return to.alpha * x0 + Math.sqrt(Math.max(0, to.sigma ** 2 - variance)) * noise + Math.sqrt(variance) * start;
      }, start),
    );
    close(await draw(cfgPlusPlus(lambda), { solver: ddim({ eta: 1 }) }), expected);
  });

  it('cfgPlusPlus beside another guidance is the same in both orders', async () => {
    const [one, other] = [cfgPlusPlus(0.6), cfg(1.5)];
    const [a, b] = [guidanceMonoid.concat(one, other), guidanceMonoid.concat(other, one)];
    close(await draw(a as Guidance), await draw(b as Guidance));
    const two = guidanceMonoid.concat(one, cfgPlusPlus(0.3));
    close(await draw(two as Guidance), await draw(guidanceMonoid.concat(cfgPlusPlus(0.3), one) as Guidance));
    close(await draw(guidanceMonoid.concat(one, unguided) as Guidance), await draw(one));
  });

  it('cfgPlusPlus refuses a solver with two evaluations a step', () => {
    const result = sampler<null, [number]>({ noising, denoiser, grid: 5, solver: heun(), guidance: cfgPlusPlus(0.6) });
    expect(E.isLeft(result) && result.left.expected).toContain('one evaluation a step');
  });

  it('cfgZero projects the velocity without a class, and begins with a velocity of 0', async () => {
    const flow = rectifiedFlow();
    const times = [1, 0.75, 0.5, 0.25, 0];
    const [scale, zeroSteps] = [3, 1];
    let x = START;
    times.slice(1).forEach((to, i) => {
      const from = times[i]!;
      const velocity = (label: number) => x.map((value) => (value - x0Of(value, label)) / from); // ε̂ - x̂₀
      const [u, free] = [velocity(1), velocity(CLASSES)];
      const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, n, k) => sum + n * b[k]!, 0);
      const s = dot(u, free) / (dot(free, free) + 1e-8);
      const guided = u.map((n, k) => (i < zeroSteps ? 0 : s * free[k]! + scale * (n - s * free[k]!)));
      x = x.map((value, k) => value + (to - from) * guided[k]!);
    });
    close(await draw(cfgZero(scale), { noising: flow, steps: 4 }), x);
    // without scale and zero steps it is the denoiser with the class
    close(
      await draw(cfgZero(1, { zeroSteps: 0 }), { noising: flow, steps: 4 }),
      await draw(cfg(1), { noising: flow, steps: 4 }),
    );
  });

  it('apg keeps a running difference over the steps, shortens it and takes its orthogonal part', async () => {
    const [scale, eta, norm, momentum] = [4, 0.25, 0.3, -0.5];
    let [x, average] = [START, START.map(() => 0)];
    for (const [from, to] of steps) {
      const [withClass, without] = [x.map((n) => x0Of(n, 1)), x.map((n) => x0Of(n, CLASSES))];
      average = withClass.map((n, k) => n - without[k]! + momentum * average[k]!);
      const short = average.map((n) => n * Math.min(1, norm / Math.hypot(...average)));
      const share =
        short.reduce((sum, n, k) => sum + n * withClass[k]!, 0) / withClass.reduce((sum, n) => sum + n * n, 0);
      const x0 = withClass.map((n, k) => n + (scale - 1) * (short[k]! - (1 - eta) * share * n));
      x = x.map((n, k) => to.alpha * x0[k]! + (to.sigma / from.sigma) * (n - from.alpha * x0[k]!));
    }
    close(await draw(apg(scale, { eta, norm, momentum })), x);
    // momentum also works where the solver keeps memory of its own
    close(await draw(apg(1, { momentum }), { solver: heun() }), await draw(cfg(1), { solver: heun() }));
  });

  it('apg shortens only differences longer than `norm`, each by its own length', async () => {
    const inputs = [
      [0.3, -0.8, 1.1, 0.2],
      [3, -4, 5, 2],
    ]; // differences of 0.53 and 1.0
    const at = { t: iota(2), conditions: { label: constantOf(Int32Array.of(1, 1), 2) } };
    const x = constantOf(inputs.flat(), 2, N);
    for (const norm of [0.1, 0.8, 2]) {
      const guided = right(apg(4, { eta: 1, norm })(denoiser));
      const expected = inputs.map((row) => {
        const [withClass, without] = [row.map((n) => x0Of(n, 1)), row.map((n) => x0Of(n, CLASSES))];
        const difference = withClass.map((n, k) => n - without[k]!);
        const length = Math.hypot(...difference);
        return withClass.map((n, k) => n + (3 * difference[k]! * Math.min(norm, length)) / length);
      });
      close(await numbersOf(() => guided.apply(null, x, at)), expected.flat());
    }
  });

  it('apg with η = 1 and neither norm nor momentum is cfg in x̂₀', async () => {
    close(await draw(apg(3, { eta: 1 })), await draw(cfg(3)));
  });

  it('autoguidance extrapolates from the worse network, whose label is that of the sample', async () => {
    const worse: Denoiser<null, [number]> = { ...denoiser, apply: (_, x, at) => mul(denoiser.apply(null, x, at), 0.5) };
    const guided = right(autoguidance(worse, 2)(guidable));
    const x = constantOf(START, 1, N) as Tensor<[1, number]>;
    const conditions = { label: constantOf(Int32Array.of(1), 1) };
    const actual = await numbersOf(() => guided.apply({ guide: null }, x, { t: iota(1), conditions }));
    close(
      actual,
      START.map((n) => 1.5 * x0Of(n, 1)),
    );
  });

  it('a second denoiser may predict something else', async () => {
    const noise: Denoiser<null, [number]> = { predicts: 'epsilon', apply: (_, x) => x };
    const other = pairGuidance(noise, { combine: ({ negative }) => negative });
    const guided = overNoising(noising)(right(other(guidable)));
    const x = constantOf(START, 1, N) as Tensor<[1, number]>;
    const t = constantOf(Int32Array.of(400), 1);
    const { alpha, sigma } = noising.marginals[400]!;
    const found = await numbersOf(() =>
      guided.apply({ guide: null }, x, { t, conditions: { label: constantOf(Int32Array.of(1), 1) } }),
    );
    close(
      found,
      START.map((n) => (n * (1 - sigma)) / alpha),
    );
  });

  it('acts in the interval of σ, and outside of it is the prediction with the class', async () => {
    const middle = levels[2]!;
    const [low, high] = [(0.9 * middle.sigma) / middle.alpha, (1.1 * middle.sigma) / middle.alpha];
    const expected = START.map((start) =>
      steps.reduce((x, [from, to], i) => {
        const [withClass, without] = [x0Of(x, 1), x0Of(x, CLASSES)];
        const x0 = i === 2 ? without + 5 * (withClass - without) : withClass;
        return to.alpha * x0 + (to.sigma / from.sigma) * (x - from.alpha * x0);
      }, start),
    );
    close(await draw(cfg(5, { sigmas: [low, high] })), expected);
  });

  it('cfgPlusPlus guides and renoises in its interval, and outside of it is the prediction with the class', async () => {
    const middle = levels[2]!;
    const [low, high] = [(0.9 * middle.sigma) / middle.alpha, (1.1 * middle.sigma) / middle.alpha];
    const expected = START.map((start) =>
      steps.reduce((x, [from, to], i) => {
        const [withClass, without] = [x0Of(x, 1), x0Of(x, CLASSES)];
        const [x0, noisy] = i === 2 ? [without + 0.6 * (withClass - without), without] : [withClass, withClass];
        return to.alpha * x0 + (to.sigma / from.sigma) * (x - from.alpha * noisy);
      }, start),
    );
    close(await draw(cfgPlusPlus(0.6, { sigmas: [low, high] })), expected);
    close(await draw(cfgPlusPlus(0.6, { interval: [middle.t, middle.t] })), expected);
  });

  it('a rule of your own sees the step, combines in its space, and remembers', async () => {
    // the mean of the velocities of this evaluation and the one before
    const flow = rectifiedFlow();
    const mean = conditionGuidance({
      space: 'velocity',
      memory: 1,
      combine: ({ positive, memory: [before], at }) => {
        const { index } = stepOf(at);
        const first = cast(index, 'float32'); // 0, then 1
        return {
          prediction: add(mul(positive, add(mul(first, -0.5), 1)), mul(before!, mul(first, 0.5))),
          memory: [positive],
        };
      },
    });
    let [x, before] = [START, START.map(() => 0)];
    [1, 0.5].forEach((from, i) => {
      const u = x.map((n) => (n - x0Of(n, 1)) / from);
      x = x.map((n, k) => n - 0.5 * (i === 0 ? u[k]! : (u[k]! + before[k]!) / 2));
      before = u;
    });
    close(await draw(mean, { noising: flow, steps: 2 }), x);
  });

  it('keeps its memory beside that of a stochastic solver', async () => {
    close(
      await draw(apg(1, { momentum: 0.9 }), { solver: eulerAncestral() }),
      await draw(cfg(1), { solver: eulerAncestral() }),
    );
  });

  it('guidanceMonoid keeps the memory of both, and adds what each adds', async () => {
    const [one, other] = [apg(3, { momentum: -0.5 }), apg(2, { momentum: 0.4 })];
    const single = await draw(one);
    close(await draw(guidanceMonoid.concat(one, unguided)), single);
    close(await draw(guidanceMonoid.concat(unguided, one)), single);
    // after two steps the memory counts: without it the sum would be that of plain apg
    const both = await draw(guidanceMonoid.concat(one, other));
    close(await draw(guidanceMonoid.concat(other, one)), both);
    expect(Math.abs(both[0]! - (await draw(guidanceMonoid.concat(apg(3), apg(2))))[0]!)).toBeGreaterThan(1e-4);
  });

  it('guidance of a denoiser with memory is refused, which would lose it', () => {
    const remembering = right(apg(3, { momentum: -0.5 })(denoiser));
    for (const made of [cfg(2)(remembering), apg(2)(remembering)])
      expect(E.isLeft(made) && made.left.message).toContain('expected a denoiser without memory');
  });

  it.each<readonly [string, number, (positive: Tensor<[1, number]>) => unknown]>([
    ['expected a function that returns a tensor, got one that returns 5', 0, () => 5],
    [
      'expected a function that returns a tensor, got one that returns 1 as memory',
      0,
      (x) => ({ prediction: x, memory: [x] }),
    ],
    ['expected one that returns { prediction, memory }, with 1 tensors, got one that returns 0 as memory', 1, (x) => x],
  ])('a rule that returns something else: %s', async (message, memory, combine) => {
    const rule = { memory, combine: ({ positive }: { readonly positive: Tensor<[1, number]> }) => combine(positive) };
    await expect(draw(conditionGuidance(rule as never))).rejects.toThrow(`conditionGuidance.combine: ${message}`);
  });

  it('refuses what does not fit, by name', () => {
    const text = (value: E.Either<{ readonly message: string }, unknown>) =>
      E.isLeft(value) ? value.left.message : 'a Right';
    const { conditions: _, ...without } = denoiser;
    const wrong = (value: unknown) => value as never;
    expect(text(cfgPlusPlus(NaN)(denoiser))).toContain('cfgPlusPlus: expected a finite guidance scale, got NaN');
    expect(text(cfgZero(3, { zeroSteps: -1 })(denoiser))).toContain('cfgZero.zeroSteps: expected');
    expect(text(apg(3, { norm: 0 })(denoiser))).toContain('apg.norm: expected a finite number above 0, got 0');
    expect(text(apg(3)(without))).toContain('apg: expected a denoiser with conditions');
    expect(text(cfg(3, { sigmas: [2, 1] })(denoiser))).toContain('cfg.sigmas: expected an interval of noise levels');
    expect(text(conditionGuidance(wrong({ combin: 1 }))(denoiser))).toContain('did you mean combine?');
    expect(text(autoguidance(wrong('bad'), 2)(wrong(denoiser)))).toContain('autoguidance: expected');
    expect(text(autoguidance({ ...denoiser, conditions: { label: { classes: 9 } } }, 2)(wrong(denoiser)))).toContain(
      'autoguidance: expected label with 3 classes, as the denoiser has, got 9 classes',
    );
    const levels: Denoiser<null, [number]> = { ...denoiser, clock: 'level' };
    expect(text(autoguidance(levels, 2)(wrong(denoiser)))).toContain(
      'autoguidance: expected a second denoiser whose network takes timesteps, as the first, got a denoiser of noise levels',
    );
  });

  it('asks for a sampler where it needs the step, and for a path where it changes the space', async () => {
    const x = constantOf(START, 1, N) as Tensor<[1, number]>;
    const at = { t: iota(1), conditions: { label: zerosLike(iota(1)) } };
    const over = right(cfgPlusPlus(0.5)(denoiser));
    close(await numbersOf(() => over.apply(null, x, at)), START.map((n) => (x0Of(n, 0) + x0Of(n, CLASSES)) / 2)); // oxfmt-ignore
    await expect(numbersOf(() => right(cfgZero(2)(denoiser)).apply(null, x, at))).rejects.toThrow(
      'cfgZero: expected the noise level of x',
    );
  });
});
