/** Starts workers, in Node and in browsers. */
import { builtin, type PageScope, scope } from './host.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { workerSource } from './workerSource.js';

export interface Listener {
  readonly onMessage: (message: FromWorker) => void;
  /** The worker could not start, failed, or ended. */
  readonly onEnd: (reason: string) => void;
}

export interface WorkerHandle {
  readonly post: (message: ToWorker) => void;
  /** Keeps the process alive while a run is in progress, and only then. */
  readonly hold: (busy: boolean) => void;
  /**
   * Ends the worker. After it resolves, the worker does not access the memory any more. `isWorking` is true if any
   * worker of its crew may be running something.
   */
  readonly end: (isWorking: () => boolean) => Promise<void>;
}

/** Starts a worker. Throws if workers are not available. */
export type Spawn = (listener: Listener) => WorkerHandle;

/** The events of a worker of Node, with the type of their data. */
interface NodeEvents {
  readonly message: FromWorker;
  readonly error: unknown;
  readonly exit: unknown;
}

/** The members of a worker of Node that we use. */
interface NodeWorker {
  readonly postMessage: (message: ToWorker) => void;
  readonly on: <K extends keyof NodeEvents>(event: K, listener: (about: NodeEvents[K]) => void) => unknown;
  readonly ref: () => void;
  readonly unref: () => void;
  readonly terminate: () => Promise<number>;
}

interface NodeThreads {
  readonly Worker: new (
    source: string,
    options: { readonly eval: true; readonly execArgv: readonly string[]; readonly name: string },
  ) => NodeWorker;
}

const nodeThreads = (): NodeThreads | undefined => builtin<NodeThreads>('node:worker_threads');

/** Says what workers need in order to start on this kind of machine. */
export const workersNeed = (): string =>
  nodeThreads() === undefined
    ? "a page's content security policy needs worker-src blob:"
    : 'pass fewer `threads`, check the limits of the process, and under the permission model of Node pass --allow-worker';

/** The number of cores that this process may use. */
export const cores = (): number =>
  builtin<{ readonly availableParallelism: () => number }>('node:os')?.availableParallelism() ??
  scope.navigator?.hardwareConcurrency ??
  1;

const spawnInNode = ({ Worker }: NodeThreads, { onMessage, onEnd }: Listener, source: string): WorkerHandle => {
  const worker = new Worker(source, { eval: true, execArgv: [], name: 'noisefold' });
  worker.on('message', onMessage);
  worker.on('error', (thrown) => onEnd(String(thrown)));
  worker.on('exit', () => onEnd('it ended'));
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
    end: async () => void (await worker.terminate()),
  };
};

/** The number of milliseconds after which a page has terminated a worker, with a margin. */
const FORCED_END = 3000;

const spawnInPage = (
  Worker: NonNullable<PageScope['Worker']>,
  { onMessage, onEnd }: Listener,
  source: string,
): WorkerHandle => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'noisefold' });
  worker.addEventListener('message', ({ data }) => {
    if (data.kind === 'ready') URL.revokeObjectURL(url);
    onMessage(data);
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    onEnd(event.message ?? 'it could not start');
  });
  return {
    post: (message) => worker.postMessage(message),
    hold: () => undefined,
    end: async (isWorking) => {
      worker.terminate(); // `terminate` returns at once, although the worker continues for a while
      for (let waited = 0; waited < FORCED_END && isWorking(); waited += 10)
        await new Promise<void>((resolve) => void setTimeout(resolve, 10));
    },
  };
};

/** Starts a worker that runs a program. Throws if workers are not available. */
export const spawnWith =
  (source: string): Spawn =>
  (listener) => {
    const node = nodeThreads();
    if (node !== undefined) return spawnInNode(node, listener, source);
    if (scope.Worker === undefined) throw new Error('there are no workers here');
    return spawnInPage(scope.Worker, listener, source);
  };

export const spawn: Spawn = spawnWith(workerSource);
