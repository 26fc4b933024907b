import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { edm, type Model, type Objective, simpleLosses } from '../../diffusion/index.js';
import {
  type Backend,
  broadcastLike,
  cast,
  key,
  log,
  mul,
  read,
  type Resident,
  type Scalar,
  square,
  sub,
  upload,
  using,
} from '../../dsl/index.js';
import { TE } from '../../internal/fp.js';
import { allZeros, parameter, sgd } from '../../nn/index.js';
import { datasetOf } from '../../data/dataset.js';
import { leftOf, right } from '../testing.js';
import { fit } from './fit.js';
import { type Training } from './training.js';
import type { TrainEvent } from './trainEvent.js';

const on = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const data = right(datasetOf({ pixels: Uint8Array.of(0, 255, 64, 191), image: [1, 1, 1] }));
const model: Model<Scalar, [1, 1, 1]> = {
  ...parameter(allZeros),
  predicts: 'x0',
  clock: 'level',
  apply: (w, x) => mul(x, w),
};
const recipe = { model, noising: edm(), data, batch: 4, key: key(7), optimizer: sgd({ learningRate: 0.25 }), averageDecay: 0 }; // oxfmt-ignore

/** The square of the difference of two parameters, the student's and the teacher's, of each sample. */
const differences = (params: Resident<Scalar>): Objective =>
  Object.assign(squared.bind(null) as Objective, { teacher: { model, params } });
const squared: Objective = (noising, denoiser, options) => {
  const simple = simpleLosses(noising, denoiser, options);
  return (student, inputs) => {
    const { losses, t } = simple(student, inputs);
    // the parameters of both are scalars
    const difference = square(sub(student as Scalar, inputs.teacher as Scalar));
    return { losses: broadcastLike(losses)(difference) as typeof losses, t };
  };
};

const trained = async (backend: Backend, change: Partial<Training<Scalar, [1, 1, 1]>>, steps = 3) => {
  const events: TrainEvent[] = [];
  const { params } = right(
    await fit({ ...recipe, steps, ...change, onEvent: (event) => void events.push(event) })(backend)(),
  );
  return { value: right(await read(params)(backend)())[0]!, events };
};
const scalarOn = async (backend: Backend, value: number) => right(await upload(Float32Array.of(value), [])(backend)());

describe('a loss with a teacher', () => {
  test.each([1, 2])('gets its parameters in each step, in %i parts, and they stay', async (accumulate) => {
    await on(async (backend) => {
      const teacher = await scalarOn(backend, 3);
      const { value } = await trained(backend, { loss: differences(teacher), accumulate });
      expect(value).toBeCloseTo(3 * (1 - 0.5 ** 3), 6);
      expect(right(await read(teacher)(backend)())).toEqual(Float32Array.of(3));
    });
  });

  test('gets its parameters on held-out images', async () => {
    await on(async (backend) => {
      const teacher = await scalarOn(backend, 3);
      const { events } = await trained(backend, { loss: differences(teacher), heldOut: { data, every: 1 } }, 1);
      const losses = events.flatMap((event) => (event._tag === 'HeldOut' ? [event.loss] : []));
      expect(losses).toEqual([9, 2.25]);
    });
  });

  test('gets its parameters on the oracle', async () => {
    await on(async (backend) => {
      const teacher = await scalarOn(backend, -1);
      const plain = differences(teacher);
      const logarithm: Objective = (noising, denoiser, options) => (params, inputs) => {
        const { losses, t } = plain(noising, denoiser, options)(params, inputs);
        return { losses: mul(losses, broadcastLike(losses)(log(inputs.teacher as Scalar)) as typeof losses), t };
      };
      const loss = Object.assign(logarithm, { teacher: plain.teacher! });
      const { events } = await trained(backend, { loss, oracle: reference() }, 1);
      expect(events.find(({ _tag }) => _tag === 'NonFinite')).toMatchObject({ origin: expect.stringContaining('log') });
    });
  });

  test('refuses other parameters', async () => {
    const error = await on(async (backend) => {
      const teacher = right(await upload(Float32Array.of(1, 2), [2])(backend)());
      return leftOf(fit({ ...recipe, steps: 1, loss: differences(teacher as never) })(backend));
    });
    expect(error.message).toContain('teacher');
  });
});

test('the number of updates counts up in the steps, and is left out on held-out images', async () => {
  const counted: Objective = (noising, denoiser, options) => (params, inputs) => {
    const { losses, t } = simpleLosses(noising, denoiser, options)(params, inputs);
    const step = inputs.step === undefined ? sub(mul(losses, 0), 1) : broadcastLike(losses)(cast(inputs.step, 'float32'));
    return { losses: step as typeof losses, t };
  }; // oxfmt-ignore
  const { events } = await on((backend) => trained(backend, { loss: counted, heldOut: { data, every: 2 } }));
  const told = events.map((event) => [event._tag, 'loss' in event ? event.loss : NaN]);
  expect(told).toEqual([
    ['HeldOut', -1],
    ['Step', 0],
    ['Step', 1],
    ['HeldOut', -1],
    ['Step', 2],
  ]);
});
