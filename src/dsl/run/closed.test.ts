/** Values that are used after their backend was closed: each message says so. */
import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { E, F, RTE } from '../../internal/fp.js';
import { compile, iterate, mul, nonFiniteOrigin, program, read, release, upload, using } from '../index.js';

const doubled = program({ x: '2' }, ({ x }) => ({ x: mul(x, 2) }));
const two = Float32Array.of(1, 2);
const backend = right(await reference()());
const step = right(await compile(doubled, {}, { donate: ['x'] })(backend)());
const [x, freed, donated] = [
  right(await upload(two, [2])(backend)()),
  right(await upload(two, [2])(backend)()),
  right(await upload(two, [2])(backend)()),
];
right(await release(freed)(backend)());
right(await step.run({ x: donated })());
right(await backend.close());

const messageOf = (result: E.Either<{ readonly message: string }, unknown>): string =>
  E.isLeft(result) ? result.left.message : 'a Right';
const ended = 'is an `await` missing before nf.run? Or read it before its backend closes, and upload it here';

describe('a value whose backend is closed', () => {
  test.each([
    ['run', () => step.run({ x }), 'input x'],
    ['profile', () => step.profile({ x }), 'input x'],
    ['iterate', () => iterate(step, { times: 2 })({ x })(backend), 'input x'],
    ['read', () => read(x)(backend), 'read'],
    ['read of a value that was released', () => read(freed)(backend), 'read'],
    ['read of a value that was donated', () => read(donated)(backend), 'read'],
    ['release', () => release({ x })(backend), 'release'],
    ['read on another backend', () => using(reference())(read(x)), 'read'],
    ['release on another backend', () => using(reference())(release(x)), 'release'],
    [
      'run on another backend',
      () =>
        using(reference())(
          F.pipe(
            compile(doubled, {}),
            RTE.flatMapTaskEither(({ run }) => run({ x })),
          ),
        ),
      'input x',
    ],
    ['nonFiniteOrigin on another backend', () => using(reference())(nonFiniteOrigin(doubled, {}, { x })), 'input x'],
  ])('%s', async (name, work, where) => {
    const result = await work()();
    expect(messageOf(result)).toBe(
      `${where}: expected a live value, got one of the reference backend, which is closed; ${ended}`,
    );
    const isElsewhere = name.endsWith('another backend');
    expect(result).toMatchObject({ left: { _tag: isElsewhere ? 'ValueConsumed' : 'BackendFailure' } });
  });

  test.each([
    ['upload', () => upload(two, [2])(backend)],
    ['compile', () => compile(doubled, {})(backend)],
    ['run with numbers of the host', () => step.run({ x: two })],
  ])('%s', async (_, work) =>
    expect(messageOf(await work()())).toMatch('the reference backend: expected an open backend, got a closed one; '),
  );
});

test('release of a value of another backend frees nothing, and fails', async () => {
  const [here, there] = [right(await reference()()), right(await reference()())];
  const [own, other] = [right(await upload(two, [2])(here)()), right(await upload(two, [2])(there)())];
  expect(messageOf(await release({ other, own })(here)())).toBe(
    "release: expected a value of the backend 'reference' that runs, got one of another open backend, 'reference'; read it there and upload it here; a trained model: saveTrained there, and loadTrained here",
  );
  expect(here.stats().buffers).toBe(0);
  expect(there.stats().buffers).toBe(1);
  expect(right(await read(other)(there)())).toEqual(Float64Array.from(two));
});
