import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { key } from 'noisefold/dsl';
import { adam } from 'noisefold/nn';
import { datasetOf, fit, saveTrained } from 'noisefold/training';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { partsOf } from '../mnist/parts.js';
import { recipe } from '../mnist/recipe.js';
import { drawnBy, type Moment } from './film.js';

let folder = '';
let moments: readonly Moment[] = [];

/** The film of a small network of the demo's kind after one step of training. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noisefold-film-'));
  const checkpoint = join(folder, 'checkpoint.safetensors');
  const model = { ...recipe.model, base: 8, multipliers: [1] };
  const parts = unwrap(partsOf({ ...recipe, model }, { sampler: 'ddim:5', guidance: 1 }));
  const labels = Array.from({ length: 10 }, (_, i) => i);
  const data = unwrap(datasetOf({ pixels: new Uint8Array(7840), labels, image: [28, 28, 1] }));
  const nf = await open(wasm());
  const how = { batch: 10, steps: 1, optimizer: adam({ learningRate: 1e-3 }), conditionDropout: 0.1, key: key(1) };
  const { model: network, noising } = parts;
  const trained = await nf.run(fit({ model: network, noising, data, ...how }));
  await nf.run(saveTrained(checkpoint, trained));
  moments = await drawnBy(nf, { parts, checkpoint });
  await nf.close();
});
afterAll(() => rm(folder, { recursive: true }));

test('the film begins with standard normal noise at the last timestep, and ends with the digits', () => {
  const { t, x } = moments[0]!;
  expect([t, x.length, moments.length]).toEqual([999, 7840, 26]);
  const mean = (of: (value: number) => number): number => Array.from(x, of).reduce((a, b) => a + b) / x.length;
  expect(Math.abs(mean((value) => value))).toBeLessThan(5 / Math.sqrt(7840));
  expect(Math.abs(mean((value) => value ** 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 7840));
  const last = moments.at(-1)!;
  expect(last.t).toBe(0);
  expect(last.x).toEqual(last.x0);
});

test('x_t and x̂₀ of each moment give the next x_t by DDIM', () => {
  // ᾱ of the cosine schedule (Improved DDPM, eq. 17) with β at most 0.999
  const f = (t: number): number => Math.cos(((t / 1000 + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  const alphaBars: number[] = [];
  for (let t = 0; t < 1000; t++) alphaBars.push((alphaBars[t - 1] ?? 1) * Math.max(f(t + 1) / f(t), 0.001));
  for (const [i, { t, x, x0 }] of moments.slice(0, -2).entries()) {
    const next = moments[i + 1]!;
    const [from, to] = [alphaBars[t]!, alphaBars[next.t]!];
    for (let n = 0; n < 7840; n += 97) {
      const epsilon = (x[n]! - Math.sqrt(from) * x0[n]!) / Math.sqrt(1 - from);
      const expected = Math.sqrt(to) * x0[n]! + Math.sqrt(1 - to) * epsilon;
      expect(Math.abs(next.x[n]! - expected)).toBeLessThan(1e-4);
    }
  }
});
