import { env } from '@tensorflow/tfjs-core';
import { tfjs } from '../../src/backends/tfjs/index.js';
import { valueOf } from '../oracles/plans.js';
import { offerChecks } from './checks.js';

/** The program of tfjs for matrix products with small results, here used for all sizes. */
const MAT_MUL_SMALL_OUTPUT_SIZE_PROGRAM = 2;

const backend = valueOf(await tfjs('webgpu')());
// SwiftShader takes nearly a second to compile each variant of the program for large results, which is checked in Node
env().set('WEBGPU_MATMUL_PROGRAM_TYPE', MAT_MUL_SMALL_OUTPUT_SIZE_PROGRAM);
offerChecks(backend);
