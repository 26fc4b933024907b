import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { add, type Backend, type Dim, key, mean, mul, type Scalar, type Tensor, upload } from '../../dsl/index.js';
import { effect } from '../../dsl/run/effect.js';
import { unwrap } from '../../entry/unwrap.js';
import { featuresOf } from '../../evaluation/index.js';
import { gen, take } from '../../internal/gen.js';
import { E } from '../../internal/fp.js';
import { allOnes, parameter } from '../../nn/index.js';
import type { Images } from '../../training/index.js';
import type { OpenEngine, ShardEngine } from '../jobs/engine.js';
import { checkpointsAt } from '../jobs/checkpoints.js';
import { type Named, toolsOf } from '../jobs/tools.js';
import { runnerOf } from './runner.js';
import { sha256 } from '../jobs/job.js';
import { encodeShards } from './encodeShards.js';
import { featureShards } from './featureShards.js';
import { sampleShards, sampleWork } from './sampleShards.js';
import { rangesOf } from './sharding.js';

const home = mkdtempSync(join(tmpdir(), 'noisefold-sharding-'));
afterAll(() => rmSync(home, { recursive: true }));
let backend: Backend;
beforeAll(async () => {
  backend = unwrap(await reference()());
});

/** Runs jobs in this process, on workers that are given one by one for each job. */
const engineOf = (networks: Named['networks'], change: (run: OpenEngine['run']) => OpenEngine['run'] = (run) => run): ShardEngine => ({
  name: 'here',
  open: () => async () => {
    const tools = toolsOf(backend, checkpointsAt([]), { models: {}, networks });
    const { bits, run } = runnerOf(tools);
    return E.right({
      bits,
      ahead: 1,
      run: change(async (order) => ({ result: await run(order)(), retries: 0 })),
      close: async () => void unwrap(await tools.close()),
    });
  },
}); // oxfmt-ignore

const data: Images = { data: Float32Array.of(0, 1, 0.5, 0.5), shape: [2, 1, 2, 1] };
const looking = (name: string, engine: ShardEngine, network = 'mine') =>
  featureShards({ engine, folder: join(home, name), data, size: 1, network })();

/** The mean of an image plus a weight. */
const weighted = (weight: number) => ({
  mine: effect((to) =>
    gen(function* () {
      const params = yield* take(upload(Float32Array.of(weight), [])(to));
      const apply = (w: Scalar) => (images: Tensor<['B', 1, 2, 1]>) => ({
        features: add(mean(images, [1, 2]), w) as Tensor<['B', Dim]>,
      });
      return { model: { image: [1, 2, 1], ...parameter(allOnes), apply }, params };
    }),
  ),
});

/** The mean of an image times a factor that no digest sees. */
const scaled = (factor: number, version?: string) => ({
  mine: effect(() => async () => {
    const network = featuresOf([1, 2, 1], (images) => mul(factor, mean(images, [1, 2])));
    return E.right({ ...network, ...(version !== undefined && { version }) } as never);
  }),
});

describe('features of a network', () => {
  test('are those of its parameters now, and are used again while it has them', async () => {
    const featuresBy = async (weight: number) => unwrap(await looking('weights', engineOf(weighted(weight)))).features.data;
    expect(await featuresBy(1)).toEqual(Float64Array.of(1.5, 1.5));
    expect(await featuresBy(2)).toEqual(Float64Array.of(2.5, 2.5));
    expect(await featuresBy(1)).toEqual(Float64Array.of(1.5, 1.5));
    expect(readdirSync(join(home, 'weights'))).toHaveLength(4);
  }); // oxfmt-ignore

  test('are those of its version now', async () => {
    const featuresBy = async (...of: Parameters<typeof scaled>) => unwrap(await looking('versions', engineOf(scaled(...of)))).features.data;
    expect(await featuresBy(2, '1')).toEqual(Float64Array.of(1, 1));
    expect(await featuresBy(4, '2')).toEqual(Float64Array.of(2, 2));
    expect(await featuresBy(9, '2')).toEqual(Float64Array.of(2, 2)); // it says that nothing changed
  }); // oxfmt-ignore

  test('of a network without parameters need a version', async () => {
    expect(await looking('unversioned', engineOf(scaled(2)))).toMatchObject({
      left: { _tag: 'ConfigError', where: 'worker: networks.mine', hint: expect.stringContaining('version') },
    });
  });

  test('of a worker with other parameters than that which was asked are refused', async () => {
    let isAsked = false;
    const other = runnerOf(toolsOf(backend, checkpointsAt([]), { models: {}, networks: weighted(2) }));
    const engine = engineOf(weighted(1), (run) => async (order) => {
      if (isAsked) return { result: await other.run(order)(), retries: 0 };
      isAsked = true;
      return run(order);
    });
    expect(await looking('mixed', engine)).toMatchObject({
      left: { _tag: 'ConfigError', where: expect.stringContaining('items 0 to 0: worker: networks.mine') },
    });
  });
});

