import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { onWasm } from '../../properties/training/onWasm.js';
import { cfg, ddim } from '../diffusion/index.js';
import {
  type Backend,
  compile,
  fail,
  isValue,
  key,
  leafSpec,
  leaves,
  planMemory,
  program,
  type Resident,
  storeAs,
  type Tensor,
  treeSpec,
  valueStorage,
} from '../dsl/index.js';
import { TE } from '../internal/fp.js';
import { floatsOfHalves } from '../internal/numerics/float16.js';
import { halvesOf } from '../internal/numerics/toFloat16.js';
import { unet, type UNetParams } from '../nn/index.js';
import { readTensors, uploadTensors } from '../checkpoints/snapshot.js';
import { loadTrained, saveTrained } from '../checkpoints/trainedFiles.js';
import { loadWeights } from '../weights/loadWeights.js';
import { saveWeights } from '../weights/saveWeights.js';
import { fit } from './fit/fit.js';
import { logLikelihoods } from './measure/logLikelihoods.js';
import { variationalBound } from './measure/variationalBound.js';
import { encode } from './sample/encode.js';
import { prepareSampling } from './sample/prepareSampling.js';
import { sample } from './sample/sample.js';
import { bars, leftOf, right, smallTraining } from './testing.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-storage-`);
afterAll(() => rmSync(folder, { recursive: true }));

const drawing = { solver: ddim(), grid: 3, labels: [0, 1, 2], guidance: cfg(2), key: key(3) } as const;
/** A small U-Net, trained for two steps. */
const trainedOn = async (backend: Backend) => right(await fit(smallTraining(2))(backend)());

/** The parameters of a model, rounded to float16 on the host, as float32. */
const roundedOnHost = async (backend: Backend, params: Resident<UNetParams>): Promise<Resident<UNetParams>> => {
  const tensors = right(await readTensors(params)(backend)());
  const rounded = [...tensors].map(([path, tensor]) => {
    const data = floatsOfHalves(halvesOf(tensor.data as Float32Array)); // of parameters
    return [path, { dtype: 'F32', shape: tensor.shape, data }] as const;
  });
  return right(await uploadTensors('rounded', smallTraining(0).model.params)(new Map(rounded))(backend)());
};

const storagesIn = (params: unknown): readonly string[] => [
  ...new Set(leaves(params, isValue).map(({ leaf }) => valueStorage(leaf))),
];

test('samples at stored weights have the bits of samples at rounded weights, and free their memory', () =>
  onWasm(async (backend) => {
    const trained = await trainedOn(backend);
    const params = await roundedOnHost(backend, trained.params);
    const { bytes } = backend.stats();
    const expected = right(await sample({ ...trained, params }, drawing)(backend)());
    expect(right(await sample(trained, { ...drawing, storage: 'float16' })(backend)())).toEqual(expected);
    expect(right(await sample(trained, drawing)(backend)())).not.toEqual(expected);
    expect(backend.stats().bytes).toBe(bytes);
    const stored = right(await storeAs(trained.params, 'float16')(backend)());
    expect(backend.stats().bytes - bytes).toBeLessThan(0.26 * bytes); // beside two copies as float32
    expect(right(await sample({ ...trained, params: stored }, drawing)(backend)())).toEqual(expected);
    const held = backend.stats().bytes;
    const prepared = right(await prepareSampling(trained, { solver: ddim(), grid: 3, guidance: cfg(2), batch: 3, storage: 'float16' })(backend)()); // oxfmt-ignore
    expect(right(await prepared.sample({ labels: [0, 1, 2], key: key(3) })())).toEqual(expected);
    right(await prepared.release());
    expect(backend.stats().bytes).toBe(held);
  }));

