/**
 * tfjs's WebAssembly engine. There is one per process. It stays in tfjs's registry, shared with a program that uses tfjs
 * directly.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { Backend } from '../../../dsl/plan/backend.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { F, TE, type taskEither } from '../../../internal/fp.js';
import { tensorBackend } from '../eager/backend.js';
import { type Engine, engineOf, type ExactScalars } from '../eager/engine.js';
import { exactOnHost } from '../eager/onHost.js';
import { corrected } from './wasmCorrected.js';
import { withoutListeners } from './listeners.js';
import type { TfjsWasmOptions, WasmPaths } from './options.js';
import { loadEngine, type Modules, type Packages } from '../eager/packages.js';

const where = 'the tfjs-wasm backend';

const unavailable = (actual: string): NoisefoldError =>
  failure('BackendUnavailable', {
    where,
    expected: "tfjs's WebAssembly module to start",
    actual,
    hint: 'serve the .wasm files of @tensorflow/tfjs-backend-wasm and pass their location as paths',
  });

/**
 * Folder of the `.wasm` files in the installed package; null outside Node, where the default is next to the program.
 */
const installedPaths = (): string | null => {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:module');
  if (node === undefined) return null;
  const main = node.createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  return main.slice(0, Math.max(main.lastIndexOf('/'), main.lastIndexOf('\\')) + 1);
};

/**
 * The start in progress, by noisefold or by other code. Wait for it, because tfjs would start a second backend in
 * parallel.
 */
const pendingStart = ({ engine }: Modules['core']): Promise<unknown> | null => {
  const pending: unknown = Reflect.get(engine(), 'pendingBackendInit'); // tfjs's types declare the field private
  return pending instanceof Promise ? pending : null;
};

/** The running backend, or null. */
const startedBackend = ({ core: { engine }, engine: { BackendWasm } }: Packages<'wasm'>): BackendWasm | null => {
  const backend = 'wasm' in engine().registry ? engine().registry['wasm'] : undefined;
  return backend instanceof BackendWasm ? backend : null;
};

const start = async (packages: Packages<'wasm'>, paths: WasmPaths | null): Promise<BackendWasm | null> => {
  const { core, engine } = packages;
  while (startedBackend(packages) === null) {
    const pending = pendingStart(core);
    if (pending === null) {
      if (paths !== null) engine.setWasmPaths(typeof paths === 'string' ? paths : { ...paths });
      core.engine().findBackend('wasm'); // starts the backend; unlike setBackend, it does not change tfjs's current backend
      await pendingStart(core);
      break;
    }
    await pending;
    // the promise has settled, but tfjs has not cleared it, so waiting again would loop forever
    if (pendingStart(core) === pending) break;
  }
  return startedBackend(packages);
};

/** Starts tfjs's WebAssembly backend, or takes the running one, with its kernels set up. */
const startWasm = (packages: Packages<'wasm'>, paths?: WasmPaths): taskEither.TaskEither<NoisefoldError, BackendWasm> =>
  TE.flatMap((backend: BackendWasm | null) => {
    if (backend === null) return TE.left(unavailable('a load failure'));
    // binds each kernel to its C function in the module; repeating this has no effect
    for (const { setupFunc } of packages.core.getKernelsForBackend('wasm')) setupFunc?.(backend);
    return TE.right(backend);
  })(
    TE.tryCatch(
      () => withoutListeners(() => start(packages, paths ?? installedPaths())),
      (thrown) => unavailable(String(thrown)),
    ),
  );

/**
 * Inexact float32 functions: sin, cos and tan have an error of 1.4e-7 near their zeros, log1p and sign for small
 * numbers.
 */
const INEXACT: ReadonlySet<string> = new Set(['sin', 'cos', 'tan', 'log1p', 'sign']);

/** Covers int32, which the kernels compute in float32, and the inexact float32 functions. */
const isInexact: ExactScalars['covers'] = (fn, dtype) => dtype === 'int32' || (dtype === 'float32' && INEXACT.has(fn));

const wasmEngine = ({ paths }: TfjsWasmOptions): taskEither.TaskEither<NoisefoldError, Engine> =>
  F.pipe(
    loadEngine('wasm', where),
    TE.flatMap((packages) =>
      F.pipe(
        startWasm(packages, paths),
        TE.map((backend) => {
          const engine = corrected(engineOf(packages.core, 'wasm', backend));
          return { ...engine, exact: exactOnHost(engine, isInexact) };
        }),
      ),
    ),
  );

export const tfjsWasm = (options: TfjsWasmOptions): taskEither.TaskEither<NoisefoldError, Backend> =>
  TE.map((engine: Engine) => tensorBackend('tfjs-wasm', engine))(wasmEngine(options));
