/** Laws of guidance, for classes of known Gaussian data. */
import { wholeTimesteps } from 'noisefold/diffusion';
import fc from 'fast-check';
import { either, function as F } from 'fp-ts';
import {
  apg,
  autoguidance,
  cfg,
  cfgPlusPlus,
  cfgZero,
  type Classifier,
  conditionGuidance,
  classifierGuided,
  type Denoiser,
  exactDenoiser,
  type GaussianMixture,
  type Guidance,
  guidanceMonoid,
  labelOf,
  meanFlowStep,
  overNoising,
  overParams,
  pag,
  pairGuidance,
  type Parameterization,
  rectifiedFlow,
  type DiscreteNoising,
  noisingOf,
  reparameterize,
  steered,
  unguided,
} from 'noisefold/diffusion';
import {
  add,
  cast,
  constantOf,
  equal,
  expandDims,
  fullLike,
  gather,
  matmul,
  mul,
  scaleBy,
  sumPerSample,
  table,
  tanh,
  zerosLike,
} from 'noisefold/dsl';
import { nodeOf } from '../../src/dsl/graph/tensor.js';
import { unended } from '../arbitraries/diffusion.js';
import { evaluate } from '../oracles/evaluate.js';
import { valueOf } from '../oracles/plans.js';
import { approx, firstOf, type Law, near } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** Data of equally likely classes, each of them Gaussian; a batch of two numbers at some timesteps. */
interface Case {
  readonly noising: DiscreteNoising;
  readonly means: readonly number[];
  readonly variance: number;
  readonly predicts: Parameterization;
  readonly x: readonly number[];
  readonly t: readonly number[];
  readonly labels: readonly number[];
}

const caseOf: fc.Arbitrary<Case> = fc
  .record({
    noising: unended.map(noisingOf),
    means: fc.array(within(-1, 1), { minLength: 2, maxLength: 3 }),
    variance: within(0.1, 1),
    predicts: fc.constantFrom<Parameterization>('epsilon', 'x0', 'v', 'score'),
    samples: fc.array(fc.tuple(within(-3, 3), within(-3, 3), fc.nat(9999), fc.nat(9999)), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ samples, ...sample }) => ({
    ...sample,
    x: samples.flatMap(([a, b]) => [a, b]),
    t: samples.map(([, , t]) => t % sample.noising.schedule.T),
    labels: samples.map(([, , , label]) => label % sample.means.length),
  }));

const mixtureOf = (means: readonly number[], variance: number): GaussianMixture<[2]> => ({
  shape: [2],
  weights: means.map(() => 1 / means.length),
  means: means.map((mean) => [mean, mean]),
  variances: means.map(() => variance),
});

/** E[x_0|x_t, class], and E[x_0|x_t] of no class. */
const ofClasses = ({ noising, means, variance, predicts }: Case): Denoiser<null, [2]> => {
  const exact = exactDenoiser(noising);
  const each = [...means.map((mean) => [mean]), means].map((some) => exact(mixtureOf(some, variance)));
  return reparameterize(
    noising,
    predicts,
  )({
    predicts: 'x0',
    conditions: { label: { classes: means.length } },
    apply: (params, x, at) =>
      each
        .map(({ apply }, k) => scaleBy(apply(params, x, at), cast(equal(labelOf(at)!, k), 'float32')))
        .reduce((sum, one) => add(sum, one), zerosLike(x)),
  });
};

type ClassDenoiser = Denoiser<null, [2]>;

/** The predictions of some denoisers for the batch, in float64. */
const predictionsOf = (denoisers: readonly ClassDenoiser[], { x, t, labels }: Case): readonly (readonly number[])[] => {
  const batch = constantOf(x, t.length, 2);
  const label = constantOf(Int32Array.from(labels), t.length);
  const at = { t: constantOf(Int32Array.from(t), t.length), conditions: { label } };
  // evaluated without the compiler: the graphs are large, and each is used once
  const { outputs } = evaluate(
    denoisers.map(({ apply }) => nodeOf(apply(null, batch, at))),
    {},
    {},
  );
  return outputs.map((prediction) => Array.from(prediction));
};

