import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import * as diffusion from 'noisefold/diffusion';
import { compile, evaluate, key, leafSpec, program, read, treeSpec } from 'noisefold/dsl';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARROWS, DOTS, PLANE_PATHS, planeCode, PREDICTIONS, REACH, STEP_COUNTS } from '../shared/plane.js';
import { exact, filmOf, network, noisingOf, training, walkOf } from './plane.js';

let nf: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  nf = await open(wasm({ threads: 1 }));
});
afterAll(() => nf.close());

/** Corners of a square, and one point twice. */
const points = Float32Array.of(-0.5, -0.5, 0.5, -0.5, 0.5, 0.5, -0.5, 0.5, -0.5, 0.5);

describe('the exact denoiser', () => {
  test.each(PLANE_PATHS)('is the mean of the points by their probability given x_t, on %s', async (path) => {
    const noising = unwrap(noisingOf(path));
    const { levelAt, time } = diffusion.pathOf(noising);
    const times = time === 'timestep' ? [40, 300, 900] : [0.04, 0.3, 0.9];
    const xs = Float32Array.of(0.1, -0.3, 0.2, 0.1, -1.5, 2);
    const index = program({ p: '5 2', x: '3 2', t: time === 'timestep' ? '3:int32' : '3' }, ({ p, x, t }) =>
      diffusion.overNoising(noising)(exact).apply(p, x, { t }),
    );
    const t = time === 'timestep' ? Int32Array.from(times) : Float32Array.from(times);
    const found = await nf.run(evaluate(index, {})({ p: points, x: xs, t } as never));
    times.forEach((at, i) => {
      const { alpha, sigma } = levelAt(at);
      let [total, x, y] = [0, 0, 0];
      for (let j = 0; j < 5; j++) {
        const [px, py] = [points[2 * j]!, points[2 * j + 1]!];
        const square = (xs[2 * i]! - alpha * px) ** 2 + (xs[2 * i + 1]! - alpha * py) ** 2;
        const p = Math.exp(-square / (2 * sigma ** 2));
        [total, x, y] = [total + p, x + p * px, y + p * py];
      }
      expect((found as Float32Array)[2 * i]).toBeCloseTo(x / total, 5);
      expect((found as Float32Array)[2 * i + 1]).toBeCloseTo(y / total, 5);
    });
  });
});