test('measurements and encodings at stored weights have the bits of those at rounded weights', () =>
  onWasm(async (backend) => {
    const trained = await trainedOn(backend);
    const params = await roundedOnHost(backend, trained.params);
    const stored = right(await storeAs(trained.params, 'float16')(backend)());
    const of = { data: bars(4), images: 4, batch: 4, key: key(2) };
    const all = async (given: typeof params) => {
      const one = { ...trained, params: given };
      const bound = right(await variationalBound(one, of)(backend)());
      const likelihoods = right(await logLikelihoods(one, { ...of, grid: 5, dequantize: true })(backend)());
      const images = { data: new Float32Array(64).fill(0.25), shape: [1, 8, 8, 1] as const };
      const noise = right(await encode(one, { images, grid: 4, labels: [1] })(backend)());
      return { bound, likelihoods, noise };
    };
    expect(await all(stored)).toEqual(await all(params));
  }));

test('a training refuses stored parameters with the conversion, and begins with the converted ones', () =>
  onWasm(async (backend) => {
    const trained = await trainedOn(backend);
    const stored = right(await storeAs(trained.params, 'bfloat16')(backend)());
    const refusal = await leftOf(fit({ ...smallTraining(0), initial: stored })(backend));
    expect(refusal).toMatchObject({ _tag: 'ConfigError', hint: expect.stringContaining("storeAs(value, 'float32')") });
    const initial = right(await storeAs(stored, 'float32')(backend)());
    const tuned = right(await fit({ ...smallTraining(0), initial })(backend)());
    expect(storagesIn(tuned.params)).toEqual(['float32']);
    expect(right(await readTensors(tuned.params)(backend)())).toEqual(right(await readTensors(stored)(backend)()));
  }));

test('files are loaded into a storage, and stored parameters are saved', () =>
  onWasm(async (backend) => {
    const trained = await trainedOn(backend);
    const expected = right(await readTensors(await roundedOnHost(backend, trained.params))(backend)());
    const [weights, model] = [`${folder}/weights.safetensors`, `${folder}/model.safetensors`];
    right(await saveWeights(weights, trained.model, trained.params)(backend)());
    const { params } = right(await loadWeights(weights, trained.model, { storage: 'float16' })(backend)());
    expect(storagesIn(params)).toEqual(['float16']);
    expect(right(await readTensors(params)(backend)())).toEqual(expected);
    right(await saveTrained(model, { ...trained, params })(backend)());
    const again = right(await loadTrained(model, { storage: 'float16' })(backend)());
    expect(storagesIn(again.params)).toEqual(['float16']);
    expect(right(await readTensors(again.params)(backend)())).toEqual(expected);
    right(await sample(again as typeof trained, drawing)(backend)());
    const brain = right(await loadTrained(model, { storage: 'bfloat16' })(backend)());
    expect(storagesIn(brain.params)).toEqual(['bfloat16']);
    const plain = right(await loadTrained(model)(backend)());
    expect(storagesIn(plain.params)).toEqual(['float32']);
  }));

