import { mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** All tests: also those on WebGPU and in Chromium, where this machine has them. */
export default mergeConfig(base, { test: { env: { NOISEFOLD_TESTS: 'all' } } });
