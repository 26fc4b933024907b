/** Runs jobs on the workers of a queue, which may be on any machine. */
import type { Job as QueueJob, Queue, QueueEvents } from 'bullmq';
import { wasm } from '../../backends/wasm/index.js';
import { functionOf, positive } from '../../internal/decode.js';
import { fail, isError, type NoisefoldError, orRaise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { E, type either, TE } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { cancelled } from '../../internal/stop.js';
import { parseJson } from '../../internal/json/json.js';
import { type Bits, bits as bitsRecord, bitsOf, showBits } from '../jobs/bits.js';
import { queueAddress } from './address.js';
import { type Client, connected, namesOf, type Packages, packagesFor, type QueueNames, type Server, serverOf } from './connection.js'; // oxfmt-ignore
import { engineError, type Needs, type OpenEngine, type Outcome, type ShardEngine } from '../jobs/engine.js';
import { lostWorkers } from './local.js';
import type { Order } from '../jobs/order.js';
import { tensorsOf } from '../jobs/result.js';

const options = schema('queue', {
  ...queueAddress.fields,
  /** The number of jobs that wait on the server at a time, with their input bytes; default 32. */
  ahead: optional(positive, 32),
  /** The bits of the workers, if they differ from the bits of `wasm()` on this machine. */
  bits: optional(bitsRecord),
  /** Called once if the queue has no worker; by default it warns on the console. */
  onWait: optional(functionOf<(message: string) => unknown>('a function'), (message: string) => console.warn(message)),
});

/** The queue, and how the program uses it. */
export interface QueueOptions extends OptionsOf<typeof options> {}

/** The data of a job on the server. */
export interface QueueData {
  readonly text: string;
  /** The SHA-256 of the input bytes of the job. */
  readonly input?: string;
}

/**
 * Seconds that bytes stay on the server: unread bytes, and bytes that were read, for another program that waits for the
 * same job.
 */
export const UNREAD = 24 * 3600;
const READ = 60;

/**
 * Milliseconds between two checks of a job. A check finds an end that was not announced, for example because the server
 * was lost.
 */
const LOOK = 1000;

/** The error of a failed job, as the worker wrote it. */
const reasonIn = (text: string): either.Either<NoisefoldError, never> => {
  const parsed = parseJson(text);
  if (E.isRight(parsed) && isError(parsed.right)) return E.left(parsed.right);
  return text.includes('stalled')
    ? lostWorkers('the job stalled')
    : fail('BackendFailure', {
        where: 'queue',
        expected: 'a result',
        actual: text,
        hint: 'look at the output of the workers',
      });
};

/** The bits of `wasm()` on this machine. */
const ownBits = async (): Promise<Bits> => {
  const backend = orRaise(await wasm({ threads: 1 })());
  orRaise(await backend.close());
  return bitsOf(backend);
};

/** A queue that is open. */
interface OpenQueue {
  readonly client: Client;
  readonly queue: Queue<QueueData>;
  readonly events: QueueEvents;
  readonly names: QueueNames;
  /** Says once that the queue has no worker. */
  readonly sayAlone: () => Promise<void>;
  /** True when the queue is closed: then no job is added again. */
  readonly isClosed: () => boolean;
}

/** Adds a job, unless the queue has it. Replaces a failed job of an earlier run. */
const added = async (
  { queue }: OpenQueue,
  { name, text, input }: Order,
  attempts: number,
  isFirst: boolean,
): Promise<QueueJob<QueueData>> => {
  const before = isFirst ? await queue.getJob(name) : undefined;
  if (before !== undefined && (await before.isFailed())) await before.remove();
  return queue.add(
    'shard',
    { text, ...(input && { input: input.digest }) },
    {
      jobId: name,
      attempts,
      backoff: { type: 'exponential', delay: 200 },
      removeOnComplete: { age: UNREAD },
      removeOnFail: { age: UNREAD },
    },
  );
};

/** Takes the result of a completed job from the server; null if the server has removed it. */
const collected = async ({ client, names }: OpenQueue, name: string): Promise<Uint8Array | null> => {
  const bytes = await client.getBuffer(names.result(name));
  if (bytes !== null) await client.expire(names.result(name), READ);
  return bytes === null ? null : Uint8Array.from(bytes);
};

/** Waits for the end of a job, however often the connection or the server is lost. */
const ranOn = async (open: OpenQueue, order: Order, attempts: number): Promise<Outcome> => {
  const { client, events, names, queue } = open;
  let damaged = 0; // mutable: the number of damaged results
  for (let isFirst = true; ; isFirst = false) {
    if (order.input !== undefined)
      await client.set(names.input(order.input.digest), Buffer.from(order.input.bytes), 'EX', UNREAD);
    const job = await added(open, order, attempts, isFirst);
    await job.waitUntilFinished(events, LOOK).catch(() => undefined); // the state of the job, below, says how it ended
    if (open.isClosed()) return { result: cancelled('queue', 'run it again: it goes on where it ended'), retries: 0 };
    const state = await job.getState();
    const { attemptsMade = 1, stalledCounter = 0, failedReason = '' } = (await queue.getJob(order.name)) ?? {};
    const retries = Math.max(0, attemptsMade - 1) + stalledCounter;
    if (state === 'failed') return { result: reasonIn(failedReason), retries };
    if (state !== 'completed') {
      await open.sayAlone();
      continue;
    }
    const bytes = await collected(open, order.name);
    if (bytes !== null) {
      const result = E.map(() => bytes)(tensorsOf(`result of job ${order.name}`, order.name)(bytes));
      if (E.isRight(result) || ++damaged === attempts) return { result, retries: retries + damaged };
    }
    await job.remove(); // the result is damaged, or was read before and has expired
  }
};

/**
 * Runs jobs on the workers of a queue: `runWorker({ queue: { url } })`, or `npx noisefold worker --queue URL`. It needs the
 * packages bullmq and ioredis, and a Valkey or Redis server. The program may end and run again at any time, and so may the
 * workers and the server.
 * @example
 * queue({ url: 'redis://localhost:6379' }).name // → 'queue'
 */
export const queue = <G = unknown>(settings: Exact<G, keyof QueueOptions> & QueueOptions): ShardEngine => {
  const { ahead, bits, onWait, ...address } = options.demand<QueueOptions>(settings);
  const opened = async (packages: Packages, server: Server, attempts: number): Promise<OpenEngine> => {
    const { client, unlessLost, note } = server;
    const target = bits ?? (await ownBits());
    const names = namesOf(address.name, target);
    await client.set(names.bits, JSON.stringify(target), 'EX', UNREAD);
    // the types of BullMQ name another version of ioredis
    const of = { connection: client as never, prefix: names.prefix };
    const jobs = new packages.bullmq.Queue<QueueData>(names.queue, of);
    const listening = client.duplicate();
    listening.on('error', note);
    const events = new packages.bullmq.QueueEvents(names.queue, { ...of, connection: listening as never });
    jobs.on('error', note);
    events.on('error', note);
    jobs.setMaxListeners(0); // each waiting job adds a listener
    let isSaid = false; // mutable
    const sayAlone = async (): Promise<void> => {
      if (isSaid) return; // it was said, or another job is asking for the workers
      isSaid = true;
      if ((await jobs.getWorkersCount()) > 0) return void (isSaid = false);
      const start = 'npx noisefold worker --queue URL --checkpoints FOLDER';
      onWait(
        `noisefold: jobs wait at ${serverOf(address.url)}, and no worker with the bits of ${showBits(target)} is connected; start one: ${start}`,
      );
    };
    let isClosed = false; // mutable
    const connection = { client, queue: jobs, events, names, sayAlone, isClosed: () => isClosed };
    const waiting = new Set<string>(); // mutable
    const tidy = async (): Promise<void> => {
      // removes the jobs of a cancelled run, except jobs that a worker has
      for (const name of waiting) await (await jobs.getJob(name))?.remove().catch(() => undefined);
    };
    const close = async (): Promise<void> => {
      isClosed = true;
      const canAnswer = client.status === 'ready' && !server.isLost();
      if (canAnswer) await unlessLost(tidy()).catch(() => undefined);
      const closing = Promise.all([events.close(), jobs.close()]).catch(() => undefined);
      if (canAnswer) await unlessLost(closing).catch(() => undefined); // without a server `closing` would not end
      listening.disconnect();
      server.end();
    };
    try {
      await unlessLost(events.waitUntilReady());
    } catch (thrown) {
      await close();
      throw thrown;
    }
    return {
      bits: target,
      ahead,
      run: async (order) => {
        waiting.add(order.name);
        const outcome = await unlessLost(ranOn(connection, order, attempts));
        waiting.delete(order.name);
        return outcome;
      },
      close,
    };
  };
  const open = async ({ attempts }: Needs): Promise<OpenEngine> => {
    const packages = await packagesFor('queue');
    const server = await connected('queue', packages, address);
    try {
      return await server.unlessLost(opened(packages, server, attempts));
    } catch (thrown) {
      server.end();
      throw thrown;
    }
  };
  return { name: 'queue', open: (needs) => TE.tryCatch(() => open(needs), engineError('queue')) };
};
