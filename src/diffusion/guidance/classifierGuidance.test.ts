import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  add,
  cast,
  clip,
  constantOf,
  expandDims,
  gather,
  matmul,
  mul,
  onesLike,
  scalar,
  scaleBy,
  sumPerSample,
  table,
  zerosLike,
} from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import type { ReverseVariance } from '../likelihood/reverseVariance.js';
import { type ClassifierGuidance, classifierGuided, type GradientPlace, meanGuided } from './classifierGuidance.js';
import { type Classifier, gradientOf, type GuideGradient } from './guide.js';
import { ancestral } from '../solvers/ancestral.js';
import { uncorrected } from './x0Correction.js';
import { ddim } from '../solvers/ddim.js';
import { ddimInversion } from '../solvers/ddimInversion.js';
import { dpmSolverPP } from '../solvers/exponential/dpmSolverPP.js';
import { heun } from '../solvers/edm.js';
import { likelihood } from '../likelihood/odeLikelihood.js';
import { pMeanVariance, pSample } from '../likelihood/reverse.js';
import { type Denoiser, learningVariance } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { atTimes } from '../grids/grid.js';
import { guidanceMonoid } from './guidance.js';
import { respace } from '../grids/respacing.js';
import { sampler, type SamplerParts } from '../sampling/sampler.js';
import { steered } from './steering.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { ddpm, type DiscreteNoising } from '../paths/discreteNoising.js';

// Data of two classes, N(-1, I/4) and N(2, I/4) in each of two dimensions, equally likely. The expected values come from
// Bayes' rule: given the class, x_t ~ N(a·m, v·I) with v = a²/4 + s², and E[ε|x_t] = s·(x_t - a·m)/v.
const [M0, M1] = [-1, 2];
const noising = right(ddpm(cosine(100)));
const xs = [0.1, -0.7, 1.2, 0.4, -0.3, 0.9];
const ts = [5, 50, 99];
const labels = [0, 1, 1];
const x = constantOf(xs, 3, 2);
const t = constantOf(Int32Array.from(ts), 3);
const conditions = { label: constantOf(Int32Array.from(labels), 3) };

const level = (at: number): { readonly a: number; readonly s: number; readonly v: number } => {
  const { alpha: a, sigma: s } = noising.marginals[at]!;
  return { a, s, v: (a * a) / 4 + s * s };
};
/** log p(1|x_t) - log p(0|x_t) = slope·Σx_t + offset. */
const slopeAt = (at: number): number => (level(at).a * (M1 - M0)) / level(at).v;
const offsetAt = (at: number): number => (-(level(at).a ** 2) * (M1 ** 2 - M0 ** 2)) / level(at).v;

const every = (f: (at: number) => number) => table(Float64Array.from(noising.marginals, (_, at) => f(at)));
const exact: Classifier<null, [2]> = {
  classes: 2,
  apply: (_, samples, at) => {
    const odds = add(
      mul(sumPerSample(samples), gather(every(slopeAt), wholeTimesteps(at))),
      gather(every(offsetAt), wholeTimesteps(at)),
    );
    return F.pipe(odds, expandDims(1), matmul(constantOf([0, 1], 1, 2)));
  },
};

/** E[ε|x_t, class], and without the class. */
const noiseOf = (m: number) => xs.map((value, i) => {
  const { a, s, v } = level(ts[i >> 1]!);
  return (s * (value - a * m)) / v;
}); // oxfmt-ignore
const chance = ts.map((at, b) => 1 / (1 + Math.exp(-(slopeAt(at) * (xs[2 * b]! + xs[2 * b + 1]!) + offsetAt(at)))));
const [noise0, noise1] = [noiseOf(M0), noiseOf(M1)];
const noise = xs.map((_, i) => (1 - chance[i >> 1]!) * noise0[i]! + chance[i >> 1]! * noise1[i]!);
const noiseOfLabel = xs.map((_, i) => (labels[i >> 1] === 1 ? noise1 : noise0)[i]!);

/** The denoiser of all data, and not of one class. Returns the expected values for x_t, whatever its input. */
const unconditional: Denoiser<{ readonly guide: null }, [2]> = {
  predicts: 'epsilon',
  apply: (_, samples) => add(constantOf(noise, 3, 2) as unknown as typeof samples, zerosLike(samples)),
};
const params = { guide: null };
const noiseOfGuided = (guided: Denoiser<{ readonly guide: null }, [2]>) =>
  F.pipe(guided, steered(noising), reparameterize(noising, 'epsilon')).apply(params, x, { t, conditions });