test('the result of another job is a failure of its job, and is not kept', async () => {
  const results: Awaited<ReturnType<OpenEngine['run']>>[] = [];
  const engine = engineOf(weighted(1), (run) => async (order) => {
    results.push(await run(order));
    return results[Math.min(results.length - 1, 1)]!; // that of the first image for both
  });
  expect(await looking('exchanged', engine)).toMatchObject({
    left: { _tag: 'DecodeError', where: expect.stringContaining('items 1 to 1: result of job ') },
  });
  expect(readdirSync(join(home, 'exchanged'))).toHaveLength(1);
});

describe('sizes', () => {
  const many = { engine: engineOf({}), folder: join(home, 'none'), checkpoint: 'none' };
  const sampling = { solver: ['ddim'], grid: 2 } as const;

  test.each([
    ['a job of a million', { labels: Array.from({ length: 1_000_000 }, () => 0), size: 1_000_000 }, 'from 1 to 65536'],
    ['10⁹ samples', { count: 1e9 }, 'at most 100000 jobs'],
    ['2⁵³ samples', { count: Number.MAX_SAFE_INTEGER }, 'at most 100000 jobs'],
    ['samples beyond 2⁵³', { count: 2, first: Number.MAX_SAFE_INTEGER }, 'at most 100000 jobs'],
  ])('%s are refused at once', async (_, more, expected) => {
    const checkpoint = join(home, 'model.safetensors');
    writeFileSync(checkpoint, '');
    expect(await sampleShards({ ...many, ...more, checkpoint, sampling, model: 'mine', key: key(1) })()).toMatchObject({
      left: { _tag: 'ConfigError', where: 'sampleShards.size', expected: expect.stringContaining(expected) },
    });
  });

  test('images of more bytes than a server keeps are refused', () => {
    const ranges = (size: number) => rangesOf('work', { first: 0, count: 1000, size }, [256, 256, 3]);
    expect(ranges(682)).toHaveLength(2); // 682 · 256² · 3 · 4 = 536,346,624 < 2²⁹
    expect(() => ranges(683)).toThrow('work.size: expected at most 536805376 bytes of images in a job, got 537133056');
  });

  test('a job from outside is refused if it has more items, or other labels than items', async () => {
    const runner = runnerOf(toolsOf(backend, checkpointsAt([]), { models: {}, networks: {} }));
    const errorOf = async (range: readonly number[], labels: readonly number[]) => {
      const options = { checkpoint: '0'.repeat(64), sampling, key: key(1), labels };
      const text = JSON.stringify({ work: 'sample', bits: runner.bits, range, options });
      return runner.run({ name: sha256(text), text })();
    };
    expect(await errorOf([0, 65_537], [0])).toMatchObject({ left: { _tag: 'DecodeError', where: 'job: range.1' } });
    expect(await errorOf([0, 2], [0])).toMatchObject({ left: { _tag: 'DecodeError', where: 'job: labels' } });
  });

  test('a batch is no larger than its job', async () => {
    const batches: number[] = [];
    const drawn = E.right({ data: new Float32Array(2), shape: [2, 1, 1, 1] });
    const run = sampleWork.run(
      { checkpoint: '0'.repeat(64), sampling: { ...sampling, batch: 1e9 }, key: key(1) },
      [0, 2],
      {
        *prepared(_from: unknown, _text: string, { batch }: { readonly batch: number }) {
          batches.push(batch);
          return yield* take(E.right({ sample: () => async () => drawn }));
        },
        *values() {
          return yield* take(E.right({}));
        },
      } as never,
    );
    await gen(() => run)();
    expect(batches).toEqual([2]);
  });

  test.each([{ toData: false }, { storage: 'float16' }])(
    'an encoding refuses %j, which it does not have',
    async (more) => {
      const encoding = { solver: ['ddimInversion'], grid: 2, ...more };
      expect(await encodeShards({ ...many, data, sampling: encoding } as never)()).toMatchObject({
        left: { _tag: 'ConfigError', where: `sampling.${Object.keys(more)[0]}` },
      });
    },
  );
});

test('calls onShard after each job that ran and at the end, and the error of a stop says that the results are kept', async () => {
  const folder = join(home, 'told');
  const told = async (images: number, more = {}) => {
    const seen: number[] = [];
    const onShard = (done: number): void => void seen.push(done);
    const network = 'mine';
    const result = await featureShards({ engine: engineOf(weighted(1)), folder, data, images, size: 1, network, onShard, ...more })();
    return { seen, result };
  };
  expect((await told(1)).seen).toEqual([1]);
  expect((await told(2)).seen).toEqual([2]);
  expect((await told(2)).seen).toEqual([2]);
  expect((await told(2, { signal: { aborted: true } })).result).toMatchObject({
    left: { _tag: 'Cancelled', hint: `the results in ${folder} are kept: run it again, and it goes on where it ended` },
  });
}); // oxfmt-ignore
