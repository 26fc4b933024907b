/** Test helpers: backends on tfjs's cpu and wasm engines, as stand-ins for TensorFlow's. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { engine as tfjs } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../dsl/compile/backend.js';
import type { NoisefoldError } from '../../../internal/errors.js';
import { denseStrides } from '../../../dsl/compile/lower/loops.js';
import { sizeOf } from '../../../dsl/graph/node.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import { E, type either } from '../../../internal/fp.js';
import { copyStrided, dense } from '../../shared/strided.js';
import { startWasm } from '../startWasm.js';
import { tensorBackend } from './backend.js';
import { type Engine, engineOf } from './engine.js';
import { tensorflowLike } from './tensorflowTesting.js';

export const cpuEngine = (): Engine => {
  const backend = new MathBackendCPU();
  // on first use it would print an advertisement for tfjs-node; the cast reaches a field that the types declare private
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return engineOf('cpu', backend);
};

const valueOf = <A>(result: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

/** Computes strided slices on the host: tfjs's WebAssembly kernel labels every result float32. */
const withHostStridedSlice = (engine: Engine): Engine => {
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
    // the cast is safe: the engine only has tensors of our dtypes
    return engine.tensor(data, shape, x.dtype as NumberType);
  };
  return { ...engine, run };
};

const wasmEngine = async (): Promise<Engine> => withHostStridedSlice(engineOf('wasm', valueOf(await startWasm()())));

/**
 * A law that fails on tfjs's own engines: they round large int32 results of random programs, where TensorFlow wraps
 * around.
 */
const PROGRAMS = 'programs agree with the reference';
const ROUNDED = 'tfjs rounds large integer products, powers and negatives, in float64 or float32';

/**
 * The backends. `inexact` lists laws (by operation or name) that tfjs's own kernels are not exact enough for, and
 * `because` says why.
 */
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
    because: `${ROUNDED}; the cosine of tfjs-wasm is off by 1.4e-7 near its zeros`,
  },
];

interface StandIn {
  readonly backend: Backend;
  readonly inexact: readonly string[];
  readonly because: string;
}

/** Number of tensors that tfjs has not disposed of. */
export const tensorsAlive = (): number => tfjs().state.numTensors;
