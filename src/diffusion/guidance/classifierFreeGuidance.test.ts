import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { add, cast, constantOf, mul, onesLike, scaleBy, tanh, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { labelOf } from '../../conditions/values.js';
import { cfg, type Scales } from './classifierFreeGuidance.js';
import { type Guidance, guidanceMonoid, unguided } from './guidance.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { ddpm } from '../paths/discreteNoising.js';

const x = constantOf([0.1, -0.7, 1.2, 0.4, -0.3, 0.9], 3, 2);
const t = constantOf(Int32Array.of(5, 50, 99), 3);
const conditions = { label: constantOf(Int32Array.of(0, 2, 1), 3) };
const CLASSES = 3;
const nobody = { label: constantOf(Int32Array.of(CLASSES, CLASSES, CLASSES), 3) };

/** tanh(x + 0.4·label), samples independent of each other. */
const denoiser: Denoiser<null, [2]> = {
  predicts: 'epsilon',
  conditions: { label: { classes: CLASSES } },
  apply: (_, x, at) => tanh(add(x, scaleBy(onesLike(x), mul(cast(labelOf(at)!, 'float32'), 0.4)))),
};

describe('classifier-free guidance', () => {
  it.each([-1, 0, 0.5, 1, 2, 7.5])('is uncond + %d·(cond - uncond)', async (scale) => {
    const guided = await numbersOf(() => right(cfg(scale)(denoiser)).apply(null, x, { t, conditions }));
    const cond = await numbersOf(() => denoiser.apply(null, x, { t, conditions }));
    const uncond = await numbersOf(() => denoiser.apply(null, x, { t, conditions: nobody }));
    const expected = cond.map((c, i) => uncond[i]! + scale * (c - uncond[i]!));
    expect(relativeDistance(guided, expected)).toBeLessThan(1e-15);
  });

  it('commutes with the parameterization, because its weights sum to 1', async () => {
    const noising = right(ddpm(cosine(100)));
    for (const to of ['x0', 'v'] as const) {
      const inside = reparameterize(noising, to)(right(cfg(3)(denoiser)));
      const outside = right(cfg(3)(reparameterize(noising, to)(denoiser)));
      const [a, b] = await Promise.all(
        [inside, outside].map((d) => numbersOf(() => d.apply(null, x, { t, conditions }))),
      );
      // 1/√ᾱ at t = 99 is about 2,000
      expect(relativeDistance(a!, b!)).toBeLessThan(1e-12);
    }
  });

  it('evaluates the denoiser once', () => {
    const evaluations: number[] = [];
    const counted: Denoiser<null, [2]> = {
      ...denoiser,
      apply: (params, x, at) => {
        evaluations.push(1);
        return denoiser.apply(params, x, at);
      },
    };
    right(cfg(2)(counted)).apply(null, x, { t, conditions });
    expect(evaluations).toHaveLength(1);
  });

  it('rescales each sample to the standard deviation of its conditional prediction', async () => {
    const numbers = (guide: Guidance) => numbersOf(() => right(guide(denoiser)).apply(null, x, { t, conditions }));
    const [plain, cond, full, half] = await Promise.all([
      numbers(cfg(5)),
      numbersOf(() => denoiser.apply(null, x, { t, conditions })),
      numbers(cfg(5, { rescale: 1 })),
      numbers(cfg(5, { rescale: 0.5 })),
    ]);
    // two numbers of a sample deviate from their mean by half their difference
    const ratios = plain!.map((_, i) => {
      const [a, b] = [i & ~1, i | 1];
      return Math.abs(cond![a]! - cond![b]!) / Math.abs(plain![a]! - plain![b]!);
    });
    const scaled = (by: (ratio: number) => number) => plain!.map((value, i) => value * by(ratios[i]!));
    expect(
      relativeDistance(
        full!,
        scaled((ratio) => ratio),
      ),
    ).toBeLessThan(1e-13);
    expect(
      relativeDistance(
        half!,
        scaled((ratio) => (1 + ratio) / 2),
      ),
    ).toBeLessThan(1e-13);
  });

  it.each([
    ['float64', reference()],
    ['float32', wasm()],
  ] as const)('rescales nothing where a prediction has no deviation, in %s', async (_, backend) => {
    const ofLabel: Denoiser<null, [number]> = {
      predicts: 'v',
      conditions: { label: { classes: CLASSES } },
      apply: (_, samples, at) => scaleBy(samples, cast(labelOf(at)!, 'float32')),
    };
    // the mean of so many equal numbers is rounded, for some of these sizes in any order of summation
    for (const size of [3, 5, 7, 11, 49, 100]) {
      const gray = constantOf(new Float32Array(3 * size).fill(0.1), 3, size) as Tensor<[3, number]>;
      const found = (rescale: number) =>
        numbersOf(() => right(cfg(2, { rescale })(ofLabel)).apply(null, gray, { t, conditions }), backend);
      const plain = await found(0);
      expect(plain.every(Number.isFinite)).toBe(true);
      expect(await found(1)).toEqual(plain);
      expect(await found(0.5)).toEqual(plain);
    }
  });

  it.each([
    [50, 98],
    [6, 50],
    [50, 50],
  ] as const)('guides only from the first to the last timestep of its interval, %d to %d', async (first, last) => {
    const result = right(cfg(3, { interval: [first, last] })(denoiser));
    const actual = await numbersOf(() => result.apply(null, x, { t, conditions }));
    const plain = await numbersOf(() => right(cfg(3)(denoiser)).apply(null, x, { t, conditions }));
    const cond = await numbersOf(() => denoiser.apply(null, x, { t, conditions }));
    // only the second of the timesteps 5, 50 and 99 is inside
    const expected = [...cond.slice(0, 2), ...plain.slice(2, 4), ...cond.slice(4)];
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-15);
  });

  it('needs a finite scale, options in their range, a denoiser with conditions, and values', async () => {
    const { conditions: _, ...unconditional } = denoiser;
    for (const [made, where] of [
      [cfg(NaN)(denoiser), 'cfg'],
      [cfg(Infinity)(denoiser), 'cfg'],
      [cfg(2, { rescale: 1.5 })(denoiser), 'cfg.rescale'],
      [cfg(2, { rescale: NaN })(denoiser), 'cfg.rescale'],
      [cfg(2, { interval: [5, 4] })(denoiser), 'cfg.interval'],
      [cfg(2, { interval: [-1, 4] })(denoiser), 'cfg.interval'],
      [cfg(2)(unconditional), 'cfg'],
    ] as const)
      expect(E.isLeft(made) && made.left.where).toBe(where);
    const unlabelled = await outcomeOf(() => right(cfg(2)(denoiser)).apply(null, x, { t }))();
    expect(E.isLeft(unlabelled) && unlabelled.left.message).toContain('a value of each sample for label');
  });
});

