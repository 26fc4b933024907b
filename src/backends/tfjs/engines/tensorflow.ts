/**
 * Starts TensorFlow in Node from the optional peers tfjs-node and tfjs-node-gpu. They contain a native library and can
 * be missing or broken in several ways; each gets its own error and hint.
 */
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../dsl/plan/backend.js';
import { failure, messageOf, type NoisefoldError } from '../../../internal/errors.js';
import { F, TE, type taskEither } from '../../../internal/fp.js';
import { absent, importPeer, isAbsent, reasonOf } from '../../../internal/peer.js';
import { tensorBackend } from '../eager/backend.js';
import { type Engine, engineOf } from '../eager/engine.js';
import { installing, load, type Modules } from '../eager/packages.js';

/** One of the two packages. */
export interface TensorFlowPackage {
  /** Name of our backend. */
  readonly backend: 'tfjs-node' | 'tfjs-node-gpu';
  readonly name: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';
  /** Requirements of the package, for hints. */
  readonly needs: string;
}

/** The two packages. tfjs 4.22 is built for TensorFlow 2.9, which determines the CUDA and cuDNN versions. */
export const PACKAGES = {
  node: { backend: 'tfjs-node', name: '@tensorflow/tfjs-node', needs: 'Node 22 or older' },
  nodeGpu: {
    backend: 'tfjs-node-gpu',
    name: '@tensorflow/tfjs-node-gpu',
    needs: 'Node 22 or older, Linux or Windows, an NVIDIA driver, CUDA 11.2 and cuDNN 8.1',
  },
} as const satisfies Readonly<Record<string, TensorFlowPackage>>;

/** The backend that both packages register with tfjs. tfjs's types do not declare these fields. */
type TensorFlowBackend = KernelBackend & {
  readonly isGPUPackage?: boolean;
  readonly isUsingGpuDevice?: boolean;
};

const whereOf = ({ backend }: TensorFlowPackage): string => `the ${backend} backend`;

const unavailable = (pkg: TensorFlowPackage, expected: string, actual: string, hint: string): NoisefoldError =>
  failure('BackendUnavailable', { where: whereOf(pkg), expected, actual, hint });

const inNode = (): boolean => typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Explains why a package did not load. */
const loadError = (pkg: TensorFlowPackage, thrown: unknown): NoisefoldError => {
  const { name, needs } = pkg;
  const message = messageOf(thrown);
  const { code } = thrown as { readonly code?: unknown };
  if (isAbsent(name, thrown))
    return absent(name, {
      where: whereOf(pkg),
      hint: `install it, with ${needs}: ${installing(name)}`,
    });
  if (message.includes('tfjs_binding.node'))
    return unavailable(
      pkg,
      `the native library of ${name}`,
      'none: the installation could not download it',
      `reinstall it where libtensorflow can be downloaded, with ${needs}, or build it: npm rebuild ${name} --build-addon-from-source`,
    );
  if (code === 'ERR_DLOPEN_FAILED' || /shared object|dlopen|specified module/i.test(message))
    return unavailable(pkg, `the native library of ${name} to load`, reasonOf(thrown), `it needs ${needs}; install these, then reinstall ${name}`); // oxfmt-ignore
  return unavailable(pkg, `${name} to load`, reasonOf(thrown), `reinstall it, with ${needs}`);
};

/**
 * Explains why a kernel did not run. Node 23 removed util.isNullOrUndefined, which the kernels of 4.22 call (tfjs issue
 * 8609).
 */
const runError = (pkg: TensorFlowPackage, thrown: unknown): NoisefoldError => {
  const message = reasonOf(thrown);
  return unavailable(
    pkg,
    `a kernel of ${pkg.name} to run`,
    message,
    message.includes('isNullOrUndefined')
      ? `use Node 22 or older instead of ${process.version}: tfjs-node 4.22 calls functions that newer versions removed`
      : `reinstall it, with ${pkg.needs}`,
  );
};

