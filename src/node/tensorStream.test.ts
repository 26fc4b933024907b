import { execFileSync } from 'node:child_process';
import type * as FileSystem from 'node:fs/promises';
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, afterEach, describe, expect, vi } from 'vitest';
import { reference } from '../backends/reference/index.js';
import { type Backend, key, type NoisefoldError, read, treeSpec, using } from '../dsl/index.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
  type TensorFile,
} from '../formats/safetensors/safetensors.js';
import { E, F, RTE, TE } from '../internal/fp.js';
import { faults } from '../../properties/faults.js';
import { leftOf, right } from '../training/testing.js';
import { findCheckpoint, loadCheckpoint, saveCheckpoint } from '../checkpoints/checkpoint.js';
import { fileExists, readBytes } from './files.js';
import type { Snapshot } from '../checkpoints/snapshot.js';
import { loadTensors } from '../checkpoints/tensorFiles.js';
import { withTensors, writeTensors } from './tensorStream.js';
import { skippedFor } from '../../properties/skips.js';

const isWindows = process.platform === 'win32';
const noPipes = isWindows ? 'Windows has no named pipes among its files' : '';
const noModes = isWindows ? 'Windows has no modes of files' : '';
const isRoot = process.getuid?.() === 0 ? 'root may read every file' : '';

const folder = await mkdtemp(join(tmpdir(), 'noisefold-stream-'));
afterAll(() => rm(folder, { recursive: true }));
let files = 0;
const newPath = (): string => join(folder, `${files++}.safetensors`);

const tensors: fc.Arbitrary<StoredTensor> = fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const size = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.float64Array(size).map((data): StoredTensor => ({ dtype: 'F64', shape, data })),
    fc.float32Array(size).map((data): StoredTensor => ({ dtype: 'F32', shape, data })),
    fc.bigInt64Array(size).map((data): StoredTensor => ({ dtype: 'I64', shape, data })),
    fc.uint16Array(size).map((data): StoredTensor => ({ dtype: 'BF16', shape, data })),
    fc.uint8Array({ ...size, max: 1 }).map((data): StoredTensor => ({ dtype: 'BOOL', shape, data })),
  );
});
const tensorFiles: fc.Arbitrary<TensorFile> = fc.record({
  tensors: fc.dictionary(fc.string(), tensors, { maxKeys: 5 }).map((byName) => new Map(Object.entries(byName))),
  metadata: fc.dictionary(fc.constantFrom('a', 'b'), fc.string(), { noNullPrototype: true }),
});

/** All of a file, tensor by tensor. */
const readAll = (path: string) =>
  withTensors(path, { finite: false }, ({ entries, metadata, tensor }) =>
    F.pipe(
      [...entries.values()],
      TE.traverseSeqArray((entry) => TE.map((stored: StoredTensor) => [entry.name, stored] as const)(tensor(entry))),
      TE.map((pairs): TensorFile => ({ tensors: new Map(pairs), metadata })),
    ),
  );

const messageOf = (result: E.Either<NoisefoldError, unknown>): string =>
  E.match(
    ({ _tag, message }: NoisefoldError) => `${_tag} ${message}`,
    () => 'accepted',
  )(result);