describe('bad input is an error that says what to do', () => {
  const unknown = `expected 'float32', 'float16' or 'bfloat16', got "fp16"; did you mean float16?`;
  test('an unknown storage', () =>
    onWasm(async (backend) => {
      const trained = await trainedOn(backend);
      const fp16 = 'fp16' as 'float16'; // from JavaScript
      const path = `${folder}/none.safetensors`;
      const { bytes } = backend.stats();
      const messageOf = async (work: Parameters<typeof leftOf>[0]) => (await leftOf(work)).message;
      expect(await messageOf(sample(trained, { ...drawing, storage: fp16 })(backend))).toBe(`sample.storage: ${unknown}`); // oxfmt-ignore
      expect(await messageOf(prepareSampling(trained, { solver: ddim(), storage: fp16 })(backend))).toBe(`prepareSampling.storage: ${unknown}`); // oxfmt-ignore
      expect(await messageOf(loadWeights(path, trained.model, { storage: fp16 })(backend))).toBe(`loadWeights.storage: ${unknown}`); // oxfmt-ignore
      expect(await messageOf(loadTrained(path, { storage: fp16 })(backend))).toBe(`loadTrained.storage: ${unknown}`);
      expect(backend.stats().bytes).toBe(bytes);
    }));

  test('a model that does not fit in the memory of the backend', () =>
    onWasm(async (backend) => {
      const trained = await trainedOn(backend);
      const path = `${folder}/fits.safetensors`;
      right(await saveWeights(path, trained.model, trained.params)(backend)());
      const { bytes } = backend.stats();
      const full = fail('BackendFailure', { where: 'the wasm backend', expected: '1.0 MiB of free memory', actual: 'not enough, with 4095.9 MiB in use', hint: '' }); // oxfmt-ignore
      let uploads = 0;
      const small: Backend = { ...backend, upload: (...of) => (uploads++ < 5 ? backend.upload(...of) : TE.fromEither(full)) };
      const count = [...right(await readTensors(trained.params)(backend)()).values()].reduce((sum, { data }) => sum + data.length, 0);
      const sizeOf = (each: number) => `${((each * count) / 2 ** 20).toFixed(1)} MiB`;
      expect(await leftOf(loadWeights(path, trained.model)(small))).toMatchObject({
        _tag: 'BackendFailure',
        message: `the wasm backend: expected 1.0 MiB of free memory, got not enough, with 4095.9 MiB in use; the parameters need ${sizeOf(4)} as float32, and ${sizeOf(2)} with storage: 'float16'`,
      });
      uploads = 0;
      expect(await leftOf(loadWeights(path, trained.model, { storage: 'float16' })(small))).toMatchObject({
        hint: `the parameters need ${sizeOf(2)} as float16: release other values, or use a smaller model`,
      });
      expect(backend.stats().bytes).toBe(bytes);
    })); // oxfmt-ignore

  test('a weight beyond float16', () =>
    onWasm(async (backend) => {
      const trained = await trainedOn(backend);
      const path = `${folder}/large.safetensors`;
      const tensors = new Map(right(await readTensors(trained.params)(backend)()));
      const [first, { shape }] = [...tensors][0]!;
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1e5);
      tensors.set(first, { dtype: 'F32', shape, data });
      const large = right(await uploadTensors('large', trained.model.params)(tensors)(backend)());
      right(await saveWeights(path, trained.model, large)(backend)());
      const { bytes } = backend.stats();
      const beyond = "expected numbers of float16, at most 65504, got 100000; store them as 'bfloat16' or 'float32'";
      const refusal = await leftOf(loadWeights(path, trained.model, { storage: 'float16' })(backend));
      expect(refusal).toMatchObject({ _tag: 'ConfigError', message: `${path}: ${first}: ${beyond}` });
      const sampled = await leftOf(sample({ ...trained, params: large }, { ...drawing, storage: 'float16' })(backend));
      expect(sampled).toMatchObject({ _tag: 'ConfigError', message: expect.stringContaining(beyond) });
      expect(backend.stats().bytes).toBe(bytes);
      right(await loadWeights(path, trained.model, { storage: 'bfloat16' })(backend)());
    }));
});

test('an evaluation of a U-Net needs the memory of its greatest weight more', () =>
  onWasm(async (backend) => {
    const model = right(unet({ image: [16, 16, 3], base: 32, multipliers: [1, 2, 4], blocks: 2 }));
    const spec = treeSpec<{
      readonly params: UNetParams;
      readonly x: Tensor<['B', 16, 16, 3]>;
      readonly t: Tensor<['B'], 'int32'>;
    }>({ params: model.params, x: leafSpec(['B', 16, 16, 3]), t: leafSpec(['B'], 'int32') });
    const evaluation = program(spec, ({ params, x, t }) => model.apply(params, x, { t }));
    const memoryOf = async (storage: 'float32' | 'float16') =>
      planMemory(right(await compile(evaluation, { B: 1 }, { storage: { params: storage } })(backend)()));
    const [plain, stored] = [await memoryOf('float32'), await memoryOf('float16')];
    const sizes = model.params.leaves.map(({ shape }) =>
      shape.reduce<number>((all, extent) => all * Number(extent), 1),
    );
    const widest = 4 * 32; // vectors of the layer, beside its kernel
    expect(stored.working - plain.working).toBeLessThanOrEqual(4 * (Math.max(...sizes) + widest));
    const all = sizes.reduce((a, b) => a + b);
    expect(plain.inputs - stored.inputs).toBeGreaterThan(2 * all - 4 * sizes.length);
    expect(plain.inputs - stored.inputs).toBeLessThanOrEqual(2 * all);
  }));
