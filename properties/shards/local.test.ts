/** Jobs on processes of this machine: the same bytes for any number of them, any size of jobs, and with kills. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm/index.js';
import { key, mean, upload } from '../../src/dsl/index.js';
import { compareFeatures, extractFeatures, featuresOf } from '../../src/evaluation/index.js';
import { open } from '../../src/index.js';
import {
  encodeShards,
  featureShards,
  imagesOfShards,
  likelihoodShards,
  local,
  sampleShards,
  saveNpz,
  savePngs,
  sweepShards,
} from '../../src/shards/index.js';
import { datasetOfImages, decodeNpz, encode, loadTrained, logLikelihoods, saveTrained } from '../../src/training/index.js'; // oxfmt-ignore
import * as diffusion from '../../src/diffusion/index.js';
import { solverCall } from '../../src/shards/jobs/calls.js';
import { bundled } from '../bundled.js';
import { notAsked } from '../asked.js';
import { valueOf } from '../oracles/plans.js';
import { skippedFor } from '../skips.js';
import { diskAt, noDisk } from './disk.js';
import { COUNT, drawing, mine, STEPS } from './drawing.js';
import { bytesIn, childrenOf, numbersOf, openWorld, type World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.remove());

const engine = (processes: number) => local({ processes, threads: 1, worker: world.worker });
const folderFor = (name: string): string => join(world.folder, name);

/** Draws the samples of the tests as jobs. */
const draw = async (name: string, size: number, processes: number, more = {}) =>
  valueOf(
    await sampleShards({
      ...drawing,
      engine: engine(processes),
      folder: folderFor(name),
      checkpoint: world.checkpoint,
      size,
      ...more,
    })(),
  );

test.each([
  [1, 5],
  [2, 7],
  [2, 100],
])('%i processes, %i samples in a job: the samples of one process, to the bit', async (processes, size) => {
  const shards = await draw(`equal-${processes}-${size}`, size, processes);
  expect(shards).toMatchObject({ failures: [], computed: Math.ceil(COUNT / size), reused: 0, retries: 0 });
  expect(await numbersOf(shards)).toEqual(world.expected.data);
});

test('conditions are sent to the processes, each with those of its samples', async () => {
  const shards = await draw('conditions', 7, 2, { labels: undefined, conditions: { label: drawing.labels } });
  expect(await numbersOf(shards)).toEqual(world.expected.data);
});

test('processes that are killed are replaced, and the files have the same bytes', skippedFor(notAsked), async () => {
  const calm = await draw('calm', 2, 1);
  const before = new Set(childrenOf(process.pid));
  let kills = 0;
  const killer = setInterval(() => {
    const victim = childrenOf(process.pid).find((pid) => !before.has(pid));
    if (victim === undefined || kills === 5) return;
    process.kill(victim, 'SIGKILL');
    kills++;
  }, 400);
  const shards = await draw('killed', 2, 2).finally(() => clearInterval(killer));
  expect(kills).toBeGreaterThan(0);
  expect(shards.failures).toEqual([]);
  expect(bytesIn(folderFor('killed'))).toEqual(bytesIn(folderFor('calm')));
  expect(shards.files.map(({ job }) => job)).toEqual(calm.files.map(({ job }) => job));
});

describe('results that are there', () => {
  test('are used, and damaged, foreign and missing ones are computed again', async () => {
    const { files } = await draw('again', 5, 1);
    const bytes = bytesIn(folderFor('again'));
    expect(await draw('again', 5, 1)).toMatchObject({ computed: 0, reused: 5 });
    truncateSync(files[0]!.path, 300);
    writeFileSync(files[1]!.path, readFileSync(files[2]!.path));
    rmSync(files[3]!.path);
    expect(await draw('again', 5, 1)).toMatchObject({ computed: 3, reused: 2 });
    expect(bytesIn(folderFor('again'))).toEqual(bytes);
  });

  test('of a run that was stopped are used by the next one, and its processes end', skippedFor(notAsked), async () => {
    const before = new Set(childrenOf(process.pid));
    const own = () => childrenOf(process.pid).filter((pid) => !before.has(pid));
    const signal = { aborted: false };
    const onShard = (done: number): void => void (signal.aborted = done >= 8);
    const options = {
      ...drawing,
      engine: engine(2),
      folder: folderFor('stopped'),
      checkpoint: world.checkpoint,
      size: 4,
    };
    const stopped = await sampleShards({ ...options, signal, onShard })();
    expect(stopped).toMatchObject({ left: { _tag: 'Cancelled' } });
    await new Promise((resolve) => setTimeout(resolve, 2000)); // one that were started again would be there
    expect(own()).toEqual([]);
    const shards = valueOf(await sampleShards(options)());
    expect(shards.reused).toBeGreaterThanOrEqual(2);
    expect(await numbersOf(shards)).toEqual(world.expected.data);
  });

  test('a damaged file ends the stream of images with a typed error', async () => {
    const shards = await draw('damaged', 10, 1);
    truncateSync(shards.files[1]!.path, 300);
    const seen = [];
    for await (const images of imagesOfShards(shards)) seen.push(images._tag);
    expect(seen).toEqual(['Right', 'Left']);
  });
});

