import { describe, expect, test } from 'vitest';
import { valueOf } from '../../../../properties/oracles/plans.js';
import { skippedFor } from '../../../../properties/skips.js';
import { noWebgpu } from '../../../../properties/webgpu.js';
import { acquireDevice } from './adapter.js';
import type { Dispatch } from './dispatch.js';
import { gpuOf } from './gpu.js';
import { createPipelines } from './pipelines.js';

const dispatchOf = (code: string): { readonly dispatch: Dispatch; readonly where: string } => ({
  dispatch: {
    code: `@group(0) @binding(0) var<storage, read_write> b: array<f32>;
@compute @workgroup_size(1) fn main() { ${code} }`,
    bindings: [{ kind: 'scratch', elements: 4 }],
    workgroups: [1, 1, 1],
  },
  where: 'a call',
});
const numbered = (n: number) => dispatchOf(`b[0] = ${n}.0;`);

describe('webgpu', skippedFor(noWebgpu), () => {
  test('caches the most recently used pipelines', async () => {
    const acquired = valueOf(await acquireDevice({})());
    let compiled = 0;
    const counted = new Proxy(acquired.device, {
      get: (target, name) => {
        if (name === 'createComputePipelineAsync') compiled++;
        const actual: unknown = Reflect.get(target, name);
        return typeof actual === 'function' ? actual.bind(target) : actual;
      },
    });
    const gpu = gpuOf({ ...acquired, device: counted });
    const { compile } = createPipelines(gpu, 2);
    const [first, again] = valueOf(await compile([numbered(1), numbered(1)]));
    expect(first).toBe(again);
    expect(compiled).toBe(1);
    valueOf(await compile([numbered(2), numbered(1)])); // both stay cached; 1 is the most recently used
    valueOf(await compile([numbered(3)])); // evicts 2
    expect(compiled).toBe(3);
    valueOf(await compile([numbered(1), numbered(3)]));
    expect(compiled).toBe(3);
    valueOf(await compile([numbered(2)]));
    expect(compiled).toBe(4);
    gpu.destroy();
  });

  test('an invalid shader is an error that names its call, and does not affect others', async () => {
    const gpu = gpuOf(valueOf(await acquireDevice({})()));
    const { compile } = createPipelines(gpu);
    expect(await compile([numbered(1), dispatchOf('b[0] = true;')])).toMatchObject({
      left: { _tag: 'BackendFailure', where: 'a call', actual: expect.stringContaining('validation error') },
    });
    expect(valueOf(await compile([numbered(1)]))).toHaveLength(1);
    gpu.destroy();
  });

  test('compiles a pipeline again after a failure', async () => {
    const acquired = valueOf(await acquireDevice({})());
    let fails = true;
    const flaky = new Proxy(acquired.device, {
      get: (target, name) => {
        const actual: unknown = Reflect.get(target, name);
        if (typeof actual !== 'function') return actual;
        return name === 'createComputePipelineAsync' && fails
          ? () => Promise.reject(new Error('busy'))
          : actual.bind(target);
      },
    });
    const gpu = gpuOf({ ...acquired, device: flaky });
    const { compile } = createPipelines(gpu);
    expect(await compile([numbered(1)])).toMatchObject({ left: { actual: 'Error: busy' } });
    fails = false;
    expect(valueOf(await compile([numbered(1)]))).toHaveLength(1);
    gpu.destroy();
  });
});