describe('classifier-free guidance by several scales', () => {
  const several: Denoiser<null, [2]> = {
    ...denoiser,
    conditions: { label: { classes: CLASSES }, style: { classes: 2 }, small: { image: 1, required: true } },
  };
  const messageOf = (scales: Scales, of: Denoiser<null, [2]> = several) => {
    const result = cfg(scales)(of);
    return E.isLeft(result) ? result.left.message : 'no error';
  };

  it('refuses what is not a scale, and names that may not be dropped', () => {
    expect(messageOf({ label: 2, stlye: 3 })).toBe(
      'cfg.stlye: expected one of the conditions label, style, small, got a condition that the model does not take; did you mean style?',
    );
    expect(messageOf({ toString: 3 } as never)).toContain('cfg.toString: expected one of the conditions');
    expect(messageOf({ small: 2 })).toBe(
      'cfg.small: expected a condition that was dropped in training, got a condition that the model needs; train with conditionDropout: { each: { small: 0.1 } }',
    );
    expect(messageOf({})).toBe('cfg: expected the scale of one condition at least, got an object without scales; give { label: 2 }, or a number for all conditions'); // oxfmt-ignore
    expect(messageOf('2' as never)).toContain(
      'cfg: expected a finite guidance scale, or the scale of each condition, got "2"',
    );
    expect(messageOf({ label: NaN })).toContain('cfg.label: expected a finite guidance scale, got NaN');
  });

  it('refuses a denoiser without conditions, and one that requires all of them', () => {
    const { conditions: _, ...bare } = several;
    for (const scales of [2, { label: 2 }]) {
      expect(messageOf(scales, bare)).toContain('cfg: expected a denoiser with conditions, got a denoiser without');
      expect(messageOf(scales, { ...several, conditions: { label: { classes: CLASSES, required: true } } })).toBe(
        'cfg: expected a model that was also trained without its conditions, for predictions without them, got a model that needs label; train with conditionDropout: 0.1, or give a value to each sample and leave guidance out',
      );
    }
  });

  it('needs a value of one of its conditions', () => {
    const guided = right(cfg({ label: 2, style: 3 })(several));
    expect(() => guided.apply(null, x, { t, conditions: {} })).toThrow(
      'cfg: expected a value of each sample for label or style, got none; give the sampler conditions, such as labels, or leave guidance out',
    );
    expect(() => guided.apply(null, x, { t, conditions })).not.toThrow();
  });
});

describe('guidanceMonoid', () => {
  const shifted =
    (by: number): Guidance =>
    (d) =>
      E.right({ ...d, apply: (params, samples, at) => add(d.apply(params, samples, at), by) });
  const numbers = (guide: Guidance) => numbersOf(() => right(guide(denoiser)).apply(null, x, { t, conditions }));

  it('adds the changes of both, in any order; unguided adds nothing', async () => {
    const { concat, empty } = guidanceMonoid;
    const plain = await numbers(unguided);
    const expected = (await numbers(cfg(3))).map((value) => value + 0.25);
    for (const both of [concat(cfg(3), shifted(0.25)), concat(shifted(0.25), cfg(3))])
      expect(relativeDistance(await numbers(both), expected)).toBeLessThan(1e-14);
    const three = concat(shifted(1), concat(shifted(2), shifted(4)));
    const other = concat(concat(shifted(1), shifted(2)), shifted(4));
    for (const all of [three, other])
      expect(
        relativeDistance(
          await numbers(all),
          plain.map((value) => value + 7),
        ),
      ).toBeLessThan(1e-14);
    for (const same of [concat(cfg(3), empty), concat(empty, cfg(3))])
      expect(relativeDistance(await numbers(same), await numbers(cfg(3)))).toBeLessThan(1e-14);
  });

  it('refuses guidance that changes the parameterization', () => {
    const turned: Guidance = (d) => E.right({ ...d, predicts: 'v' });
    for (const both of [guidanceMonoid.concat(turned, unguided), guidanceMonoid.concat(unguided, turned)]) {
      const result = both(denoiser);
      expect(E.isLeft(result) && result.left.message).toContain(
        'expected guidance that keeps the prediction of epsilon, got guidance that changes it to v',
      );
    }
  });

  it('fails if one of them fails', () => {
    expect(E.isLeft(guidanceMonoid.concat(unguided, cfg(NaN))(denoiser))).toBe(true);
  });
});

it('unguided returns the denoiser itself', () => {
  expect(right(unguided(denoiser))).toBe(denoiser);
});
