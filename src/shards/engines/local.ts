/** Runs jobs in processes of this machine, which needs nothing installed. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { positive } from '../../internal/decode.js';
import { fail, failure, type NoisefoldError, thrownError } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { E, type either, t, TE } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Bits } from '../jobs/bits.js';
import { engineError, MOST_LOST, type Needs, type OpenEngine, type Outcome, type ShardEngine } from '../jobs/engine.js';
import type { Order } from '../jobs/order.js';

const options = schema('local', {
  /** The number of processes; by default one for each core. */
  processes: optional(positive),
  /** The number of threads of each; by default the cores are divided among the processes. */
  threads: optional(positive),
  /**
   * The path of a program that calls `runWorker` without a queue, for models that files do not describe. By default the
   * library's own, whose backend is `wasm()`.
   */
  worker: optional(t.string),
});

/** Options of {@link local}. */
export interface LocalOptions extends OptionsOf<typeof options> {}

/** A message of a worker to the process that started it. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly bits: Bits }
  | { readonly kind: 'done'; readonly result: Uint8Array }
  | { readonly kind: 'failed'; readonly error: NoisefoldError };

/** The end of a process: its code or signal, and the last line that it wrote to stderr. */
interface Gone {
  readonly kind: 'gone';
  readonly how: string;
  /** True if a signal ended the process, such as the signal of a system without free memory. */
  readonly isKilled: boolean;
}

interface WorkerProcess {
  readonly bits: Bits;
  readonly run: (order: Order) => Promise<FromWorker | Gone>;
  readonly kill: () => void;
}

/** The environment variable that tells a worker which process sends it jobs. */
const PARENT = 'NOISEFOLD_PARENT';

/** True in a process that `local` started. */
export const hasParent = (): boolean => process.send !== undefined && process.env[PARENT] === `${process.ppid}`;

/** The environment variable that tells a worker the trained files of its jobs. */
const CHECKPOINTS = 'NOISEFOLD_CHECKPOINTS';

/** The trained files that `local` gave to this process; none if another program started it. */
export const checkpointsOfParent = (): readonly string[] =>
  hasParent() ? (JSON.parse(process.env[CHECKPOINTS] ?? '[]') as readonly string[]) : []; // `startWorker` wrote it

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** A program that is started as a worker. */
interface WorkerProgram {
  readonly path: string;
  /** The arguments of the program; the library's own worker needs some. */
  readonly words: readonly string[];
  /** The trained files that its jobs name. */
  readonly checkpoints: readonly string[];
}

/** Starts a worker, and waits until it is ready for jobs. Rejects if it ends before, unless it was killed. */
const startWorker = async (program: WorkerProgram, lost = 0): Promise<WorkerProcess> => {
  const { path, words, checkpoints } = program;
  const child = fork(path, words, {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, [PARENT]: `${process.pid}`, [CHECKPOINTS]: JSON.stringify(checkpoints) },
  });
  let complaint = ''; // mutable
  child.stderr?.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString()).slice(-2000);
    process.stderr.write(text);
  });
  const gone = new Promise<Gone>((resolve) => {
    child.once('error', ({ message }) => resolve({ kind: 'gone', how: message, isKilled: false }));
    child.once('close', (code, signal) => {
      const how = `it ended (${signal ?? code}): ${lastLine(complaint) || 'no error output'}`;
      resolve({ kind: 'gone', how, isKilled: signal !== null });
    });
  });
  const told = () => {
    // `serveParent` sent it
    const heard = new Promise<FromWorker>((resolve) => void child.once('message', (x) => resolve(x as FromWorker)));
    return Promise.race([heard, gone]);
  };
  const first = await told();
  if (first.kind === 'ready')
    return {
      bits: first.bits,
      run: (order) => {
        const end = told();
        child.send(order, () => undefined); // if `send` fails, the process ends and `gone` resolves
        return end;
      },
      kill: () => void child.kill('SIGKILL'),
    };
  child.kill('SIGKILL');
  if (first.kind === 'gone' && first.isKilled && lost < MOST_LOST) return startWorker(program, lost + 1);
  throw thrownError(
    first.kind === 'failed'
      ? first.error
      : failure('BackendUnavailable', {
          where: `local: ${path}`,
          expected: 'a worker that is ready for jobs',
          actual: first.kind === 'gone' ? first.how : 'another program',
          hint: 'give a program that calls runWorker, built to JavaScript that Node runs',
        }),
  );
};

/** The place of a worker: null while no worker runs there. */
interface Place {
  worker: WorkerProcess | null;
  /** True when the engine is closed: its workers are not replaced. */
  isClosed: boolean;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Runs a job on a worker until it has a result or has failed too often. Replaces a worker that ended. */
const ranOn = async (
  place: Place,
  start: () => Promise<WorkerProcess>,
  order: Order,
  attempts: number,
): Promise<Outcome> => {
  for (let [failures, losses] = [0, 0]; ;) {
    const worker = (place.worker ??= await start());
    if (place.isClosed) worker.kill(); // the engine was closed while the worker started
    const told = await worker.run(order);
    const retries = failures + losses;
    if (told.kind === 'done') return { result: E.right(told.result), retries };
    if (told.kind === 'failed') {
      if (++failures === attempts) return { result: E.left(told.error), retries };
      await pause(100 * 2 ** failures);
    } else {
      worker.kill();
      place.worker = null;
      if (++losses < MOST_LOST && !place.isClosed) continue;
      const actual = told.kind === 'gone' ? told.how : 'another message';
      return { result: lostWorkers(actual), retries };
    }
  }
};

/** The error of a job that ends its workers. */
export const lostWorkers = (actual: string): either.Either<NoisefoldError, never> =>
  fail('BackendFailure', {
    where: 'shards',
    expected: 'a worker that completes the job',
    actual: `${MOST_LOST} workers that were lost while they ran it: ${actual}`,
    hint: 'give the workers more memory, or the job fewer items or a smaller batch',
  });

/** The program of the library's own worker. */
const ownWorker = (): string => fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/**
 * Runs jobs in processes of this machine. A process that ends is replaced, and its job runs again.
 * @example
 * local({ processes: 2, threads: 1 }).name // → 'local'
 */
export const local = <G = unknown>(settings?: Exact<G, keyof LocalOptions> & LocalOptions): ShardEngine => {
  const { processes = availableParallelism(), worker, ...known } = options.demand<LocalOptions>(settings);
  const threads = known.threads ?? Math.max(1, Math.floor(availableParallelism() / processes));
  const open = async ({ checkpoints, attempts }: Needs): Promise<OpenEngine> => {
    const words = ['worker', '--threads', `${threads}`];
    const start = () => startWorker({ path: worker ?? ownWorker(), words, checkpoints });
    const first = await start(); // the first worker sends the bits of all
    const places = Array.from({ length: processes }, (_, i): Place => ({
      worker: i === 0 ? first : null,
      isClosed: false,
    }));
    const free = [...places]; // mutable
    return {
      bits: first.bits,
      ahead: processes,
      run: async (order) => {
        const place = free.shift()!; // at most `ahead` jobs run at a time
        const outcome = await ranOn(place, start, order, attempts);
        free.unshift(place);
        return outcome;
      },
      close: async () => {
        for (const place of places) {
          place.isClosed = true;
          place.worker?.kill();
        }
      },
    };
  };
  return {
    name: 'local',
    open: (needs) => TE.tryCatch(() => open(needs), engineError('local')),
  };
};
