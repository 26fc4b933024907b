/**
 * Jobs on a queue of a real server, with real processes: what is lost, killed, stopped, slow, damaged or wrong changes no byte
 * of the results, and nothing is lost or counted twice.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { Queue } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { featureShards, local, queue, runWorker } from '../../src/shards/index.js';
import { bitsOf } from '../../src/shards/jobs/bits.js';
import { namesOf } from '../../src/shards/engines/connection.js';
import { VERSION } from '../../src/internal/version.js';
import { reference } from '../../src/backends/reference/index.js';
import { datasetOfImages } from '../../src/training/index.js';
import { valueOf } from '../oracles/plans.js';
import { waitFor } from '../waiting.js';
import { COUNT, drawing } from './drawing.js';
import { farm, JOBS, options } from './farm.js';
import { freePort, workerOf } from './valkey.js';
import { bytesIn } from './world.js';

const { world, server, workers, folderFor, urlOf, startWorker, draw: drawn, demandEqual } = farm();

/** Waits until a job has failed or has a result. */
const ended = async (jobs: Queue, id: string): Promise<void> => {
  while (!['failed', 'completed'].includes(await jobs.getJobState(id))) await new Promise((go) => setTimeout(go, 50));
};

describe('a queue', options, () => {
  test('gives the bytes of one process', async () => {
    startWorker('equal');
    startWorker('equal');
    const seen: number[] = [];
    const shards = valueOf(await drawn('equal', { onShard: (done: number) => void seen.push(done) }));
    await demandEqual('equal', shards);
    expect(shards).toMatchObject({ computed: JOBS, reused: 0 });
    expect(seen).toHaveLength(JOBS);
    expect(seen.at(-1)).toBe(COUNT);
  });

  test('draws 300 samples on three workers, of which 20 are killed, with the bytes of one process', async () => {
    const labels = Array.from({ length: 300 }, (_, i) => i % 3);
    const many = { labels, size: 10, sampling: { ...drawing.sampling, grid: 30 } };
    const alone = { ...many, engine: local({ processes: 1, threads: 1, worker: world().worker }) };
    valueOf(await drawn('kills-alone', alone));
    for (let i = 0; i < 3; i++) startWorker('kills');
    let kills = 0;
    // the run waits for it, and the workers go on meanwhile
    const onShard = async (): Promise<void> => {
      if (kills === 20) return;
      kills++;
      await new Promise((go) => setTimeout(go, 500 * Math.random()));
      workers.shift()?.child.kill('SIGKILL'); // the oldest
      startWorker('kills');
    };
    const shards = valueOf(await drawn('kills', { ...many, onShard }));
    expect(kills).toBe(20);
    expect(shards.failures).toEqual([]);
    expect(shards.retries).toBeGreaterThan(0);
    expect(bytesIn(folderFor('kills'))).toEqual(bytesIn(folderFor('kills-alone')));
  });

  test('survives a restart and a SIGKILL of the server', async () => {
    startWorker('server');
    let done = 0;
    let restarts = Promise.resolve(); // one after the other
    const onShard = (): Promise<void> => {
      const signal = { 3: 'SIGKILL', 6: 'SIGTERM' }[++done] as 'SIGKILL' | 'SIGTERM' | undefined;
      if (signal !== undefined) restarts = restarts.then(() => server().stop(signal)).then(server().start);
      return restarts;
    };
    await demandEqual('server', valueOf(await drawn('server', { onShard })));
    expect(done).toBe(JOBS);
  });

  test('gives the job of a worker that was stopped for longer than its lock to another, and counts it once', async () => {
    const stopped = startWorker('stopped');
    let seen = 0;
    const onShard = (): void => {
      if (++seen !== 2) return;
      stopped.child.kill('SIGSTOP');
      startWorker('stopped');
      setTimeout(() => stopped.child.kill('SIGCONT'), 6000);
    };
    await demandEqual('stopped', valueOf(await drawn('stopped', { onShard })));
    expect(seen).toBe(JOBS);
  });

  test('serves two programs that want the same jobs', async () => {
    startWorker('twins');
    const twins = { engine: queue({ url: urlOf(), name: 'twins' }) };
    const both = await Promise.all([drawn('twins-1', twins), drawn('twins-2', twins)]);
    await demandEqual('twins-1', valueOf(both[0]));
    await demandEqual('twins-2', valueOf(both[1]));
  });

  test('computes results again that were damaged on the server', async () => {
    startWorker('damaged');
    await demandEqual('damaged', valueOf(await drawn('damaged')));
    const client = new Redis(server().port);
    const keys = await client.keys('damaged:result:*'); // which stay for a minute
    expect(keys).toHaveLength(JOBS);
    for (const key of keys) await client.setrange(key, (await client.strlen(key)) - 1, '\x7f');
    client.disconnect();
    const again = { engine: queue({ url: urlOf(), name: 'damaged' }) };
    const shards = valueOf(await drawn('damaged-again', again));
    await demandEqual('damaged-again', shards);
    expect(shards.retries).toBe(JOBS);
  });

  test('goes on after a program that was stopped, with another one', async () => {
    startWorker('resumed');
    const signal = { aborted: false };
    const onShard = (done: number): void => void (signal.aborted = done >= 6);
    expect(await drawn('resumed', { signal, onShard })).toMatchObject({ left: { _tag: 'Cancelled' } });
    const shards = valueOf(await drawn('resumed'));
    expect(shards.reused).toBeGreaterThanOrEqual(3);
    await demandEqual('resumed', shards);
  });

  test('takes the jobs of a run that was cancelled back, and adds none again', async () => {
    const signal = { aborted: false };
    const onWait = (): void => void (signal.aborted = true); // all jobs wait: there is no worker
    const engine = queue({ url: urlOf(), name: 'cancelled', onWait });
    expect(await drawn('cancelled', { engine, signal })).toMatchObject({ left: { _tag: 'Cancelled' } });
    const names = namesOf('cancelled', bitsOf({ name: 'wasm', rounding: 'fused' }));
    const jobs = new Queue(names.queue, {
      connection: { host: '127.0.0.1', port: server().port },
      prefix: names.prefix,
    });
    await new Promise((go) => setTimeout(go, 2500)); // the program looked at each job every second
    expect(await jobs.getJobCountByTypes()).toBe(0);
    await jobs.close();
  });

  test('reports a job that ends ten workers, and the workers take the next ones', async () => {
    const data = valueOf(datasetOfImages(world().expected));
    let isOver = false; // mutable
    const start = (): void => {
      if (!isOver) startWorker('fatal', urlOf(), { LOCK: '300' }).child.once('close', start);
    };
    start();
    const engine = queue({ url: urlOf(), name: 'fatal' });
    const common = { engine, folder: folderFor('fatal'), data };
    const result = await featureShards({ ...common, network: 'fatal' })();
    expect(result).toMatchObject({ left: { actual: expect.stringContaining('10 workers that were lost') } });
    const means = await featureShards({ ...common, network: 'means' })();
    isOver = true;
    expect(valueOf(means).features.shape[0]).toBe(COUNT);
  });

  test('ends a worker after its job at SIGTERM, with 0', async () => {
    const worker = startWorker('terminated');
    const onShard = (): void => {
      if (worker.child.killed) return;
      worker.child.kill('SIGTERM');
      startWorker('terminated');
    };
    await demandEqual('terminated', valueOf(await drawn('terminated', { onShard })));
    expect(await waitFor('the end of the worker', worker.end())).toBe(0);
  });

  test('over a connection that is slow and that breaks', async () => {
    const port = await freePort();
    const sockets = new Set<Socket>();
    const slow = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => void setTimeout(() => to.writable && to.write(bytes), 20));
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    };
    const proxy: Server = createServer((socket) => {
      const target = connect(server().port, '127.0.0.1');
      sockets.add(socket);
      slow(socket, target);
      slow(target, socket);
    });
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    const cutter = setInterval(() => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    }, 2500);
    startWorker('slow', urlOf(port));
    const shards = await drawn('slow', {}, urlOf(port)).finally(() => clearInterval(cutter));
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await demandEqual('slow', valueOf(shards));
  });

  test('reports a poisoned job, and does not stop the others', async () => {
    startWorker('poisoned');
    const names = namesOf('poisoned', bitsOf({ name: 'wasm', rounding: 'fused' }));
    const jobs = new Queue(names.queue, {
      connection: { host: '127.0.0.1', port: server().port },
      prefix: names.prefix,
    });
    const poison = [
      { text: '{"work":"sample"}' },
      { text: 7 },
      { rm: '-rf' },
      { text: JSON.stringify({ work: 'eval', options: {} }), input: 'x' },
    ];
    const added = await jobs.addBulk(poison.map((data, i) => ({ name: 'shard', data, opts: { jobId: `poison-${i}`, attempts: 3 } }))); // oxfmt-ignore
    await demandEqual('poisoned', valueOf(await drawn('poisoned')));
    for (const { id } of added) {
      await waitFor('the end of a poisoned job', ended(jobs, id ?? ''));
      const job = await jobs.getJob(id ?? '');
      expect(await job?.getState()).toBe('failed');
      expect(job?.attemptsMade).toBe(1);
      expect(JSON.parse(job?.failedReason ?? '')).toMatchObject({ _tag: 'DecodeError' });
    }
    await jobs.obliterate({ force: true });
    await jobs.close();
  });

  test('reports jobs whose checkpoint no worker has, after their attempts, and runs them again in the next run', async () => {
    const words = ['--checkpoints', folderFor('data of the server')]; // a folder without trained files
    workers.push(workerOf(world().worker, words, { QUEUE: urlOf(), LOCK: '1500', QUEUE_NAME: 'lacking' }));
    const shards = valueOf(await drawn('lacking', { size: 12 }));
    expect(shards.files).toEqual([]);
    expect(shards.failures).toHaveLength(2);
    expect(shards.failures[0]?.error).toMatchObject({
      _tag: 'ConfigError',
      expected: expect.stringContaining('SHA-256'),
    });
    expect(shards.retries).toBe(4);
    startWorker('lacking');
    workers.shift()?.child.kill('SIGKILL');
    // the failed jobs, which the server keeps, run again
    expect(valueOf(await drawn('lacking', { size: 12 }))).toMatchObject({ failures: [], computed: 2 });
  });

  test('refuses a worker of other bits', async () => {
    const client = new Redis(server().port);
    const asked = { noisefold: VERSION, backend: 'wasm', rounding: 'fused', engine: 'v8' };
    await client.set('bits:bits', JSON.stringify({ ...asked, noisefold: '0.0.9' }));
    const worker = startWorker('bits');
    expect(await waitFor('the end of the worker', worker.end())).toBe(1);
    expect(worker.printed()).toContain('noisefold 0.0.9, wasm');
    await client.set('bits:bits', JSON.stringify(asked));
    client.disconnect();
    const signal = { aborted: true };
    const result = await runWorker({ queue: { url: urlOf(), name: 'bits' }, backend: reference(), signal })();
    expect(result).toMatchObject({ left: { _tag: 'ConfigError', actual: expect.stringContaining('reference') } });
  });
});
