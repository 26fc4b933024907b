/** A worker: a process that runs jobs, of a queue or of the process that started it. */
import { type Backend } from '../dsl/index.js';
import type { Task } from '../dsl/run/effect.js';
import { wasm } from '../backends/wasm/index.js';
import { functionOf, positive } from '../internal/decode.js';
import { raise, type NoisefoldError } from '../internal/errors.js';
import type { Exact } from '../internal/exact.js';
import { E, t, TE } from '../internal/fp.js';
import { hold, take } from '../internal/gen.js';
import { part, signal as signalPart } from '../internal/parts.js';
import { optional, type OptionsOf, schema } from '../internal/schema.js';
import { genTask } from '../dsl/run/genEffect.js';
import { checkpointsAt } from './jobs/checkpoints.js';
import { engineError } from './jobs/engine.js';
import { checkpointsOfParent, hasParent } from './engines/local.js';
import { serveParent } from './engines/parent.js';
import { type QueueAddress, queueAddress } from './engines/address.js';
import { serveQueue } from './engines/queueWorker.js';
import { runnerOf } from './works/runner.js';
import { toolsOf, type WorkerModel, type WorkerNetwork } from './jobs/tools.js';

const where = 'runWorker';
const options = schema(where, {
  queue: optional(queueAddress),
  /**
   * Trained files, and folders of trained files; jobs name a file by its SHA-256. Default: none. A worker of `local`
   * also has the files of its jobs.
   */
  checkpoints: optional(t.readonlyArray(t.string, 'a list of paths'), []),
  /**
   * Models that files do not describe, by the names that jobs give. Each has the options of `loadTrained`; their `name`
   * is by default the name here.
   */
  models: optional(
    t.record(
      t.string,
      part<WorkerModel>('the parts of a trained model that its file lacks, as loadTrained takes them'),
    ),
    {},
  ),
  /** Feature networks by name, besides 'digits'. */
  networks: optional(t.record(t.string, functionOf<WorkerNetwork>('work that opens a feature network')), {}),
  /** The backend; by default `wasm()`. */
  backend: optional(functionOf<Task<Backend>>('a backend, such as wasm()')),
  /** Called once, when the worker of a queue is connected and waits for jobs. */
  onReady: optional(functionOf<() => unknown>('a function')),
  /** Called after each job, with its name, and its error if it failed. */
  onJob: optional(functionOf<(job: string, error: NoisefoldError | null) => unknown>('a function')),
  /**
   * Milliseconds after which the queue gives the job of a worker that does not answer to another; default 30000. It
   * must be longer than any time for which the worker blocks its event loop.
   */
  lock: optional(positive, 30_000),
  /** Ends the worker after the job that it runs: the `signal` of `stopOnSignals()`. */
  signal: optional(signalPart),
});

/** The source of the jobs of a worker, and its models, networks and backend. */
export interface WorkerOptions extends Omit<OptionsOf<typeof options>, 'queue'> {
  /** The queue that it takes jobs from; without it, the process that started it: `local({ worker })`. */
  readonly queue?: QueueAddress;
}

/**
 * Runs jobs until `signal` is aborted or, without a queue, until the process that started it ends it. It loads a
 * checkpoint once, and compiles a sampling once. Fails with `ConfigError` for an invalid option, for a queue that
 * requires other bits, and if there is neither a queue nor a process that sends jobs; with the errors of the backend;
 * and with `BackendUnavailable` if the server of the queue cannot be reached.
 * @example
 * const result = await runWorker({ checkpoints: ['models'] })()
 * isLeft(result) && result.left.hint // → 'give queue: { url }, or start it by local({ worker })'
 */
export const runWorker = <G = unknown>(settings: Exact<G, keyof WorkerOptions> & WorkerOptions): Task<void> =>
  genTask(where, function* () {
    const known = yield* take(options.decode(settings));
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
      E.right(toolsOf(backend, checkpointsAt([...checkpoints, ...checkpointsOfParent()]), { models, networks })),
      (open) => open.close,
    );
    const runner = runnerOf(tools);
    const ignore = (): undefined => undefined;
    const serving = { onJob: onJob ?? ignore, onReady: onReady ?? ignore, signal, lock };
    const served = queue === undefined ? () => serveParent(runner, serving) : () => serveQueue(queue, runner, serving);
    yield* take(TE.tryCatch(served, engineError(where)));
  });
