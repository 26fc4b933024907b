import { describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { ancestral, cfg, cosine, ddpm, labelOf, type Model } from '../../diffusion/index.js';
import { add, type Backend, cast, failure, key, mean, mul, scaleBy, tanh, using } from '../../dsl/index.js';
import type { Runner } from '../../dsl/plan/backend.js';
import { E, TE } from '../../internal/fp.js';
import { layer } from '../../nn/index.js';
import { leftOf, right } from '../testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { prepareSampling } from './prepareSampling.js';
import { sample } from './sample.js';

const noising = right(ddpm(cosine(1000)));
/** A model with classes and without parameters, whose x̂₀ depends on x_t and on the class. */
const model: Model<object, [2, 2, 1]> = {
  ...layer({}, () => null),
  predicts: 'x0',
  conditions: { label: { classes: 3 } },
  apply: (_, x, at) => {
    const label = labelOf(at);
    if (label === undefined) return tanh(x);
    const number = cast(label, 'float32');
    return add(tanh(x), mul(mean(number), scaleBy(x, number)));
  },
};
const trained: Trained<object, [2, 2, 1]> = { model, noising, image: [2, 2, 1], params: {} };
const parts = { solver: ancestral(), grid: 6, guidance: cfg(1.5) };

const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const labels = [0, 1, 2, 1] as const;
const noise = { data: Float32Array.of(0.5, -1, 2, 0), shape: [1, 2, 2, 1] } as const;

describe('a prepared sampling', () => {
  test('draws the samples of `sample` with the same batch size, compiles once, and frees its memory', () =>
    onWasm(async (backend) => {
      let plans = 0;
      const counting: Backend = { ...backend, compile: (plan) => (plans++, backend.compile(plan)) };
      const whole = right(await sample({ ...parts, batch: 2, labels, key: key(1) })(trained)(backend)());
      const prepared = right(await prepareSampling(trained, { ...parts, batch: 2 })(counting)());
      expect(plans).toBe(3); // begin, step and end
      for (const _ of [1, 2]) expect(right(await prepared.sample({ labels, key: key(1) })())).toEqual(whole);
      expect(plans).toBe(3);
      right(await prepared.release());
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }));

  test('names the function that takes an option of the other', () =>
    onWasm(async (backend) => {
      const message = (await leftOf(prepareSampling(trained, { ...parts, key: key(1) } as never)(backend))).message;
      expect(message).toMatch(/^prepareSampling.key: .*; give it to each request: prepared.sample\({ … }\)$/);
      const prepared = right(await prepareSampling(trained, parts)(backend)());
      const refusal = await leftOf(prepared.sample({ labels, key: key(1), batch: 2 } as never));
      expect(refusal.message).toMatch(/^sample.batch: .*; give it to prepareSampling$/);
      right(await prepared.release());
    }));

  test('gives each of several concurrent requests the samples that it gets alone', () =>
    onWasm(async (backend) => {
      const prepared = right(await prepareSampling(trained, { ...parts, batch: 2 })(backend)());
      const requests = [
        { labels: [0], key: key(1) },
        { labels: [2, 1, 0], key: key(2) },
        { labels: [1, 1, 1], from: { noise }, key: key(3) }, // another kind of start needs more programs
        { labels: [2, 1, 0], key: key(2) },
      ];
      const alone = [];
      for (const request of requests) alone.push(await prepared.sample(request)());
      const together = await Promise.all(requests.map((request) => prepared.sample(request)()));
      expect(together).toEqual(alone);
      expect(together.map((images) => right(images).shape[0])).toEqual([1, 3, 3, 3]);
      right(await prepared.release());
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }));

  test('keeps the programs of the four forms of requests that were used last, and of those in use', () =>
    onWasm(async (backend) => {
      let [compiled, kept] = [0, 0];
      const counting: Backend = {
        ...backend,
        compile: (plan) =>
          TE.map((runner: Runner) => {
            compiled++;
            kept++;
            return { ...runner, release: () => (kept--, runner.release()) };
          })(backend.compile(plan)),
      };
      const prepared = right(await prepareSampling(trained, { ...parts, grid: 10 })(counting)());
      const images = { ...noise, data: Float32Array.of(0.5, -1, 1, 0) };
      const at = (strength: number) => prepared.sample({ labels: [1], from: { images, strength }, key: key(3) });
      const programs = 3; // begin, step and end
      const first = right(await at(0.15)());
      for (const strength of [0.25, 0.35, 0.45, 0.19]) right(await at(strength)()); // 0.19 keeps the timesteps of 0.15
      expect([compiled, kept]).toEqual([5 * programs, 4 * programs]); // those that `prepareSampling` compiled are freed
      expect(right(await at(0.15)())).toEqual(first);
      right(await at(0.55)()); // those of 0.25 were used longest ago
      right(await at(0.15)());
      expect([compiled, kept]).toEqual([6 * programs, 4 * programs]);
      const together = await Promise.all([0.15, 0.25, 0.35, 0.45, 0.55, 0.65].map((strength) => at(strength)()));
      expect(together[0]).toEqual(E.right(first));
      together.map(right);
      expect(kept).toBe(4 * programs);
      right(await prepared.release());
      expect(kept).toBe(0);
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }));

  test('compiles again after an error', () =>
    onWasm(async (backend) => {
      let fails = false;
      const lost = failure('BackendFailure', { where: 'wasm', expected: 'memory', actual: 'none', hint: 'free some' });
      const failing: Backend = { ...backend, compile: (plan) => (fails ? TE.left(lost) : backend.compile(plan)) };
      const prepared = right(await prepareSampling(trained, parts)(failing)());
      const request = () => prepared.sample({ labels: [1], from: { noise }, key: key(3) })();
      fails = true;
      expect(await Promise.all([request(), request()])).toEqual([E.left(lost), E.left(lost)]);
      fails = false;
      expect(right(await request()).shape).toEqual([1, 2, 2, 1]);
      right(await prepared.release());
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }));

  test('cancels one request and not the others', () =>
    onWasm(async (backend) => {
      const prepared = right(await prepareSampling(trained, parts)(backend)());
      const stop = new AbortController();
      const onStep = (done: number): void => void (done === 2 && stop.abort());
      const [cancelled, other] = await Promise.all([
        prepared.sample({ labels: [1], key: key(1), onStep, signal: stop.signal })(),
        prepared.sample({ labels: [1], key: key(1) })(),
      ]);
      expect(cancelled).toMatchObject({ left: { _tag: 'Cancelled' } });
      expect(right(other).shape).toEqual([1, 2, 2, 1]);
      right(await prepared.release());
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }));

  test('is released after its requests have ended, and refuses later ones', () =>
    onWasm(async (backend) => {
      const prepared = right(await prepareSampling(trained, parts)(backend)());
      const running = prepared.sample({ labels: [1], key: key(1) })();
      right(await prepared.release());
      expect(right(await running).shape).toEqual([1, 2, 2, 1]);
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
      expect(await leftOf(prepared.sample({ labels: [1], key: key(1) }))).toMatchObject({
        _tag: 'ConfigError',
        actual: 'a sampling that was released',
      });
    }));

  test.each([
    [{ labels: [4], key: key(1) }, 'sample: label of sample 0'],
    [{ lables: [1], key: key(1) }, 'sample.lables'],
    [{ labels: [1] }, 'sample.key'],
    [{ labels: [1], key: key(1), grid: 4 }, 'sample.grid'],
  ])('refuses the request %o, and stays usable', (request, where) =>
    onWasm(async (backend) => {
      const prepared = right(await prepareSampling(trained, parts)(backend)());
      expect(await leftOf(prepared.sample(request as never))).toMatchObject({ _tag: 'ConfigError', where });
      right(await prepared.sample({ labels: [1], key: key(1) })());
      right(await prepared.release());
    }),
  );

  test('names a wrong part', () =>
    onWasm(async (backend) => {
      const wrong = { ...parts, ...({ labels: [1] } as object) };
      expect(await leftOf(prepareSampling(trained, wrong)(backend))).toMatchObject({
        _tag: 'ConfigError',
        where: 'prepareSampling.labels',
      });
    }));
});