describe('a file on a disk', () => {
  test.prop([tensorFiles], { numRuns: faults(100, 1000) })(
    'has the same bytes as one in memory, and returns the tensors',
    async (file) => {
      const path = newPath();
      right(await writeTensors(path, file)());
      expect(Buffer.compare(await readFile(path), right(encodeSafetensors(file)))).toBe(0);
      expect(right(await readAll(path)())).toEqual(file);
    },
  );

  test.prop([tensorFiles, fc.nat(), fc.nat(7), fc.boolean()], { numRuns: faults(300, 10_000) })(
    'that is damaged or truncated is refused with the same message as in memory',
    async (file, position, bit, cut) => {
      const path = newPath();
      const bytes = right(encodeSafetensors(file));
      const at = position % bytes.length;
      if (!cut) bytes[at]! ^= 1 << bit;
      const damaged = cut ? bytes.subarray(0, at) : bytes;
      await writeFile(path, damaged);
      const inMemory = decodeSafetensors(path)(damaged);
      const onDisk = await readAll(path)();
      expect(messageOf(onDisk)).toBe(messageOf(inMemory));
      expect(onDisk).toEqual(inMemory);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 100 })], { numRuns: faults(50, 2000) })(
    'of arbitrary bytes is refused as in memory',
    async (bytes) => {
      const path = newPath();
      await writeFile(path, bytes);
      expect(messageOf(await readAll(path)())).toBe(messageOf(decodeSafetensors(path)(bytes)));
    },
  );

  test('of another writer may have unaligned numbers, which are copied', async () => {
    const path = newPath();
    const header =
      '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}';
    await writeFile(path, [
      new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer),
      new TextEncoder().encode(header),
      Uint8Array.of(7, 0, 0, 128, 63, 0, 0, 0, 192),
    ]);
    const { tensors: found } = right(await readAll(path)());
    expect(found.get('w')).toEqual({ dtype: 'F32', shape: [2], data: Float32Array.of(1, -2) });
  });

  test('with a tensor of several pieces reports the position of a NaN, and is not written with NaN', async () => {
    const [path, other] = [newPath(), newPath()];
    const data = new Float32Array(2_500_000);
    data[2_400_001] = NaN;
    const file = { tensors: new Map([['w', { dtype: 'F32', shape: [2_500_000], data } as const]]), metadata: {} };
    right(await writeTensors(path, file)());
    const back = right(await readAll(path)()).tensors.get('w')!.data;
    expect(Buffer.compare(new Uint8Array(back.buffer), new Uint8Array(data.buffer))).toBe(0);
    const finite = withTensors(path, { finite: true }, ({ entries, tensor }) => tensor(entries.get('w')!));
    expect(await leftOf(finite)).toMatchObject({
      _tag: 'DecodeError',
      where: `${path}: w`,
      actual: 'NaN at position 2400001',
    });
    expect(await leftOf(writeTensors(other, file, { finite: true }))).toMatchObject({
      _tag: 'ConfigError',
      actual: 'NaN at position 2400001',
    });
    expect((await readdir(folder)).filter((name) => name.includes(other.slice(folder.length + 1)))).toEqual([]);
  });

  test('of 16-bit numbers is loaded as float32', async () => {
    const path = newPath();
    const file: TensorFile = {
      tensors: new Map([
        ['half', { dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0xc100, 0x0001) }],
        ['brain', { dtype: 'BF16', shape: [2], data: Uint16Array.of(0x3f80, 0xc020) }],
      ]),
      metadata: {},
    };
    right(await writeTensors(path, file)());
    const loaded = F.pipe(
      loadTensors(path, treeSpec<{ half: never; brain: never }>({ half: '3', brain: '2' })),
      RTE.flatMap(({ half, brain }) => RTE.sequenceArray([read<'float32'>(half), read<'float32'>(brain)])),
      RTE.map((numbers) => numbers.map((some) => [...some])),
    );
    expect(right(await using(reference())(loaded)())).toEqual([
      [1, -2.5, 2 ** -24],
      [1, -2.5],
    ]);
  });

  test('whose last tensor cannot be read leaves nothing on the backend', async () => {
    const path = newPath();
    const bytes = right(
      encodeSafetensors({
        tensors: new Map<string, StoredTensor>([
          ['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
          ['b', { dtype: 'BOOL', shape: [1], data: Uint8Array.of(1) }],
        ]),
        metadata: {},
      }),
    );
    bytes[bytes.length - 1] = 2; // a bool beyond 0 and 1
    bytes.fill(0x58, 8 + '{"__metadata__":{"'.length, 8 + '{"__metadata__":{"crc32'.length); // the checksum is ordinary metadata
    await writeFile(path, bytes);
    let held = 0;
    const counted = (backend: Backend): Backend => ({
      ...backend,
      upload: (...args) => (held++, backend.upload(...args)),
      release: (buffer) => (held--, backend.release(buffer)),
    });
    await using(reference())((backend) =>
      TE.fromTask(async () => {
        const loaded = loadTensors(path, treeSpec({ a: '2', b: '1:bool' }))(counted(backend));
        expect(messageOf(await loaded())).toContain('b: expected bytes of 0 or 1, got 2');
      }),
    )();
    expect(held).toBe(0);
  });
});

