import { NEEDS_A_PROCESS, configOf } from './vitest.config.js';

/** Code that holds a device or a browser. */
const HOLDS_A_DEVICE = /\b(noWebgpu|testOnWebgpu|noChromium|acquireDevice|dawn|webgpu|docs\/backends)\b/;

/** All tests: also those on WebGPU and in Chromium, where this machine has them. */
export default configOf(new RegExp(`${NEEDS_A_PROCESS.source}|${HOLDS_A_DEVICE.source}`), {
  NOISEFOLD_TESTS: 'all',
});
