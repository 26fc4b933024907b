import { configOf } from './vitest.config.js';

/**
 * Mesa computes WebGPU in software, and needs most of its time to compile shaders. It needs less than half of that time
 * without optimizations, and with vectors of four numbers.
 */
const FAST_SHADERS = { GALLIVM_PERF: 'nopt', LP_NATIVE_VECTOR_WIDTH: '128' };

/** All tests: also those on WebGPU and in browsers, where this machine has them. */
export default configOf({ NOISEFOLD_TESTS: 'all', ...FAST_SHADERS });
