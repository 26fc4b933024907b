import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { ddpm, linear } from '../diffusion/index.js';
import { reference } from '../backends/reference/index.js';
import { wasm } from '../backends/wasm/index.js';
import { canFuse } from '../backends/wasm/kernels/multiplyAdd.js';
import { type Backend, key, type NoisefoldError } from '../dsl/index.js';
import { adam } from '../nn/index.js';
import { E, F } from '../internal/fp.js';
import { decodeCheckpoint, encodeCheckpoint, loadCheckpoint, resumable, saveCheckpoint } from './checkpoint.js';
import { startTraining } from '../training/fit/run.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../formats/safetensors/safetensors.js';
import type { Snapshot } from './snapshot.js';
import { faults } from '../../properties/faults.js';
import { bars, leftOf, plainModel, type PlainTraining, plainTraining, right } from '../training/testing.js';
import { bytesAfter, onWasm, takeAll } from '../../properties/training/onWasm.js';

const whole: Snapshot = {
  step: 400,
  key: key(7),
  batch: 32,
  config: { model: { base: 8 } },
  tensors: new Map([['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]),
};

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

/** Snapshots that could not be read back, and the field that the error names. */
const unsound: readonly (readonly [string, Partial<Readonly<Record<keyof Snapshot, unknown>>>, string])[] = [
  ['a function', { config: () => 1 }, 'config'],
  ['a function inside', { config: { loss: [() => 1] } }, 'config.loss.0'],
  ['undefined', { config: undefined }, 'config'],
  ['a symbol', { config: Symbol('s') }, 'config'],
  ['a bigint', { config: { seed: 1n } }, 'config.seed'],
  ['a cycle', { config: cycle }, 'config.self'],
  ['NaN', { config: { rate: NaN } }, 'config.rate'],
  ['a date', { config: { at: new Date(0) } }, 'config.at'],
  ['a step that is NaN', { step: NaN }, 'step'],
  ['a step that is infinite', { step: Infinity }, 'step'],
  ['half a step', { step: 0.5 }, 'step'],
  ['a step before the first', { step: -1 }, 'step'],
  ['a step that is text', { step: '4' }, 'step'],
  ['a key of NaN', { key: [NaN, 0] }, 'key.0'],
  ['a key that is not made of words', { key: [0, 2 ** 32] }, 'key.1'],
  ['a key of one word', { key: [1] }, 'key.1'],
  ['a batch of 0', { batch: 0 }, 'batch'],
  ['an unknown rounding', { rounding: 'exact' }, 'rounding'],
];

describe('a snapshot that could not be read back', () => {
  test.each(unsound)('%s is a ConfigError at the field, and the old file is kept', async (_name, fields, field) => {
    const folder = await mkdtemp(join(tmpdir(), 'noisefold-checkpoint-'));
    const path = join(folder, 'checkpoint.safetensors');
    right(await saveCheckpoint(path)(whole)());
    const before = await readFile(path);
    const error = await leftOf(saveCheckpoint(path)({ ...whole, ...fields } as Snapshot));
    expect(error).toMatchObject({ _tag: 'ConfigError', where: `encodeCheckpoint: ${field}` });
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);
    expect(right(await loadCheckpoint(path)())).toEqual(whole);
    await rm(folder, { recursive: true });
  });

  const numbers = fc.oneof(fc.nat(), fc.double(), fc.maxSafeInteger(), fc.anything());
  const keys = fc.oneof(
    fc.tuple(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 2 ** 32 - 1 })),
    fc.array(numbers, { maxLength: 3 }),
  );
  const tensors = fc.dictionary(
    fc.string(),
    fc.record({
      dtype: fc.constantFrom('F32', 'F64', 'I32', 'BOOL'),
      shape: fc.array(fc.oneof(fc.nat(3), fc.constantFrom(-1, 0.5, 2 ** 53 - 1)), { maxLength: 3 }),
      data: fc.oneof(fc.float32Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3, max: 2 })),
    }),
    { maxKeys: 2 },
  );

  test.prop(
    [
      fc.record({
        step: numbers,
        batch: numbers,
        key: keys,
        config: fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSparseArray: true,
          withTypedArray: true,
          withNullPrototype: true,
        }),
        tensors,
      }),
      fc.subarray(['step', 'batch', 'key', 'config', 'tensors'] as const),
    ],
    { numRuns: faults(1000, 100_000) },
  )('is refused, and everything that is encoded is decoded unchanged', (anything, fields) => {
    const changes = Object.fromEntries(fields.map((field) => [field, anything[field]]));
    const entries = Object.entries(anything.tensors) as [string, StoredTensor][];
    const snapshot = {
      ...whole,
      ...changes,
      ...('tensors' in changes ? { tensors: new Map(entries) } : {}),
    } as Snapshot;
    const bytes = encodeCheckpoint(snapshot);
    if (E.isLeft(bytes)) return void expect(bytes.left._tag).toBe('ConfigError');
    const { config, ...back } = right(decodeCheckpoint('c')(bytes.right));
    expect(JSON.stringify(config)).toBe(JSON.stringify(snapshot.config));
    const { step, batch, key: words, tensors: data } = snapshot;
    expect(back).toEqual({ step: step + 0, batch, key: words.map((word) => word + 0), tensors: data });
  });

  test.each(['F32', 'F64'] as const)(
    'with a %s parameter that is NaN or infinite is refused, by both encoders',
    async (dtype) => {
      const folder = await mkdtemp(join(tmpdir(), 'noisefold-checkpoint-'));
      const path = join(folder, 'checkpoint.safetensors');
      right(await saveCheckpoint(path)(whole)());
      for (const odd of [NaN, Infinity, -Infinity]) {
        const data = dtype === 'F32' ? Float32Array.of(1, odd) : Float64Array.of(1, odd);
        const tensors = new Map([['params.w', { dtype, shape: [2], data } as StoredTensor]]);
        const actual = `${odd} at position 1`;
        expect(encodeCheckpoint({ ...whole, tensors })).toMatchObject({
          left: { _tag: 'ConfigError', where: 'encodeCheckpoint: params.w', expected: 'finite numbers', actual },
        });
        expect(await leftOf(saveCheckpoint(path)({ ...whole, tensors }))).toMatchObject({
          _tag: 'ConfigError',
          actual,
        });
        expect(right(await loadCheckpoint(path)())).toEqual(whole);
        const { metadata } = right(F.pipe(encodeCheckpoint(whole), E.flatMap(decodeSafetensors('c'))));
        const bytes = right(encodeSafetensors({ tensors, metadata }));
        const refused = { _tag: 'DecodeError', expected: 'finite numbers', actual };
        expect(decodeCheckpoint('c')(bytes)).toMatchObject({ left: { ...refused, where: 'c: params.w' } });
        await writeFile(path, bytes);
        expect(await leftOf(loadCheckpoint(path))).toMatchObject({ ...refused, where: `${path}: params.w` });
        right(await saveCheckpoint(path)(whole)());
      }
      expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);
      await rm(folder, { recursive: true });
    },
  );

  test('is not resumed from either, if it comes from memory', () => {
    const run = { key: whole.key, batch: whole.batch, config: whole.config };
    const errorOf = (changes: object): string =>
      E.match(
        ({ _tag, where }: NoisefoldError) => `${_tag} ${where}`,
        () => 'accepted',
      )(resumable({ ...whole, ...changes }, run));
    expect(errorOf({})).toBe('accepted');
    expect(errorOf({ step: -1 })).toBe('ConfigError from: step');
    expect(errorOf({ step: 0.5 })).toBe('ConfigError from: step');
    expect(errorOf({ batch: -32 })).toBe('ConfigError from: batch');
    expect(errorOf({ key: [0.5, 0] })).toBe('ConfigError from: key.0');
    const counted = (at: number) => ({ tensors: new Map([['step', { dtype: 'I32', shape: [], data: Int32Array.of(at) }]]) }) as const; // oxfmt-ignore
    expect(errorOf(counted(400))).toBe('accepted');
    for (const step of [-5, 399, 401])
      expect(errorOf(counted(step))).toBe('CheckpointMismatch checkpoint of step 400: step');
  });

  test('written by other software is a DecodeError at the field', () => {
    const { metadata } = right(F.pipe(encodeCheckpoint(whole), E.flatMap(decodeSafetensors('c'))));
    const errorOf = (words: Readonly<Record<string, string>>): string =>
      E.match(
        ({ _tag, where }: NoisefoldError) => `${_tag} ${where}`,
        () => 'accepted',
      )(
        F.pipe(
          encodeSafetensors({ tensors: whole.tensors, metadata: { ...metadata, ...words } }),
          E.flatMap(decodeCheckpoint('c')),
        ),
      );
    expect(errorOf({})).toBe('accepted');
    expect(errorOf({ step: '-1' })).toBe('DecodeError c: step');
    expect(errorOf({ step: '0.5' })).toBe('DecodeError c: step');
    expect(errorOf({ step: '1e300' })).toBe('DecodeError c: step');
    expect(errorOf({ batch: '-32' })).toBe('DecodeError c: batch');
    expect(errorOf({ key: '[0.5,0]' })).toBe('DecodeError c: key.0');
    expect(errorOf({ key: '[' })).toBe('DecodeError c: key');
    expect(errorOf({ config: '[1' })).toBe('DecodeError c: config');
    expect(errorOf({ config: '['.repeat(1e6) })).toBe('DecodeError c: config');
    expect(errorOf({ rounding: 'fused' })).toBe('accepted');
    expect(errorOf({ rounding: 'exact' })).toBe('DecodeError c: rounding');
    expect(errorOf({ format: 'other' })).toBe('DecodeError c: __metadata__.format');
    expect(errorOf({ more: '' })).toBe('DecodeError c: __metadata__.more');
  });

  test('is refused before the training begins', () =>
    onWasm(async (backend) => {
      const training = { ...plainTraining(1), config: { data: { load: () => 1 } } };
      expect(await leftOf(startTraining(training)(backend))).toMatchObject({
        _tag: 'ConfigError',
        where: 'training.config.data.load',
      });
    }));
});

