import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance } from '../../../properties/diffusion/run.js';
import { add, constantOf, type Elementwise, fullLike, fullOf, mul, sqrt, sub } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { interpolantLosses } from './interpolantLosses.js';

describe('noise around the path of a flow', () => {
  const at = [0.05, 0.3, 0.5, 0.95];
  const width = 500;
  const [a, b] = [-0.5, 2];
  /** 500 samples of one number at each time. */
  const times = at.flatMap((t) => Array<number>(width).fill(t));
  const ends = { x0: fullOf(a, times.length), noise: fullOf(b, times.length), t: constantOf(times, times.length) };
  const velocityOf = (apply: Denoiser<null, []>['apply']): Denoiser<null, []> => ({ predicts: 'velocity', apply });
  const rowOf = (numbers: readonly number[], i: number) => numbers.slice(i * width, (i + 1) * width);
  /** x_t and the target u of each sample, from the losses of networks that return x_t + 64 and 64: (x_t + 64 - u)² and (64 - u)². */
  const pathAndTarget = async (gamma: Elementwise) => {
    const errorsOf = async (apply: Denoiser<null, []>['apply']) => {
      const losses = interpolantLosses(gamma)(rectifiedFlow(), velocityOf(apply));
      const squares = await numbersOf((key) => losses(null, { ...ends, key }).losses);
      return squares.map((square) => Math.sqrt(square) - 64);
    };
    const minusTarget = await errorsOf((_, x) => fullLike(x, 64));
    const difference = await errorsOf((_, x) => add(x, 64));
    return at.map((t, i) => {
      const u = rowOf(minusTarget, i).map((y) => -y);
      return { t, u, deviations: rowOf(difference, i).map((e, k) => e + u[k]! - ((1 - t) * a + t * b)) };
    });
  };
  /** Tests numbers as draws of N(0, deviation²): mean and variance within 4 standard errors. */
  const expectNormal = (numbers: readonly number[], deviation: number): void => {
    const meanOf = (of: (x: number) => number): number => numbers.reduce((sum, x) => sum + of(x), 0) / numbers.length;
    const standardError = 4 / Math.sqrt(numbers.length);
    expect(Math.abs(meanOf((x) => x))).toBeLessThan(standardError * deviation);
    expect(Math.abs(meanOf((x) => (x / deviation) ** 2) - 1)).toBeLessThan(Math.SQRT2 * standardError);
  };

  it('of a constant σ leaves the velocity: I-CFM of torchcfm', async () => {
    for (const { u, deviations } of await pathAndTarget((t) => fullLike(t, 0.1))) {
      expectNormal(deviations, 0.1);
      expect(relativeDistance(u, Array(width).fill(b - a))).toBeLessThan(1e-12);
    }
  });

  it('of σ·√(t(1 - t)) has the velocity of a Schrödinger bridge: SB-CFM of torchcfm', async () => {
    for (const { t, u, deviations } of await pathAndTarget((s) => mul(sqrt(mul(s, sub(1, s))), 0.7))) {
      expectNormal(deviations, 0.7 * Math.sqrt(t * (1 - t)));
      const expected = deviations.map((x) => ((1 - 2 * t) / (2 * t * (1 - t))) * x + b - a);
      expect(relativeDistance(u, expected)).toBeLessThan(1e-12);
    }
  });

  it('needs a velocity, a function, and a key', async () => {
    const gamma: Elementwise = (t) => fullLike(t, 0.1);
    const ofX0: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => x };
    expect(() => interpolantLosses(gamma)(rectifiedFlow(), ofX0)).toThrow("got one that predicts 'x0'");
    expect(() => interpolantLosses(0.1 as never)).toThrow('interpolantLosses: gamma');
    const losses = interpolantLosses(gamma)(
      rectifiedFlow(),
      velocityOf((_, x) => x),
    );
    expect(await outcomeOf(() => losses(null, ends).losses)()).toMatchObject(E.left({ where: 'loss.key' }));
  });
});
