import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../properties/diffusion/run.js';
import { add, cast, constantOf, mul, onesLike, scaleBy, tanh } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { type Denoiser, reparameterize } from './denoiser.js';
import { cfg, unguided } from './guidance.js';
import { ddpm } from './process.js';
import { cosine } from './schedule.js';

const x = constantOf([0.1, -0.7, 1.2, 0.4, -0.3, 0.9], 3, 2);
const t = constantOf(Int32Array.of(5, 50, 99), 3);
const label = constantOf(Int32Array.of(0, 2, 1), 3);
const CLASSES = 3;
const nobody = constantOf(Int32Array.of(CLASSES, CLASSES, CLASSES), 3);

/** tanh(x + 0.4·label), samples independent of each other. */
const denoiser: Denoiser<null, [2]> = {
  predicts: 'epsilon',
  classes: CLASSES,
  apply: (_, x, at) => tanh(add(scaleBy(mul(0.4)(cast('float32')(at.label!)))(onesLike(x)))(x)),
};

describe('classifier-free guidance', () => {
  it.each([-1, 0, 0.5, 1, 2, 7.5])('is uncond + %d·(cond - uncond)', async (scale) => {
    const guided = await numbersOf(() => right(cfg(scale)(denoiser)).apply(null, x, { t, label }));
    const cond = await numbersOf(() => denoiser.apply(null, x, { t, label }));
    const uncond = await numbersOf(() => denoiser.apply(null, x, { t, label: nobody }));
    const expected = cond.map((c, i) => uncond[i]! + scale * (c - uncond[i]!));
    expect(relativeDistance(guided, expected)).toBeLessThan(1e-15);
  });

  it('commutes with the parameterization: its weights add up to 1', async () => {
    const process = right(ddpm(cosine(100)));
    for (const to of ['x0', 'v'] as const) {
      const inside = reparameterize(process, to)(right(cfg(3)(denoiser)));
      const outside = right(cfg(3)(reparameterize(process, to)(denoiser)));
      const [a, b] = await Promise.all(
        [inside, outside].map((d) => numbersOf(() => d.apply(null, x, { t, label }))),
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
    right(cfg(2)(counted)).apply(null, x, { t, label });
    expect(evaluations).toHaveLength(1);
  });

  it('needs a finite scale, a denoiser with classes, and labels', async () => {
    const { classes: _, ...unconditional } = denoiser;
    for (const made of [cfg(NaN)(denoiser), cfg(Infinity)(denoiser), cfg(2)(unconditional)])
      expect(E.isLeft(made) && made.left.where).toBe('cfg');
    const unlabelled = await outcomeOf(() => right(cfg(2)(denoiser)).apply(null, x, { t }))();
    expect(E.isLeft(unlabelled) && unlabelled.left.message).toContain('a label for each sample');
  });
});

it('unguided is the denoiser itself', () => {
  expect(right(unguided(denoiser))).toBe(denoiser);
});
