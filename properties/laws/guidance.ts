/** Laws of guidance, for classes of known Gaussian data. */
import fc from 'fast-check';
import { either, function as F } from 'fp-ts';
import {
  cfg,
  type Classifier,
  classifierGuided,
  type Denoiser,
  exactDenoiser,
  type GaussianMixture,
  type Guidance,
  guidanceMonoid,
  overParams,
  type Parameterization,
  type Process,
  processOf,
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
  gather,
  matmul,
  mul,
  scaleBy,
  sumPerSample,
  table,
  zerosLike,
} from 'noisefold/dsl';
import { unended } from '../arbitraries/diffusion.js';
import { valueOf } from '../oracles/plans.js';
import { computed } from '../oracles/running.js';
import { approx, firstOf, type Law, near } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** Data of equally likely classes, each of them Gaussian; a batch of two numbers at some timesteps. */
interface Case {
  readonly process: Process;
  readonly means: readonly number[];
  readonly variance: number;
  readonly predicts: Parameterization;
  readonly x: readonly number[];
  readonly t: readonly number[];
  readonly labels: readonly number[];
}

const caseOf: fc.Arbitrary<Case> = fc
  .record({
    process: unended.map(processOf),
    means: fc.array(within(-1, 1), { minLength: 2, maxLength: 3 }),
    variance: within(0.1, 1),
    predicts: fc.constantFrom<Parameterization>('epsilon', 'x0', 'v', 'score'),
    samples: fc.array(fc.tuple(within(-3, 3), within(-3, 3), fc.nat(9999), fc.nat(9999)), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ samples, ...given }) => ({
    ...given,
    x: samples.flatMap(([a, b]) => [a, b]),
    t: samples.map(([, , t]) => t % given.process.schedule.T),
    labels: samples.map(([, , , label]) => label % given.means.length),
  }));

const mixtureOf = (means: readonly number[], variance: number): GaussianMixture<[2]> => ({
  shape: [2],
  weights: means.map(() => 1 / means.length),
  means: means.map((mean) => [mean, mean]),
  variances: means.map(() => variance),
});

/** E[x_0|x_t, class], and E[x_0|x_t] of no class. */
const ofClasses = ({ process, means, variance, predicts }: Case): Denoiser<null, [2]> => {
  const exact = exactDenoiser(process);
  const each = [...means.map((mean) => [mean]), means].map((some) => exact(mixtureOf(some, variance)));
  return reparameterize(
    process,
    predicts,
  )({
    predicts: 'x0',
    classes: means.length,
    apply: (params, x, at) =>
      each
        .map(({ apply }, k) => scaleBy(apply(params, x, at), cast(equal(at.label!, k), 'float32')))
        .reduce((sum, one) => add(sum, one), zerosLike(x)),
  });
};

/** The prediction of a denoiser for the batch, with its labels or with one label for all. */
const saidBy = async (denoiser: Denoiser<null, [2]>, { x, t, labels }: Case, label?: number) =>
  Array.from(
    (await computed(() =>
      denoiser.apply(null, constantOf(x, t.length, 2), {
        t: constantOf(Int32Array.from(t), t.length),
        label: constantOf(
          Int32Array.from(labels, (own) => label ?? own),
          t.length,
        ),
      }),
    )) as ArrayLike<number>,
  );

const guidedBy = (guide: Guidance, given: Case) => saidBy(valueOf(guide(ofClasses(given))), given);

const scales: Law<Case> = {
  name: 'guidance scale 1 is no guidance, and 0 is unconditional',
  formula:
    'cfg(1) = ε̂(x_t, y) cfg(0) = ε̂(x_t), and cfg(w) out of its interval is ε̂(x_t, y), for every parameterization and batch, within 8 roundings of the two',
  source: 'Ho & Salimans 2022, eq. 6',
  arbitrary: caseOf,
  runs: 60,
  violation: async (given) => {
    const denoiser = ofClasses(given);
    const withClass = await saidBy(denoiser, given);
    const without = await saidBy(denoiser, given, given.means.length);
    const sizes = withClass.map((c, i) => Math.abs(c) + Math.abs(without[i]!));
    const nearly = (what: string, actual: readonly number[], expected: readonly number[]) =>
      firstOf(...expected.map((e, i) => near(`${what}[${i}]`, actual[i]!, e, 8 * ULP * sizes[i]!)));
    return firstOf(
      nearly('scale 1', await guidedBy(cfg(1), given), withClass),
      nearly('scale 0', await guidedBy(cfg(0), given), without),
      nearly('scale 3 out of its interval', await guidedBy(cfg(3, { interval: [9999, 9999] }), given), withClass),
    );
  },
};