/** The same denoiser with the label of no class for all samples. */
const withoutClass = ({ apply, ...denoiser }: ClassDenoiser, { means }: Case): ClassDenoiser => ({
  ...denoiser,
  apply: (params, x, at) => apply(params, x, { ...at, conditions: { label: fullLike(labelOf(at)!, means.length) } }),
});

const guidedBy = (denoiser: ClassDenoiser, guides: readonly Guidance[]): readonly ClassDenoiser[] =>
  guides.map((guide) => valueOf(guide(denoiser)));

const scales: Law<Case> = {
  name: 'guidance scale 1 is no guidance, and 0 is unconditional',
  formula:
    'cfg(1) = ε̂(x_t, y) cfg(0) = ε̂(x_t), and cfg(w) out of its interval is ε̂(x_t, y), for every parameterization and batch, within 8 roundings of the two',
  source: 'Ho & Salimans 2022, eq. 6',
  arbitrary: caseOf,
  runs: 60,
  violation: (sample) => {
    const denoiser = ofClasses(sample);
    const guided = guidedBy(denoiser, [cfg(1), cfg(0), cfg(3, { interval: [9999, 9999] })]);
    const predictions = predictionsOf([denoiser, withoutClass(denoiser, sample), ...guided], sample);
    const [withClass, without, one, zero, outside] = predictions as [number[], number[], number[], number[], number[]];
    const sizes = withClass.map((c, i) => Math.abs(c) + Math.abs(without[i]!));
    const nearly = (what: string, actual: readonly number[], expected: readonly number[]) =>
      firstOf(...expected.map((e, i) => near(`${what}[${i}]`, actual[i]!, e, 8 * ULP * sizes[i]!)));
    return firstOf(
      nearly('scale 1', one, withClass),
      nearly('scale 0', zero, without),
      nearly('scale 3 out of its interval', outside, withClass),
    );
  },
};

/** Guides at the scale without effect, in the step from a level to the data. */
const neutral: Readonly<Record<string, Guidance<{ readonly guide: object }>>> = {
  cfg: cfg(1),
  cfgPlusPlus: cfgPlusPlus(1),
  cfgZero: cfgZero(1, { zeroSteps: 0 }),
  apg: apg(1),
  'apg with a norm': apg(1, { norm: 0.1, eta: 0.5 }),
  pag: pag(1),
  autoguidance: autoguidance({ predicts: 'epsilon', apply: (_, x) => mul(x, 0.3) }, 1),
  conditionGuidance: conditionGuidance({ combine: ({ positive }) => positive }),
  pairGuidance: pairGuidance({ predicts: 'v', apply: (_, x) => mul(x, 0.3) }, { combine: ({ positive }) => positive }),
  classifierGuided: classifierGuided({ gradient: (_, x) => x }, 0),
  unguided,
};

const neutrals: Law<readonly [string, Parameterization, readonly (readonly [number, number])[]]> = {
  name: 'guidance at its neutral scale is the identity',
  formula:
    'on rectifiedFlow, 0.05 ≤ t ≤ 0.95, for a denoiser of any prediction with classes: every guide at scale 1, and by a gradient at 0, predicts what the denoiser predicts with the class, in the step to the data, within 2⁻⁴⁰ of 1 + |x| and of the prediction',
  source: 'definition: e.g. Ho & Salimans 2022, eq. 6; Karras et al. 2024, eq. 5',
  arbitrary: fc.tuple(
    fc.constantFrom(...Object.keys(neutral)),
    fc.constantFrom<Parameterization>('epsilon', 'x0', 'v', 'score', 'velocity'),
    fc.array(fc.tuple(within(-3, 3), within(0.05, 0.95)), { minLength: 1, maxLength: 4 }),
  ),
  runs: 80,
  violation: ([name, predicts, samples]) => {
    const flow = rectifiedFlow();
    const scaled =
      (factor: number): Denoiser<unknown, [1]>['apply'] =>
      (_, x, at) =>
        tanh(scaleBy(mul(x, factor), add(cast(labelOf(at)!, 'float32'), cast(at.t, 'float32'))));
    const denoiser: Denoiser<{ readonly guide: object }, [1]> = {
      predicts,
      conditions: { label: { classes: 3 } },
      apply: scaled(1),
      perturbed: scaled(2),
    };
    const B = samples.length;
    const x = constantOf(
      samples.map(([value]) => value),
      B,
      1,
    );
    const t = constantOf(
      samples.map(([, time]) => time),
      B,
    );
    const label = constantOf(new Int32Array(B).fill(1), B);
    const step = meanFlowStep(t, zerosLike(t)); // to the data
    const predictions = [denoiser, valueOf(neutral[name]!(denoiser))].map((of) =>
      nodeOf(steered(flow)(overNoising(flow)(of)).apply({ guide: {} }, x, { t, conditions: { label }, step })),
    );
    const [plain, guided] = evaluate(predictions, {}, {}).outputs.map((numbers) => Array.from(numbers));
    return firstOf(
      ...plain!.map((value, i) =>
        near(`prediction[${i}]`, guided![i]!, value, 2 ** -40 * (1 + Math.abs(value) + Math.abs(samples[i]![0]))),
      ),
    );
  },
};