const snapshot: Snapshot = {
  step: 400,
  key: key(7),
  batch: 32,
  config: { base: 8 },
  tensors: new Map([
    ['params.w', { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }],
    ['step', { dtype: 'I32', shape: [], data: Int32Array.of(400) }],
  ]),
};

describe('a checkpoint to resume from', () => {
  test('is found, and is missing only if nothing has its name', async () => {
    const path = newPath();
    expect(right(await findCheckpoint(path)())).toBe(null);
    right(await saveCheckpoint(path)(snapshot)());
    expect(right(await findCheckpoint(path)())).toEqual(snapshot);
    expect(right(await findCheckpoint(join(folder, 'no-folder', 'x'))())).toBe(null);
  });

  test('in a folder that is a link is found', async () => {
    await mkdir(join(folder, 'run'));
    await symlink(join(folder, 'run'), join(folder, 'linked-run'));
    right(await saveCheckpoint(join(folder, 'linked-run', 'x'))(snapshot)());
    expect(right(await findCheckpoint(join(folder, 'linked-run', 'x'))())).toEqual(snapshot);
  });

  test.each<readonly [string, (path: string) => Promise<unknown> | unknown, RegExp]>([
    ['a folder', (path) => mkdir(path), /FileError .*something that is not a regular file/],
    ['a broken link', (path) => symlink(`${path}-gone`, path), /FileError .*a symbolic link/],
    [
      'a link to a checkpoint',
      (path) => symlink(join(folder, 'real'), path),
      /FileError .*a symbolic link; give the path/,
    ],
    ['an empty file', (path) => writeFile(path, ''), /DecodeError .*a safetensors file, got 0 bytes/],
    ['other bytes', (path) => writeFile(path, 'a letter, and no tensors'), /DecodeError/],
    ['in a folder that is a file', (path) => rm(path, { force: true }), /FileError .*ENOTDIR/],
  ])('is an error, not a new run, if it is %s', async (name, make, message) => {
    right(await saveCheckpoint(join(folder, 'real'))(snapshot)());
    const path = name === 'in a folder that is a file' ? join(folder, 'real', 'x') : newPath();
    if (name !== 'in a folder that is a file') await make(path);
    expect(messageOf(await findCheckpoint(path)())).toMatch(message);
  });

  test('is an error at once if it is a pipe without a writer', skippedFor(noPipes), async () => {
    const path = newPath();
    execFileSync('mkfifo', [path]);
    const refused = /FileError .*something that is not a regular file/;
    expect(messageOf(await findCheckpoint(path)())).toMatch(refused);
    expect(messageOf(await loadCheckpoint(path)())).toMatch(refused);
    expect(messageOf(await fileExists(path)())).toMatch(refused);
    expect(messageOf(await readBytes(path)())).toMatch(refused);
    expect(messageOf(await saveCheckpoint(path)(snapshot)())).toMatch(refused);
  });

  test('is an error if it may not be read', skippedFor(noModes || isRoot), async () => {
    const path = newPath();
    await writeFile(path, '', { mode: 0 });
    expect(messageOf(await findCheckpoint(path)())).toMatch(/FileError .*EACCES/);
  });
});

/** Node's file system, in which the step with a given number fails; counts the steps. */
const failingAt = (actual: typeof FileSystem, place: number, code: string) => {
  const steps: string[] = [];
  const step = async <A>(name: string, work: () => Promise<A>): Promise<A> => {
    steps.push(name);
    if (steps.length - 1 === place) throw Object.assign(new Error(`${code}: injected, ${name}`), { code });
    return work();
  };
  const names = ['read', 'write', 'writeFile', 'sync', 'chmod', 'stat'] as const;
  const fs = {
    ...actual,
    ...Object.fromEntries(
      (['lstat', 'stat', 'readdir', 'rename', 'mkdir'] as const).map((name) => [
        name,
        (...args: never[]) => step(name, () => (actual[name] as (...a: never[]) => Promise<unknown>)(...args)),
      ]),
    ),
    open: (...args: Parameters<typeof open>) =>
      step('open', async () => {
        const handle = await actual.open(...args);
        for (const name of names) {
          const own = (handle[name] as (...a: unknown[]) => Promise<unknown>).bind(handle);
          Object.assign(handle, { [name]: (...a: unknown[]) => step(name, () => own(...a)) });
        }
        return handle;
      }),
  };
  return { fs, steps };
};

