/** Conditions of all kinds: losses, samplers, likelihoods and guidance pass them to a denoiser, and check them. */
import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { type ConditionValues, imageOf, labelOf, tokensOf, vectorOf } from '../../conditions/values.js';
import {
  add,
  cast,
  constantOf,
  type Dim,
  type Key,
  less,
  mul,
  onesLike,
  scalar,
  scaleBy,
  type Shape,
  sum,
  sumPerSample,
  tanh,
  type Tensor,
  zeros,
} from '../../dsl/index.js';
import { boundLosses, hybridLosses, rescaledBoundLosses } from '../losses/boundLoss.js';
import { ddim } from '../solvers/ddim.js';
import { type Conditioning, type Denoiser, learningVariance } from './denoiser.js';
import { boundAt } from '../likelihood/boundEvaluation.js';
import { cfg } from '../guidance/classifierFreeGuidance.js';
import { likelihood } from '../likelihood/odeLikelihood.js';
import { type Losses, meanLoss } from '../losses/objective.js';
import { predictionErrors, simpleLosses } from '../losses/loss.js';
import { pMeanVariance, pSample } from '../likelihood/reverse.js';
import { sampler } from '../sampling/sampler.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { snrWeight, weightedBy } from '../losses/weighting.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.1, 0.2, 0.3])));
const x0 = constantOf([0.5, -1, 0.25, 1, -0.75, 0.2], 3, 2) as Tensor<[3, 2]>;
const t = constantOf(Int32Array.of(0, 2, 1), 3) as Tensor<[3], 'int32'>;
const label = constantOf(Int32Array.of(1, 0, 1), 3) as Tensor<[3], 'int32'>;
const words = {
  tokens: constantOf([0.2, -0.6, 0.9, 0.4, -0.1, 0.8], 3, 2, 1) as Tensor<[3, 2, 1]>,
  mask: less(constantOf([0, 1, 2, 3, 4, 5], 3, 2), 4) as Tensor<[3, 2], 'bool'>, // none of the third sample
};
const palette = constantOf([0.1, 0.5, -0.7, 0.3, 0.6, -0.2], 3, 2) as Tensor<[3, 2]>;
const small = { image: constantOf([0.3, -0.4, 0.7], 3, 1, 1, 1) as Tensor<[3, 1, 1, 1]>, t };
/** All kinds at once. */
const conditions = { label, palette, words, small } satisfies ConditionValues<3>;

/** tanh(x + 0.3·label + Σ palette + 2·Σ words + image + 0.1·t of the image), samples independent of each other. */
const shifted = <B extends Dim>(x: Tensor<[B, 2]>, at: Conditioning<B>): Tensor<[B, 2]> => {
  const { tokens, mask } = tokensOf(at, 'words')!;
  const { image, t: level } = imageOf(at, 'small')!;
  const shift = [
    mul(cast(labelOf(at)!, 'float32'), 0.3),
    sumPerSample(vectorOf(at, 'palette')!),
    mul(sumPerSample(mul(sumTokens(tokens), cast(mask, 'float32'))), 2),
    sumPerSample(image),
    mul(cast(level!, 'float32'), 0.1),
  ].reduce((sum, one) => add(sum, one));
  return tanh(add(x, scaleBy(onesLike(x), shift)));
};
/** Each token of one number. */
const sumTokens = <B extends Dim>(tokens: Tensor<[B, Dim, Dim]>) => sum(tokens, -1) as Tensor<[B, Dim]>;

const specifications = {
  label: { classes: 2 },
  palette: { vector: 2 },
  words: { tokens: 1, length: 2 },
  small: { image: 1, noiseLevel: true, required: true },
};
const conditional = learningVariance<null, [2]>({
  predicts: 'epsilon',
  as: 'range',
  conditions: specifications,
  apply: (_, x, at) => ({ prediction: shifted(x, at), variance: mul(shifted(x, at), 0.5) }),
});
/** The same denoiser with its conditions built in. */
const closed: Denoiser<null, [2]> = learningVariance<null, [2]>({
  predicts: 'epsilon',
  as: 'range',
  apply: <B extends Dim>(_: null, x: Tensor<[B, 2]>, at: Conditioning<NoInfer<B>>) =>
    conditional.learned!.apply(null, x, { ...at, conditions: conditions as unknown as ConditionValues<B> }), // of 3 samples
});

interface Values {
  readonly conditions?: ConditionValues<3>;
}
type Use = (denoiser: Denoiser<null, [2]>, values: Values, key: Key) => Tensor<Shape>;

const losses =
  (make: (denoiser: Denoiser<null, [2]>) => Losses<null, [2]>): Use =>
  (denoiser, values, key) =>
    make(denoiser)(null, { x0, key, ...values }).losses;
const index = scalar(1, 'int32');

