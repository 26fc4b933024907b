import { expect, test } from 'vitest';
import { add, read, release, type Resident, type Scalar, storeAs, upload, zerosLike } from '../../dsl/index.js';
import type { Model } from '../../diffusion/index.js';
import { allZeros, layer, parameter } from '../../nn/index.js';
import { bytesAfter, onWasm, takeAll } from '../../../properties/training/onWasm.js';
import { encodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { readTensors, uploadTensors } from '../../checkpoints/snapshot.js';
import { type PlainParams, plainTraining, right, smallTraining } from '../testing.js';
import type { LoadedWeights } from '../../weights/loadWeights.js';
import { fit } from './fit.js';
import { startTraining } from './run.js';

const training = (steps: number) => ({ ...plainTraining(steps), averageDecay: [0.9, 0.5] as const });

test('a run that begins with the parameters that it would draw ends with the same bytes, and leaves them', () =>
  onWasm(async (backend) => {
    const start = right(await startTraining(training(0))(backend)());
    const initial = right(await start.finish());
    const run = right(await startTraining({ ...training(3), initial })(backend)());
    expect((await takeAll(run)).error).toBeNull();
    const bytes = right(encodeCheckpoint(right(await run.snapshot())));
    expect(Buffer.compare(bytes, await bytesAfter(training(3)))).toBe(0);
    right(await run.release());
    right(await release(initial)(backend)());
    expect(backend.stats().bytes).toBe(0);
  }));

test('the parameters, their averages and a trained model begin with the given numbers', () =>
  onWasm(async (backend) => {
    const model = training(0).model;
    const tensors = new Map(
      model.params.leaves.map(({ path, shape }, i) => {
        const extents = shape as readonly number[];
        const data = new Float32Array(extents.reduce((a, b) => a * b, 1)).fill(i + 1);
        return [path, { dtype: 'F32', shape: extents, data } as const];
      }),
    );
    const initial = right(await uploadTensors('given', model.params)(tensors)(backend)());
    const trained = right(await fit({ ...training(0), initial })(backend)());
    expect(right(await readTensors(trained.params)(backend)())).toEqual(tensors);
    const run = right(await startTraining({ ...training(0), initial: trained })(backend)());
    const named = right(await run.snapshot()).tensors;
    for (const of of ['params', 'average', 'averages.1'])
      for (const [path, tensor] of tensors) expect(named.get(`${of}.${path}`)).toEqual(tensor);
  }));

test('a model may have a parameter of the name params', () =>
  onWasm(async (backend) => {
    const net = layer({ params: parameter(allZeros) }, ({ params }) => params);
    type P = { readonly params: Scalar };
    const model: Model<P, [8, 8, 1]> = { ...net, predicts: 'x0', apply: ({ params }, x) => add(zerosLike(x), params) };
    const initial = { params: right(await upload(Float32Array.of(3), [])(backend)()) };
    const { noising, optimizer, data, batch, key } = plainTraining(0);
    const recipe = { noising, optimizer, data, batch, steps: 0, key };
    const { params } = right(await fit({ ...recipe, model, initial })(backend)());
    expect([...right(await read(params.params)(backend)())]).toEqual([3]);
  }));

test('errors name the parameter', () =>
  onWasm(async (backend) => {
    const run = right(await startTraining(training(1))(backend)());
    const params = right(await run.average());
    const value = right(await upload(Float32Array.of(1, 2), [2])(backend)());
    const { hidden, ...others } = params;
    const failed = async (initial: unknown, more: object = {}) => {
      const begun = await fit({ ...training(1), ...more, initial: initial as Resident<PlainParams> })(backend)();
      return begun._tag === 'Left' ? `${begun.left._tag}: ${begun.left.message}` : 'done';
    };
    const hint = 'give parameters of this model on the backend, as loadWeights, loadTrained and fit return them';
    expect(await failed({ ...params, hidden: { ...hidden, bias: value } })).toBe(
      `CheckpointMismatch: training.initial: hidden.bias: expected float32 [4], got float32 [2]; ${hint}`,
    );
    expect(await failed(others)).toBe(
      `CheckpointMismatch: training.initial: hidden.kernel: expected float32 [3, 3, 1, 4], got no such tensor; ${hint}`,
    );
    expect(await failed({ ...params, more: value })).toBe(
      `CheckpointMismatch: training.initial: more: expected no such tensor, got one; ${hint}`,
    );
    expect(await failed({ ...params, hidden: { ...hidden, bias: Float32Array.of(1, 2, 3, 4) } })).toBe(
      `ConfigError: training.initial: hidden.bias: expected a leaf, or a plain record or array of leaves, got Float32Array; ${hint}`,
    );
    expect(await failed(3)).toMatch(
      'ConfigError: fit.initial: expected parameters on a backend, or a trained model, got',
    );
    expect(await failed(params, { from: right(await run.snapshot()) })).toBe(
      'ConfigError: training.initial: expected either `initial` or `from`, got both; leave `initial` out to resume: the snapshot holds the parameters',
    );
    const halves = right(await storeAs(params, 'float16')(backend)());
    for (const given of [halves, { params: halves }])
      expect(await failed(given)).toBe(
        "ConfigError: training.initial: hidden.kernel: expected float32 [3, 3, 1, 4] stored as float32, got a tensor stored as float16; convert the value: storeAs(value, 'float32')",
      );
    const widened = right(await storeAs(halves, 'float32')(backend)());
    expect(await failed(widened)).toBe('done');
    right(await release(params)(backend)());
    expect(await failed(params)).toMatch('ValueConsumed');
  }));

test('other parameters than those of the model do not compile', () => {
  const { model, ...recipe } = smallTraining(0);
  const given = (initial: Resident<PlainParams>, loaded: LoadedWeights<PlainParams>) => [
    fit({ ...plainTraining(0), initial }),
    fit({ ...plainTraining(0), initial: loaded }),
    // @ts-expect-error Type 'Resident<PlainParams>' is not assignable
    fit({ ...recipe, model, initial }),
  ];
  expect(given).toBeTypeOf('function');
});
