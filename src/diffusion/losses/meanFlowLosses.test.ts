import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  add,
  concatAll,
  constantOf,
  div,
  fork,
  grad,
  type Key,
  maximum,
  minimum,
  mul,
  normalLike,
  scalar,
  type Scalar,
  scaleBy,
  sub,
  sum,
  tanh,
  type Tensor,
  uniformLike,
  zerosLike,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { edm, rectifiedFlow } from '../paths/continuousNoising.js';
import { meanFlowLosses } from './meanFlowLosses.js';
import { uniformTimes } from './timeDraw.js';

const B = 6;
const X0 = [0.5, -1, 0.25, 1, -0.5, 0];
const x0 = constantOf(X0, B, 1) as Tensor<[6, 1]>;
const flow = rectifiedFlow();

/** u(z, r, t) = tanh(p·z·(1 + r) + t²), in numbers and as a denoiser. */
const u = (p: number, z: number, r: number, t: number): number => Math.tanh(p * z * (1 + r) + t * t);
const network: Denoiser<Scalar, [1]> = {
  predicts: 'velocity',
  apply: (p, z, { level, step }) => {
    const t = level!.sigma;
    return tanh(add(scaleBy(mul(z, p), add(step!.to.sigma, 1)), scaleBy(add(zerosLike(z), 1), mul(t, t))));
  },
};

/** The draws of a loss. */
const drawsOf = async (share: number) => {
  const numbers = await numbersOf((key: Key) => {
    const { timestep, noise, end, share: shares } = fork(key, 'timestep', 'noise', 'end', 'share');
    const [first, second] = [uniformTimes(flow)(x0)(timestep), uniformTimes(flow)(x0)(end)] as [Tensor<[6]>, Tensor<[6]>]; // oxfmt-ignore
    return concatAll([maximum(first, second), minimum(first, second), uniformLike(shares, first), sum(normalLike(noise, x0), 1)], 0); // oxfmt-ignore
  });
  return X0.map((_, i) => {
    const [t, low, drawn, noise] = [0, 1, 2, 3].map((k) => numbers[k * B + i]!) as [number, number, number, number];
    return { t, r: drawn < share ? low : t, noise };
  });
};

const P = 0.7;
describe('meanFlowLosses', () => {
  test.each([
    [0.5, 1, 1e-3],
    [1, 0.75, 0.1],
    [0, 0, 1],
  ])('is algorithm 1 of the paper, with r below t in a share of %d, and a weight of p = %d', async (share, p, c) => {
    const objective = meanFlowLosses({ share, p, c });
    const actual = await numbersOf((key) => objective(flow, network)(scalar(P), { x0, key }).losses);
    (await drawsOf(share)).forEach(({ t, r, noise }, i) => {
      const [z, v] = [(1 - t) * X0[i]! + t * noise, noise - X0[i]!];
      const h = 1e-5;
      const dudt = (u(P, z + h * v, r, t + h) - u(P, z - h * v, r, t - h)) / (2 * h);
      const square = (u(P, z, r, t) - (v - (t - r) * dudt)) ** 2;
      expect(actual[i]! / (square / (square + c) ** p)).toBeCloseTo(1, 5);
    });
  });

  test.each([{ p: 0 }, {}, { p: 0.75, c: 0.1 }])('its gradient is that of u alone, beside a weight and a target that stay: %j', async (options) => {
    const { p = 1, c = 1e-3 } = options;
    const objective = meanFlowLosses({ share: 1, ...options });
    const [slope] = await numbersOf((key) =>
      grad((p: Scalar) => sum(objective(flow, network)(p, { x0, key }).losses))(scalar(P)),
    );
    const expected = (await drawsOf(1)).reduce((all, { t, r, noise }, i) => {
      const [z, v] = [(1 - t) * X0[i]! + t * noise, noise - X0[i]!];
      const h = 1e-5;
      const dudt = (u(P, z + h * v, r, t + h) - u(P, z - h * v, r, t - h)) / (2 * h);
      const dudp = (u(P + h, z, r, t) - u(P - h, z, r, t)) / (2 * h);
      const error = u(P, z, r, t) - (v - (t - r) * dudt);
      return all + (2 * error * dudp) / (error ** 2 + c) ** p;
    }, 0);
    expect(slope! / expected).toBeCloseTo(1, 5);
  }); // oxfmt-ignore

  test('is 0 for the flow of a single point, (z - c)/t, in float32 too', async () => {
    const exact: Denoiser<null, [1]> = {
      predicts: 'velocity',
      apply: (_, z, { level }) => scaleBy(sub(z, 0.5), div(1, level!.sigma)),
    };
    const point = add(zerosLike(x0), 0.5);
    const losses = (key: Key) => meanFlowLosses({ share: 1, p: 0 })(flow, exact)(null, { x0: point, key }).losses;
    (await numbersOf(losses)).forEach((loss) => expect(loss).toBeLessThan(1e-20));
    (await numbersOf(losses, wasm())).forEach((loss) => expect(loss).toBeLessThan(1e-6));
  });

  test.each([
    [edm(), network, 'meanFlowLosses: noising'],
    [flow, { ...network, predicts: 'x0' as const }, 'meanFlowLosses: denoiser'],
  ])('refuses another path, and another prediction, %#', async (noising, denoiser, where) => {
    const refusal = await outcomeOf((key) => meanFlowLosses()(noising, denoiser)(scalar(P), { x0, key }).losses)();
    expect(E.isLeft(refusal) && refusal.left.where).toBe(where);
  });
});