/** log p(y|x_t) of such data: the log-density of each class, N(α·m_y, α²v + σ²) in each number. */
const classifierOf = ({ noising, means, variance }: Case): Classifier<object, [2]> => {
  const at = (f: (marginal: DiscreteNoising['marginals'][number]) => number) =>
    table(Float64Array.from(noising.marginals, f));
  const spread = (m: DiscreteNoising['marginals'][number]): number => m.alpha ** 2 * variance + m.sigma ** 2;
  const slope = at((m) => m.alpha / spread(m));
  const offset = at((m) => -(m.alpha ** 2) / spread(m));
  return {
    classes: means.length,
    apply: (_, x, t) => {
      const byMean = F.pipe(mul(sumPerSample(x), gather(slope, wholeTimesteps(t))), expandDims(1), matmul(constantOf(means, 1, means.length))); // oxfmt-ignore
      const bySquare = F.pipe(gather(offset, wholeTimesteps(t)), expandDims(1), matmul(constantOf(means.map((m) => m * m), 1, means.length))); // oxfmt-ignore
      return add(byMean, bySquare);
    },
  };
};

/** The denoiser of {@link ofClasses} that takes no class, with additional parameters. */
const ofNone = (sample: Case): Denoiser<{ readonly guide: object }, [2]> =>
  F.pipe(
    exactDenoiser(sample.noising)(mixtureOf(sample.means, sample.variance)),
    overParams((_: { readonly guide: object }) => null),
    reparameterize(sample.noising, sample.predicts),
  );

const bayes: Law<Case> = {
  name: 'a classifier of scale 1 turns the unconditional prediction into the prediction with the class: Bayes',
  formula:
    'with exact p(y|x_t) and E[x_0|x_t], classifierGuided(1) = E[x_0|x_t, y], for every parameterization and batch, if ᾱ ≥ 10⁻¹², within 2⁻⁴⁰ of the prediction and of x_t/√ᾱ, and 2⁻⁴⁸ of x_t/√(1−ᾱ), by which x̂₀ becomes ε̂, or of x_t/(1−ᾱ) for the score',
  source: "Dhariwal & Nichol 2021, Algorithm 2; Bayes' rule on scores",
  // x̂₀, which the classifier moves, follows from ε̂ if there is some signal
  arbitrary: caseOf.filter(({ noising: { schedule } }) => schedule.alphaBars.at(-1)! >= 1e-12),
  runs: 60,
  violation: (sample) => {
    const { noising, t } = sample;
    const guided = F.pipe(
      valueOf(classifierGuided(classifierOf(sample), 1)(ofNone(sample))),
      steered(noising),
      reparameterize(noising, sample.predicts),
    );
    const denoisers = [overParams(() => ({ guide: {} }))(guided), ofClasses(sample)];
    const [actual, expected] = predictionsOf(denoisers, sample);
    return firstOf(
      ...expected!.map((e, i) => {
        const { alpha, sigma } = noising.marginals[t[i >> 1]!]!;
        const size = Math.abs(sample.x[i]!) + 1;
        // ε̂ = (x_t − √ᾱ·x̂₀)/√(1−ᾱ), and the score is −ε̂/√(1−ᾱ)
        const divisor = sample.predicts === 'score' ? sigma ** 2 : sigma;
        return near(
          `prediction[${i}]`,
          actual![i]!,
          e,
          2 ** -40 * (Math.abs(e) + size / alpha) + (2 ** -48 * size) / divisor,
        );
      }),
    );
  },
};

