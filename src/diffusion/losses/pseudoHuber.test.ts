import { expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, type Tensor, zerosLike } from '../../dsl/index.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import type { Objective } from './objective.js';
import { pseudoHuberLosses } from './pseudoHuber.js';
import { snrWeight, weightedBy } from './weighting.js';

const black: Denoiser<null, [2]> = { predicts: 'x0', clock: 'level', apply: (_, x) => zerosLike(x) };
/** The losses of errors of x̂₀, which are the data. */
const losses = (errors: readonly number[], c?: number, backend?: Parameters<typeof numbersOf>[1]) =>
  numbersOf(() => {
    const x0 = constantOf(errors, errors.length / 2, 2) as Tensor<[3, 2]>;
    const t = constantOf(new Float32Array(errors.length / 2).fill(0.5), errors.length / 2) as Tensor<[3]>;
    return pseudoHuberLosses(c)(rectifiedFlow(), black)(null, { x0, noise: zerosLike(x0), t }).losses;
  }, backend);

test.each([1, 0.01])('is √(‖error‖² + c²) - c of each sample, for c = %d', async (c) => {
  const actual = await losses([0, 0, 3, 4, 0.001, 0], c);
  [0, 5, 0.001].forEach((norm, i) => expect(actual[i]).toBeCloseTo(Math.sqrt(norm ** 2 + c ** 2) - c, 14));
});

test('c is 0.00054·√d if it is left out', async () => {
  expect(await losses([0.1, 0.2, 0.3, 0.4, 0, 1])).toEqual(await losses([0.1, 0.2, 0.3, 0.4, 0, 1], 0.00054 * Math.SQRT2));
}); // oxfmt-ignore

test('keeps the digits of a small error in float32', async () => {
  const [small] = await losses([1e-4, 0, 1, 1, 1, 1], 1, wasm());
  expect(small! / 5e-9).toBeCloseTo(1, 5);
});

test('refuses a c of 0', () => {
  expect(() => pseudoHuberLosses(0)).toThrow('pseudoHuberLosses: c');
});

test('without its call is no objective', () => {
  const uncalled = pseudoHuberLosses as unknown as Objective; // as in JavaScript
  const message = 'objective: expected losses, got pseudoHuberLosses without its call; write pseudoHuberLosses()';
  expect(() => uncalled(rectifiedFlow(), black)).toThrow(message);
  expect(() => weightedBy(snrWeight)(uncalled)(rectifiedFlow(), black)).toThrow(message);
});
