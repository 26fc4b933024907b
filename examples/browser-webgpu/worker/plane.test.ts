import { type Noisefold, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import * as diffusion from 'noisefold/diffusion';
import {
  concatAll,
  type Dim,
  evaluate,
  fork,
  gather,
  key,
  type Key,
  leafSpec,
  normal,
  program,
  randint,
  scalar,
  type Tensor,
  treeSpec,
} from 'noisefold/dsl';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARROWS, DOTS, PLANE_PATHS, planeCode, PREDICTIONS, REACH, STEP_COUNTS } from '../shared/plane.js';
import { exact, filmOf, network, noisingOf, type PlaneParams, type Points, training, walkOf } from './plane.js';

let nf: Noisefold;
beforeAll(async () => {
  nf = await open(wasm({ threads: 1 }));
});
afterAll(() => nf.close());

/** Corners of a square, one of them twice, x and y one after another. */
const points = Float32Array.of(-0.5, -0.5, 0.5, -0.5, 0.5, 0.5, -0.5, 0.5, -0.5, 0.5);

/** E[x₀|x_t] of the points, in float64: the sum of p·N(x_t; α·p, σ²), over the sum of N(x_t; α·p, σ²). */
const mean = ([x, y]: readonly [number, number], { alpha, sigma }: diffusion.Level): readonly [number, number] => {
  const exponents = Array.from(
    { length: points.length / 2 },
    (_, i) => -((x - alpha * points[2 * i]!) ** 2 + (y - alpha * points[2 * i + 1]!) ** 2) / (2 * sigma ** 2),
  );
  const most = Math.max(...exponents); // so that not all are 0
  let [total, mx, my] = [0, 0, 0];
  exponents.forEach((exponent, i) => {
    const density = Math.exp(exponent - most);
    [total, mx, my] = [total + density, mx + density * points[2 * i]!, my + density * points[2 * i + 1]!];
  });
  return [mx / total, my / total];
};

/** The film of the points by the exact denoiser. */
const film = async (noising: diffusion.Noising, steps: number) => {
  const walk = unwrap(walkOf(noising, steps));
  const result = filmOf(exact, walk, treeSpec<Points>(leafSpec([5, 2])));
  return { walk, frames: await nf.run(evaluate(result, {})({ params: points, key: key(3) })) };
};

