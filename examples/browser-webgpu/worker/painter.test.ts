import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, ddim } from 'noisefold/diffusion';
import { compile, fork, key, normal, program, read, release, type Resident } from 'noisefold/dsl';
import { unet, type UNetConfig, type UNetParams } from 'noisefold/nn';
import { sample } from 'noisefold/training';
import { taskEither as TE } from 'fp-ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partsOf } from '../../mnist/parts.js';
import { recipe, settings } from '../../mnist/recipe.js';
import { AREA, CLASSES, SIDE } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { kindOf, painter } from './painter.js';

const { model, noising } = unwrap(
  partsOf({ ...recipe, model: { ...recipe.model, base: 2, multipliers: [1, 2], heads: 1, groups: 1 } }, settings),
);
const nf = await open(wasm());
let params: Resident<UNetParams>;
beforeAll(async () => {
  const { run } = await nf.run(compile(program('key', model.init), {}));
  params = await nf.run(run(key(5)));
});
afterAll(() => nf.close());

const asked: Paint = {
  _tag: 'Paint',
  id: 0,
  purpose: 'drawing',
  part: 0,
  network: 'own',
  conditions: { label: [3, CLASSES] },
  solver: 'ddim',
  steps: 4,
  guidance: 2.5,
  seed: 9,
  known: null,
  from: null,
};

const paint = async (change: Partial<Paint> = {}) => {
  const all = { ...asked, ...change };
  const network = {
    model,
    noising,
    image: [SIDE, SIDE, 1] as const,
    borrow: TE.right(params),
    giveBack: () => TE.right(undefined),
  };
  const result = await nf.run(painter(network, kindOf(all)));
  const frames: { readonly image: Uint8Array; readonly guess: Uint8Array }[] = [];
  const { x, evaluations } = await nf.run(
    result.paint(all, (frame) => () => void frames.push(frame), { aborted: false }),
  );
  result.release();
  return { x, evaluations, frames };
};

/** The noise where the painter begins. */
const noiseOf = async (count: number) => {
  const { run } = await nf.run(
    compile(
      program('key', (k) => ({ x: normal(k, count, SIDE, SIDE, 1) })),
      {},
    ),
  );
  const { x } = await nf.run(run(fork(key(asked.seed), 'start').start));
  return { data: Float32Array.from(await nf.run(read(x))), shape: [count, SIDE, SIDE, 1] as const };
};

const trained = () => ({ model, noising, image: [SIDE, SIDE, 1] as [number, number, number], params });

describe('a painter', () => {
  test.each([
    [0, 1],
    [1, 1],
    [2.5, 2],
  ])('draws what `sample` draws from the same noise, at guidance %d by %d looks', async (guidance, looks) => {
    const { x, evaluations } = await paint({ guidance });
    expect(evaluations).toBe(4 * 2 * looks); // four steps of two images
    const { data } = await nf.run(
      sample(trained(), {
        solver: ddim(),
        grid: 4,
        ...(guidance !== 1 && { guidance: cfg(guidance) }),
        labels: [3, null],
        from: { noise: await noiseOf(2) },
        key: key(1),
      }),
    );
    expect(Math.max(...x.map((n, i) => Math.abs(n - data[i]!)))).toBeLessThan(1e-4);
  });

  test('draws images in colour by several conditions, of which some are open', async () => {
    const image = [8, 8, 3] as const;
    const config: UNetConfig = {
      ...{ image, base: 4, multipliers: [1, 2], heads: 1, groups: 2, predicts: 'v', timesteps: 1000 },
      conditions: { hair: ['long', 'short'], skin: 3 },
    };
    const colours = unwrap(unet(config));
    const { run } = await nf.run(compile(program('key', colours.init), {}));
    const own = await nf.run(run(key(6)));
    const all: Paint = { ...asked, conditions: { hair: [1, 2, 0], skin: [3, 2, 1] } };
    const x = Float32Array.from({ length: 8 * 8 * 3 }, (_, i) => Math.sin(7 * i));
    const network = { model: colours, noising, image, borrow: TE.right(own), giveBack: () => TE.right(undefined) };
    const drawer = await nf.run(painter(network, kindOf(all)));
    const from = { x, sigma: Infinity };
    const result = await nf.run(drawer.paint({ ...all, from }, () => () => undefined, { aborted: false }));
    drawer.release();
    const { data } = await nf.run(
      sample(
        { model: colours, noising, image: [8, 8, 3], params: own },
        {
          ...{ solver: ddim(), grid: 4, guidance: cfg(2.5), key: key(1) },
          conditions: { hair: ['short', null, 'long'], skin: [null, 2, 1] },
          from: { noise: { data: Float32Array.from([...x, ...x, ...x]), shape: [3, ...image] } },
        },
      ),
    );
    expect(Math.max(...result.x.map((n, i) => Math.abs(n - data[i]!)))).toBeLessThan(1e-4);
    await nf.run(release(own));
  });

  test('keeps known pixels', async () => {
    const image = Uint8Array.from({ length: AREA }, (_, i) => i % 256);
    const mask = Uint8Array.from({ length: AREA }, (_, i) => (i < AREA / 2 ? 1 : 0));
    const { frames, evaluations } = await paint({ known: { image, mask } });
    expect(evaluations).toBe(7 * 2 * 2); // of two images, with their class and without
    expect(frames).toHaveLength(8); // three steps twice, the last once, and the result
    const result = frames.at(-1)!.image;
    for (const at of [0, 1]) {
      const one = result.subarray(at * AREA, (at + 1) * AREA);
      expect(one.slice(AREA / 2)).toEqual(image.slice(AREA / 2));
      expect(one.slice(0, AREA / 2)).not.toEqual(image.slice(0, AREA / 2));
    }
  });

  test('begins at a given x, and returns from its noise to an image', async () => {
    const image = Float32Array.from({ length: AREA }, (_, i) => (i % 28 > 10 && i % 28 < 17 ? 1 : -1));
    const { frames } = await paint({ from: { x: image, sigma: 0.5 } });
    const pixels = Uint8ClampedArray.from(image, (n) => (n + 1) * 127.5);
    expect([...frames[0]!.image]).toEqual([...pixels, ...pixels]); // the same for both
    // the inversion of DDIM and DDIM are inverse up to the size of their steps
    const steps = 50;
    const one = { conditions: { label: [CLASSES] }, guidance: 1, steps };
    const latent = await paint({ ...one, solver: 'inversion', from: { x: image, sigma: 0 } });
    const back = await paint({ ...one, from: { x: latent.x, sigma: Infinity } });
    const error = back.x.reduce((sum, n, i) => sum + (n - image[i]!) ** 2, 0) / AREA;
    expect(error).toBeLessThan(0.05);
  });

  test('draws other noise in each ancestral step', async () => {
    const [one, two] = [await paint({ solver: 'ancestral' }), await paint({ solver: 'ancestral', seed: 10 })];
    expect(one.x).not.toEqual(two.x);
    expect(await paint({ solver: 'ancestral' })).toEqual(one);
  });
});
