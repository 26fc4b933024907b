import { expect, test } from 'vitest';
import type { Backend } from '../../dsl/backend.js';
import type { NoisefoldError } from '../../dsl/errors.js';
import { E, type taskEither } from '../../internal/fp.js';
import { reference } from '../reference/index.js';
import { cpu } from '../tfjs/cpu.js';
import { node } from '../tfjs/node.js';
import { nodeGpu } from '../tfjs/nodeGpu.js';
import { wasm } from '../wasm/backend.js';
import { webgpu } from '../webgpu/index.js';

/** A backend as called from JavaScript: with any argument. */
type Acquire = (options: unknown) => taskEither.TaskEither<NoisefoldError, Backend>;

const messageOf = async (acquire: unknown, options: unknown): Promise<string> => {
  const result = await (acquire as Acquire)(options)();
  return E.isLeft(result) ? `${result.left._tag} ${result.left.message}` : 'acquired';
};

test.each([
  [webgpu, { hardwear: true }, 'the webgpu backend: expected no fields but powerPreference, fallback, hardware, got "hardwear"; '],
  [webgpu, { powerPreference: 'fast' }, 'the webgpu backend.powerPreference: expected "high-performance" | "low-power", got "fast"; '],
  [wasm, { path: '/wasm/' }, 'the wasm backend: expected no fields but paths, got "path"; '],
  [wasm, { paths: 7 }, 'the wasm backend.paths: expected a folder, or paths by name, got 7; '],
  [wasm, '/wasm/', 'the wasm backend: expected '],
  [node, { gpu: true }, 'the node backend: expected no fields, got "gpu"; '],
  [nodeGpu, { device: 1 }, 'the node-gpu backend: expected no fields, got "device"; '],
  [cpu, { threads: 4 }, 'the cpu backend: expected no fields, got "threads"; '],
  [reference, { precision: 'double' }, 'the reference backend: expected no fields, got "precision"; '],
])('%o rejects %o', async (acquire, options, message) => {
  expect(await messageOf(acquire, options)).toContain(`ConfigError ${message}`);
}); // prettier-ignore