describe.each(PLANE_PATHS)('on the path %s', (path) => {
  const noising = unwrap(noisingOf(path));

  test('the exact denoiser is the mean of the points by their probability, and a film is the steps of DDIM with it', async () => {
    const { walk, frames } = await film(noising, 5);
    const row = 2 * (2 * DOTS + ARROWS ** 2);
    expect(frames).toHaveLength(5 * row);
    const noise = await nf.run(
      evaluate(
        program('key', (k) => normal(k, DOTS, 2)),
        {},
      )(key(3)),
    );
    expect(frames.slice(0, 2 * DOTS)).toEqual(noise);
    for (let k = 0; k < 5; k++) {
      const { from, to } = walk[k]!;
      for (let i = 0; i < DOTS; i++) {
        const at = k * row + 2 * i;
        const x = [frames[at]!, frames[at + 1]!] as const;
        const x0 = mean(x, from);
        // an error of float32 in |x_t - α·p|²/2σ² of up to 20/2σ², and a mean of distances up to 1
        const tolerance = 2 ** -20 * (1 + 10 / from.sigma ** 2);
        [0, 1].forEach((axis) => {
          expect(Math.abs(frames[at + 2 * DOTS + axis]! - x0[axis]!)).toBeLessThan(tolerance);
          if (k === 4) return;
          // Song et al. 2021, eq. 12 with η = 0, of the x̂₀ of the film
          const guess = frames[at + 2 * DOTS + axis]!;
          const next = to.alpha * guess + (to.sigma * (x[axis]! - from.alpha * guess)) / from.sigma;
          expect(Math.abs(frames[at + row + axis]! - next)).toBeLessThan(1e-5);
        });
      }
      for (const i of [0, 5, ARROWS ** 2 - 1]) {
        const x = [i % ARROWS, Math.floor(i / ARROWS)].map((n) => REACH * ((2 * n) / (ARROWS - 1) - 1));
        const x0 = mean([x[0]!, x[1]!], from);
        expect(Math.abs(frames[k * row + 4 * DOTS + 2 * i]! - x0[0])).toBeLessThan(
          2 ** -20 * (1 + 10 / from.sigma ** 2),
        );
      }
    }
  });

  test('all dots of the exact denoiser end on the points after 25 steps', async () => {
    const { frames } = await film(noising, 25);
    const end = frames.length - 2 * (DOTS + ARROWS ** 2);
    for (let i = end; i < end + 2 * DOTS; i++) expect(Math.abs(Math.abs(frames[i]!) - 0.5)).toBeLessThan(1e-5);
  });

  test.each(STEP_COUNTS)(
    'the lines below the figure make the samplers and the loss of the figure, with %i steps',
    async (steps) => {
      for (const predicts of PREDICTIONS[path]) {
        const names = Object.keys(diffusion);
        const run = new Function('unwrap', 'network', 'exact', ...names, `${planeCode({ path, predicts, steps })}\nreturn { losses, learned, best }`); // oxfmt-ignore
        const { losses, learned, best } = run(unwrap, network, exact, ...Object.values(diffusion)) as {
          readonly losses: diffusion.Loss<unknown, [2]>;
          readonly learned: diffusion.Sampler<unknown, [2]>;
          readonly best: diffusion.Sampler<unknown, [2]>;
        };
        const walk = unwrap(walkOf(noising, steps));
        for (const made of [learned, best])
          expect(made.plan.flatMap(({ from, to }) => [from.alpha, from.sigma, to.alpha])).toEqual(
            walk.flatMap(({ from, to }) =>
              [from.alpha, from.sigma, to.alpha].map((n) => expect.closeTo(n, 5) as number),
            ),
          );
        if (steps !== 5) continue;
        const { begin, step } = training(noising, predicts);
        const { learned: state } = await nf.run(evaluate(begin, {})(key(1)));
        const params = state.params;
        const made = filmOf(network(predicts), walk, network(predicts).params);
        const frames = await nf.run(evaluate(made, {})({ params, key: key(3) }));
        const sampled = program(
          treeSpec<{ readonly params: PlaneParams; readonly key: Key }>({
            params: network(predicts).params,
            key: 'key',
          }),
          (inputs) => {
            let before = learned.start(normal(inputs.key, DOTS, 2)); // mutable
            const rows = Array.from({ length: steps }, (_, index) => {
              const { state: after, x0 } = learned.step(inputs.params, before, { index: scalar(index, 'int32') });
              const pair = [before.x, x0];
              before = after;
              return pair;
            });
            return concatAll(rows.flat() as [Tensor<[Dim, 2]>, ...Tensor<[Dim, 2]>[]], 0); // of five steps
          },
        );
        const expected = await nf.run(evaluate(sampled, {})({ params, key: key(3) }));
        const [ofDots, ofStep] = [2 * 2 * DOTS, 2 * (2 * DOTS + ARROWS ** 2)];
        const errors = Array.from(expected, (x, i) =>
          Math.abs(x - frames[ofStep * Math.floor(i / ofDots) + (i % ofDots)]!),
        );
        expect(Math.max(...errors)).toBeLessThan(2e-4);
        const { loss } = await nf.run(evaluate(step, { N: 5 })({ learned: state, points, key: key(2) }));
        const spec = { params: network(predicts).params, points: '5 2', key: 'key' } as const;
        const lossOf = program(spec, ({ params, points: rows, key: k }) => {
          const keys = fork(k, 'rows', 'noise');
          return losses(params, { x0: gather(rows, randint(keys.rows, 0, 5, 256)), key: keys.noise });
        });
        const lossByLines = await nf.run(evaluate(lossOf, {})({ params, points, key: key(2) }));
        expect(loss[0]).toBeCloseTo(lossByLines[0]!, 5);
      }
    },
  );
});

test('an update moves the network toward the points that it gets', async () => {
  const noising = unwrap(noisingOf('rectifiedFlow'));
  const { begin, step } = training(noising, 'velocity');
  const { learned } = await nf.run(evaluate(begin, {})(key(1)));
  const first = await nf.run(evaluate(step, { N: 5 })({ learned, points, key: key(2) }));
  const second = await nf.run(evaluate(step, { N: 5 })({ learned: first.learned, points, key: key(2) }));
  expect(second.loss[0]).toBeLessThan(first.loss[0]!); // of the same batch
  expect(second.learned.step).toEqual(Int32Array.of(2));
});
