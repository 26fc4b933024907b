/**
 * tfjs's WebAssembly backend: one in a process, whoever asks for it first. It stays in tfjs's own
 * registry, so that several of our backends, and a program that uses tfjs itself, share it.
 */
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { engine, env, getKernelsForBackend } from '@tensorflow/tfjs-core';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { TE, type taskEither } from '../../internal/fp.js';
import type { WasmPaths } from './options.js';

/** What we use of the compiled module, which tfjs's types show in part. */
export interface WasmModule {
  readonly asm: {
    readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
    readonly malloc: (bytes: number) => number;
    readonly free: (address: number) => void;
  };
}

const unavailable = (actual: string): NoisefoldError =>
  failure('BackendUnavailable', {
    where: 'the wasm backend',
    expected: "tfjs's WebAssembly module to start",
    actual,
    hint: 'serve the .wasm files of @tensorflow/tfjs-backend-wasm and say where they are: wasm({ paths })',
  });

/** In Node the files lie in the installed package; elsewhere it is for the user to say. */
const installedPaths = (): string | null => {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:module');
  if (node === undefined) return null;
  const main = node.createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  return main.slice(0, Math.max(main.lastIndexOf('/'), main.lastIndexOf('\\')) + 1);
};

/** A start under way, ours or another's. tfjs would start a second one beside it, so it is waited for. */
const pendingStart = (): Promise<unknown> | null =>
  // private in the types
  (engine() as unknown as { pendingBackendInit?: Promise<unknown> | null }).pendingBackendInit ?? null;

const started = (): BackendWasm | null => {
  const found = 'wasm' in engine().registry ? engine().registry['wasm'] : undefined;
  return found instanceof BackendWasm ? found : null;
};

const start = async (paths: WasmPaths | null): Promise<BackendWasm | null> => {
  while (started() === null) {
    const pending = pendingStart();
    if (pending === null) {
      if (paths !== null) setWasmPaths(typeof paths === 'string' ? paths : { ...paths });
      // a page that is isolated from others would get threads, and a shared memory, which our kernels cannot import
      env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      engine().findBackend('wasm'); // starts it; unlike setBackend, it leaves the current backend alone
      await pendingStart();
      break;
    }
    await pending;
    if (pendingStart() === pending) break; // settled, and not taken notice of
  }
  return started();
};

/** Gets tfjs's WebAssembly backend, with its kernels set up. */
export const startWasm = (paths?: WasmPaths): taskEither.TaskEither<NoisefoldError, BackendWasm> =>
  TE.flatMap((backend: BackendWasm | null) => {
    if (backend === null) return TE.left(unavailable('a failure to load it'));
    // each kernel binds its C function to the module; to do so again changes nothing
    for (const { setupFunc } of getKernelsForBackend('wasm')) setupFunc?.(backend);
    return TE.right(backend);
  })(
    TE.tryCatch(
      () => start(paths ?? installedPaths()),
      (thrown) => unavailable(String(thrown)),
    ),
  );

export const moduleOf = (backend: BackendWasm): WasmModule => backend.wasm as unknown as WasmModule; // Emscripten's own members, which tfjs's types leave out