const builtin = process.getBuiltinModule;
afterEach(() => vi.restoreAllMocks());

/** Runs work whose file system fails at a step; returns the names of the steps that it took. */
const withFailure = async (place: number, code: string, work: () => Promise<void>): Promise<readonly string[]> => {
  const { fs, steps } = failingAt(builtin('node:fs/promises'), place, code);
  const spy = vi
    .spyOn(process, 'getBuiltinModule')
    .mockImplementation(((name: string) =>
      name === 'node:fs/promises' ? fs : builtin(name)) as typeof process.getBuiltinModule);
  await work();
  spy.mockRestore();
  return steps;
};

describe('if any one step of the file system fails', () => {
  const codes = faults(1, 4);
  test.each(['ENOSPC', 'EIO', 'EACCES', 'EMFILE'].slice(0, codes))(
    '%s: a saved checkpoint is the complete old or new one, and no temporary file is left',
    async (code) => {
      const inside = await mkdtemp(join(folder, 'faults-'));
      const path = join(inside, 'x');
      const next = { ...snapshot, step: 500 };
      right(await saveCheckpoint(path)(snapshot)());
      const steps = await withFailure(-1, code, async () => right(await saveCheckpoint(path)(next)()));
      expect(steps.length).toBeGreaterThan(8);
      for (let place = 0; place < steps.length; place++) {
        right(await saveCheckpoint(path)(snapshot)());
        let saved: E.Either<NoisefoldError, void> | undefined;
        await withFailure(place, code, async () => void (saved = await saveCheckpoint(path)(next)()));
        const now = right(await loadCheckpoint(path)());
        const isRenamed = steps.lastIndexOf('rename') < place;
        expect([steps[place], now.step]).toEqual([steps[place], isRenamed ? 500 : 400]);
        if (!isRenamed) expect(messageOf(saved!)).toMatch(new RegExp(`^FileError .*${code}`));
        expect(await readdir(inside)).toEqual(['x']);
      }
    },
  );

  test.each(['EIO', 'EACCES', 'EMFILE', 'ENOENT'].slice(0, codes))(
    '%s: looking for a checkpoint is an error, never a missing checkpoint',
    async (code) => {
      const path = newPath();
      right(await saveCheckpoint(path)(snapshot)());
      const steps = await withFailure(-1, code, async () => void right(await findCheckpoint(path)()));
      for (let place = code === 'ENOENT' ? 1 : 0; place < steps.length; place++)
        await withFailure(place, code, async () => {
          expect([steps[place], messageOf(await findCheckpoint(path)())]).toEqual([
            steps[place],
            expect.stringMatching(new RegExp(`^FileError .*${code}`)),
          ]);
        });
    },
  );
});

test('a file in new folders is on the disk with them: the file, its folder and the parent of each new folder are synced', async () => {
  const inside = await mkdtemp(join(folder, 'synced-'));
  const save = async (): Promise<void> => right(await saveCheckpoint(join(inside, 'a', 'b', 'x'))(snapshot)());
  const syncs = async (): Promise<number> => (await withFailure(-1, '', save)).filter((step) => step === 'sync').length;
  expect(await syncs()).toBe(4);
  expect(await syncs()).toBe(2);
});

test('a file that becomes shorter while it is read is a truncated file', async () => {
  const path = newPath();
  right(await saveCheckpoint(path)(snapshot)());
  const bytes = await readFile(path);
  const reading = withTensors(path, { finite: false }, ({ entries, tensor }) =>
    F.pipe(
      TE.fromTask(() => truncate(path, bytes.length - 6)),
      TE.flatMap(() => tensor(entries.get('params.w')!)),
    ),
  );
  expect(messageOf(await reading())).toMatch(/DecodeError .*expected \d+ bytes \(from the header\).*truncated/);
});
