import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { reference } from '../backends/reference/index.js';
import {
  cfg,
  cosine,
  ddim,
  ddpm,
  linear,
  type Model,
  type DiscreteNoising,
  noisingOfSigmas,
  respace,
  respaceAtSigmas,
  zeroTerminalSNR,
} from '../diffusion/index.js';
import { add, type Backend, key, type NoisefoldError, type Scalar, upload, using, zerosLike } from '../dsl/index.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors/safetensors.js';
import { E, F, TE } from '../internal/fp.js';
import { allOnes, parameter, unet, type UNetConfig, type UNetParams } from '../nn/index.js';
import { onWasm } from '../../properties/training/onWasm.js';
import type { ImageShape } from '../data/dataset.js';
import { fit } from '../training/fit/fit.js';
import { sample } from '../training/sample/sample.js';
import { leftOf, right, smallTraining } from '../training/testing.js';
import type { Trained } from './trained.js';
import { readBytes, writeAtomically } from '../node/files.js';
import { readTensors } from './snapshot.js';
import { hundred, small, untrained } from './untrainedTesting.js';
import { loadTrained, saveTrained } from './trainedFiles.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-trained-`);
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => `${folder}/${files++}.safetensors`;

const drawing = { solver: ddim(), grid: 4, count: 2, key: key(3) } as const;

describe('a model returned by fit', () => {
  test('is loaded in float32 bit for bit: parameters, process, image, configuration and samples', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const training = smallTraining(3);
      const trained = right(await fit(training)(backend)());
      right(await saveTrained(path, trained)(backend)());
      const loaded = right(await loadTrained(path)(backend)());
      expect(right(await readTensors(loaded.params)(backend)())).toEqual(
        right(await readTensors(trained.params)(backend)()),
      );
      expect(loaded.noising).toEqual(trained.noising);
      expect(loaded.image).toEqual([8, 8, 1]);
      expect(loaded.conditionDropout).toBe(0.1);
      expect(loaded.model).toMatchObject({ config: training.config, conditions: { label: { classes: 3 } } });
      const draw = (of: Trained<UNetParams, ImageShape>) => sample({ ...drawing, labels: [1, 2] })(of)(backend)();
      expect(right(await draw(loaded))).toEqual(right(await draw(trained as never)));
    }));

  test('keeps the names of the classes of its data, by which samples are labelled', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const training = smallTraining(1);
      const names = { label: ['line', 'cross', 'circle'] };
      const trained = right(await fit({ ...training, data: { ...training.data, names } })(backend)());
      right(await saveTrained(path, trained)(backend)());
      const loaded = right(await loadTrained(path)(backend)());
      expect(loaded.names).toEqual(names);
      const draw = (labels: readonly (number | string)[]) => sample({ ...drawing, labels })(loaded)(backend);
      expect(right(await draw(['circle', 1])())).toEqual(right(await draw([2, 1])()));
      expect((await leftOf(draw([1, 'circel']))).message).toBe(
        'sample: label of sample 1: expected a class: line, cross, circle, got "circel"; did you mean circle?',
      );
      const { names: _, ...nameless } = loaded;
      expect((await leftOf(sample({ ...drawing, labels: ['line', 'line'] })(nameless)(backend))).message).toMatch(
        /^sample: label of sample 0: expected a number, because there are no names of classes, got "line"; /,
      );
    }));

  test.each([
    ['"circle"', 'expected the names of classes, got "circle"'],
    ['["line","line"]', 'expected names of classes that differ, got "line" twice'],
    ['["line",3]', 'expected the names of classes, got an array of 2'],
    ['[', 'expected JSON'],
  ])('is refused with the class names %s', (classes, message) =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await untrained()(backend))(backend)());
      const { tensors, metadata } = right(decodeSafetensors(path)(readFileSync(path)));
      const { crc32: _, ...words } = metadata;
      const bytes = right(encodeSafetensors({ tensors, metadata: { ...words, classes } }));
      const error = await leftOf(loadTrained(bytes)(backend));
      expect(error._tag).toBe('DecodeError');
      expect(error.message).toContain(`loadTrained: classes: ${message}`);
    }),
  );

  test('that was trained without dropout refuses cfg, also after loading', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const trained = right(await fit({ ...smallTraining(1), conditionDropout: 0 })(backend)());
      right(await saveTrained(path, trained)(backend)());
      const loaded = right(await loadTrained(path)(backend)());
      const guided = { ...drawing, labels: [1, 2], guidance: cfg(3) };
      const before = await leftOf(sample(trained, guided)(backend));
      expect(await leftOf(sample(loaded, guided)(backend))).toEqual(before);
      expect(before._tag).toBe('ConfigError');
    }));

  test('is half as large in float16, with each parameter rounded to the nearest', () =>
    onWasm(async (backend) => {
      const [wide, half] = [newPath(), newPath()];
      const trained = await untrained({ ...small, base: 32, groups: 8 })(backend);
      right(await saveTrained(wide, trained)(backend)());
      right(await saveTrained(half, trained, { dtype: 'float16' })(backend)());
      const sizes = [wide, half].map((path) => {
        const { tensors } = right(decodeSafetensors(path)(readFileSync(path)));
        return [...tensors]
          .filter(([name]) => name.startsWith('params.'))
          .reduce((sum, [, { data }]) => sum + data.byteLength, 0);
      });
      expect(sizes[1]).toBe(sizes[0]! / 2);
      const before = right(await readTensors(trained.params)(backend)());
      const after = right(await readTensors(right(await loadTrained(half)(backend)()).params)(backend)());
      expect([...after.keys()]).toEqual([...before.keys()]);
      const off = [...before].filter(([name, { data }]) =>
        (data as Float32Array).some((number, i) => {
          const distance = Math.abs(number - (after.get(name)!.data as Float32Array)[i]!);
          return distance > Math.max(Math.abs(number) * 2 ** -11, 2 ** -25);
        }),
      );
      expect(off.map(([name]) => name)).toEqual([]);
    }));

  test('saved on the reference, in float32, is drawn from on wasm', async () => {
    const path = newPath();
    const saved = await using(reference())((backend) =>
      TE.flatMap((trained: Trained<UNetParams, ImageShape>) => saveTrained(path, trained)(backend))(
        TE.fromTask(() => untrained()(backend)),
      ),
    )();
    right(saved);
    await onWasm(async (backend) => {
      const { shape } = right(await sample(drawing)(right(await loadTrained(path)(backend)()))(backend)());
      expect(shape).toEqual([2, 8, 8, 1]);
    });
  });
});

