import { afterAll, describe } from 'vitest';
import { reference } from '../src/backends/reference/index.js';
import { tfjs, type TfjsEngine } from '../src/backends/tfjs/index.js';
import { wasm } from '../src/backends/wasm/backend.js';
import { webgpu } from '../src/backends/webgpu/index.js';
import type { Backend } from '../src/dsl/plan/backend.js';
import type { Task } from '../src/dsl/run/effect.js';
import { E } from '../src/internal/fp.js';
import { backendLaws } from './laws/backends.js';
import { valueOf } from './oracles/plans.js';
import { checkLaws } from './suite.js';
import { skippedFor } from './skips.js';
import { noWebgpu } from './webgpu.js';

/** Checks the contract of a backend. If it is `missing`, the tests are skipped. */
const contract = async (name: string, missing: string, acquire: () => Task<Backend>): Promise<void> => {
  // the names of the laws are needed even if they are skipped
  const backend = valueOf(await (missing === '' ? acquire() : reference())());
  describe(name, skippedFor(missing), () => {
    checkLaws(backendLaws(backend));
    afterAll(() => backend.close());
  });
};

await contract('reference', '', reference);
await contract('wasm', '', wasm);
await contract('webgpu', noWebgpu, webgpu);
await contract('tfjs-cpu', '', () => tfjs('cpu'));
await contract('tfjs-wasm', '', () => tfjs('wasm'));
await contract('tfjs-webgpu', noWebgpu, () => tfjs('webgpu'));

/** The reason why TensorFlow does not run here; empty if it does. */
const missingTensorflow = async (engine: TfjsEngine): Promise<string> => {
  const acquired = await tfjs(engine)();
  if (E.isLeft(acquired)) return acquired.left.message;
  await acquired.right.close();
  return '';
};

// a process can load only one of the two packages
const missingNode = await missingTensorflow('node');
await contract('tfjs-node', missingNode, () => tfjs('node'));
await contract('tfjs-node-gpu', await missingTensorflow('node-gpu'), () => tfjs('node-gpu'));
