/** The worker's side of `queue`: takes jobs from it, one at a time. */
import { decode } from '../../internal/decode.js';
import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, t } from '../../internal/fp.js';
import { parseJson } from '../../internal/json/json.js';
import { optional, record } from '../../internal/schema.js';
import type { StopSignal } from '../../internal/stop.js';
import { type Bits, bits as bitsRecord, equalBits, showBits } from '../jobs/bits.js';
import { type Address, type Client, connected, namesOf, packagesFor } from './connection.js';
import { MOST_LOST } from '../jobs/engine.js';
import { digest } from '../jobs/job.js';
import type { Serving } from './parent.js';
import { type QueueData, UNREAD } from './queue.js';
import type { Runner } from '../works/runner.js';

const data = record({ text: t.string, input: optional(digest) });

/** Raises `ConfigError` if the last program of the queue requires other bits. */
const demandWanted = async (client: Client, key: string, own: Bits): Promise<void> => {
  const text = await client.get(key);
  const target = E.flatMap(decode(bitsRecord))(parseJson(text ?? ''));
  if (E.isRight(target) && !equalBits(target.right as Bits, own))
    raise('ConfigError', {
      where: 'worker: queue',
      expected: `the bits that its program asks for: ${showBits(target.right as Bits)}`,
      actual: showBits(own),
      hint: 'use the same version, backend and rounding as the program, or another queue',
    });
};

const invalid = (actual: string): E.Either<NoisefoldError, never> =>
  fail('DecodeError', {
    where: 'job of the queue',
    expected: '{ text, input } of a job',
    actual,
    hint: 'let only programs of noisefold write to the queue',
  });

/** Milliseconds between two checks of the signal. */
const LOOK = 100;

/** Waits until a signal is aborted, or the server is lost. */
const stopped = (signal: StopSignal | undefined, isLost: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const timer = setInterval(() => {
      if (signal?.aborted !== true && !isLost()) return;
      clearInterval(timer);
      resolve();
    }, LOOK);
  });

/** Runs the jobs of a queue until the signal is aborted; the job in progress is finished first. */
export const serveQueue = async (
  address: Address,
  runner: Runner,
  { onJob, onReady, signal, lock }: Serving,
): Promise<void> => {
  const packages = await packagesFor('worker');
  const { client, unlessLost, note, isLost, end } = await connected('worker', packages, address);
  const names = namesOf(address.name, runner.bits);
  const run = async (job: { readonly id?: string | undefined; readonly data: QueueData }): Promise<null> => {
    const content = decode(data)(job.data);
    const name = job.id ?? '';
    const { text, input = null } = E.isRight(content) ? content.right : { text: '' };
    const bytes = input === null ? null : await client.getBuffer(names.input(input));
    const order = { name, text, ...(input !== null && bytes && { input: { digest: input, bytes } }) };
    const result = E.isRight(content) ? await runner.run(order)() : invalid(content.left.actual);
    await onJob(name, E.isLeft(result) ? result.left : null);
    if (E.isRight(result)) {
      await client.set(names.result(name), Buffer.from(result.right), 'EX', UNREAD);
      return null;
    }
    // a retry would find the same bytes
    const Failure = result.left._tag === 'DecodeError' ? packages.bullmq.UnrecoverableError : Error;
    throw new Failure(JSON.stringify(result.left));
  };
  try {
    await unlessLost(demandWanted(client, names.bits, runner.bits));
    const worker = new packages.bullmq.Worker<QueueData, null>(names.queue, run, {
      connection: client as never, // the types of BullMQ name another version of ioredis
      prefix: names.prefix,
      lockDuration: lock,
      stalledInterval: lock,
      maxStalledCount: MOST_LOST - 1,
    });
    worker.on('error', note);
    try {
      await onReady();
      await unlessLost(stopped(signal, isLost));
      await unlessLost(worker.close());
    } finally {
      // they end without a server
      void worker.close(true).catch(() => undefined);
      void worker.disconnect().catch(() => undefined);
    }
  } finally {
    end();
  }
};
