/** tfjs's engines that run here, as stand-ins for TensorFlow's: backends on them, for tests. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { engine as tfjs } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../dsl/backend.js';
import type { NoisefoldError } from '../../../dsl/errors.js';
import { denseStrides } from '../../../dsl/lower/loops.js';
import { sizeOf } from '../../../dsl/node.js';
import type { NumberType } from '../../../dsl/region.js';
import { E, type either } from '../../../internal/fp.js';
import { copyStrided, dense } from '../../shared/strided.js';
import { startWasm } from '../../wasm/module.js';
import { tensorBackend } from './backend.js';
import { type Engine, engineOf } from './engine.js';
import { tensorflowLike } from './tensorflowTesting.js';

export const cpuEngine = (): Engine => {
  const backend = new MathBackendCPU();
  // at first use it would advertise tfjs-node on the console; the field is private in the types alone
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return engineOf('cpu', backend);
};

const valueOf = <A>(result: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

/** tfjs's kernel for strided slices on WebAssembly calls every result float32: the host does it. */
const mended = (engine: Engine): Engine => {
  const run: Engine['run'] = (kernel, operands, attributes) => {
    const x = 'x' in operands ? operands.x : undefined;
    if (kernel !== 'StridedSlice' || x === undefined) return engine.run(kernel, operands, attributes);
    const { begin, end, strides } = attributes as Readonly<Record<'begin' | 'end' | 'strides', number[]>>;
    const shape = begin.map((first, i) => Math.ceil((end[i]! - first) / strides[i]!));
    const from = denseStrides(x.shape);
    const data = engine.read(x).slice(0, sizeOf(shape));
    copyStrided(
      shape,
      engine.read(x),
      {
        offset: begin.reduce((sum, first, i) => sum + first * from[i]!, 0),
        strides: from.map((stride, i) => stride * strides[i]!),
      },
      data,
      dense(shape),
    );
    return engine.tensor(data, shape, x.dtype as NumberType); // as our dtypes are
  };
  return { ...engine, run };
};

const wasmEngine = async (): Promise<Engine> => mended(engineOf('wasm', valueOf(await startWasm()())));

/** Random programs make whole numbers of any size, of which tfjs's own engines round what TensorFlow wraps around. */
const PROGRAMS = 'programs agree with the reference';
const ROUNDED = 'tfjs rounds large products, powers and negatives of whole numbers, in float64 or float32';

/** The backends, with the laws for which tfjs's own kernels are not exact enough, by operation or name, and why. */
export const standIns = async (): Promise<readonly StandIn[]> => [
  { backend: tensorBackend('tensors of cpu', cpuEngine()), inexact: [PROGRAMS], because: ROUNDED },
  {
    backend: tensorBackend('tensors as of TensorFlow', tensorflowLike(cpuEngine())),
    inexact: [PROGRAMS],
    because: ROUNDED,
  },
  {
    backend: tensorBackend('tensors of wasm', await wasmEngine()),
    inexact: [PROGRAMS, 'sin', 'cos', 'tan'],
    because: `${ROUNDED}; near its zeros the cosine of tfjs-wasm is off by 1.4e-7`,
  },
];

interface StandIn {
  readonly backend: Backend;
  readonly inexact: readonly string[];
  readonly because: string;
}

/** The tensors that tfjs knows of. */
export const tensorsAlive = (): number => tfjs().state.numTensors;
