/**
 * Starts tfjs's WebAssembly backend. There is one per process. It stays in tfjs's registry, shared with a program that uses
 * tfjs directly.
 */
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { engine, env, getKernelsForBackend } from '@tensorflow/tfjs-core';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { TE, type taskEither } from '../../internal/fp.js';
import { withoutListeners } from './listeners.js';

/** Location of tfjs's `.wasm` files: a folder (ending in `/`), or the path or URL of each file by its name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

const unavailable = (actual: string): NoisefoldError =>
  failure('BackendUnavailable', {
    where: 'the tfjs wasm backend',
    expected: "tfjs's WebAssembly module to start",
    actual,
    hint: 'serve the .wasm files of @tensorflow/tfjs-backend-wasm and pass their location',
  });

/** Folder of the `.wasm` files in the installed package; null outside of Node, where the user must pass `paths`. */
const installedPaths = (): string | null => {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:module');
  if (node === undefined) return null;
  const main = node.createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  return main.slice(0, Math.max(main.lastIndexOf('/'), main.lastIndexOf('\\')) + 1);
};

/**
 * The start of a backend in progress, by us or by other code. Wait for it: tfjs would start a second one in parallel.
 */
const pendingStart = (): Promise<unknown> | null =>
  // the cast reaches a field that tfjs's types declare private
  (engine() as unknown as { pendingBackendInit?: Promise<unknown> | null }).pendingBackendInit ?? null;

/** The running backend, or null. */
const startedBackend = (): BackendWasm | null => {
  const found = 'wasm' in engine().registry ? engine().registry['wasm'] : undefined;
  return found instanceof BackendWasm ? found : null;
};

const start = async (paths: WasmPaths | null): Promise<BackendWasm | null> => {
  while (startedBackend() === null) {
    const pending = pendingStart();
    if (pending === null) {
      if (paths !== null) setWasmPaths(typeof paths === 'string' ? paths : { ...paths });
      // a cross-origin isolated page would get threads and a shared memory, which our kernels cannot import
      env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      engine().findBackend('wasm'); // starts the backend; unlike setBackend, it does not change tfjs's current backend
      await pendingStart();
      break;
    }
    await pending;
    // it has settled, but tfjs has not cleared it: waiting again would loop forever
    if (pendingStart() === pending) break;
  }
  return startedBackend();
};

/** Starts tfjs's WebAssembly backend, or returns the running one, with its kernels set up. */
export const startWasm = (paths?: WasmPaths): taskEither.TaskEither<NoisefoldError, BackendWasm> =>
  TE.flatMap((backend: BackendWasm | null) => {
    if (backend === null) return TE.left(unavailable('a load failure'));
    // binds each kernel to its C function in the module; repeating this has no effect
    for (const { setupFunc } of getKernelsForBackend('wasm')) setupFunc?.(backend);
    return TE.right(backend);
  })(
    TE.tryCatch(
      () => withoutListeners(() => start(paths ?? installedPaths())),
      (thrown) => unavailable(String(thrown)),
    ),
  );
