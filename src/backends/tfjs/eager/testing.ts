/** tfjs's engines that run here, as stand-ins for TensorFlow's: backends on them, for tests. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { engine as tfjs } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../dsl/backend.js';
import type { NoisefoldError } from '../../../dsl/errors.js';
import { E, type either } from '../../../internal/fp.js';
import { startWasm } from '../wasmModule.js';
import { tensorBackend } from './backend.js';
import { type Engine, engineOf, type Tensor } from './engine.js';

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

/** tfjs's kernel for strided slices on WebAssembly calls every result float32: whole numbers and bools go as that. */
const mended = (engine: Engine): Engine => {
  const run: Engine['run'] = (kernel, operands, attributes) => {
    const x = 'x' in operands ? operands.x : undefined;
    if (kernel !== 'StridedSlice' || x === undefined) return engine.run(kernel, operands, attributes);
    const cast = (tensor: Tensor, dtype: string): Tensor =>
      tensor.dtype === dtype ? tensor : engine.run('Cast', { x: tensor }, { dtype });
    return cast(engine.run(kernel, { x: cast(x, 'float32') }, attributes), x.dtype);
  };
  return { ...engine, run };
};

export const wasmEngine = async (): Promise<Engine> => mended(engineOf('wasm', valueOf(await startWasm()())));

export const standIns = async (): Promise<readonly Backend[]> => [
  tensorBackend('tensors of cpu', cpuEngine()),
  tensorBackend('tensors of wasm', await wasmEngine()),
];

/** The tensors that tfjs knows of. */
export const tensorsAlive = (): number => tfjs().state.numTensors;