test('a job that fails is reported after its attempts, and the others go on', async () => {
  const labels = drawing.labels.map((label, i) => (i === 7 ? 9 : label)); // the model has three classes
  const model = 'same'; // a name that only workers know, so that only they see the labels of another model
  const shards = await draw('failing', 5, 2, { labels, model, attempts: 2 });
  expect(shards).toMatchObject({ retries: 1, computed: 5 });
  expect(shards.files.map(({ range }) => range[0])).toEqual([0, 10, 15, 20]);
  expect(shards.failures).toMatchObject([{ range: [5, 5], error: { _tag: 'ConfigError' } }]);
  expect(await savePngs(shards, folderFor('none'))()).toMatchObject({
    left: { where: expect.stringContaining('items 5 to 9') },
  });
});

describe('a model that only the worker knows', () => {
  const drawMine = async (name: string | undefined) => {
    const checkpoint = folderFor(`mine-${name}.safetensors`);
    const nf = await open(wasm({ threads: 1 }));
    const params = await nf.run(upload(Float32Array.of(0.5), []));
    const trained = { model: mine, params, noising: valueOf(diffusion.ddpm(diffusion.cosine(100))), image: [8, 8, 1] } as const; // oxfmt-ignore
    await nf.run(saveTrained(checkpoint, trained, name === undefined ? {} : { name }));
    await nf.close();
    const sampling = { solver: ['ddim'], grid: 2 } as const;
    const labels = undefined;
    return draw(`mine-${name}`, 5, 1, { sampling, labels, count: 2, checkpoint, model: 'mine', attempts: 1 });
  };

  test.each(['mine', undefined])('samples a file of its name in `models`, or of none: %s', async (name) => {
    const shards = await drawMine(name);
    expect(shards).toMatchObject({ failures: [], computed: 1 });
    expect(new Set(await numbersOf(shards))).toEqual(new Set([0.5]));
  });

  test('refuses a file of another name', async () => {
    expect((await drawMine('other')).failures).toMatchObject([
      {
        error: {
          _tag: 'CheckpointMismatch',
          where: expect.stringContaining('mine-other.safetensors: model.name'),
          expected: '"mine"',
          actual: '"other"',
          hint: 'give the name in the file: { model, name: "other" }',
        },
      },
    ]);
  });
});

test('a job that ends ten workers is reported', skippedFor(notAsked), async () => {
  const data = valueOf(datasetOfImages(world.expected));
  const result = await featureShards({ engine: engine(1), folder: folderFor('fatal'), data, network: 'fatal' })();
  expect(result).toMatchObject({ left: { actual: expect.stringContaining('10 workers that were lost') } });
});

test(
  'a full disk ends the run, keeps what is written, and the next run goes on',
  skippedFor(noDisk || notAsked),
  async () => {
    await draw('roomy', 2, 1);
    const folder = folderFor('full');
    const disk = diskAt(folder, 6);
    try {
      const options = { ...drawing, engine: engine(2), folder, checkpoint: world.checkpoint, size: 2 };
      expect(await sampleShards(options)()).toMatchObject({
        left: { _tag: 'FileError', actual: expect.stringContaining('ENOSPC') },
      });
      const whole = bytesIn(folder);
      expect(whole.size).toBeGreaterThan(0);
      for (const [name, bytes] of whole) expect([name, bytes]).toEqual([name, bytesIn(folderFor('roomy')).get(name)]);
      disk.grow();
      const shards = valueOf(await sampleShards(options)());
      expect(shards.reused).toBe(whole.size);
      expect(bytesIn(folder)).toEqual(bytesIn(folderFor('roomy')));
    } finally {
      disk.remove();
    }
  },
);

