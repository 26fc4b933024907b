/**
 * `npm run bench -- shards`: the throughput of two processes with one thread each, over that of one, and the time that `local` and
 * `queue` add to a job. Needs valkey-server, bullmq and ioredis.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cosine, ddpm } from 'noisefold/diffusion';
import { compile, key, program } from 'noisefold/dsl';
import { unet } from 'noisefold/nn';
import { local, queue, sampleShards, type ShardEngine } from 'noisefold/shards';
import { saveTrained } from 'noisefold/training';
import { atLeast, information, orThrow, table } from './table.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-bench-shards-'));
const cli = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** An untrained network of 28×28 images in a file. */
const saved = async (base: number): Promise<string> => {
  const path = join(folder, `${base}.safetensors`);
  const nf = await open(wasm());
  const model = orThrow(
    unet({ image: [28, 28, 1], base, multipliers: [1, 2, 4], blocks: 1, groups: 4, predicts: 'v' }),
  );
  const { run } = await nf.run(compile(program('key', model.init), {}));
  const params = await nf.run(run(key(1)));
  await nf.run(saveTrained(path, { model, noising: orThrow(ddpm(cosine(1000))), image: [28, 28, 1], params }));
  await nf.close();
  return path;
};

let runs = 0; // mutable

interface Drawing {
  readonly engine: ShardEngine;
  readonly checkpoint: string;
  readonly count: number;
  readonly first?: number;
  readonly size: number;
  readonly grid: number;
}

/** Milliseconds for a job, from the `skipped`th that ends to the last one: without the start and the compilation. */
const perJob = async ({ grid, ...work }: Drawing, skipped: number): Promise<number> => {
  const ends: number[] = [];
  const onShard = (): void => void ends.push(performance.now());
  const sampling = { solver: ['ddim'], grid, batch: work.size } as const;
  orThrow(await sampleShards({ ...work, folder: join(folder, `${runs++}`), sampling, key: key(8), onShard })());
  return (ends.at(-1)! - ends[skipped - 1]!) / (ends.length - skipped);
};

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

const rounds = 3;
const checkpoint = await saved(32);
const work = { checkpoint, count: 144, size: 8, grid: 10 };
const one: number[] = [];
const two: number[] = [];
for (let round = 0; round < rounds; round++) {
  one.push(await perJob({ ...work, engine: local({ processes: 1, threads: 1 }) }, 2));
  two.push(await perJob({ ...work, engine: local({ processes: 2, threads: 1 }) }, 2));
}

const tiny = { checkpoint: await saved(8), count: 200, size: 1, grid: 1 };
const port = await new Promise<number>((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const address = probe.address();
    probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
});
const server = spawn('valkey-server', ['--port', `${port}`, '--save', '', '--dir', folder], { stdio: 'ignore' });
await new Promise((resolve) => setTimeout(resolve, 1000));
const url = `redis://127.0.0.1:${port}`;
const worker = spawn(process.execPath, [cli, 'worker', '--queue', url, '--checkpoints', folder, '--threads', '1'], {
  stdio: 'ignore',
});
const onLocal: number[] = [];
const onQueue: number[] = [];
for (let round = 0; round < rounds; round++) {
  const seed = { ...tiny, count: tiny.count + round }; // other jobs, whose results the server does not have
  onLocal.push(await perJob({ ...seed, engine: local({ processes: 1, threads: 1 }) }, 20));
  onQueue.push(await perJob({ ...seed, first: 1000 * (round + 1), engine: queue({ url }) }, 20));
}
worker.kill();
server.kill();
rmSync(folder, { recursive: true });

console.log(
  table([
    information('a job of 8 samples on one process', median(one), 'ms'),
    information('a job of 8 samples on two processes', median(two), 'ms'),
    atLeast('throughput of two processes, times that of one', median(one) / median(two), 1.8, '×'),
    information('the smallest job, local', median(onLocal), 'ms'),
    information('the smallest job, queue with one worker', median(onQueue), 'ms'),
  ]),
);