/** log p(y|x_t) of such data: the log-density of each class, N(a·m_y, a²v + s²) in each number. */
const classifierOf = ({ process, means, variance }: Case): Classifier<object, [2]> => {
  const at = (f: (marginal: Process['marginals'][number]) => number) => table(Float64Array.from(process.marginals, f));
  const spread = (m: Process['marginals'][number]): number => m.scale ** 2 * variance + m.variance;
  const slope = at((m) => m.scale / spread(m));
  const offset = at((m) => -(m.scale ** 2) / spread(m));
  return {
    classes: means.length,
    apply: (_, x, t) => {
      const byMean = F.pipe(sumPerSample(x), mul(gather(slope, t)), expandDims(1), matmul(constantOf(means, 1, means.length))); // prettier-ignore
      const bySquare = F.pipe(gather(offset, t), expandDims(1), matmul(constantOf(means.map((m) => m * m), 1, means.length))); // prettier-ignore
      return add(byMean, bySquare);
    },
  };
};

/** The denoiser of {@link ofClasses} that takes no class, with additional parameters. */
const ofNone = (given: Case): Denoiser<{ readonly guide: object }, [2]> =>
  F.pipe(
    exactDenoiser(given.process)(mixtureOf(given.means, given.variance)),
    overParams((_: { readonly guide: object }) => null),
    reparameterize(given.process, given.predicts),
  );

const bayes: Law<Case> = {
  name: 'a classifier of scale 1 turns the unconditional prediction into that of the class: Bayes',
  formula:
    'with exact p(y|x_t) and E[x_0|x_t], classifierGuided(1) = E[x_0|x_t, y], for every parameterization and batch, if ᾱ ≥ 10⁻¹², within 2⁻⁴⁰ of the prediction and of x_t/√ᾱ, and 2⁻⁴⁸ of x_t/√(1−ᾱ), by which x̂₀ becomes ε̂, or of x_t/(1−ᾱ) for the score',
  source: "Dhariwal & Nichol 2021, Algorithm 2; Bayes' rule on scores",
  // x̂₀, which the classifier moves, follows from ε̂ if there is some signal
  arbitrary: caseOf.filter(({ process: { schedule } }) => schedule.alphaBars.at(-1)! >= 1e-12),
  runs: 60,
  violation: async (given) => {
    const { process, t } = given;
    const guided = F.pipe(
      valueOf(classifierGuided(classifierOf(given), 1)(ofNone(given))),
      steered(process),
      reparameterize(process, given.predicts),
    );
    const found = await saidBy(overParams(() => ({ guide: {} }))(guided), given);
    const expected = await saidBy(ofClasses(given), given);
    return firstOf(
      ...expected.map((e, i) => {
        const { scale, variance } = process.marginals[t[i >> 1]!]!;
        const size = Math.abs(given.x[i]!) + 1;
        // ε̂ = (x_t − √ᾱ·x̂₀)/√(1−ᾱ), and the score is −ε̂/√(1−ᾱ)
        const divisor = given.predicts === 'score' ? variance : Math.sqrt(variance);
        return near(
          `prediction[${i}]`,
          found[i]!,
          e,
          2 ** -40 * (Math.abs(e) + size / scale) + (2 ** -48 * size) / divisor,
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
    caseOf.map((given) => ({ ...given, x: given.x.map((_, i) => given.x[i & ~1]!) })),
    within(-2, 8),
    within(0, 1),
  ),
  runs: 40,
  violation: async ([given, scale, rescale]) =>
    approx('guided', await guidedBy(cfg(scale, { rescale }), given), await guidedBy(cfg(scale), given), 0),
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

const sums: Law<readonly [Case, readonly [Guidance, Guidance, Guidance]]> = {
  name: 'guides are a commutative monoid',
  formula: '(a + b) + c = a + (b + c), a + b = b + a, a + unguided = a, within 16 roundings of all that is added',
  source: 'definition',
  arbitrary: fc.tuple(caseOf, fc.tuple(guide, guide, guide)),
  runs: 40,
  violation: async ([given, [a, b, c]]) => {
    const { concat, empty } = guidanceMonoid;
    const alone = await Promise.all([unguided, a, b, c].map((one) => guidedBy(one, given)));
    const sizes = alone[0]!.map((_, i) => alone.reduce((sum, one) => sum + Math.abs(one[i]!), 0));
    const same = async (what: string, one: Guidance, other: Guidance) => {
      const [left, right] = [await guidedBy(one, given), await guidedBy(other, given)];
      return firstOf(...left.map((l, i) => near(`${what}[${i}]`, l, right[i]!, 16 * ULP * sizes[i]!)));
    };
    return firstOf(
      await same('associative', concat(concat(a, b), c), concat(a, concat(b, c))),
      await same('commutative', concat(a, b), concat(b, a)),
      await same('neutral at the right', concat(a, empty), a),
      await same('neutral at the left', concat(empty, a), a),
    );
  },
};

/**
 * Laws of guidance: a guide without weight has no effect, and guides add up.
 * @example
 * guidanceLaws[0]!.name // → 'guidance scale 1 is no guidance, and 0 is unconditional'
 * for (const law of guidanceLaws) await checkLaw(law, 0.05)
 */
export const guidanceLaws: readonly Law[] = [scales, gray, bayes, sums];