const gray: Law<readonly [Case, number, number]> = {
  name: 'rescaling does not change a prediction without deviation',
  formula: 'x_t of one number in each sample: cfg(w, rescale φ) = cfg(w), exactly; never NaN',
  source: 'Lin et al. 2024, eq. 15 and 16, where σ is 0',
  arbitrary: fc.tuple(
    caseOf.map((sample) => ({ ...sample, x: sample.x.map((_, i) => sample.x[i & ~1]!) })),
    within(-2, 8),
    within(0, 1),
  ),
  runs: 40,
  violation: ([sample, scale, rescale]) => {
    const guided = guidedBy(ofClasses(sample), [cfg(scale, { rescale }), cfg(scale)]);
    const [rescaled, plain] = predictionsOf(guided, sample);
    return approx('guided', rescaled!, plain!, 0);
  },
};

const guide: fc.Arbitrary<Guidance> = fc.oneof(
  within(-2, 8).map((scale) => cfg(scale)),
  fc.tuple(within(-2, 8), within(0, 1)).map(([scale, rescale]) => cfg(scale, { rescale })),
  within(-2, 2).map(
    (by): Guidance =>
      (denoiser) =>
        either.right({ ...denoiser, apply: (...all) => add(denoiser.apply(...all), by) }),
  ),
  fc.constant(unguided),
);

/** A denoiser that depends on all that it is given, and is quick: sums of guides are sums for any. */
const anyDenoiser = ({ means, predicts }: Case): ClassDenoiser => ({
  predicts,
  conditions: { label: { classes: means.length } },
  apply: (_, x, at) => tanh(scaleBy(x, add(cast(labelOf(at)!, 'float32'), mul(cast(at.t, 'float32'), 0.01)))),
});

const sums: Law<readonly [Case, readonly [Guidance, Guidance, Guidance]]> = {
  name: 'guides are a commutative monoid',
  formula: '(a + b) + c = a + (b + c), a + b = b + a, a + unguided = a, within 16 roundings of all that is added',
  source: 'definition',
  arbitrary: fc.tuple(caseOf, fc.tuple(guide, guide, guide)),
  runs: 40,
  violation: ([sample, [a, b, c]]) => {
    const { concat, empty } = guidanceMonoid;
    const pairs: readonly (readonly [string, Guidance, Guidance])[] = [
      ['associative', concat(concat(a, b), c), concat(a, concat(b, c))],
      ['commutative', concat(a, b), concat(b, a)],
      ['neutral at the right', concat(a, empty), a],
      ['neutral at the left', concat(empty, a), a],
    ];
    const guides = [unguided, a, b, c, ...pairs.flatMap(([, left, right]) => [left, right])];
    const predictions = predictionsOf(guidedBy(anyDenoiser(sample), guides), sample);
    const [alone, sums] = [predictions.slice(0, 4), predictions.slice(4)];
    const sizes = alone[0]!.map((_, i) => alone.reduce((sum, one) => sum + Math.abs(one[i]!), 0));
    return firstOf(
      ...pairs.flatMap(([what], k) =>
        sizes.map((size, i) => near(`${what}[${i}]`, sums[2 * k]![i]!, sums[2 * k + 1]![i]!, 16 * ULP * size)),
      ),
    );
  },
};

/**
 * Laws of guidance: a guide without weight has no effect, and guides add up.
 * @example
 * guidanceLaws[0]!.name // → 'guidance scale 1 is no guidance, and 0 is unconditional'
 * for (const law of guidanceLaws) await checkLaw(law, 0.05)
 */
export const guidanceLaws: readonly Law[] = [scales, neutrals, gray, bayes, sums];