test.each<readonly [string, E.Either<NoisefoldError, DiscreteNoising>]>([
  ['ddpm(cosine(1000))', ddpm(cosine(1000))],
  ['ddpm(linear(50))', ddpm(linear(50))],
  ['zero terminal SNR', F.pipe(linear(100), E.flatMap(zeroTerminalSNR), ddpm)],
  ['respaced', F.pipe(ddpm(linear(1000)), E.flatMap(respace(25)))],
  ['of σ', noisingOfSigmas([0.01, 0.333, 7, Infinity])],
  ['at σ', F.pipe(ddpm(linear(1000)), E.flatMap(respaceAtSigmas([80, 5, 1])))],
])('the process %s is read back bit for bit', (_name, value) =>
  onWasm(async (backend) => {
    const path = newPath();
    const { origin: _, ...noising } = right(value); // files have the process itself
    right(await saveTrained(path, await untrained(small, noising)(backend))(backend)());
    const loaded = right(await loadTrained(path)(backend)());
    expect(loaded.noising).toStrictEqual(noising); // by Object.is
  }),
);

test.each<readonly [string, UNetConfig]>([
  ['classes and dropout', { ...small, conditions: { label: 3 }, dropout: 0.1 }],
  ['a learned variance', { ...small, learnedVariance: 'range' }],
  ['an image', { ...small, conditions: { low: { image: 1, required: true } } }],
  ['heads by channels', { ...small, heads: { channels: 4 }, adaptiveGroupNorm: true }],
])('a U-Net with %s is read back by its configuration', (_name, config) =>
  onWasm(async (backend) => {
    const path = newPath();
    const trained = await untrained(config)(backend);
    right(await saveTrained(path, trained)(backend)());
    const { model } = right(await loadTrained(path)(backend)());
    expect(model).toMatchObject({ config: right(unet(config)).config });
    expect(Object.keys(model).sort()).toEqual(Object.keys(trained.model).sort());
    expect(await loadTrained(path, { model: trained.model })(backend)()).toMatchObject({ _tag: 'Right' });
  }),
);

