/** A run that everything disturbs: workers, the server, the disk, the model and the results. Its bytes are those of one process. */
import { copyFileSync, mkdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { fileOf, smallModel } from '../../examples/smallModelTesting.js';
import { wasm } from '../../src/backends/wasm/index.js';
import { open } from '../../src/index.js';
import { local, queue } from '../../src/shards/index.js';
import { notAsked } from '../asked.js';
import { valueOf } from '../oracles/plans.js';
import { skippedFor } from '../skips.js';
import { diskAt, noDisk } from './disk.js';
import { drawing } from './drawing.js';
import { farm } from './farm.js';
import { noValkey, valkeyIn, workerOf } from './valkey.js';
import { bytesIn } from './world.js';

const { world, workers, folderFor, urlOf, draw } = farm();

/** The seconds for which the server is down. */
const DOWN = Number(process.env['NOISEFOLD_DOWN'] ?? 4);
const KILLS = 20;
const labels = Array.from({ length: 300 }, (_, i) => i % 3);
const many = { labels, size: 5, sampling: { ...drawing.sampling, grid: 30 } };

test(
  `has the bytes of one process after ${KILLS} kills, restarts, a full disk, a replaced model and damaged results`,
  skippedFor(notAsked || noValkey || noDisk),
  async () => {
    const models = folderFor('models');
    mkdirSync(models);
    const [model, moved] = [join(models, 'model.safetensors'), join(models, 'moved.safetensors')];
    copyFileSync(world().checkpoint, model);
    const other = folderFor('other.safetensors');
    const nf = await open(wasm({ threads: 1 }));
    writeFileSync(other, await fileOf(nf, await smallModel(nf, 2)));
    await nf.close();
    const alone = { ...many, engine: local({ processes: 1, threads: 1, worker: world().worker }) };
    valueOf(await draw('alone', alone));
    valueOf(await draw('other-alone', { ...alone, checkpoint: other }));

    const server = await valkeyIn(folderFor('data of a disturbed server'));
    await server.start();
    const url = urlOf(server.port);
    const client = new Redis(server.port);
    client.on('error', () => undefined); // the server is restarted
    const engine = queue({ url, name: 'disturbed', patience: 2 * DOWN + 60 });
    let isOver = false; // mutable
    /** Starts a worker, and another one when it ends: one that starts while the server is down ends with an error. */
    const start = (): void => {
      if (isOver) return;
      const env = { QUEUE: url, LOCK: '1500', QUEUE_NAME: 'disturbed', PATIENCE: `${2 * DOWN + 60}` };
      const worker = workerOf(world().worker, ['--checkpoints', models], env);
      workers.push(worker);
      worker.child.once('close', () => {
        workers.splice(workers.indexOf(worker), 1);
        start();
      });
    };
    for (let i = 0; i < 3; i++) start();

    const pause = (seconds: number): Promise<void> => new Promise((go) => setTimeout(go, 1000 * seconds));
    let restarts = 0; // mutable
    const restart = async (signal: 'SIGKILL' | 'SIGTERM', down = 0): Promise<void> => {
      restarts++;
      await server.stop(signal);
      await pause(down);
      await server.start();
    };
    const damage = async (): Promise<void> => {
      for (const key of await client.keys('disturbed:result:*'))
        await client.setrange(key, (await client.strlen(key)) - 1, '\x7f');
    };
    /** Replaces the file of the model by that of another one. The workers find the first one under another name. */
    const replace = (): void => {
      copyFileSync(model, moved);
      copyFileSync(other, `${model}.new`);
      renameSync(`${model}.new`, model);
    };
    const faults: Readonly<Record<number, () => unknown>> = {
      ...{ 10: () => restart('SIGKILL'), 16: replace, 22: () => restart('SIGTERM'), 28: damage },
      ...{ 34: () => restart('SIGTERM', DOWN), 40: () => restart('SIGKILL'), 46: damage },
    };
    let [kills, ended] = [0, 0]; // mutable
    let last: Promise<unknown> = Promise.resolve(); // mutable: one fault after the other
    const onShard = (): Promise<unknown> => {
      const job = ++ended;
      last = last.then(async () => {
        await faults[job]?.();
        if (job % 2 !== 0 || kills === KILLS) return;
        kills++;
        await pause(0.3 * Math.random());
        workers[0]?.child.kill('SIGKILL'); // the oldest
      });
      return last;
    };

    const folder = folderFor('disturbed');
    const disk = diskAt(folder, 20);
    const drawn = (more = {}) =>
      draw('disturbed', { ...many, engine, onShard, checkpoint: world().checkpoint, ...more });
    try {
      const full = await drawn();
      expect(full).toMatchObject({ left: { _tag: 'FileError', actual: expect.stringContaining('ENOSPC') } });
      await last; // the server may be down
      await damage(); // at least the result that had no room
      disk.grow();
      const shards = valueOf(await drawn());
      await last;
      expect([kills, restarts]).toEqual([KILLS, 4]);
      expect(shards.retries).toBeGreaterThan(0);
      expect(bytesIn(folder)).toEqual(bytesIn(folderFor('alone')));
      truncateSync(shards.files[7]!.path, 300);
      expect(valueOf(await drawn({ onShard: () => undefined }))).toMatchObject({ failures: [], computed: 1 });
      expect(bytesIn(folder)).toEqual(bytesIn(folderFor('alone')));
      // the model that has the name now
      expect(valueOf(await draw('other', { ...many, engine, checkpoint: model })).failures).toEqual([]);
      expect(bytesIn(folderFor('other'))).toEqual(bytesIn(folderFor('other-alone')));
    } finally {
      isOver = true;
      client.disconnect();
      await server.stop('SIGKILL');
      disk.remove();
    }
  },
);
