/** Laws of conditions of all kinds: classes, vectors, tokens and images. */
import fc from 'fast-check';
import {
  cfg,
  type Conditions,
  type ConditionValues,
  type Denoiser,
  type Guidance,
  imageOf,
  labelOf,
  tokensOf,
  vectorOf,
} from 'noisefold/diffusion';
import {
  add,
  cast,
  constantOf,
  type Dim,
  fillSpec,
  fullLike,
  greater,
  iota,
  mul,
  ones,
  sumPerSample,
  tanh,
  type Tensor,
  zerosLike,
} from 'noisefold/dsl';
import { unet } from 'noisefold/nn';
import { nodeOf } from '../../src/dsl/graph/tensor.js';
import { evaluate } from '../oracles/evaluate.js';
import { valueOf } from '../oracles/plans.js';
import { approx, firstOf, type Law } from './law.js';

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** A sample with the values of its conditions. */
interface Conditioned {
  readonly x: number;
  readonly label: number;
  readonly palette: number;
  readonly words: number;
  readonly lowRes: number;
  readonly level: number;
}
type Name = 'label' | 'palette' | 'words' | 'lowRes';

const conditioned: fc.Arbitrary<readonly Conditioned[]> = fc.array(
  fc.record({
    x: within(-3, 3),
    label: fc.nat(2),
    palette: within(-1, 1),
    words: within(-1, 1),
    lowRes: within(-1, 1),
    level: fc.nat(9),
  }),
  { minLength: 1, maxLength: 3 },
);
const names: fc.Arbitrary<readonly Name[]> = fc.shuffledSubarray<Name>(['label', 'palette', 'words', 'lowRes'], {
  minLength: 1,
});

const SPECIFICATIONS = {
  label: { classes: 3 },
  palette: { vector: 1 },
  words: { tokens: 1, length: 1 },
  lowRes: { image: 1, noiseLevel: true },
} as const satisfies Conditions;

/** The values of a batch. */
const valuesOf = (samples: readonly Conditioned[]) => {
  const B = samples.length;
  const of = (name: Exclude<keyof Conditioned, 'label' | 'level'>) => samples.map((sample) => sample[name]);
  const whole = (name: 'label' | 'level') =>
    constantOf(
      Int32Array.from(samples, (sample) => sample[name]),
      B,
    );
  return {
    label: whole('label'),
    palette: constantOf(of('palette'), B, 1),
    words: { tokens: constantOf(of('words'), B, 1, 1), mask: greater(ones(B, 1), 0) },
    lowRes: { image: constantOf(of('lowRes'), B, 1, 1, 1), t: whole('level') },
  };
};

/** tanh(x·(0.5 + 0.1·label + palette + words + image + 0.1·t)), which gets some of the conditions. */
const factored = (names: readonly Name[]): Denoiser<null, []> => ({
  predicts: 'epsilon',
  conditions: Object.fromEntries(names.map((name) => [name, SPECIFICATIONS[name]])),
  apply: (_, x, at) => {
    const label = labelOf(at);
    const palette = vectorOf(at, 'palette');
    const words = tokensOf(at, 'words');
    const lowRes = imageOf(at, 'lowRes');
    const factors = [
      ...(label ? [mul(cast(label, 'float32'), 0.1)] : []),
      ...(palette ? [sumPerSample(palette)] : []),
      ...(words ? [mul(sumPerSample(words.tokens), sumPerSample(cast(words.mask, 'float32')))] : []),
      ...(lowRes ? [sumPerSample(lowRes.image), mul(cast(lowRes.t!, 'float32'), 0.1)] : []),
    ];
    return tanh(
      mul(
        x,
        factors.reduce((sum, one) => add(sum, one as typeof sum), add(zerosLike(x), 0.5)),
      ),
    );
  },
});

/** The same in numbers, with none in place of the conditions that are not `present`; class 3 is no class. */
const factoredOf = (sample: Conditioned, all: readonly Name[], present: readonly Name[]): number => {
  const factor = (name: Name): number => {
    const has = present.includes(name);
    if (name === 'label') return 0.1 * (has ? sample.label : 3);
    return has ? sample[name] + (name === 'lowRes' ? 0.1 * sample.level : 0) : 0;
  };
  return Math.tanh(sample.x * all.reduce((sum, name) => sum + factor(name), 0.5));
};

/** The predictions of some guidances of {@link factored}. */
const guidedOf = (all: readonly Name[], samples: readonly Conditioned[], guides: readonly Guidance[]) => {
  const values = valuesOf(samples);
  const at = {
    t: iota(samples.length),
    conditions: Object.fromEntries(all.map((name) => [name, values[name]])),
  };
  const x = constantOf(
    samples.map((sample) => sample.x),
    samples.length,
  );
  const nodes = guides.map((guide) => nodeOf(valueOf(guide(factored(all))).apply(null, x, at)));
  return evaluate(nodes, {}, {}).outputs.map((numbers) => Array.from(numbers));
};

