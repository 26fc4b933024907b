/**
 * TensorFlow in Node: the packages tfjs-node and tfjs-node-gpu, optional peers. They bring a native library, and may be
 * absent or broken in several ways, each of which asks for something else.
 */
import { engine } from '@tensorflow/tfjs-core';
import type { Backend } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { absent, isAbsent, reasonOf } from '../shared/peer.js';
import { tensorBackend } from './eager/backend.js';
import { type Engine, engineOf } from './eager/engine.js';

/** One of the two packages. */
export interface TensorFlowPackage {
  /** Our name of the backend. */
  readonly backend: 'node' | 'node-gpu';
  readonly name: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';
  /** What it needs, for hints. */
  readonly needs: string;
}

/** tfjs 4.22 is built for TensorFlow 2.9. */
export const PACKAGES = {
  node: { backend: 'node', name: '@tensorflow/tfjs-node', needs: 'Node 22 or older' },
  nodeGpu: {
    backend: 'node-gpu',
    name: '@tensorflow/tfjs-node-gpu',
    needs: 'Node 22 or older, Linux or Windows, an NVIDIA driver, CUDA 11.2 and cuDNN 8.1',
  },
} as const satisfies Readonly<Record<string, TensorFlowPackage>>;

/** What both packages register with tfjs, of which its types know nothing. */
type TensorFlowBackend = ReturnType<ReturnType<typeof engine>['findBackend']> & {
  readonly isGPUPackage?: boolean;
  readonly isUsingGpuDevice?: boolean;
};

const whereOf = ({ backend }: TensorFlowPackage): string => `the ${backend} backend`;

const unavailable = (
  given: TensorFlowPackage,
  expected: string,
  actual: string,
  hint: string,
): NoisefoldError => failure('BackendUnavailable', { where: whereOf(given), expected, actual, hint });

const inNode = (): boolean => typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Why a package did not load. */
const notLoaded = (given: TensorFlowPackage, thrown: unknown): NoisefoldError => {
  const { name, needs } = given;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const { code } = thrown as { readonly code?: unknown };
  if (isAbsent(name, thrown))
    return absent(name, {
      where: whereOf(given),
      hint: `install it, with ${needs}: npm install ${name}@4.22.0`,
    });
  if (message.includes('tfjs_binding.node'))
    return unavailable(
      given,
      `the native library of ${name}`,
      'none: its installation could not download it',
      `install it where the download of libtensorflow is allowed, with ${needs}, or build it: npm rebuild ${name} --build-addon-from-source`,
    );
  if (code === 'ERR_DLOPEN_FAILED' || /shared object|dlopen|specified module/i.test(message))
    return unavailable(given, `the native library of ${name} to load`, reasonOf(thrown), `it needs ${needs}: then install ${name} anew`); // prettier-ignore
  return unavailable(given, `${name} to load`, reasonOf(thrown), `install it anew, with ${needs}`);
};

/** Node 23 has no util.isNullOrUndefined, which the kernels of 4.22 call (tfjs issue 8609). */
const notRun = (given: TensorFlowPackage, thrown: unknown): NoisefoldError => {
  const message = reasonOf(thrown);
  return unavailable(
    given,
    `a kernel of ${given.name} to run`,
    message,
    message.includes('isNullOrUndefined')
      ? `use Node 22 or older, in place of ${process.version}: tfjs-node 4.22 calls what newer ones no longer have`
      : `install it anew, with ${given.needs}`,
  );
};

/** Runs a kernel: a package that loads need not work. */
const demandSum = (engine: Engine): void => {
  const sum = engine.scoped(() =>
    engine.run('Add', { a: engine.tensor(Float32Array.of(1, 2), [2], 'float32'), b: engine.tensor(Float32Array.of(3), [1], 'float32') }, {}),
  ); // prettier-ignore
  const [first, second] = engine.read(sum);
  sum.dispose();
  if (first !== 4 || second !== 5) throw new Error(`1 + 3, 2 + 3 = ${first}, ${second}`);
};

/** What decides how exact TensorFlow is on a GPU; it is read when its library loads. What is set already stays. */
const REPEATABLE = {
  TF_DETERMINISTIC_OPS: '1', // no atomics
  NVIDIA_TF32_OVERRIDE: '0', // products in float32, and not rounded to ten bits
} as const;

/**
 * A backend on TensorFlow. `load` imports the package, which registers itself with tfjs, and makes itself tfjs's
 * current backend.
 */
export const tensorflow = (
  given: TensorFlowPackage,
  load: (name: string) => Promise<unknown>,
): taskEither.TaskEither<NoisefoldError, Backend> => {
  const wantsGpu = given.backend === 'node-gpu';
  const registered = (): TensorFlowBackend | null =>
    engine().findBackend('tensorflow') as TensorFlowBackend | null; // null where there is none
  const isOther = (backend: TensorFlowBackend | null): boolean =>
    backend?.isGPUPackage !== undefined && backend.isGPUPackage !== wantsGpu;

  const found = (): taskEither.TaskEither<NoisefoldError, Backend> => {
    const backend = registered();
    if (backend === null)
      return TE.left(unavailable(given, `${given.name} to register itself with tfjs`, 'nothing registered', 'have one version of tfjs: npm ls @tensorflow/tfjs-core')); // prettier-ignore
    if (wantsGpu && backend.isUsingGpuDevice !== true)
      return TE.left(unavailable(given, 'a GPU that TensorFlow can use', 'none', `it needs ${given.needs}; what it misses is on standard error`)); // prettier-ignore
    const tensors = engineOf('tensorflow', backend);
    return F.pipe(
      TE.tryCatch(
        async () => demandSum(tensors),
        (thrown) => notRun(given, thrown),
      ),
      TE.map(() => tensorBackend(given.backend, tensors)),
    );
  };

  if (!inNode()) return TE.left(unavailable(given, 'Node', 'a browser', 'use webgpu() or wasm()'));
  return F.pipe(
    TE.fromIO(registered),
    TE.filterOrElse(
      (backend) => !isOther(backend),
      () => unavailable(given, `${given.name} alone`, `${PACKAGES[wantsGpu ? 'node' : 'nodeGpu'].name}, which was loaded before`, 'use one of the two in a process'), // prettier-ignore
    ),
    TE.flatMap(() =>
      TE.tryCatch(
        async () => {
          for (const [name, value] of Object.entries(REPEATABLE)) process.env[name] ??= value;
          await load(given.name);
        },
        (thrown) => notLoaded(given, thrown),
      ),
    ),
    TE.flatMap(found),
  );
};
