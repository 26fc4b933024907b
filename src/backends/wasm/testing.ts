/** Test helper: a backend with all kernels and with settings for tests. */
import type { Backend } from '../../dsl/plan/backend.js';
import { backendWith, type Internals } from './backend.js';
import { allKernels } from './images.js';
import type { WasmOptions } from './options.js';
import { canShareMemory } from './threads/host.js';
import { threading } from './threads/threading.js';

export const wasmBackend = (options: WasmOptions, internals?: Internals): Backend =>
  backendWith(allKernels, canShareMemory() ? threading : null, options, internals);