test('a sweep draws each combination with the same key', async () => {
  const points = valueOf(
    await sweepShards({
      ...{ ...drawing, engine: engine(2), folder: folderFor('sweep'), checkpoint: world.checkpoint },
      over: { grid: [2, STEPS], batch: [4, 5] },
    })(),
  );
  expect(points.map(({ sampling: { grid, batch } }) => [grid, batch])).toEqual([[2, 4], [2, 5], [STEPS, 4], [STEPS, 5]]); // oxfmt-ignore
  expect(await numbersOf(points[3]!.shards)).toEqual(world.expected.data);
  expect(await numbersOf(points[0]!.shards)).not.toEqual(world.expected.data);
});

test('results of several runs are joined in order, and refused if they have items in common', async () => {
  const part = (name: string, first: number, count: number) =>
    draw(name, 5, 1, { first, labels: drawing.labels.slice(first, first + count) });
  const [a, b, both] = [await part('a', 0, 10), await part('b', 10, COUNT - 10), await part('both', 8, 5)];
  const joined = { ...a, files: [...b.files, ...a.files] };
  expect(await numbersOf(joined)).toEqual(world.expected.data);
  expect(await savePngs({ ...a, files: [...a.files, ...both.files] }, folderFor('twice'))()).toMatchObject({
    left: { _tag: 'ConfigError', where: 'savePngs: shards.files', actual: 'items 8 to 9 twice' },
  });
});

describe('images for other programs', () => {
  test('PNG files by index, and an .npz of bytes', async () => {
    const shards = await draw('pictures', 6, 1);
    expect(valueOf(await savePngs(shards, folderFor('pngs'))())).toBe(COUNT);
    expect(readdirSync(folderFor('pngs')).at(-1)).toBe('000022.png');
    valueOf(await saveNpz(shards, folderFor('samples.npz'))());
    const arrays = valueOf(decodeNpz('samples.npz')(new Uint8Array(readFileSync(folderFor('samples.npz')))));
    const bytes = Uint8ClampedArray.from(world.expected.data, (x) => (x + 1) * 127.5);
    expect(arrays.get('arr_0')).toEqual({ shape: [COUNT, 8, 8, 1], data: new Uint8Array(bytes) });
  });
});

describe('work on images equals that of one process, digit by digit', skippedFor(notAsked), () => {
  const onOne = async <A>(use: (nf: Awaited<ReturnType<typeof open>>) => Promise<A>): Promise<A> => {
    const nf = await open(wasm({ threads: 1 }));
    return use(nf).finally(() => nf.close());
  };
  const common = (name: string) => ({
    ...{ engine: engine(2), folder: folderFor(name), checkpoint: world.checkpoint, size: 6 },
    data: valueOf(datasetOfImages(world.expected, { labels: drawing.labels })),
  });

  test('encode', async () => {
    const shards = valueOf(
      await encodeShards({ ...common('encoded'), sampling: { solver: ['ddimInversion'], grid: 3 } })(),
    );
    const noise = await onOne(async (nf) =>
      nf.run(
        encode(await nf.run(loadTrained(world.checkpoint)), {
          images: world.expected,
          labels: drawing.labels,
          grid: 3,
        }),
      ),
    );
    expect(await numbersOf(shards)).toEqual(noise.data);
  });

  test('likelihoods', async () => {
    const actual = valueOf(await likelihoodShards({ ...common('likelihoods'), grid: ['spaced', 4], key: key(5) })());
    const expected = await onOne(async (nf) =>
      nf.run(
        logLikelihoods(
          (await nf.run(loadTrained(world.checkpoint))) as never,
          {
            data: common('').data,
            grid: diffusion.spaced(4),
            batch: COUNT,
            key: key(5),
          } as never,
        ),
      ),
    );
    expect(actual).toEqual(expected);
  });

  test('features, and FID of them', async () => {
    const { checkpoint: _checkpoint, ...options } = common('features');
    const actual = valueOf(await featureShards({ ...options, network: 'means' })());
    const means = featuresOf([8, 8, 1], (images) => mean(images, [2, 3]));
    const expected = await onOne((nf) => nf.run(extractFeatures(means, world.expected)));
    expect(actual).toEqual(expected);
    const fid = (features: typeof actual) => valueOf(compareFeatures(features, expected)).fid;
    expect(fid(actual)).toBe(fid(expected));
  });
});

