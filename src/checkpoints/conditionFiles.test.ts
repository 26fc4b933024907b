/** Conditions in files of `saveTrained` and in checkpoints, and files from before conditions had names. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { onWasm } from '../../properties/training/onWasm.js';
import { ddim, labelOf, type Model } from '../diffusion/index.js';
import { add, type Backend, cast, key, mul, type Scalar, scaleBy, upload } from '../dsl/index.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors/safetensors.js';
import { adam, allOnes, encoderClassifier, parameter, unet, type UNetConfig } from '../nn/index.js';
import { fit } from '../training/fit/fit.js';
import { startTraining } from '../training/fit/run.js';
import { sample } from '../training/sample/sample.js';
import { leftOf, plainTraining, right, smallTraining } from '../training/testing.js';
import { loadClassifier, loadTrained, saveTrained } from './trainedFiles.js';
import { hundred, small, untrained } from './untrainedTesting.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-conditions-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** The bytes of a trained model as `saveTrained` writes them, with other words in the header. */
const bytesOf = async (backend: Backend, trained: object, words: (now: Words) => Words = (now) => now, name = 'custom') => {
  const path = `${folder}/${files++}.safetensors`;
  right(await saveTrained(path, trained as never, { name })(backend)());
  const { tensors, metadata } = right(decodeSafetensors(path)(readFileSync(path)));
  const { crc32: _, ...now } = metadata;
  return right(encodeSafetensors({ tensors, metadata: words(now) }));
}; // oxfmt-ignore
type Words = Readonly<Record<string, string>>;

const drawing = { solver: ddim(), grid: 2, key: key(3) } as const;

test('a file keeps the conditions of its network, their names and their dropout', () =>
  onWasm(async (backend) => {
    const conditions = { hair: { classes: 2, names: ['long', 'short'] }, palette: { vector: 2 } } as const;
    const trained = {
      ...(await untrained({ ...small, conditions })(backend)),
      conditionDropout: { together: 0.1, each: { palette: 0.2 } },
      names: { hair: ['long', 'short'] },
    };
    const loaded = right(await loadTrained(await bytesOf(backend, trained))(backend)());
    expect(loaded.model.conditions).toEqual(conditions);
    expect(loaded).toMatchObject({ conditionDropout: trained.conditionDropout, names: trained.names });
    const draw = (of: unknown) =>
      sample({ ...drawing, conditions: { hair: ['short', null], palette: [[0.5, 1]] } })(of as typeof loaded)(
        backend,
      )();
    expect(right(await draw(loaded))).toEqual(right(await draw(trained)));
  }));

/** Old configurations beside those of today. */
const old: readonly (readonly [string, object, UNetConfig])[] = [
  ['a U-Net without classes', { noClass: 'row', labelsAt: 'output' }, small],
  [
    'a U-Net with classes',
    { classes: 3, noClass: 'row', labelsAt: 'output' },
    { ...small, conditions: { label: { classes: 3 } } },
  ],
  [
    'a U-Net that needs a class',
    { classes: 3, noClass: 'never', labelsAt: 'output' },
    { ...small, conditions: { label: { classes: 3, required: true } } },
  ],
  [
    'a U-Net with classes beside the time, and augmentations',
    { classes: 3, noClass: 'zero', labelsAt: 'input', augment: 9 },
    {
      ...small,
      conditions: { label: { classes: 3, nothing: 'zero', at: 'input' }, augment: { vector: 9, at: 'input' } },
    },
  ],
  [
    'a U-Net with a small image',
    { noClass: 'row', labelsAt: 'output', condition: { channels: 1, noiseLevel: true } },
    { ...small, conditions: { condition: { image: 1, noiseLevel: true, required: true } } },
  ],
];

describe('files from before conditions had names:', () => {
  test.each(old)('%s', (_, fields, config) =>
    onWasm(async (backend) => {
      const trained = await untrained(config)(backend);
      const { conditions: __, ...rest } = right(unet(config)).config;
      const bytes = await bytesOf(backend, trained, (now) => ({
        ...now,
        model: JSON.stringify({ name: 'unet', config: { ...rest, ...fields } }),
        labelDropout: '0.5',
        classes: '["a","b","c"]',
      }));
      const loaded = right(await loadTrained(bytes)(backend)());
      expect(loaded.model.conditions).toEqual(config.conditions);
      expect(loaded).toMatchObject({ conditionDropout: 0.5, names: { label: ['a', 'b', 'c'] } });
      right(await loadTrained(bytes, { model: trained.model })(backend)());
      const other = await untrained({ ...config, base: 4 })(backend);
      expect((await leftOf(loadTrained(bytes, { model: other.model })(backend))).where).toBe('loadTrained: model.config.base');
    }),
  ); // oxfmt-ignore

  test('a network of a user, which has classes', () =>
    onWasm(async (backend) => {
      const model = (classes: number): Model<Scalar, [1, 1, 1]> => ({
        ...parameter(allOnes),
        predicts: 'x0',
        conditions: { label: { classes } },
        apply: (w, x, at) => add(mul(x, w), scaleBy(x, cast(labelOf(at)!, 'float32'))),
      });
      const params = right(await upload(Float32Array.of(0.5), [])(backend)());
      const trained = { model: model(3), noising: hundred, image: [1, 1, 1], params };
      const words = (now: Words) => ({ ...now, model: '{"name":"mine","predicts":"x0","classes":3}' });
      const bytes = await bytesOf(backend, trained, words, 'mine');
      right(await loadTrained(bytes, { model: model(3), name: 'mine' })(backend)());
      expect((await leftOf(loadTrained(bytes, { model: model(2), name: 'mine' })(backend))).where).toContain('model.c');
    }));

  test('a classifier', () =>
    onWasm(async (backend) => {
      const { predicts: _, ...blocks } = small;
      const model = right(encoderClassifier({ ...blocks, classes: 3 }));
      const training = { ...smallTraining(0), model, config: null, conditionDropout: 0 };
      const trained = right(await fit(training as never)(backend)());
      const words = (now: Words) => ({ ...now, labelDropout: '0', classes: '["a","b","c"]' });
      const loaded = right(await loadClassifier(await bytesOf(backend, trained as object, words))(backend)());
      expect([loaded.model.classes, loaded.names]).toEqual([3, { label: ['a', 'b', 'c'] }]);
    }));
});

test('a checkpoint from before conditions had names is resumed, but not with another dropout', () =>
  onWasm(async (backend) => {
    const { config: _, ...training } = { ...plainTraining(1), optimizer: adam({ learningRate: 1e-3 }) };
    const from = right(await right(await startTraining({ ...training, steps: 0 })(backend)()).snapshot());
    const {
      conditionDropout: labelDropout,
      conditions: __,
      ...rest
    } = from.config as Readonly<Record<string, unknown>>;
    const before = { ...from, config: { ...rest, classes: 3, labelDropout } };
    right(await right(await startTraining({ ...training, from: before })(backend)()).release());
    const other = startTraining({ ...training, from: before, conditionDropout: 0.3 });
    expect(await leftOf(other(backend))).toMatchObject({
      _tag: 'CheckpointMismatch',
      where: 'checkpoint of step 0: config.conditionDropout',
      actual: '0.1',
    });
  }));
