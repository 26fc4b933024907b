/** Draws samples from the checkpoints of a training, without `saveTrained`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { cfg, ddim, ddpm, linear } from '../diffusion/index.js';
import { type Backend, key, release } from '../dsl/index.js';
import { F, TE } from '../internal/fp.js';
import { onWasm } from '../../properties/training/onWasm.js';
import { fit, type Fit } from '../training/fit/fit.js';
import { logLikelihoods } from '../training/measure/logLikelihoods.js';
import { variationalBound } from '../training/measure/variationalBound.js';
import { encode } from '../training/sample/encode.js';
import { prepareSampling } from '../training/sample/prepareSampling.js';
import { sample } from '../training/sample/sample.js';
import { bars, leftOf, plainModel, type PlainParams, plainTraining, right } from '../training/testing.js';
import { saveCheckpoint } from './checkpoint.js';
import { loadTrained, saveTrained } from './trainedFiles.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-averaged-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => `${folder}/${files++}.safetensors`;

const drawing = { solver: ddim(), grid: 4, key: key(3) } as const;

describe('a checkpoint of a training', () => {
  const { config: _, ...training } = plainTraining(2);
  /** A checkpoint in a file, together with the result of the training. */
  const saved = async (backend: Backend, change: Partial<Fit<PlainParams, [8, 8, 1]>> = {}) => {
    const path = newPath();
    const trained = right(
      await fit<PlainParams, [8, 8, 1]>({
        ...training,
        ...change,
        onEvent: (event, run) =>
          event._tag === 'Step' && event.step === 1
            ? F.pipe(run.snapshot, TE.flatMap(saveCheckpoint(path)))
            : undefined,
      })(backend)(),
    );
    return { path, trained };
  };
  const { model, noising } = training;

  test('is loaded with its model and process, and draws the same samples as the training', () =>
    onWasm(async (backend) => {
      const { path, trained } = await saved(backend, { averageDecay: [0.9, 0.5] });
      for (const source of [path, readFileSync(path)]) {
        const loaded = right(await loadTrained(source, { model, noising })(backend)());
        expect([loaded.image, loaded.conditionDropout]).toEqual([[8, 8, 1], 0.1]);
        const draw = { ...drawing, labels: [1, 2], guidance: cfg(2) };
        expect(right(await sample(loaded, draw)(backend)())).toEqual(right(await sample(trained, draw)(backend)()));
      }
      expect(backend.stats().buffers).toBeGreaterThan(0);
    }));

  test('with a custom configuration is loaded too, and does not know the dropout of conditions', () =>
    onWasm(async (backend) => {
      const { path } = await saved(backend, { config: 'mine' });
      expect(right(await loadTrained(path, { model, noising })(backend)())).not.toHaveProperty('conditionDropout');
    }));

  test('without its model or its process is an error that says what to give', () =>
    onWasm(async (backend) => {
      const { path } = await saved(backend);
      for (const [given, lacks] of [
        [{}, 'no model'],
        [{ noising }, 'no model'],
        [{ model }, 'no process'],
      ] as const) {
        const { _tag, message } = await leftOf(loadTrained(path, given)(backend));
        expect(`${_tag}: ${message.slice(path.length)}`).toBe(
          `ConfigError: : expected the model and the process of the training, got ${lacks}; a checkpoint holds no model: give loadTrained(path, { model, noising })`,
        );
      }
    }));

  test('of another model or process is a CheckpointMismatch that names the difference, and frees all memory', () =>
    onWasm(async (backend) => {
      const { path, trained } = await saved(backend);
      right(await release(trained.params)(backend)());
      const before = backend.stats().buffers;
      const errorOf = async (given: object) => {
        const { _tag, where, expected, actual } = await leftOf(
          loadTrained(path, { model, noising, ...given })(backend),
        );
        return [_tag, where.slice(path.length), expected, actual];
      };
      expect(await errorOf({ model: plainModel(8) })).toEqual([
        'CheckpointMismatch',
        expect.stringMatching(/^: average\./),
        expect.stringMatching(/^float32/),
        expect.any(String),
      ]);
      expect(await errorOf({ model: { ...model, predicts: 'x0' } })).toEqual([
        ...['CheckpointMismatch', ': config.predicts', '"x0"', '"v"'],
      ]);
      expect(await errorOf({ noising: right(ddpm(linear(100))) })).toEqual([
        ...['CheckpointMismatch', ': config.noising.betas', 'the betas that the run began with', 'other values'],
      ]);
      expect(backend.stats().buffers).toBe(before);
    }));

  test('without the settings of the data is a DecodeError that names them', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveCheckpoint(path)({ step: 1, key: key(7), batch: 1, config: null, tensors: new Map() })());
      expect(await leftOf(loadTrained(path, { model, noising })(backend))).toMatchObject({
        _tag: 'DecodeError',
        where: `${path}: settings`,
      });
    }));
});

test.each([
  ['sample', (given: never) => sample(given, drawing)],
  ['sample in a pipe', (given: never) => sample(drawing)(given)],
  ['encode', (given: never) => encode(given, { images: { data: new Float32Array(64), shape: [1, 8, 8, 1] } })],
  ['prepareSampling', (given: never) => prepareSampling(given, { solver: ddim() })],
  ['logLikelihoods', (given: never) => logLikelihoods(given, { data: bars(2), batch: 2, key: key(1) } as never)],
  ['variationalBound', (given: never) => variationalBound(given, { data: bars(2), batch: 2, key: key(1) } as never)],
  ['saveTrained', (given: never) => saveTrained('unwritten', given)],
])('%s of a checkpoint, in place of a trained model, is a ConfigError that says so', (name, work) =>
  onWasm(async (backend) => {
    const snapshot = { step: 1, key: key(7), batch: 1, config: null, tensors: new Map() };
    for (const [given, actual] of [
      [snapshot, 'with its model, noising, image, params, got an object'],
      [undefined, 'got nothing'],
    ])
      // oxfmt-ignore
      expect((await leftOf(work(given as never)(backend))).message).toBe(
        `${name.split(' ')[0]}: trained: expected a trained model, as fit or loadTrained returns it, ${actual}; give the result of fit or loadTrained`,
      );
  }),
);