describe('a custom model', () => {
  const grey: Model<Scalar, [1, 1, 1]> = {
    ...parameter(allOnes),
    predicts: 'x0',
    apply: (w, x) => add(zerosLike(x), w),
  };
  const trainedGrey = async (backend: Backend, value = 0.5): Promise<Trained<Scalar, [1, 1, 1]>> => {
    const params = right(await upload(Float32Array.of(value), [])(backend)());
    return { model: grey, noising: hundred, image: [1, 1, 1], params };
  };

  test.each([{ name: 'grey' }, {}])('saved as %j is given when it is loaded, and draws the same samples', (saved) =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await trainedGrey(backend), saved)(backend)());
      const loaded = await loadTrained(path, { model: grey, name: 'grey' })(backend)();
      expect(right(await sample(drawing)(right(loaded))(backend)()).data).toEqual(Float32Array.of(0.5, 0.5));
    }),
  );

  test('that is missing, has another name or another description is an error that names the difference', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await trainedGrey(backend), { name: 'grey' })(backend)());
      const errorOf = async (given: Parameters<typeof loadTrained<Scalar, [1, 1, 1]>>[1]) => {
        const { _tag, where, expected, actual, hint } = await leftOf(loadTrained(path, given)(backend));
        expect(hint.endsWith('{ model, name: "grey" }')).toBe(given?.name === undefined);
        return [_tag, where.slice(path.length), expected, actual];
      };
      const missing = 'the model "grey", of which the file has only the parameters';
      expect(await errorOf({})).toEqual(['ConfigError', ': model', missing, 'none']);
      expect(await errorOf({ model: grey })).toEqual(['CheckpointMismatch', ': model.name', '"custom"', '"grey"']);
      expect(await errorOf({ model: { ...grey, predicts: 'v' }, name: 'grey' })).toEqual([
        'CheckpointMismatch',
        ': model.predicts',
        '"v"',
        '"x0"',
      ]);
      expect(await errorOf({ model: { ...grey, conditions: { label: { classes: 2 } } }, name: 'grey' })).toEqual([
        'CheckpointMismatch',
        ': model.conditions',
        '{"label":{"classes":2}}',
        'nothing',
      ]);
    }));

  test('with other parameters is a CheckpointMismatch at the first tensor that is missing, unexpected or of another shape', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await trainedGrey(backend))(backend)());
      const whereOf = async (params: unknown): Promise<string> => {
        const model = { ...grey, params: params as typeof grey.params };
        const error = await leftOf(loadTrained(path, { model })(backend));
        expect(error._tag).toBe('CheckpointMismatch');
        return `${error.where.slice(path.length)}: expected ${error.expected}, got ${error.actual}`;
      };
      const leaf = grey.params.leaves[0]!;
      const spec = (tree: unknown) => ({ _tag: 'TreeSpec', tree, leaves: [] });
      expect(await whereOf(spec({ ...leaf, shape: [2] }))).toBe(': params: expected float32 [2], got float32 []');
      expect(await whereOf(spec({ w: leaf }))).toBe(': params.w: expected float32 [], got no such tensor');
      expect(await whereOf(spec({}))).toBe(': params: expected no such tensor, got one');
    }));

  test('made from a U-Net by changing a function is not treated as that U-Net', () =>
    onWasm(async (backend) => {
      const trained = await untrained({ ...small, learnedVariance: 'range' })(backend);
      const { apply, learned } = trained.model;
      const changes: readonly Partial<typeof trained.model>[] = [
        { apply: (params, x, at) => apply(params, x, at) },
        { learned: { ...learned!, apply: (params, x, at) => learned!.apply(params, x, at) } },
        { predicts: 'x0' },
        { guides: { score: (_, x) => x } },
      ];
      for (const change of changes) {
        const path = newPath();
        const model = { ...trained.model, ...change };
        right(await saveTrained(path, { ...trained, model })(backend)());
        expect(await leftOf(loadTrained(path)(backend))).toMatchObject({
          _tag: 'ConfigError',
          where: `${path}: model`,
        });
        expect(await loadTrained(path, { model })(backend)()).toMatchObject({ _tag: 'Right' });
      }
    }));

  test('and a custom process are given; another process is an error that names the first different table', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const noising = { ...hundred, posteriors: hundred.posteriors.map((p) => ({ ...p, sigma: p.sigma / 2 })) };
      right(await saveTrained(path, await untrained(small, noising)(backend))(backend)());
      expect(await leftOf(loadTrained(path)(backend))).toMatchObject({
        _tag: 'ConfigError',
        where: `${path}: noising`,
      });
      expect(right(await loadTrained(path, { noising })(backend)()).noising).toBe(noising);
      expect(await leftOf(loadTrained(path, { noising: right(ddpm(linear(100))) })(backend))).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: `${path}: noising.betas`,
      });
    }));

  test('with a number that is not finite, or too large for float16, is not saved, and the older file is kept', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await trainedGrey(backend))(backend)());
      const before = readFileSync(path);
      const messageOf = async (value: number, dtype: 'float32' | 'float16') => {
        const { message } = await leftOf(saveTrained(path, await trainedGrey(backend, value), { dtype })(backend));
        return message;
      };
      expect(await messageOf(NaN, 'float32')).toMatch(/params to hold finite numbers, got NaN at position 0/);
      expect(await messageOf(-Infinity, 'float16')).toMatch(/params: expected numbers within float16/);
      expect(await messageOf(65520, 'float16')).toMatch(
        /at most 65504, got 65520; save the model with dtype: 'float32'/,
      );
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }));
});

