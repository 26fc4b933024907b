/** Test helpers: engines that run without TensorFlow. */
import * as cpuPackage from '@tensorflow/tfjs-backend-cpu';
import * as tfjs from '@tensorflow/tfjs-core';
import type { Backend } from '../../../dsl/plan/backend.js';
import { cpuEngine as cpuEngineOf } from '../engines/cpu.js';
import { tensorBackend } from './backend.js';
import type { Engine } from './engine.js';
import { tensorflowLike } from './tensorflowTesting.js';

/** tfjs's cpu engine. */
export const cpuEngine = (): Engine => cpuEngineOf(tfjs, cpuPackage);

/** The executor on kernels that imitate TensorFlow's, because TensorFlow is not available everywhere. */
export const asOnTensorflow = (): Backend => tensorBackend('tfjs as on TensorFlow', tensorflowLike(cpuEngine()));

/** Number of tensors that tfjs has not disposed of. */
export const tensorsAlive = (): number => tfjs.engine().state.numTensors;