describe('classifier guidance on the score', () => {
  it.each(['epsilon', 'x0', 'v'] as const)(
    'turns a denoiser of %s into that of the class, by Bayes’ rule',
    async (predicts) => {
      const guided = right(classifierGuided(exact, 1)(reparameterize(noising, predicts)(unconditional)));
      expect(guided.predicts).toBe(predicts);
      const actual = await numbersOf(() => noiseOfGuided(guided));
      expect(relativeDistance(actual, noiseOfLabel)).toBeLessThan(1e-12);
    },
  );

  it('is linear in its scale', async () => {
    const at = (scale: number) => numbersOf(() => noiseOfGuided(right(classifierGuided(exact, scale)(unconditional))));
    expect(relativeDistance(await at(0), noise)).toBeLessThan(1e-15);
    const expected = noise.map((n, i) => n + 3 * (noiseOfLabel[i]! - n));
    expect(relativeDistance(await at(3), expected)).toBeLessThan(1e-12);
  });

  it('needs a finite scale and labels', async () => {
    const infinite = classifierGuided(exact, Infinity)(unconditional);
    expect(E.isLeft(infinite) && infinite.left.where).toBe('classifierGuided');
    const unlabelled = await outcomeOf(() =>
      steered(noising)(right(classifierGuided(exact, 1)(unconditional))).apply(params, x, { t }),
    )();
    expect(E.isLeft(unlabelled) && unlabelled.left.message).toContain('the class of each sample, conditions.label');
  });
});