describe('a scheduler divides the work among plain processes', skippedFor(notAsked), () => {
  test.each<readonly [string, (index: number) => Readonly<Record<string, string>>]>([
    ['Slurm', (index) => ({ SLURM_ARRAY_TASK_ID: `${index}`, SLURM_ARRAY_TASK_COUNT: '3' })],
    ['Kubernetes', (index) => ({ JOB_COMPLETION_INDEX: `${index}` })],
  ])('%s', async (name, environment) => {
    const program = join(world.folder, 'array.mjs');
    writeFileSync(program, await bundled(new URL('./arrayProgram.ts', import.meta.url), { node: true }));
    const tasks = [0, 1, 2].map((index) =>
      promisify(execFile)(process.execPath, [program, world.worker, world.checkpoint, folderFor(name), '3'], {
        env: { ...process.env, ...environment(index) },
      }),
    );
    await Promise.all(tasks);
    const shards = await draw(name, 4, 1);
    expect(shards).toMatchObject({ computed: 0, reused: Math.ceil(COUNT / 4) });
    expect(await numbersOf(shards)).toEqual(world.expected.data);
  });
});

describe('refuses', () => {
  const given = (more: object) =>
    sampleShards({
      ...drawing,
      engine: engine(1),
      folder: folderFor('refused'),
      checkpoint: world.checkpoint,
      ...more,
    } as never)();
  test.each<readonly [string, object, object]>([
    [
      'an unknown solver',
      { sampling: { solver: ['ddmi'] } },
      { where: 'sampling.solver', hint: expect.stringContaining('did you mean ddim') },
    ],
    [
      'a solver itself',
      { sampling: { solver: { plan: () => [] } } },
      { expected: expect.stringContaining("['dpmSolverPP'") },
    ],
    ['a name of Object', { sampling: { solver: ['toString'] } }, { where: 'sampling.solver' }],
    ['a misspelt option', { folders: 'x' }, { where: 'sampleShards.folders' }],
    ['labels and another count', { count: 3 }, { where: 'sampleShards.labels' }],
    [
      'a class that the model lacks',
      { labels: drawing.labels.map(() => 9) },
      { where: 'sampleShards: label of sample 0' },
    ],
    ['a solver of flows on a schedule', { sampling: { solver: ['flowEuler'], grid: 3 } }, { _tag: 'ConfigError' }],
    [
      'an order that the solver lacks',
      { sampling: { solver: ['dpmSolverPP', { order: 7 }] } },
      { where: 'dpmSolverPP.order' },
    ],
    [
      'guidance of a scale that is no number',
      { sampling: { solver: ['ddim'], guidance: ['cfg', NaN] } },
      { where: 'cfg' },
    ],
    ['no checkpoint', { checkpoint: '/nowhere.safetensors' }, { _tag: 'FileError' }],
    ['a program that is no worker', { engine: local({ worker: '/nowhere.mjs' }) }, { _tag: 'BackendUnavailable' }],
  ])('%s', async (_name, more, error) => {
    expect(await given(more)).toMatchObject({ left: error });
  });

  test('a trained file that is damaged', async () => {
    const path = folderFor('broken.safetensors');
    writeFileSync(path, readFileSync(world.checkpoint).subarray(0, 5000));
    expect(await given({ checkpoint: path })).toMatchObject({ left: { _tag: 'DecodeError' } });
  });
});

test('each solver of the library can be called by its name', () => {
  const solvers = Object.entries(diffusion).flatMap(([name, maker]) => {
    try {
      const made: unknown = (maker as () => unknown)();
      return typeof made === 'object' && made !== null && 'plan' in made ? [name] : [];
    } catch {
      return []; // no function, or one that needs arguments
    }
  });
  expect(solvers.length).toBeGreaterThan(20);
  expect(solvers.filter((name) => !solverCall.is([name]))).toEqual([]);
});