describe('a checkpoint', () => {
  test('of another model, key or batch is a CheckpointMismatch that names the difference', () =>
    onWasm(async (backend) => {
      const run = right(await startTraining(plainTraining(0))(backend)());
      const from = right(await run.snapshot());
      const resumed = (change: Partial<PlainTraining>): Promise<NoisefoldError> =>
        leftOf(startTraining({ ...plainTraining(3), from, ...change })(backend));
      expect(await resumed({ batch: 5 })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('batch'),
      });
      expect(await resumed({ key: key(6) })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('key'),
      });
      const model = plainModel(8);
      expect(await resumed({ model })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('params.'),
      });
    }));

  test('distinguishes recipes even if no configuration is given', () =>
    onWasm(async (backend) => {
      const { config: _, ...plain } = { ...plainTraining(1), optimizer: adam({ learningRate: 1e-3 }) };
      const run = right(await startTraining({ ...plain, steps: 0 })(backend)());
      const from = right(await run.snapshot());
      right(await right(await startTraining({ ...plain, from })(backend)()).release());
      const changes = {
        learningRate: { optimizer: adam({ learningRate: 2e-3 }) },
        conditionDropout: { conditionDropout: 0.2 },
        averageDecay: { averageDecay: 0.9 },
        'noising.betas': { noising: right(ddpm(linear(100))) },
      };
      for (const [field, change] of Object.entries(changes))
        expect(await leftOf(startTraining({ ...plain, from, ...change })(backend))).toMatchObject({
          _tag: 'CheckpointMismatch',
          where: `checkpoint of step 0: config.${field}`,
        });
    }));

  test('of other images names the images, not a checksum', () =>
    onWasm(async (backend) => {
      const run = right(await startTraining(plainTraining(0))(backend)());
      const from = right(await run.snapshot());
      const data = { ...bars(60), batch: (positions: Int32Array) => bars(60).batch(positions.map((i) => 59 - i)) };
      const { message } = await leftOf(startTraining({ ...plainTraining(3), data, from })(backend));
      expect(message).toBe(
        'checkpoint of step 0: settings.data.images: expected the images that the run began with, got other values; resume with the configuration that the run began with, or allow another with `allowOtherSettings: true`',
      );
    }));

  /** The checkpoint of a run after some steps on a backend, as read from its bytes. */
  const checkpointOn = async (backend: Backend, training: PlainTraining): Promise<Snapshot> => {
    const run = right(await startTraining(training)(backend)());
    expect((await takeAll(run)).error).toBeNull();
    const bytes = F.pipe(right(await run.snapshot()), encodeCheckpoint);
    right(await run.release());
    return right(F.pipe(bytes, E.flatMap(decodeCheckpoint('c'))));
  };

  test('records the rounding of a wasm backend, and is resumed with the other rounding only if that is allowed', () =>
    onWasm(async (backend) => {
      const portable = right(await wasm({ portable: true })());
      expect(portable.rounding).toBe('separate');
      expect(backend.rounding).toBe(canFuse() ? 'fused' : 'separate');
      const from = await checkpointOn(portable, plainTraining(1));
      expect(from.rounding).toBe('separate');
      // claims to fuse, so that the test also runs on machines without fused multiply-add
      const fusing: Backend = { ...portable, rounding: 'fused' };
      const resumed = { ...plainTraining(2), from };
      expect(await leftOf(startTraining(resumed)(fusing))).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: 'checkpoint of step 1: rounding',
        hint: 'resume on wasm({ portable: true }), or allow other bits with `allowOtherRounding: true`',
      });
      const accepted = await checkpointOn(fusing, { ...resumed, allowOtherRounding: true });
      expect(accepted).toMatchObject({ step: 2, rounding: 'fused' });
      expect(resumable(accepted, from)).toMatchObject({
        left: { _tag: 'CheckpointMismatch', hint: expect.stringContaining('resume on wasm() without `portable`') },
      });
      right(await portable.close());
    }));

  test('of a backend whose rounding is not defined is resumed by any backend, and such a backend resumes any checkpoint', () =>
    onWasm(async (backend) => {
      const other = right(await reference()());
      expect(other.rounding).toBeNull();
      const from = await checkpointOn(other, plainTraining(1));
      expect(from).not.toHaveProperty('rounding');
      const onward = await checkpointOn(backend, { ...plainTraining(2), from });
      expect(onward.rounding).toBe(backend.rounding);
      expect((await checkpointOn(other, { ...plainTraining(3), from: onward })).step).toBe(3);
      right(await other.close());
    }));

  test('that is truncated, or is another kind of file, is a DecodeError', async () => {
    const bytes = await bytesAfter(plainTraining(1));
    expect(decodeCheckpoint('c')(bytes.subarray(0, bytes.length - 1))).toMatchObject({
      left: { _tag: 'DecodeError' },
    });
    expect(decodeCheckpoint('c')(new Uint8Array(64))).toMatchObject({ left: { _tag: 'DecodeError' } });
  });
});