describe('an invalid file or option', () => {
  test('is a typed error', () =>
    onWasm(async (backend) => {
      const path = newPath();
      const trained = await untrained()(backend);
      const save = (options: object) => leftOf(saveTrained(path, trained, options)(backend));
      expect(await save({ dtype: 'float8' })).toMatchObject({ _tag: 'ConfigError', where: 'saveTrained.dtype' });
      expect(await save({ type: 'float16' })).toMatchObject({ _tag: 'ConfigError', where: 'saveTrained.type' });
      expect(await leftOf(saveTrained(path, {} as never)(backend))).toMatchObject({ _tag: 'ConfigError' });
      expect(await leftOf(saveTrained(path, { ...trained, params: {} as never })(backend))).toMatchObject({
        _tag: 'CheckpointMismatch',
      });
      expect(await leftOf(loadTrained(path)(backend))).toMatchObject({ _tag: 'FileError', where: path });
      right(await saveTrained(path, trained)(backend)());
      expect(await leftOf(loadTrained(path, { modal: 1 } as never)(backend))).toMatchObject({
        _tag: 'ConfigError',
        where: 'loadTrained.modal',
      });
    }));

  test('damaged by other software is a DecodeError that names the place', () =>
    onWasm(async (backend) => {
      const path = newPath();
      right(await saveTrained(path, await untrained()(backend))(backend)());
      const file = right(decodeSafetensors(path)(right(await readBytes(path)())));
      const errorOf = async (
        words: Readonly<Record<string, string>>,
        change: Parameters<typeof file.tensors.forEach>[0] | null = null,
      ) => {
        const tensors = new Map(
          [...file.tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
        );
        if (change) (tensors as typeof file.tensors).forEach(change);
        const bytes = right(encodeSafetensors({ tensors, metadata: { ...file.metadata, ...words } } as never));
        right(await writeAtomically(path, bytes)());
        return F.pipe(
          await loadTrained(path)(backend)(),
          E.match(
            ({ _tag, where }: NoisefoldError) => `${_tag}${where.slice(path.length)}`,
            () => 'loaded',
          ),
        );
      };
      expect(await errorOf({})).toBe('loaded');
      expect(await errorOf({ format: 'noisefold-checkpoint-2' })).toBe('DecodeError: __metadata__.format');
      expect(await errorOf({ format: 'noisefold-checkpoint-1' })).toMatch('DecodeError: __metadata__.');
      expect(await errorOf({ more: '' })).toBe('DecodeError: __metadata__.more');
      expect(await errorOf({ image: '[8,8]' })).toBe('DecodeError: image.2');
      expect(await errorOf({ image: '[8,0,1]' })).toBe('DecodeError: image.1');
      expect(await errorOf({ model: '['.repeat(1e5) })).toBe('DecodeError: model');
      expect(await errorOf({ model: '{"config":{}}' })).toBe('DecodeError: model.name');
      expect(await errorOf({ model: '{"name":"unet","config":{"image":[8,8,1]}}' })).toBe(
        'DecodeError: model.config, unet.base',
      );
      expect(await errorOf({ labelDropout: '1.5' })).toBe('DecodeError: labelDropout');
      expect(await errorOf({ noising: 'other' })).toBe('DecodeError: __metadata__.noising');
      const damage =
        (path_: string, value: number) =>
        ({ data }: { data: unknown }, name: string) => {
          if (name === path_) (data as number[])[3] = value;
        };
      expect(await errorOf({}, damage('noising.alphaBars', 2) as never)).toBe('DecodeError: noising.alphaBars');
      expect(await errorOf({}, damage('noising.timesteps', -1) as never)).toBe('DecodeError: noising.timesteps');
      expect(await errorOf({}, damage('noising.betas', NaN) as never)).toBe('DecodeError: noising.betas');
      expect(await errorOf({}, damage('params.input.kernel', Infinity) as never)).toMatch('DecodeError: params.input');
    }));
});