describe('classifier guidance on the mean', () => {
  const gradientOf = (b: number, at: number, sum: number): number => {
    const p = 1 / (1 + Math.exp(-(slopeAt(at) * sum + offsetAt(at))));
    return (labels[b] === 1 ? 1 - p : -p) * slopeAt(at);
  };
  /** μ of DDPM, eq. 11, and the β̃ of eq. 7, from the betas. */
  const meanOf = (i: number): { readonly mean: number; readonly variance: number } => {
    const at = ts[i >> 1]!;
    const { betas, alphas, alphaBars } = noising.schedule;
    const mean = (xs[i]! - (betas[at]! / Math.sqrt(1 - alphaBars[at]!)) * noise[i]!) / Math.sqrt(alphas[at]!);
    return { mean, variance: ((1 - alphaBars[at - 1]!) / (1 - alphaBars[at]!)) * betas[at]! };
  };

  type Guided = Denoiser<{ readonly guide: null }, [2]>;
  /** The mean of each reverse step from x_t, at some indices of a process. */
  const meansOf = (over: DiscreteNoising, places: readonly number[], denoiser: Guided, variance?: ReverseVariance) =>
    numbersOf(
      () =>
        pMeanVariance(over, denoiser, { correction: uncorrected, ...(variance && { variance }) })(params, x, {
          t: constantOf(Int32Array.from(places), 3),
          ...(denoiser.conditions && { conditions }), // of a classifier
        }).mean,
    );

  it.each<GradientPlace>(['mean', 'xt'])('moves the mean by scale·Σ·∇ log p(y|x), taken at %s', async (gradientAt) => {
    const guided = right(meanGuided(exact, 2, { gradientAt })(unconditional));
    expect(guided.predicts).toBe('epsilon');
    const expected = xs.map((_, i) => {
      const b = i >> 1;
      const place = gradientAt === 'xt' ? (j: number) => xs[j]! : (j: number) => meanOf(j).mean;
      const { mean, variance } = meanOf(i);
      return mean + 2 * variance * gradientOf(b, ts[b]!, place(2 * b) + place(2 * b + 1));
    });
    expect(relativeDistance(await meansOf(noising, ts, guided), expected)).toBeLessThan(1e-9); // x̂₀ is about 10³ at t = 99
    const plain = await numbersOf(() => steered(noising)(unconditional).apply(params, x, { t, conditions }));
    expect(await numbersOf(() => steered(noising)(guided).apply(params, x, { t, conditions }))).toEqual(plain);
  });

  it('two guides on the mean both move it, and one on the score stays beside one on the mean', async () => {
    const uphill: GuideGradient<null, [2]> = { gradient: (_, samples) => mul(samples, -0.5) };
    const [one, other, onScore] = [meanGuided(exact, 2), meanGuided(uphill, 3), classifierGuided(uphill, 3)];
    const expected = xs.map((value, i) => {
      const { mean, variance } = meanOf(i);
      const [b, at] = [i >> 1, ts[i >> 1]!];
      return mean + variance * (2 * gradientOf(b, at, xs[2 * b]! + xs[2 * b + 1]!) - 1.5 * value);
    });
    const { concat } = guidanceMonoid;
    const twice = F.pipe(unconditional, one, right, other, right); // of a denoiser that is already guided
    for (const guided of [right(concat(one, other)(unconditional)), right(concat(other, one)(unconditional)), twice])
      expect(relativeDistance(await meansOf(noising, ts, guided), expected)).toBeLessThan(1e-9);

    // a guide on the score moves ε̂ by -σ_t·s·∇, and so μ by β_t/√α_t·s·∇ (DDPM, eq. 11)
    const both = xs.map((value, i) => {
      const { mean, variance } = meanOf(i);
      const [b, at] = [i >> 1, ts[i >> 1]!];
      const { betas, alphas } = noising.schedule;
      const byMean = 2 * variance * gradientOf(b, at, xs[2 * b]! + xs[2 * b + 1]!);
      return mean + byMean - (1.5 * value * betas[at]!) / Math.sqrt(alphas[at]!);
    });
    for (const guidance of [concat(one, onScore), concat(onScore, one)])
      expect(relativeDistance(await meansOf(noising, ts, right(guidance(unconditional))), both)).toBeLessThan(1e-9);
  });

  const slope: Classifier<null, [2]> = {
    classes: 2,
    apply: (_, samples) => F.pipe(sumPerSample(samples), expandDims(1), matmul(constantOf([0, 2], 1, 2))),
  };
  const gradient = xs.map((_, i) => {
    const p = 1 / (1 + Math.exp(-2 * (xs[i & ~1]! + xs[i | 1]!)));
    return 2 * (labels[i >> 1] === 1 ? 1 - p : -p);
  });
  /** The move of the mean by a guide of scale 2, in units of the gradient. */
  const shiftsOf = async (over: DiscreteNoising, places: readonly number[], denoiser: Guided, variance?: ReverseVariance) => {
    const guided = right(meanGuided(slope, 2)(denoiser));
    const [moved, still] = [await meansOf(over, places, guided, variance), await meansOf(over, places, denoiser, variance)];
    return moved.map((mean, i) => (mean - still[i]!) / (2 * gradient[i]!));
  }; // oxfmt-ignore
  const each = (numbers: readonly number[]) => xs.map((_, i) => numbers[i >> 1]!);

  it('over a respaced process moves by the Σ of its steps', async () => {
    const short = right(respace(atTimes([99, 60, 20, 5]))(noising));
    const actual = await shiftsOf(short, [1, 2, 3], unconditional);
    expect(relativeDistance(actual, each([1, 2, 3].map((t) => short.posteriors[t]!.sigma ** 2)))).toBeLessThan(1e-9);
  });

  const learning = learningVariance<{ readonly guide: null }, [2]>({
    predicts: 'epsilon',
    as: 'range',
    apply: (p, samples, at) => ({
      prediction: unconditional.apply(p, samples, at),
      variance: mul(onesLike(samples), 0.5),
    }),
  });
  /** Σ of a step by guided-diffusion: ¼ of log β̃, that of t = 1 at t = 0, and ¾ of log β. */
  const learnedOf = ({ posteriors, schedule: { betas } }: DiscreteNoising, t: number): number =>
    Math.sqrt(posteriors[Math.max(1, t)]!.sigma) * betas[t]! ** 0.75;

  it.each([
    ['noising', noising, [0, 50, 99]],
    ['shorter process', right(respace(atTimes([99, 60, 20, 5]))(noising)), [0, 1, 3]],
  ] as const)('over a %s moves by β with variance: beta, and by a learned Σ', async (_, over, at) => {
    const { posteriors, schedule: { betas } } = over; // oxfmt-ignore
    const fixed = [0, ...at.slice(1).map((t) => posteriors[t]!.sigma ** 2)];
    expect(relativeDistance(await shiftsOf(over, at, unconditional), each(fixed))).toBeLessThan(1e-9);
    const large = [posteriors[1]!.sigma ** 2, ...at.slice(1).map((t) => betas[t]!)];
    expect(relativeDistance(await shiftsOf(over, at, unconditional, 'beta'), each(large))).toBeLessThan(1e-9);
    const learned = at.map((t) => learnedOf(over, t));
    expect(relativeDistance(await shiftsOf(over, at, learning), each(learned))).toBeLessThan(1e-9);
  });

  it.each([
    ['fixed', 'posterior', unconditional],
    ['fixed', 'beta', unconditional],
    ['learned', 'posterior', learning],
  ] as const)('on any grid is that of the process respaced to it, Σ being %s, %s', async (_, variance, denoiser) => {
    const grid = atTimes([99, 60, 20, 5]);
    const short = right(respace(grid)(noising));
    const guidance = meanGuided(slope, 2);
    const result = right(sampler({ noising, denoiser, grid, solver: ancestral({ variance }), guidance, correction: uncorrected, noise: (z) => () => onesLike(z) })); // oxfmt-ignore
    const draw = pSample(short, right(guidance(denoiser)), { variance, correction: uncorrected });
    for (const index of [0, 1, 2, 3]) {
      const step = await numbersOf((key) => result.step(params, result.start(x), { index: scalar(index, 'int32'), key, conditions }).state.x); // oxfmt-ignore
      const place = constantOf(new Int32Array(3).fill(3 - index), 3);
      const expected = await numbersOf(() => draw(params, x, { t: place, conditions }, onesLike(x)));
      expect(relativeDistance(step, expected)).toBeLessThan(1e-12);
    }
  });

  it('is refused by solvers without a mean, and by likelihood', () => {
    const guided = meanGuided(slope, 1);
    const walk = (change: Partial<SamplerParts<{ readonly guide: null }, [2]>>) =>
      F.pipe(
        sampler({ noising, denoiser: unconditional, solver: ancestral(), guidance: guided, ...change }),
        E.match(({ actual }): string | number => actual, ({ steps }) => steps),
      ); // oxfmt-ignore
    expect(walk({})).toBe(100);
    expect(walk({ grid: 10, solver: ancestral({ variance: 'beta' }) })).toBe(10);
    for (const solver of [ddim(), ddimInversion(), dpmSolverPP(), heun()])
      expect(walk({ solver })).toBe('another solver');
    const both = guidanceMonoid.concat(guided, classifierGuided(slope, 1));
    expect(walk({ guidance: both })).toBe(100);
    expect(walk({ guidance: both, solver: ddim() })).toBe('another solver');
    const measured = likelihood({ noising, denoiser: right(guided(unconditional)) });
    expect(E.isLeft(measured) && measured.left).toMatchObject({ _tag: 'ConfigError', where: 'likelihood' });
  });

  it('needs a finite scale, and a classifier with the denoiser’s number of classes', () => {
    const other = meanGuided(exact, 1)({ ...unconditional, conditions: { label: { classes: 3 } } });
    expect(E.isLeft(other) && other.left.message).toContain(
      'expected label with 3 classes, as the denoiser has, got 2 classes',
    );
    const result = meanGuided(exact, NaN)(unconditional);
    expect(E.isLeft(result) && result.left.where).toBe('meanGuided');
    const swapped = meanGuided(noising as never, exact as never)(unconditional);
    expect(E.isLeft(swapped) && swapped.left.message).toContain('expected a classifier { classes, apply }');
  });
});

