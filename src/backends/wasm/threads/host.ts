/** Tests if this machine has workers, and memory that they can share. */
import type { FromWorker, ToWorker } from './protocol.js';

/** The events of a worker of a browser. */
interface PageEvents {
  readonly message: { readonly data: FromWorker };
  readonly error: { readonly message?: string; readonly preventDefault: () => void };
}

/** The members of a worker of a browser that we use. */
interface PageWorker {
  readonly addEventListener: <K extends keyof PageEvents>(event: K, listener: (event: PageEvents[K]) => void) => void;
  readonly postMessage: (message: ToWorker) => void;
  readonly terminate: () => void;
}

export interface PageScope {
  readonly Worker?: new (url: string, options: { readonly name: string }) => PageWorker;
  readonly SharedArrayBuffer?: unknown;
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

// the library is compiled without the types of the DOM
export const scope: PageScope = globalThis;

/** Returns a module of Node; undefined outside Node. `A` declares the members that the caller uses. */
export const builtin = <A>(name: string): A | undefined =>
  typeof process === 'undefined' ? undefined : (process.getBuiltinModule?.(name) as A | undefined);

/** Tests if threads can share memory: always in Node, in a browser only on pages that are isolated from others. */
export const canShareMemory = (): boolean =>
  scope.SharedArrayBuffer !== undefined &&
  (builtin('node:worker_threads') !== undefined || (scope.crossOriginIsolated === true && scope.Worker !== undefined));