const uses: Readonly<Record<string, Use>> = {
  simpleLosses: losses((denoiser) => simpleLosses(noising, denoiser)),
  boundLosses: losses((denoiser) => boundLosses(noising, denoiser)),
  rescaledBoundLosses: losses((denoiser) => rescaledBoundLosses(noising, denoiser)),
  hybridLosses: losses((denoiser) => hybridLosses(noising, denoiser)),
  weightedBy: losses((denoiser) => weightedBy(snrWeight)(simpleLosses)(noising, denoiser)),
  predictionErrors: (denoiser, values, key) => predictionErrors(noising, denoiser)(null, { x0, key, ...values }).error,
  meanLoss: (denoiser, values, key) => meanLoss(simpleLosses(noising, denoiser))(null, { x0, key, ...values }),
  boundAt: (denoiser, values, key) => boundAt(noising, denoiser)(null, x0, { ...values, t: index, key }).bits,
  'the mean of pMeanVariance': (denoiser, values) => pMeanVariance(noising, denoiser)(null, x0, { ...values, t }).mean,
  'the variance of pMeanVariance': (denoiser, values) =>
    pMeanVariance(noising, denoiser)(null, x0, { ...values, t }).logVariance,
  pSample: (denoiser, values) => pSample(noising, denoiser)(null, x0, { ...values, t }, x0),
  'a step of a sampler': (denoiser, values) => {
    const { start, step } = right(sampler({ noising, denoiser, solver: ddim() }));
    return step(null, start(x0), { ...values, index }).state.x;
  },
  'a step of a likelihood': (denoiser, values, key) => {
    const { start, step } = right(likelihood({ noising, denoiser }));
    return step(null, start(x0), { ...values, index, key }).x;
  },
};

describe.each(Object.entries(uses))('%s', (_, use) => {
  it('passes the conditions on', async () => {
    const passed = await numbersOf((key) => use(conditional, { conditions }, key));
    expect(passed).toEqual(await numbersOf((key) => use(closed, {}, key)));
    expect(passed.every(Number.isFinite)).toBe(true);
  });

  it('refuses a missing condition and an unexpected one', async () => {
    const { small: __, ...others } = conditions;
    expect(await outcomeOf((key) => use(conditional, { conditions: others }, key))()).toMatchObject({
      left: {
        _tag: 'ConfigError',
        message:
          'denoiser: conditions.small: expected an image of each sample, { image: [B, height, width, C] }, got nothing; give each sample a value: the model needs small',
      },
    });
    expect(await outcomeOf((key) => use(closed, { conditions }, key))()).toMatchObject({
      left: {
        _tag: 'ConfigError',
        message: expect.stringContaining('denoiser: conditions.label: expected no conditions, got a condition'),
      },
    });
  });
});

describe('classifier-free guidance with conditions of all kinds', () => {
  const none = {
    label: constantOf(Int32Array.of(2, 2, 2), 3) as typeof label,
    palette: constantOf([0, 0, 0, 0, 0, 0], 3, 2) as typeof palette,
    words: { tokens: words.tokens, mask: less(zeros(3, 2), 0) as typeof words.mask },
  };
  const of = (values: ConditionValues<3>) =>
    numbersOf(() => conditional.apply(null, x0, { t, conditions: { ...conditions, ...values } }));

  it('drops all but the required image, whose noise level both predictions get', async () => {
    const guided = await numbersOf(() => right(cfg(3)(conditional)).apply(null, x0, { t, conditions }));
    const [cond, uncond] = [await of({}), await of(none)];
    const expected = cond.map((c, i) => uncond[i]! + 3 * (c - uncond[i]!));
    expect(relativeDistance(guided, expected)).toBeLessThan(1e-15);
  });

  it('adds them in the order of its scales, and keeps those that it does not name', async () => {
    const guide = right(cfg({ words: 2, label: 5 })(conditional));
    const guided = await numbersOf(() => guide.apply(null, x0, { t, conditions }));
    const [both, first, neither] = [
      await of({}),
      await of({ label: none.label }),
      await of({ label: none.label, words: none.words }),
    ];
    const expected = both.map((b, i) => neither[i]! + 2 * (first[i]! - neither[i]!) + 5 * (b - first[i]!));
    expect(relativeDistance(guided, expected)).toBeLessThan(1e-14);
  });

  it('passes an image without a noise level', async () => {
    const silent: Denoiser<null, [2]> = {
      ...conditional,
      conditions: { ...specifications, small: { image: 1, required: true } },
      apply: (_, x, at) => shifted(x, { ...at, conditions: { ...at.conditions, small: { ...imageOf(at, 'small')!, t: labelOf(at)! } } }), // oxfmt-ignore
    };
    const values = { ...conditions, small: { image: small.image } };
    const guided = await numbersOf(() => right(cfg(1)(silent)).apply(null, x0, { t, conditions: values }));
    expect(relativeDistance(guided, await of({ small: { image: small.image, t: label } }))).toBeLessThan(1e-15);
  });
});