describe('a guide and the process that it is used with', () => {
  const short = right(respace(atTimes([99, 60, 20, 5]))(noising));

  it('moves x̂₀ by (1-ᾱ)/√ᾱ of the process in use, and gets the timesteps of the network', async () => {
    const clock: GuideGradient<null, [2]> = {
      gradient: (_, samples, at) => scaleBy(onesLike(samples), cast(at.t, 'float32')),
    };
    const black: Denoiser<{ readonly guide: null }, [2]> = {
      predicts: 'x0',
      apply: (_, samples) => zerosLike(samples),
    };
    const guided = right(classifierGuided(clock, 2)(black)); // oxfmt-ignore
    for (const over of [noising, short]) {
      const places = [0, 1, 3];
      const at = { t: constantOf(Int32Array.from(places), 3) };
      const { x0, mean } = pMeanVariance(over, guided, { correction: uncorrected })(params, x, at);
      const expected = places.map((t) => (2 * over.timesteps[t]! * over.marginals[t]!.sigma ** 2) / over.marginals[t]!.alpha);
      expect(relativeDistance(await numbersOf(() => x0), xs.map((_, i) => expected[i >> 1]!))).toBeLessThan(1e-12);
      const means = xs.map((value, i) => {
        const posterior = over.posteriors[places[i >> 1]!]!;
        return posterior.x0 * expected[i >> 1]! + posterior.xt * value;
      });
      expect(relativeDistance(await numbersOf(() => mean), means)).toBeLessThan(1e-12);
    } // oxfmt-ignore
  });

  it('refuses a process with timesteps that the classifier does not know', async () => {
    const guided = right(classifierGuided({ ...exact, timesteps: 50 }, 1)(unconditional));
    expect(guided.timesteps).toBe(50);
    const result = await outcomeOf(() => pMeanVariance(noising, guided)(params, x, { t, conditions }).mean)();
    expect(E.isLeft(result) && result.left.message).toContain('a process of at most 50 timesteps, which it knows, got one of 100');
    const one = classifierGuided({ ...exact, timesteps: 50 }, 1);
    const sum = right(guidanceMonoid.concat(classifierGuided(exact, 1), one)(unconditional));
    expect(sum.timesteps).toBe(50);
  }); // oxfmt-ignore
});

