import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Noisefold, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import type { StopSignal } from 'noisefold/training';
import { type Dataset, datasetOf, decodeMetricsLog } from 'noisefold/training';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adm, filesOf } from './adm.js';
import { networksOf, type Recipe, recipe, withAtMost } from './recipe.js';
import type { Scores } from './scores.js';
import type { World } from './world.js';

const SIZE = 28;

/** Squares of ten brightnesses, one for each class. */
const squares: Dataset = unwrap(
  datasetOf({
    pixels: Uint8Array.from({ length: 80 * SIZE * SIZE }, (_, i) => {
      const [image, y, x] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
      return x > 6 && x < 20 && y > 6 && y < 20 ? 50 + 20 * (image % 10) + ((7 * image) % 11) : 0;
    }),
    labels: Uint8Array.from({ length: 80 }, (_, i) => i % 10),
    image: [SIZE, SIZE, 1],
  }),
);

const tiny: Recipe = {
  ...recipe,
  denoiser: { ...recipe.denoiser, base: 8, multipliers: [1, 1], attention: [], heads: 2, groups: 2 },
  classifier: { ...recipe.classifier, base: 8, multipliers: [1, 1], attention: [], heads: 2, groups: 2 },
  training: {
    denoiser: { ...recipe.training.denoiser, batch: 4, steps: 4, warmupSteps: 1 },
    classifier: { ...recipe.training.classifier, batch: 4, steps: 4, warmupSteps: 1 },
  },
  scales: [0, 2],
  grid: 2,
  batch: 10,
  rounds: 2,
  real: 40,
};

const home = mkdtempSync(join(tmpdir(), 'noisefold-adm-'));
let nf: Noisefold;
beforeAll(async () => {
  nf = await open(wasm());
});
afterAll(async () => {
  await nf.close();
  rmSync(home, { recursive: true });
});

interface Ran {
  readonly said: readonly string[];
  readonly scores: readonly Scores[];
  readonly error: unknown;
}

/** Runs the example in a folder; `change` may stop it. */
const run = async (out: string, change: Partial<World> = {}): Promise<Ran> => {
  const said: string[] = [];
  const world: World = {
    ...{ nf, recipe: tiny, digits: { train: squares, test: squares }, out: join(home, out) },
    ...{ resume: false, seed: 7, minutes: 60, signal: { aborted: false } },
    say: (text) => said.push(text),
    progress: () => () => undefined,
    ...change,
  };
  const ended = await adm(world).then(
    (scores) => ({ scores, error: null }),
    (error: unknown) => ({ scores: [], error }),
  );
  return { said, ...ended };
};

const stepsIn = (out: string, network: string): number => {
  const path = join(home, out, network, 'metrics.jsonl');
  return unwrap(decodeMetricsLog(path)(readFileSync(path, 'utf8'))).length;
};

describe('the example', () => {
  let whole: Ran;
  beforeAll(async () => {
    whole = await run('whole');
  });

  test('trains both networks, scores every scale, and leaves a chart and a picture', () => {
    const { said, scores, error } = whole;
    expect(error).toBeNull();
    expect(scores.map(({ scale }) => scale)).toEqual([0, 2]);
    for (const { fid, accuracy, precision, recall } of scores) {
      expect(fid).toBeGreaterThan(0);
      for (const share of [accuracy, precision, recall]) expect(share).toBeGreaterThanOrEqual(0);
    }
    expect(new Set(scores.map(({ fid }) => fid)).size).toBe(2); // guidance moves the digits
    expect([stepsIn('whole', 'denoiser'), stepsIn('whole', 'classifier')]).toEqual([4, 4]);
    const { chart, digits } = filesOf(join(home, 'whole'));
    expect(readFileSync(chart, 'utf8')).toMatch(/^<svg .*<title>Classifier guidance of digits<\/title>/s);
    const png = readFileSync(digits);
    // two rows of twenty digits at scale 2 with gaps of 4 pixels, margins, and a line of labels
    expect(png.readUInt32BE(20)).toBe(2 * (2 * SIZE + 4) - 4 + 2 * 12 + 24);
    expect(png.readUInt32BE(16)).toBeGreaterThan(20 * (2 * SIZE + 4) + 2 * 12);
    expect(said.at(-1)!.split('\n')[0]!.trim().split(/\s+/)).toEqual(['scale', 'FID', 'accuracy', 'precision', 'recall']);
  }); // oxfmt-ignore

  test('with the same seed gives the same scores, also if it is interrupted and resumed', async () => {
    let steps = 0;
    const stopping: StopSignal = { get aborted() { return steps++ > 6; } }; // oxfmt-ignore
    const stopped = await run('interrupted', { signal: stopping });
    expect(stopped.error).toMatchObject({ error: { _tag: 'Cancelled' } });
    const resumed = await run('interrupted', { resume: true });
    expect(resumed.error).toBeNull();
    expect(resumed.scores).toEqual(whole.scores);
  });

  test('ends in time, with at least a step of each training and a round of digits', async () => {
    const { scores, error } = await run('hasty', { minutes: 1e-6 });
    expect(error).toBeNull();
    expect([stepsIn('hasty', 'denoiser'), stepsIn('hasty', 'classifier')]).toEqual([1, 1]);
    expect(scores).toHaveLength(2);
  });

  test('refuses the folder of another run', async () => {
    expect((await run('whole')).error).toMatchObject({ error: { _tag: 'ConfigError', hint: 'resume it with resume: true, or give another folder' } }); // oxfmt-ignore
  });
});

test('the recipe has ADM’s blocks, and its networks have the same images and process', () => {
  const { denoiser, classifier, noising } = unwrap(networksOf(recipe));
  for (const { config } of [denoiser, classifier])
    expect(config).toMatchObject({
      image: [28, 28, 1],
      resample: 'residual',
      adaptiveGroupNorm: true,
      heads: { channels: 16 },
      timesteps: noising.schedule.T,
    });
  expect(denoiser.conditions).toEqual({ label: { classes: 10, required: true } });
  expect(classifier.classes).toBe(10);
});

test.each([
  [400, 50, 8],
  [120, 50, 2],
  [50, 50, 1],
  [10, 10, 1],
])('%d digits are %d in each of %d rounds', (digits, batch, rounds) => {
  expect(withAtMost(digits, recipe)).toEqual({ ...recipe, batch, rounds });
});
