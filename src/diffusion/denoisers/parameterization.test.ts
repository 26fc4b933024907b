import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { E, F } from '../../internal/fp.js';
import { conversion, type Parameterization, target } from './parameterization.js';
import type { Channel } from '../channels/channel.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { noisingOf } from '../paths/discreteNoising.js';

const kinds: fc.Arbitrary<Parameterization> = fc.constantFrom('epsilon', 'x0', 'v', 'score');
/** Marginals of signal-to-noise ratios from e⁻¹² to e¹². */
const marginals = fc
  .double({ min: -12, max: 12, noNaN: true })
  .map((logSNR) => 1 / (1 + Math.exp(-logSNR)))
  .map((alphaBar) => ({ alpha: Math.sqrt(alphaBar), sigma: Math.sqrt(1 - alphaBar) }));
const pixels = fc.double({ min: -4, max: 4, noNaN: true });

/** The condition number of the conversions: 1/α or 1/σ, squared for there and back. */
const conditionOf = ({ alpha, sigma }: Channel): number => 1 / Math.min(alpha, sigma) ** 2;

test.prop([kinds, kinds, marginals, pixels, pixels])(
  'conversion maps one target to another: target(b) = x·x_t + prediction·target(a)',
  (from, to, marginal, x0, epsilon) => {
    const value = (kind: Parameterization): number =>
      target(kind)(marginal).x0 * x0 + target(kind)(marginal).epsilon * epsilon;
    const xt = marginal.alpha * x0 + marginal.sigma * epsilon;
    const { x, prediction } = conversion(from, to)(marginal);
    const error = Math.abs(x * xt + prediction * value(from) - value(to));
    expect(error).toBeLessThanOrEqual(64 * Number.EPSILON * conditionOf(marginal));
  },
);

test.prop([kinds, kinds, marginals])('conversion(b, a) inverts conversion(a, b)', (a, b, marginal) => {
  const there = conversion(a, b)(marginal);
  const back = conversion(b, a)(marginal);
  const tolerance = 16 * Number.EPSILON * conditionOf(marginal);
  expect(Math.abs(back.prediction * there.prediction - 1)).toBeLessThanOrEqual(tolerance);
  expect(Math.abs(back.x + back.prediction * there.x)).toBeLessThanOrEqual(tolerance);
});

test.prop([kinds, kinds, kinds, marginals])('conversion(a, b) then (b, c) is (a, c)', (a, b, c, marginal) => {
  const first = conversion(a, b)(marginal);
  const second = conversion(b, c)(marginal);
  const whole = conversion(a, c)(marginal);
  const tolerance = 16 * Number.EPSILON * conditionOf(marginal);
  expect(Math.abs(second.prediction * first.prediction - whole.prediction)).toBeLessThanOrEqual(tolerance);
  expect(Math.abs(second.x + second.prediction * first.x - whole.x)).toBeLessThanOrEqual(tolerance);
});

it('conversion to itself is the identity, also at every timestep of a cosine process', () => {
  const noising = F.pipe(
    cosine(1000),
    E.map((schedule) => noisingOf(schedule)),
  );
  if (E.isLeft(noising)) throw new Error(noising.left.message);
  for (const marginal of noising.right.marginals)
    for (const a of ['epsilon', 'x0', 'v'] as const) {
      expect(conversion(a, a)(marginal).x).toBeCloseTo(0, 15);
      expect(conversion(a, a)(marginal).prediction).toBeCloseTo(1, 15);
      for (const b of ['epsilon', 'x0', 'v'] as const) {
        const { x, prediction } = conversion(a, b)(marginal);
        expect(Number.isFinite(x) && Number.isFinite(prediction)).toBe(true);
      }
    }
});