describe('a custom gradient in place of a classifier', () => {
  const uphill: GuideGradient<null, [2]> = { gradient: (_, samples) => mul(samples, -0.5) };
  const black: Denoiser<{ readonly guide: null }, [2]> = {
    predicts: 'x0',
    apply: (_, samples) => zerosLike(samples),
  };

  it('needs no labels, and moves x̂₀ by scale·(1-ᾱ)/√ᾱ times the gradient', async () => {
    const guided = right(classifierGuided(uphill, 3)(black));
    const actual = await numbersOf(() => steered(noising)(guided).apply(params, x, { t }));
    const expected = xs.map((value, i) => {
      const { a, s } = level(ts[i >> 1]!);
      return (-0.5 * 3 * value * s * s) / a;
    });
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-12);
  });

  it('combines with a classifier: sums both moves, each once', async () => {
    const own = classifierGuided(uphill, 3);
    const both = guidanceMonoid.concat(own, classifierGuided(exact, 1));
    const x0Of = (guidance: ClassifierGuidance<null, [2]>, denoiser = black) =>
      numbersOf(() => steered(noising)(right(guidance(denoiser))).apply(params, x, { t, conditions }));
    const [one, other, sum] = [await x0Of(own), await x0Of(classifierGuided(exact, 1)), await x0Of(both)];
    expect(relativeDistance(sum, one.map((value, i) => value + other[i]!))).toBeLessThan(1e-12); // oxfmt-ignore
    // of a denoiser that is already guided
    const again = await x0Of(both, right(own(black)));
    expect(relativeDistance(again, one.map((value, i) => 2 * value + other[i]!))).toBeLessThan(1e-12); // oxfmt-ignore
  });

  it('moves x̂₀ after the correction', async () => {
    const guided = right(classifierGuided(uphill, 3)(unconditional));
    const correction = clip(-0.1, 0.1);
    const actual = await numbersOf(() => steered(noising, { correction })(guided).apply(params, x, { t }));
    const plain = await numbersOf(() => steered(noising)(unconditional).apply(params, x, { t }));
    const moves = await numbersOf(() => steered(noising)(right(classifierGuided(uphill, 3)(black))).apply(params, x, { t })); // oxfmt-ignore
    const expected = plain.map((value, i) => Math.min(Math.max(value, -0.1), 0.1) + moves[i]!);
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-12);
  });
});

it('gives NaN to samples with a class out of range, 0 to samples without one, and guides the others', async () => {
  const gradient = gradientOf('test', exact);
  const at = (...args: readonly number[]) =>
    numbersOf(() => gradient({ guide: null }, x, { t, conditions: { label: constantOf(Int32Array.from(args), 3) } }));
  const good = await at(0, 1, 1);
  expect(good.every((slope) => Number.isFinite(slope) && slope !== 0)).toBe(true);
  expect(await at(0, 3, -1)).toEqual([...good.slice(0, 2), NaN, NaN, NaN, NaN]);
  expect(await at(0, 2, 1)).toEqual([...good.slice(0, 2), 0, 0, ...good.slice(4)]);
});
