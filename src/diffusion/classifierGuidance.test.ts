import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../properties/diffusion/run.js';
import {
  add,
  clip,
  constantOf,
  expandDims,
  gather,
  matmul,
  mul,
  onesLike,
  sumPerSample,
  table,
  zerosLike,
} from '../dsl/index.js';
import { E, F } from '../internal/fp.js';
import { classifierGuided, type GradientPlace, meanGuided } from './classifierGuidance.js';
import type { Classifier, GuideGradient } from './guide.js';
import { ancestral } from './ancestral.js';
import { ddim } from './ddim.js';
import { linear } from './betaSchedules.js';
import { type Denoiser, learningVariance, overProcess, reparameterize } from './denoiser.js';
import { timestepGrid } from './grid.js';
import { guidanceMonoid } from './guidance.js';
import { ddpm, type Process } from './process.js';
import { respace } from './respacing.js';
import { sampler, type SamplerParts } from './sampler.js';
import { steered } from './steering.js';
import { cosine } from './alphaBarSchedules.js';

// Data of two classes, N(-1, I/4) and N(2, I/4) in each of two dimensions, equally likely. All that follows is Bayes'
// rule by hand: given the class, x_t ~ N(a·m, v·I) with v = a²/4 + s², and E[ε|x_t] = s·(x_t - a·m)/v.
const [M0, M1] = [-1, 2];
const process = right(ddpm(cosine(100)));
const xs = [0.1, -0.7, 1.2, 0.4, -0.3, 0.9];
const ts = [5, 50, 99];
const labels = [0, 1, 1];
const x = constantOf(xs, 3, 2);
const t = constantOf(Int32Array.from(ts), 3);
const label = constantOf(Int32Array.from(labels), 3);

const level = (at: number): { readonly a: number; readonly s: number; readonly v: number } => {
  const { scale: a, variance } = process.marginals[at]!;
  return { a, s: Math.sqrt(variance), v: (a * a) / 4 + variance };
};
/** log p(1|x_t) - log p(0|x_t) = slope·Σx_t + offset. */
const slopeAt = (at: number): number => (level(at).a * (M1 - M0)) / level(at).v;
const offsetAt = (at: number): number => (-(level(at).a ** 2) * (M1 ** 2 - M0 ** 2)) / level(at).v;

const every = (f: (at: number) => number) => table(Float64Array.from(process.marginals, (_, at) => f(at)));
const exact: Classifier<null, [2]> = {
  classes: 2,
  apply: (_, samples, at) => {
    const odds = F.pipe(sumPerSample(samples), mul(gather(every(slopeAt), at)), add(gather(every(offsetAt), at)));
    return F.pipe(odds, expandDims(1), matmul(constantOf([0, 1], 1, 2)));
  },
};

/** E[ε|x_t, class], and without the class. */
const noiseOf = (m: number) => xs.map((value, i) => {
  const { a, s, v } = level(ts[i >> 1]!);
  return (s * (value - a * m)) / v;
}); // prettier-ignore
const chance = ts.map((at, b) => 1 / (1 + Math.exp(-(slopeAt(at) * (xs[2 * b]! + xs[2 * b + 1]!) + offsetAt(at)))));
const [noise0, noise1] = [noiseOf(M0), noiseOf(M1)];
const noise = xs.map((_, i) => (1 - chance[i >> 1]!) * noise0[i]! + chance[i >> 1]! * noise1[i]!);
const noiseOfLabel = xs.map((_, i) => (labels[i >> 1] === 1 ? noise1 : noise0)[i]!);

/** What the data look like at x_t, whatever x is asked. */
const unconditional: Denoiser<{ readonly guide: null }, [2]> = {
  predicts: 'epsilon',
  apply: (_, samples) => add(constantOf(noise, 3, 2) as unknown as typeof samples, zerosLike(samples)),
};
const params = { guide: null };
const noiseOfGuided = (guided: Denoiser<{ readonly guide: null }, [2]>) =>
  F.pipe(guided, steered(process), reparameterize(process, 'epsilon')).apply(params, x, { t, label });

