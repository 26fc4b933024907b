import { expect, test } from 'vitest';
import { valueOf } from '../../../properties/oracles/plans.js';
import type { Backend, HostArray } from '../../dsl/plan/backend.js';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { E, TE, type taskEither } from '../../internal/fp.js';
import { reference } from '../reference/index.js';
import { auto, type AutoOptions, firstWorking, type Tried } from './auto.js';
import { type BackendName, ORDER } from './candidates.js';

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

const absent = (name: string): NoisefoldError =>
  failure('BackendUnavailable', { where: `the ${name} backend`, expected: 'its package', actual: 'none', hint: 'install it' }); // oxfmt-ignore

/** The reference backend under another name. Its name is in `open` while it is open. */
const working =
  (open: Set<string>, name: string, change: (backend: Backend) => Partial<Backend> = () => ({})): Acquire =>
  async () => {
    const backend = valueOf(await reference()());
    open.add(name);
    const close: Backend['close'] = () => {
      open.delete(name);
      return backend.close();
    };
    return E.right({ ...backend, name, ...change(backend), close });
  };

const tryAll = async (acquires: Partial<Readonly<Record<BackendName, Acquire>>>) => {
  const tried: Tried[] = [];
  const result = await firstWorking((name) => acquires[name] ?? TE.left(absent(name)))({
    onTried: (one) => () => void tried.push(one),
  })();
  return { tried, result };
};

test('takes the first backend that works, and reports why earlier ones were rejected', async () => {
  const open = new Set<string>();
  const { tried, result } = await tryAll({ wasm: working(open, 'wasm'), reference: working(open, 'reference') });
  expect(valueOf(result).name).toBe('wasm');
  expect(tried).toEqual([
    { backend: 'webgpu', error: absent('webgpu') },
    { backend: 'tfjs-node-gpu', error: absent('tfjs-node-gpu') },
    { backend: 'wasm', error: null },
  ]);
  expect([...open]).toEqual(['wasm']);
});

test('rejects and closes a backend that computes wrong results', async () => {
  const open = new Set<string>();
  const wrong = working(open, 'webgpu', ({ read }) => ({
    read: (buffer) => TE.map((data: HostArray) => data.map((x) => x * 1.001) as HostArray)(read(buffer)),
  }));
  const { tried, result } = await tryAll({ webgpu: wrong, reference: working(open, 'reference') });
  expect(valueOf(result).name).toBe('reference');
  expect(tried[0]!.error?.message).toMatch(/^the webgpu backend: expected a loss of .* in the trial program, got /);
  expect([...open]).toEqual(['reference']);
});

test('rejects and closes a backend that fails or throws in the trial', async () => {
  const open = new Set<string>();
  const { tried, result } = await tryAll({
    'tfjs-node-gpu': working(open, 'tfjs-node-gpu', () => ({ compile: () => TE.left(absent('compiler')) })),
    webgpu: working(open, 'webgpu', () => ({
      compile: () => () => {
        throw new Error('a driver');
      },
    })),
    'tfjs-node': working(open, 'tfjs-node'),
  });
  expect(valueOf(result).name).toBe('tfjs-node');
  const driver = expect.stringMatching(/^Error: a driver /);
  expect(tried.map(({ error }) => error?.actual ?? null)).toEqual([driver, 'none', 'none', null]);
  expect([...open]).toEqual(['tfjs-node']);
});

test('passes options to the backend of that name', async () => {
  const open = new Set<string>();
  const given: unknown[] = [];
  const options = { wasm: { portable: true }, webgpu: { fallback: true } };
  const result = await firstWorking((name, all) => {
    given.push(all);
    return working(open, name);
  })({ order: ['wasm'], ...options })();
  expect(valueOf(result).name).toBe('wasm');
  expect(given).toEqual([options]);
});

test('rejects unknown options and lists the known ones', async () => {
  const errorOf = async (options: unknown): Promise<unknown> => {
    const result = await auto(options as AutoOptions)();
    return E.isLeft(result) && `${result.left._tag} ${result.left.message}`;
  };
  expect(await errorOf({ order: ['wgpu'] })).toMatch(
    /^ConfigError auto\.order\.0: expected "webgpu" \| .* \| "tfjs-cpu", got "wgpu"; /,
  );
  expect(await errorOf({ oder: ['wasm'] })).toMatch(
    /^ConfigError auto\.oder: expected one of the fields order, onTried, webgpu, wasm, got an unknown field; did you mean order\?$/,
  );
  expect(await errorOf({ wasm: { portabel: true } })).toMatch(
    /^ConfigError auto\.wasm\.portabel: expected one of the fields threads, portable, pairing, kernels, onNotice, got an unknown field; did you mean portable\?$/,
  );
  expect(await errorOf({ webgpu: { hardwear: true } })).toMatch(/did you mean hardware\?/); // oxfmt-ignore
  expect(await errorOf({ onTried: 'loudly' })).toMatch(/^ConfigError auto\.onTried: expected a function, /);
  expect(await errorOf(null)).toMatch(/^ConfigError auto: expected /);
});

test('reports the reasons of all backends if none works', async () => {
  const { result } = await tryAll({});
  expect(E.isLeft(result) && result.left._tag).toBe('BackendUnavailable');
  for (const name of ORDER) expect(E.isLeft(result) && result.left.message).toContain(absent(name).message);
  expect(await auto({ order: [] })()).toMatchObject({ left: { actual: 'an empty order' } });
});

test('a throwing onTried ends the search with a ConfigError and leaves no backend open', async () => {
  const closed: string[] = [];
  const search = firstWorking(
    (name) => async () =>
      E.map((backend: Backend): Backend => ({
        ...backend,
        close: () => {
          closed.push(name);
          return backend.close();
        },
      }))(await reference()()),
  );
  for (const onTried of [
    () => () => {
      throw new Error('mine');
    },
    () => undefined as never,
  ])
    // oxfmt-ignore
    expect(await search({ order: ['wasm'], onTried })()).toMatchObject({
      left: { _tag: 'ConfigError', where: 'auto.onTried', expected: 'a function that returns an effect and does not throw' },
    });
  expect(closed).toEqual(['wasm', 'wasm']);
});

test('finds a backend on this machine, and skips a software-emulated GPU', async () => {
  const tried: Tried[] = [];
  const backend = valueOf(await auto({ onTried: (one) => () => void tried.push(one) })());
  expect(tried.at(-1)).toEqual({ backend: backend.name, error: null });
  expect(tried.map((one) => one.backend)).toEqual(ORDER.slice(0, tried.length));
  expect(await backend.close()).toEqual(E.right(undefined));
});
