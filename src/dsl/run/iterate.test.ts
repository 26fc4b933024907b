import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { E, RTE } from '../../internal/fp.js';
import {
  add, type Backend, compile, fail, foldIn, iterate, key, mul, normal, program, raise, read, sum, upload, type Value,
} from '../index.js'; // oxfmt-ignore

/** A step of a random walk that shrinks by a rate. */
const walk = program({ x: '64', rate: '', key: 'key' }, ({ x, rate, key }) => {
  const next = add(mul(x, rate), normal(key, 64));
  return { x: next, total: sum(next) };
});

/** The results of a step. */
interface Walked {
  readonly x: Value<readonly [64]>;
  readonly total: Value<readonly []>;
}

const start = Float32Array.from({ length: 64 }, (_, i) => i);
const inputsOf = (index: number) => ({ rate: 0.5 + index / 1000, key: foldIn(key(7), index) });

const backends = [
  { name: 'reference', acquire: reference() },
  { name: 'wasm', acquire: wasm() },
];

describe.each(backends)('on $name', ({ acquire }) => {
  const onBackend = (test: (backend: Backend) => Promise<void>) => async (): Promise<void> => {
    const backend = right(await acquire());
    await test(backend);
    right(await backend.close());
  };
  const began = async (backend: Backend, donate: readonly 'x'[] = ['x']) => {
    const step = right(await compile(walk, {}, { donate })(backend)());
    const before = backend.stats();
    const x = right(await upload(start, [64])(backend)());
    return { step, x, before };
  };
  const inUse = (backend: Backend) => {
    const { buffers, bytes } = backend.stats();
    return { buffers, bytes };
  };

  test.each([
    { kind: 'is donated', donate: ['x'] },
    { kind: 'is not donated', donate: [] },
  ] as const)('a state that $kind uses constant memory over 1000 steps, and equals that of a loop', ({ donate }) =>
    onBackend(async (backend) => {
      const { step, x } = await began(backend, donate);
      const memory = new Set<string>();
      const options = { times: 1000, inputs: inputsOf, onStep: () => RTE.fromIO(() => memory.add(JSON.stringify(inUse(backend)))) }; // oxfmt-ignore
      const before = inUse(backend);
      const last = right(await iterate(step, options)({ x })(backend)());
      expect(memory.size).toBe(1); // the state and the reported total
      expect(inUse(backend)).toEqual(before);

      let expected = right(await upload(start, [64])(backend)());
      for (let i = 0; i < 1000; i++) expected = right(await step.run({ x: expected, ...inputsOf(i) })()).x;
      expect(right(await read(last.x)(backend)())).toEqual(right(await read(expected)(backend)()));
    })(),
  );

  test(
    'onStep receives the results of every n-th step',
    onBackend(async (backend) => {
      const { step, x } = await began(backend);
      const seen: (readonly [number, number])[] = [];
      const iterated = iterate(step, {
        times: 10,
        every: 3,
        inputs: inputsOf,
        onStep: ({ total }, index) => RTE.map(([n]: Float32Array | Float64Array) => seen.push([index, n!]))(read(total)), // oxfmt-ignore
      });
      right(await iterated({ x })(backend)());
      let y = right(await upload(start, [64])(backend)());
      const totals: number[] = [];
      for (let i = 0; i < 10; i++) {
        const result = right(await step.run({ x: y, ...inputsOf(i) })());
        y = result.x;
        totals.push(right(await read(result.total)(backend)())[0]!);
      }
      expect(seen).toEqual([2, 5, 8].map((index) => [index, totals[index]]));
    }),
  );

  test(
    'onStep may be an ordinary function',
    onBackend(async (backend) => {
      const seen: (readonly [string, number])[] = [];
      const listeners: readonly NonNullable<Parameters<typeof iterate<Walked, Walked>>[1]['onStep']>[] = [
        ({ total }, index) => {
          seen.push([typeof total, index]);
        },
        async ({ total }, index) => {
          const [n] = right(await read(total)(backend)());
          seen.push([typeof n, index]);
        },
        ({ total }, index) =>
          async () => {
            const numbers = await read(total)(backend)();
            return E.map(() => seen.push(['task', index]))(numbers);
          },
      ];
      for (const onStep of listeners) {
        const { step, x } = await began(backend);
        right(await iterate(step, { times: 2, inputs: inputsOf, onStep })({ x })(backend)());
      }
      expect(seen).toEqual([['object', 0], ['object', 1], ['number', 0], ['number', 1], ['task', 0], ['task', 1]]); // oxfmt-ignore
    }),
  );

  test(
    'zero steps keep the state',
    onBackend(async (backend) => {
      const { step, x } = await began(backend);
      const last = right(await iterate(step, { times: 0, inputs: inputsOf })({ x })(backend)());
      expect([...right(await read(last.x)(backend)())]).toEqual([...start]);
    }),
  );

  describe('frees all memory and returns the error if', () => {
    test.each([
      {
        kind: 'an input of a step is invalid',
        options: () => ({
          inputs: (index: number) => ({ ...inputsOf(index), rate: index < 5 ? 1 : Float32Array.of(1, 2) }),
        }),
        error: { _tag: 'ShapeError', where: 'input rate' },
      },
      {
        kind: 'onStep fails',
        options: () => ({
          onStep: (_: unknown, index: number) =>
            index < 5
              ? RTE.right(null)
              : RTE.fromEither(fail('ConfigError', { where: 'here', expected: '', actual: '', hint: '' })),
        }),
        error: { _tag: 'ConfigError', where: 'here' },
      },
      ...[
        {
          kind: 'rejects with an error',
          onStep: async () => raise('ConfigError', { where: 'here', expected: '', actual: '', hint: '' }),
        },
        {
          kind: 'throws an error',
          onStep: () => raise('ConfigError', { where: 'here', expected: '', actual: '', hint: '' }),
        },
        {
          kind: 'returns a promise of an error',
          onStep: async () => fail('ConfigError', { where: 'here', expected: '', actual: '', hint: '' }),
        },
        {
          kind: 'returns a task that fails',
          onStep: () => async () => fail('ConfigError', { where: 'here', expected: '', actual: '', hint: '' }),
        },
      ].map(({ kind, onStep }) => ({
        kind: `onStep ${kind}`,
        options: () => ({ onStep }),
        error: { _tag: 'ConfigError', where: 'here' },
      })),
      {
        kind: 'a signal stops it',
        options: () => {
          const controller = new AbortController();
          return {
            signal: controller.signal,
            onStep: (_: unknown, index: number) =>
              RTE.fromIO(() => index === 4 && controller.abort('the tab is hidden')),
          };
        },
        error: { _tag: 'Cancelled', where: 'iteration, step 5', actual: 'a signal to stop: the tab is hidden' },
      },
      {
        kind: 'the number of steps is invalid',
        options: () => ({ times: 2.5 }),
        error: { _tag: 'ConfigError', where: 'iterate.times', actual: '2.5' },
      },
    ])('$kind', ({ options, error }) =>
      onBackend(async (backend) => {
        for (const donate of [['x'], []] as const) {
          const { step, x, before } = await began(backend, donate);
          const iterated = iterate(step, { times: 10, inputs: inputsOf, ...options() } as never)({ x });
          expect(await iterated(backend)()).toMatchObject(E.left(error));
          expect(inUse(backend)).toEqual({ buffers: before.buffers, bytes: before.bytes });
          step.release();
        }
      })(),
    );

    test.each<[string, () => Promise<void> | void]>([
      [
        'throws',
        () => {
          throw new Error('a defect');
        },
      ],
      ['rejects', () => Promise.reject(new Error('a defect'))],
    ])('onStep %s, and rethrows the exception', async (_, onStep) =>
      onBackend(async (backend) => {
        const { step, x, before } = await began(backend);
        await expect(iterate(step, { times: 2, inputs: inputsOf, onStep })({ x })(backend)()).rejects.toThrow('a defect'); // oxfmt-ignore
        expect(inUse(backend)).toEqual({ buffers: before.buffers, bytes: before.bytes });
      })(),
    );

    test(
      'the state has a member that the step does not return',
      onBackend(async (backend) => {
        const { step, x, before } = await began(backend);
        const rate = right(await upload(Float32Array.of(1), [])(backend)());
        const iterated = iterate(step, { times: 2, inputs: inputsOf })({ x, rate } as { x: typeof x });
        expect(await iterated(backend)()).toMatchObject(
          E.left({ _tag: 'ConfigError', where: 'iteration', actual: 'rate' }),
        );
        expect(inUse(backend)).toEqual({ buffers: before.buffers, bytes: before.bytes });
      }),
    );
  });
});