describe('classifier guidance on the score', () => {
  it.each(['epsilon', 'x0', 'v'] as const)('of a denoiser of %s gives that of the class: Bayes', async (predicts) => {
    const guided = right(classifierGuided(process, exact, 1)(reparameterize(process, predicts)(unconditional)));
    expect(guided.predicts).toBe(predicts);
    const found = await numbersOf(() => noiseOfGuided(guided));
    expect(relativeDistance(found, noiseOfLabel)).toBeLessThan(1e-12);
  });

  it('moves as far as its scale', async () => {
    const at = (scale: number) =>
      numbersOf(() => noiseOfGuided(right(classifierGuided(process, exact, scale)(unconditional))));
    expect(relativeDistance(await at(0), noise)).toBeLessThan(1e-15);
    const expected = noise.map((n, i) => n + 3 * (noiseOfLabel[i]! - n));
    expect(relativeDistance(await at(3), expected)).toBeLessThan(1e-12);
  });

  it('needs a finite scale and labels', async () => {
    const infinite = classifierGuided(process, exact, Infinity)(unconditional);
    expect(E.isLeft(infinite) && infinite.left.where).toBe('classifierGuided');
    const unlabelled = await outcomeOf(() =>
      steered(process)(right(classifierGuided(process, exact, 1)(unconditional))).apply(params, x, { t }),
    )();
    expect(E.isLeft(unlabelled) && unlabelled.left.message).toContain('a label for each sample');
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
    const { betas, alphas, alphaBars } = process.schedule;
    const mean = (xs[i]! - (betas[at]! / Math.sqrt(1 - alphaBars[at]!)) * noise[i]!) / Math.sqrt(alphas[at]!);
    return { mean, variance: ((1 - alphaBars[at - 1]!) / (1 - alphaBars[at]!)) * betas[at]! };
  };

  it.each<GradientPlace>(['mean', 'xt'])('moves the mean by scale·Σ·∇ log p(y|x), taken at %s', async (gradientAt) => {
    const guided = right(meanGuided(process, exact, 2, { gradientAt })(unconditional));
    expect(guided.predicts).toBe('epsilon');
    const x0 = await numbersOf(() => steered(process)(guided).apply(params, x, { t, label }));
    // the mean that ancestral sampling makes of that x0
    const means = x0.map((value, i) => {
      const posterior = process.posteriors[ts[i >> 1]!]!;
      return posterior.x0 * value + posterior.xt * xs[i]!;
    });
    const expected = xs.map((_, i) => {
      const b = i >> 1;
      const place = gradientAt === 'xt' ? (j: number) => xs[j]! : (j: number) => meanOf(j).mean;
      const { mean, variance } = meanOf(i);
      return mean + 2 * variance * gradientOf(b, ts[b]!, place(2 * b) + place(2 * b + 1));
    });
    expect(relativeDistance(means, expected)).toBeLessThan(1e-9); // x̂₀ is of the order of 10³ at t = 99
  });

  // x̂₀ becomes the mean of the step again, from which the plain mean is taken
  const shiftOf = async (
    over: Process,
    places: readonly number[],
    guided: Denoiser<{ readonly guide: null }, [2]>,
    plain: Denoiser<{ readonly guide: null }, [2]>,
  ): Promise<readonly number[]> => {
    const x0Of = (one: typeof plain) =>
      numbersOf(() =>
        F.pipe(one, overProcess(over), steered(over)).apply(params, x, {
          t: constantOf(Int32Array.from(places), 3),
          label,
        }),
      );
    const [moved, still] = [await x0Of(guided), await x0Of(plain)];
    return moved.map((x0, i) => over.posteriors[places[i >> 1]!]!.x0 * (x0 - still[i]!));
  };
  const slope: Classifier<null, [2]> = {
    classes: 2,
    apply: (_, samples) => F.pipe(sumPerSample(samples), expandDims(1), matmul(constantOf([0, 2], 1, 2))),
  };
  const gradient = xs.map((_, i) => {
    const p = 1 / (1 + Math.exp(-2 * (xs[i & ~1]! + xs[i | 1]!)));
    return 2 * (labels[i >> 1] === 1 ? 1 - p : -p);
  });

  it('over a shorter process moves by the Σ of its own steps', async () => {
    const short = right(respace(timestepGrid([99, 60, 20, 5]))(process));
    const places = [1, 2, 3];
    const guided = right(meanGuided(short, slope, 2, { gradientAt: 'xt' })(unconditional));
    const shift = await shiftOf(short, places, guided, unconditional);
    const expected = gradient.map((g, i) => 2 * short.posteriors[places[i >> 1]!]!.variance * g);
    expect(relativeDistance(shift, expected)).toBeLessThan(1e-9);
  });

  it('moves by β where that is the variance, and by what the denoiser learned where it does', async () => {
    const options = { gradientAt: 'xt', variance: 'beta' } as const;
    const guided = right(meanGuided(process, slope, 2, options)(unconditional));
    const expected = gradient.map((g, i) => 2 * process.schedule.betas[ts[i >> 1]!]! * g);
    expect(relativeDistance(await shiftOf(process, ts, guided, unconditional), expected)).toBeLessThan(1e-9);

    const learning = learningVariance<{ readonly guide: null }, [2]>({
      predicts: 'epsilon',
      as: 'range',
      apply: (p, samples, at) => ({
        prediction: unconditional.apply(p, samples, at),
        variance: mul(onesLike(samples), 0.5),
      }),
    });
    const bySigma = right(meanGuided(process, slope, 2, options)(learning));
    const sigma = ts.map((at) => process.posteriors[at]!.variance ** 0.25 * process.schedule.betas[at]! ** 0.75);
    expect(
      relativeDistance(
        await shiftOf(process, ts, bySigma, learning),
        gradient.map((g, i) => 2 * sigma[i >> 1]! * g),
      ),
    ).toBeLessThan(1e-9);
  });

  it('is refused by samplers whose steps have another Σ', () => {
    const short = right(respace(10)(process));
    const walk = (change: Partial<SamplerParts<{ readonly guide: null }, [2]>>) =>
      F.pipe(
        sampler({ process, denoiser: unconditional, solver: ancestral(), guidance: meanGuided(process, slope, 1), ...change }),
        E.match(({ actual }): string | number => actual, ({ steps }) => steps),
      ); // prettier-ignore
    expect(walk({})).toBe(100);
    expect(walk({ solver: ddim() })).toBe('another solver');
    expect(walk({ solver: ancestral({ variance: 'beta' }) })).toBe("the variance 'beta'");
    expect(walk({ grid: 10 })).toBe('a step from t = 99 to 89');
    expect(walk({ process: short })).toBe('timesteps of another process');
    expect(walk({ process: right(ddpm(linear(100))) })).toBe('another schedule');
    expect(walk({ process: short, guidance: meanGuided(short, slope, 1) })).toBe(10);
    const both = guidanceMonoid.concat(meanGuided(process, slope, 1), classifierGuided(process, slope, 1));
    expect(walk({ guidance: both })).toBe(100);
    expect(walk({ guidance: both, solver: ddim() })).toBe('another solver');
  });

  it('needs a finite scale, and a classifier of the classes of the denoiser', () => {
    const other = meanGuided(process, exact, 1)({ ...unconditional, classes: 3 });
    expect(E.isLeft(other) && other.left.message).toContain(
      'a classifier of the 3 classes of the denoiser, got one of 2',
    );
    const made = meanGuided(process, exact, NaN)(unconditional);
    expect(E.isLeft(made) && made.left.where).toBe('meanGuided');
  });
});

describe('a gradient of one’s own in place of a classifier', () => {
  const uphill: GuideGradient<null, [2]> = { gradient: (_, samples) => mul(samples, -0.5) };
  const black: Denoiser<{ readonly guide: null }, [2]> = {
    predicts: 'x0',
    apply: (_, samples) => zerosLike(samples),
  };

  it('needs no labels, and moves x̂₀ by scale·(1-ᾱ)/√ᾱ of it', async () => {
    const guided = right(classifierGuided(process, uphill, 3)(black));
    const found = await numbersOf(() => steered(process)(guided).apply(params, x, { t }));
    const expected = xs.map((value, i) => {
      const { a, s } = level(ts[i >> 1]!);
      return (-0.5 * 3 * value * s * s) / a;
    });
    expect(relativeDistance(found, expected)).toBeLessThan(1e-12);
  });

  it('goes along with a classifier: their moves are summed, once each', async () => {
    const own = classifierGuided(process, uphill, 3);
    const both = guidanceMonoid.concat(own, classifierGuided(process, exact, 1));
    const x0Of = (guidance: typeof own, denoiser = black) =>
      numbersOf(() => steered(process)(right(guidance(denoiser))).apply(params, x, { t, label }));
    const [one, other, sum] = [await x0Of(own), await x0Of(classifierGuided(process, exact, 1)), await x0Of(both)];
    expect(relativeDistance(sum, one.map((value, i) => value + other[i]!))).toBeLessThan(1e-12); // prettier-ignore
    // over a denoiser that is steered already
    const again = await x0Of(both, right(own(black)));
    expect(relativeDistance(again, one.map((value, i) => 2 * value + other[i]!))).toBeLessThan(1e-12); // prettier-ignore
  });

  it('comes after the correction, which then bounds what it does not', async () => {
    const guided = right(classifierGuided(process, uphill, 3)(unconditional));
    const correction = clip(-0.1, 0.1);
    const found = await numbersOf(() => steered(process, { correction })(guided).apply(params, x, { t }));
    const plain = await numbersOf(() => steered(process)(unconditional).apply(params, x, { t }));
    const moves = await numbersOf(() => steered(process)(right(classifierGuided(process, uphill, 3)(black))).apply(params, x, { t })); // prettier-ignore
    const expected = plain.map((value, i) => Math.min(Math.max(value, -0.1), 0.1) + moves[i]!);
    expect(relativeDistance(found, expected)).toBeLessThan(1e-12);
  });
});