const scaled: Law<readonly [readonly Conditioned[], readonly Name[], readonly number[], readonly boolean[]]> = {
  name: 'guidance by several scales adds the conditions one after the other',
  formula:
    'cfg({ a: s₁, b: s₂, … }) = ε̂(∅) + s₁·(ε̂(a) − ε̂(∅)) + s₂·(ε̂(a, b) − ε̂(a)) + …, each with the conditions that it does not name; ε̂(a, b, …) with scales of 1, cfg({ a: 1 }) and cfg(1): for classes, vectors, tokens and images with a noise level, in any order, within 2⁻⁴⁴ of 1 + Σ|s|',
  source: 'InstructPix2Pix (Brooks et al. 2023), eq. 3',
  arbitrary: fc.tuple(
    conditioned,
    names,
    fc.array(within(-2, 8), { minLength: 4, maxLength: 4 }),
    fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  ),
  runs: 60,
  violation: ([samples, all, scales, isNamed]) => {
    const some = all.filter((_, i) => i === 0 || isNamed[i]);
    const scalesOf = (of: (i: number) => number) => cfg(Object.fromEntries(some.map((name, i) => [name, of(i)])));
    const alone = some.map((name) => cfg({ [name]: 1 }));
    const [guided, ...neutral] = guidedOf(all, samples, [scalesOf((i) => scales[i]!), scalesOf(() => 1), cfg(1), ...alone]); // oxfmt-ignore
    const kept = all.filter((name) => !some.includes(name));
    const chain = [kept, ...some.map((_, i) => [...kept, ...some.slice(0, i + 1)])];
    const tolerance = 2 ** -44 * some.reduce((sum, _, i) => sum + Math.abs(scales[i]!), 1);
    const expected = samples.map((sample) => {
      const predictions = chain.map((present) => factoredOf(sample, all, present));
      return some.reduce((sum, _, i) => sum + scales[i]! * (predictions[i + 1]! - predictions[i]!), predictions[0]!);
    });
    const whole = samples.map((sample) => factoredOf(sample, all, all));
    return firstOf(
      approx('guided', guided!, expected, tolerance),
      ...neutral.map((one, i) => approx(`neutral guidance ${i}`, one, whole, 2 ** -44)),
    );
  },
};

const single: Law<readonly [readonly Conditioned[], Name, number]> = {
  name: 'the scale of the only condition is the scale of guidance',
  formula: 'for a denoiser with one condition a, of any kind: cfg({ a: s }) = cfg(s), exactly',
  source: 'definition',
  arbitrary: fc.tuple(conditioned, names.map(([name]) => name!), within(-2, 8)), // oxfmt-ignore
  runs: 40,
  violation: ([samples, name, scale]) => {
    const [byName, byNumber] = guidedOf([name], samples, [cfg({ [name]: scale }), cfg(scale)]);
    return approx('guided', byName!, byNumber!, 0);
  },
};

/** The parts of a U-Net's configuration that concern its conditions. */
interface Places {
  readonly nothing: 'row' | 'zero';
  readonly label: 'input' | 'output';
  readonly palette: 'input' | 'output';
  readonly noiseLevel: boolean;
}

const dropped: Law<readonly [Places, readonly Conditioned[], readonly Name[], number]> = {
  name: 'a condition that is dropped everywhere is a missing one',
  formula:
    'a U-Net with a class, a vector and an image of another size, with or without a noise level, at its input and at its output: its prediction with the class K, zeros, and the noise level 0 is the prediction without the names, exactly',
  source: 'Ho & Salimans 2022, Algorithm 1: training drops what sampling leaves out',
  arbitrary: fc.tuple(
    fc.record({
      nothing: fc.constantFrom('row', 'zero'),
      label: fc.constantFrom('input', 'output'),
      palette: fc.constantFrom('input', 'output'),
      noiseLevel: fc.boolean(),
    }),
    conditioned,
    names,
    fc.nat(99),
  ),
  runs: 12,
  violation: ([places, samples, gone, seed]) => {
    const B = samples.length;
    const { nothing, noiseLevel } = places;
    const network = valueOf(
      unet({
        image: [4, 4, 1],
        base: 4,
        multipliers: [1],
        blocks: 1,
        heads: 1,
        groups: 1,
        conditions: {
          label: { classes: 3, nothing, at: places.label },
          palette: { vector: 1, at: places.palette },
          lowRes: { image: 1, noiseLevel },
        },
      }),
    );
    const waves = (shape: readonly number[], k: number) =>
      constantOf(
        Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.4 * Math.sin(0.7 * i + 1.3 * k)),
        ...shape,
      );
    const params = fillSpec(network.params, ({ path, shape }) => waves(shape as readonly number[], path.length + seed)); // a model's extents are numbers
    const predicted = (conditions: ConditionValues<Dim>) =>
      nodeOf(network.apply(params, waves([B, 4, 4, 1], seed) as Tensor<[Dim, 4, 4, 1]>, { t: iota(B), conditions }));
    const { label, palette, lowRes } = valuesOf(samples);
    const { image, t } = lowRes;
    const values = { label, palette, lowRes: noiseLevel ? lowRes : { image } };
    const none = {
      label: fullLike(label, 3),
      palette: zerosLike(palette),
      lowRes: { image: zerosLike(image), ...(noiseLevel && { t: zerosLike(t) }) },
    };
    const kept = Object.fromEntries(Object.entries(values).filter(([name]) => !gone.includes(name as Name)));
    const [replaced, missing] = evaluate([predicted({ ...none, ...kept }), predicted(kept)], {}, {}).outputs;
    return approx('prediction', replaced!, missing!, 0);
  },
};

/** Laws of conditions of all kinds. */
export const kindLaws: readonly Law[] = [scaled, single, dropped];
