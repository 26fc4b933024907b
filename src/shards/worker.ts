/** A worker: a process that runs jobs, of a queue or of the process that started it. */
import { type Backend } from '../dsl/index.js';
import type { Task } from '../dsl/run/effect.js';
import { wasm } from '../backends/wasm/index.js';
import { functionOf, positive } from '../internal/decode.js';
import { raise, type NoisefoldError } from '../internal/errors.js';
import type { Exact } from '../internal/exact.js';
import { E, t, TE, type taskEither } from '../internal/fp.js';
import { hold, take } from '../internal/gen.js';
import { part, signal as signalPart } from '../internal/parts.js';
import { optional, schema } from '../internal/schema.js';
import type { StopSignal } from '../internal/stop.js';
import { genTask } from '../training/genEffect.js';
import { checkpointsAt } from './jobs/checkpoints.js';
import { engineError } from './engines/engine.js';
import { hasParent } from './engines/local.js';
import { serveParent } from './engines/parent.js';
import { type QueueAddress, queueAddress } from './engines/address.js';
import { serveQueue } from './engines/queueWorker.js';
import { runnerOf } from './runner.js';
import { toolsOf, type WorkerModel, type WorkerNetwork } from './jobs/tools.js';

/** The jobs that a worker takes, and what it has for them. */
export interface WorkerOptions {
  /** The queue that it takes jobs from; without it, the process that started it: `local({ worker })`. */
  readonly queue?: QueueAddress;
  /** Trained files, and folders of them. Jobs name a file by its SHA-256. */
  readonly checkpoints?: readonly string[];
  /** Models that files do not describe, by the names that jobs give, as `loadTrained` takes them. */
  readonly models?: { readonly [name: string]: WorkerModel };
  /** Feature networks by name, besides 'digits'. */
  readonly networks?: { readonly [name: string]: WorkerNetwork };
  /** The backend; by default `wasm()`. */
  readonly backend?: taskEither.TaskEither<NoisefoldError, Backend>;
  /** Called once, when the worker of a queue is connected and waits for jobs. */
  readonly onReady?: () => unknown;
  /** Called after each job, with its name, and its error if it failed. */
  readonly onJob?: (job: string, error: NoisefoldError | null) => unknown;
  /**
   * Milliseconds after which the queue gives the job of a worker that does not answer to another; default 30,000. It must be
   * longer than the worker ever blocks its event loop.
   */
  readonly lock?: number;
  /** Ends the worker after the job that it runs: the `signal` of `stopOnSignals()`. */
  readonly signal?: StopSignal;
}

const where = 'runWorker';
const options = schema(where, {
  queue: optional(queueAddress),
  checkpoints: optional(t.readonlyArray(t.string, 'a list of paths'), []),
  models: optional(
    t.record(t.string, part('the parts of a trained model that its file lacks, as loadTrained takes them')),
    {},
  ),
  networks: optional(t.record(t.string, functionOf<WorkerNetwork>('work that opens a feature network')), {}),
  backend: optional(functionOf<taskEither.TaskEither<NoisefoldError, Backend>>('a backend, such as wasm()')),
  onReady: optional(functionOf<() => unknown>('a function')),
  onJob: optional(functionOf<(job: string, error: NoisefoldError | null) => unknown>('a function')),
  lock: optional(positive, 30_000),
  signal: optional(signalPart),
} satisfies Record<keyof WorkerOptions, unknown>);

/**
 * Runs jobs until `signal` is aborted or, without a queue, until the process that started it ends it. It loads a checkpoint
 * once, and compiles a sampling once. Fails with `ConfigError` for an invalid option, for a queue that asks for other bits, and
 * without a queue and a process that sends jobs, with the errors of the backend, and if the server of the queue is not there.
 * @example
 * const result = await runWorker({ checkpoints: ['models'] })()
 * isLeft(result) && result.left.hint // → 'give queue: { url }, or start it by local({ worker })'
 */
export const runWorker = <G = unknown>(settings: Exact<G, keyof WorkerOptions> & WorkerOptions): Task<void> =>
  genTask(where, function* () {
    const known = yield* take(options.decode<WorkerOptions>(settings));
    const { queue, checkpoints, models, networks, signal, onJob, onReady, lock } = known;
    if (queue === undefined && !hasParent())
      raise('ConfigError', {
        where,
        expected: 'a queue, or a process that sends jobs',
        actual: 'neither',
        hint: 'give queue: { url }, or start it by local({ worker })',
      });
    const backend = yield* hold(known.backend ?? wasm(), (open) => open.close);
    const tools = yield* hold(
      E.right(toolsOf(backend, checkpointsAt(checkpoints), { models, networks })),
      (open) => open.close,
    );
    const runner = runnerOf(tools);
    const ignore = (): undefined => undefined;
    const serving = { onJob: onJob ?? ignore, onReady: onReady ?? ignore, signal, lock };
    const served =
      queue === undefined
        ? () => serveParent(runner, serving)
        : () => serveQueue({ name: 'noisefold', ...queue }, runner, serving);
    yield* take(TE.tryCatch(served, engineError(where)));
  });