/** Runs a kernel and throws if its result is wrong: a package can load and still not work. */
const checkAdd = (engine: Engine): void => {
  const sum = engine.scoped(() =>
    engine.run('Add', { a: engine.tensor(Float32Array.of(1, 2), [2], 'float32'), b: engine.tensor(Float32Array.of(3), [1], 'float32') }, {}),
  ); // oxfmt-ignore
  const [first, second] = engine.readNow!(sum); // the backend of TensorFlow reads synchronously
  sum.dispose();
  if (first !== 4 || second !== 5) throw new Error(`1 + 3, 2 + 3 = ${first}, ${second}`);
};

/**
 * Environment variables for reproducible float32 results on a GPU. TensorFlow reads them when its library loads.
 * Variables that are already set are kept.
 */
const REPEATABLE = {
  TF_DETERMINISTIC_OPS: '1', // no atomic additions, whose order varies
  NVIDIA_TF32_OVERRIDE: '0', // products in float32; TF32 would round operands to 10 mantissa bits
} as const;

/**
 * Starts a backend on TensorFlow. `loadPackage` imports the package, which registers itself with tfjs and becomes tfjs's
 * current backend. Fails with `BackendUnavailable`, which says what is missing.
 */
export const tensorflow = (
  pkg: TensorFlowPackage,
  loadPackage: (name: string) => Promise<unknown> = importPeer,
): taskEither.TaskEither<NoisefoldError, Backend> => {
  if (!inNode()) return TE.left(unavailable(pkg, 'Node', 'a browser', 'use webgpu() or wasm()'));
  return F.pipe(
    load('core', whereOf(pkg), `${installing(pkg.name)}, with ${pkg.needs}`),
    TE.flatMap((core) => startedOn(core, pkg, loadPackage)),
  );
};

const startedOn = (
  core: Modules['core'],
  pkg: TensorFlowPackage,
  loadPackage: (name: string) => Promise<unknown>,
): taskEither.TaskEither<NoisefoldError, Backend> => {
  const wantsGpu = pkg.backend === 'tfjs-node-gpu';
  // null if there is none
  const registered = (): TensorFlowBackend | null =>
    core.engine().findBackend('tensorflow') as TensorFlowBackend | null;
  const isOther = (backend: TensorFlowBackend | null): boolean =>
    backend?.isGPUPackage !== undefined && backend.isGPUPackage !== wantsGpu;

  const startedBackend = (): taskEither.TaskEither<NoisefoldError, Backend> => {
    const backend = registered();
    if (backend === null)
      return TE.left(unavailable(pkg, `${pkg.name} to register itself with tfjs`, 'nothing registered', 'install only one version of tfjs: npm ls @tensorflow/tfjs-core lists them')); // oxfmt-ignore
    if (wantsGpu && backend.isUsingGpuDevice !== true)
      return TE.left(unavailable(pkg, 'a GPU that TensorFlow can use', 'none', `it needs ${pkg.needs}; standard error shows what is missing`)); // oxfmt-ignore
    const tensors = engineOf(core, 'tensorflow', backend);
    return F.pipe(
      TE.tryCatch(
        async () => checkAdd(tensors),
        (thrown) => runError(pkg, thrown),
      ),
      TE.map(() => tensorBackend(pkg.backend, tensors)),
    );
  };

  return F.pipe(
    TE.fromIO(registered),
    TE.filterOrElse(
      (backend) => !isOther(backend),
      () => unavailable(pkg, `only ${pkg.name} in this process`, `${PACKAGES[wantsGpu ? 'node' : 'nodeGpu'].name}, which is already loaded`, 'use only one of the two packages in a process'), // oxfmt-ignore
    ),
    TE.flatMap(() =>
      TE.tryCatch(
        async () => {
          for (const [name, value] of Object.entries(REPEATABLE)) process.env[name] ??= value;
          await loadPackage(pkg.name);
        },
        (thrown) => loadError(pkg, thrown),
      ),
    ),
    TE.flatMap(startedBackend),
  );
};
