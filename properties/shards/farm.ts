/** A queue for tests: a server, workers of a small model, and the results of one process. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { local, queue, sampleShards, type ShardFiles } from '../../src/shards/index.js';
import { notAsked } from '../asked.js';
import { valueOf } from '../oracles/plans.js';
import { skippedFor } from '../skips.js';
import { COUNT, drawing } from './drawing.js';
import { noValkey, type Valkey, valkeyIn, type WorkerProcess, workerOf } from './valkey.js';
import { bytesIn, numbersOf, openWorld, type World } from './world.js';

/** Options of the tests that need a server. */
export const options = skippedFor(notAsked || noValkey);

/** The number of jobs of {@link Farm.draw}. */
export const JOBS = Math.ceil(COUNT / 2);

export interface Farm {
  readonly world: () => World;
  readonly server: () => Valkey;
  /** The running workers, which end after each test. */
  readonly workers: WorkerProcess[];
  readonly folderFor: (name: string) => string;
  readonly urlOf: (port?: number) => string;
  /** Starts a worker of the queue of this name. Its lock is short, so that a lost worker is noticed soon. */
  readonly startWorker: (name: string, url?: string, env?: Readonly<Record<string, string>>) => WorkerProcess;
  /** Draws the samples of the tests by a queue, two in a job. */
  readonly draw: (name: string, more?: object, url?: string) => ReturnType<ReturnType<typeof sampleShards>>;
  /** Checks that the results are those of one process, each there once. */
  readonly demandEqual: (name: string, shards: ShardFiles) => Promise<void>;
}

/** Opens a farm before the tests of a file, and closes it after them. */
export const farm = (): Farm => {
  let world: World; // mutable
  let server: Valkey; // mutable
  let calm: ReadonlyMap<string, string>; // mutable
  const workers: WorkerProcess[] = []; // mutable
  const folderFor = (name: string): string => join(world.folder, name);
  const urlOf = (port = server.port): string => `redis://127.0.0.1:${port}`;
  const draw: Farm['draw'] = (name, more = {}, url = urlOf()) =>
    sampleShards({
      ...drawing,
      ...{ engine: queue({ url, name }), folder: folderFor(name), checkpoint: world.checkpoint, size: 2 },
      ...more,
    })();

  beforeAll(async () => {
    if (notAsked !== '' || noValkey !== '') return;
    world = await openWorld();
    server = await valkeyIn(join(world.folder, 'data of the server'));
    await server.start();
    const engine = local({ processes: 1, threads: 1, worker: world.worker });
    valueOf(await draw('calm', { engine }));
    calm = bytesIn(folderFor('calm'));
  });
  afterEach(() => {
    for (const { child } of workers.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => {
    if (notAsked !== '' || noValkey !== '') return;
    await server.stop('SIGKILL');
    world.remove();
  });

  return {
    ...{ world: () => world, server: () => server, workers, folderFor, urlOf, draw },
    startWorker: (name, url = urlOf(), env = {}) => {
      const words = ['--checkpoints', world.checkpoint];
      const worker = workerOf(world.worker, words, { QUEUE: url, LOCK: '1500', QUEUE_NAME: name, ...env });
      workers.push(worker);
      return worker;
    },
    demandEqual: async (name, shards) => {
      expect(shards.failures).toEqual([]);
      expect(bytesIn(folderFor(name))).toEqual(calm);
      expect(await numbersOf(shards)).toEqual(world.expected.data);
    },
  };
};
