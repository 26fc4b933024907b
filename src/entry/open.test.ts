import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { reference } from '../backends/reference/index.js';
import {
  askBackend,
  type Backend,
  compile,
  errorIn,
  program,
  read,
  reshape,
  square,
  type Tensor,
  upload,
} from '../dsl/index.js';
import { task } from '../dsl/run/effect.js';
import { fail } from '../internal/errors.js';
import { E, F, RTE, TE } from '../internal/fp.js';
import { cancelled } from '../internal/stop.js';
import { open, unwrap } from '../index.js';

const wrong = { where: 'here', expected: 'a', actual: 'b', hint: 'c' };
const four = Float32Array.of(1, 2, 3, 4);

/** The typed error that a promise rejects with. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'no error', errorIn);

describe('open', () => {
  test('runs effects and tasks, of this library and of fp-ts', async () => {
    const nf = await open(reference());
    const value = await nf.run(upload(four, [2, 2]));
    expect([...(await nf.run(read(value)))]).toEqual([1, 2, 3, 4]);
    const step = await nf.run(
      compile(
        program({ x: '2 2' }, ({ x }) => square(x)),
        {},
      ),
    );
    const squares = await nf.run(
      F.pipe(
        TE.fromIO(() => ({ x: value })),
        TE.flatMap(step.run),
      ),
    );
    const numbers = await nf.run(F.pipe(RTE.of(squares), RTE.flatMap(read)));
    expect([...numbers]).toEqual([1, 4, 9, 16]);
    await nf.close();
  });

  test('rejects with an Error that carries the typed error', async () => {
    const nf = await open(reference());
    const thrown: unknown = await nf.run(() => () => Promise.resolve(fail('FileError', wrong))).catch((e) => e);
    expect(thrown).toBeInstanceOf(Error);
    const error = { _tag: 'FileError', message: 'here: expected a, got b; c', ...wrong };
    expect(thrown).toMatchObject({ name: 'FileError', _tag: 'FileError', message: error.message });
    expect(thrown).toHaveProperty('error', error);
    expect(errorIn(thrown)).toEqual(error);
    expect(thrown).not.toHaveProperty('cause');
    // what Node prints for an uncaught error
    const [first, ...places] = inspect(thrown).split('\n');
    expect(['Error [FileError]: ', 'FileError: '].map((tag) => tag + error.message)).toContain(first);
    expect(places.filter((line) => !line.startsWith('    at '))).toEqual([]);
    await nf.close();
  });

  test('rejects with the message alone if a signal stopped the work', async () => {
    const nf = await open(reference());
    const thrown: unknown = await nf.run(() => () => Promise.resolve(fail('Cancelled', wrong))).catch((e) => e);
    expect(inspect(thrown)).toBe('[Cancelled: here: expected a, got b; c]');
    await nf.close();
  });

  test('rejects with the reason of a signal as the cause', async () => {
    const nf = await open(reference());
    const reason = new Error('the visitor left');
    const thrown: unknown = await nf.run(() => () => Promise.resolve(cancelled('here', 'c', reason))).catch((e) => e);
    expect(thrown).toMatchObject({ message: 'here: expected to continue, got a signal to stop: the visitor left; c' });
    expect(thrown).toHaveProperty('cause', reason);
    expect(errorIn(thrown)?.cause).toBe(reason);
    await nf.close();
  });

  test('rejects with a stack that has the line inside the program once, and the line of the run', async () => {
    const nf = await open(reference());
    const body = ({ x }: { readonly x: Tensor<[2]> }) => {
      const lineInBody = () => reshape(x, 3 as never); // also a type error
      return lineInBody();
    };
    const lineOfRun = async () => {
      await nf.run(compile(program({ x: '2' }, body), {}));
    };
    const thrown: unknown = await lineOfRun().catch((e) => e);
    const { stack = '' } = thrown as Error; // see above
    expect(stack.match(/lineInBody/g)).toHaveLength(1);
    expect(stack.match(/lineOfRun/g)).toHaveLength(1);
    expect(stack.match(/expected 2 elements/g)).toHaveLength(1);
    expect(Object.keys(errorIn(thrown) ?? {})).not.toContain('stack');
    expect(structuredClone(errorIn(thrown))).toEqual(errorIn(thrown));
    await nf.close();
  });

  test('rejects if the backend cannot be acquired', async () => {
    expect(await errorOf(open(TE.fromEither(fail('BackendUnavailable', wrong))))).toMatchObject({
      _tag: 'BackendUnavailable',
    });
  });

  test('rejects with a defect as it is', async () => {
    const nf = await open(reference());
    const defect = new RangeError('a defect');
    await expect(nf.run(() => () => Promise.reject(defect))).rejects.toBe(defect);
    await nf.close();
  });

  test('closes once, and runs nothing afterwards', async () => {
    let closings = 0;
    const counted = F.pipe(
      reference(),
      TE.map((backend): Backend => ({ ...backend, close: () => (closings++, backend.close()) })),
    );
    const nf = await open(counted);
    const value = await nf.run(upload(four, [4]));
    await Promise.all([nf.close(), nf.close()]);
    await nf.close();
    expect(closings).toBe(1);
    expect(await errorOf(nf.run(read(value)))).toMatchObject({
      _tag: 'BackendFailure',
      actual: 'a closed one',
      hint: 'run before `close`, and in the block of `await using`; is an `await` missing before nf.run?',
    });
    const other = await open(reference());
    expect(await errorOf(other.run(read(value)))).toMatchObject({
      _tag: 'ValueConsumed',
      actual: 'one of the reference backend, which is closed',
    });
    await other.close();
  });

  test('rejects if closing fails', async () => {
    const failing = F.pipe(
      reference(),
      TE.map((backend): Backend => ({ ...backend, close: TE.fromEither(fail('BackendFailure', wrong)) })),
    );
    expect(await errorOf((await open(failing)).close())).toMatchObject({ _tag: 'BackendFailure' });
  });

  test('is closed by `await using`, also if the block throws', async () => {
    const seen: Backend[] = [];
    const block = async (): Promise<void> => {
      await using nf = await open(reference());
      seen.push(await nf.run(askBackend));
      await nf.run(task(TE.fromEither(fail('NonFinite', wrong))));
    };
    expect(await errorOf(block())).toMatchObject({ _tag: 'NonFinite' });
    expect(seen.map((backend) => backend.closed())).toEqual([true]);
  });

  // JavaScript callers may pass anything
  test.each<[string, (run: (work: never) => Promise<unknown>) => Promise<unknown>, object]>([
    ['a promise', (run) => run(Promise.resolve() as never), { actual: 'a promise' }],
    ['an Either', (run) => run(E.right(1) as never), { actual: 'an Either', hint: 'unwrap it: unwrap(either)' }],
    ['nothing', (run) => run(undefined as never), { actual: 'nothing' }],
    ['a function of something else', (run) => run((() => () => () => 1) as never), { actual: 'a function that returns a function' }],
    ['a backend that was not called', () => open(reference as never), { where: 'open', actual: 'the function that makes one' }],
    ['a backend that is open', async () => open((await open(reference())) as never), { where: 'open', actual: 'an object' }],
    ['an Either that is a promise', async () => unwrap(Promise.resolve(E.right(1)) as never), { where: 'unwrap', actual: 'a promise' }],
  ])('says what to do with %s', async (_, call, expected) => {
    const nf = await open(reference());
    expect(await errorOf(Promise.resolve().then(() => call(nf.run)))).toMatchObject({ _tag: 'ConfigError', ...expected });
    await nf.close();
  }); // oxfmt-ignore
});

test.each<[string, () => unknown]>([
  ['an effect', () => upload(four, [4])],
  ['a task', () => task(TE.right(1))],
  ['an effect that a promise gives', () => Promise.resolve().then(() => upload(four, [4]) as never)],
])('`await` of %s, which would not run it, rejects', async (_, work) => {
  expect(await errorOf(Promise.resolve(work()))).toMatchObject({
    _tag: 'ConfigError',
    where: 'await',
    actual: 'work that has not run',
    hint: 'write await nf.run(…)',
  });
});

describe('unwrap', () => {
  test('returns the value of a Right', () => expect(unwrap(E.right(3))).toBe(3));
  test('throws the error of a Left', () => {
    const thrown = F.pipe(E.tryCatch(() => unwrap(fail('ShapeError', wrong)), errorIn));
    expect(thrown).toMatchObject(E.left({ _tag: 'ShapeError', hint: 'c' }));
  });
  test.each([['no'], [undefined], [null]])('throws a typed error for a Left of %o, which is not an error', (given) => {
    const thrown = E.tryCatch(() => unwrap(E.left(given) as never), errorIn);
    expect(thrown).toMatchObject(E.left({ _tag: 'ConfigError', where: 'Left', actual: `${given}` }));
  });
});
