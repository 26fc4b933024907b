/** Tests loading TensorFlow with packages that are missing, broken, or stand-ins on tfjs's cpu backend. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { engine, getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runPlan, unfused, valueOf } from '../../../../properties/oracles/plans.js';
import { node as input } from '../../../dsl/graph/node.js';
import * as p from '../../../dsl/primitives/index.js';
import { E } from '../../../internal/fp.js';
import { tfjs } from '../index.js';
import { PACKAGES, type TensorFlowPackage, tensorflow } from './tensorflow.js';

const failing = (message: string, code?: string) => async (): Promise<never> => {
  throw Object.assign(new Error(message), code === undefined ? {} : { code });
};

const errorOf = async (pkg: TensorFlowPackage, load: () => Promise<unknown>): Promise<string> => {
  const result = await tensorflow(pkg, load)();
  if (E.isRight(result)) throw new Error('it loads');
  expect(result.left._tag).toBe('BackendUnavailable');
  return result.left.message;
};

const variables = ['TF_DETERMINISTIC_OPS', 'NVIDIA_TF32_OVERRIDE'] as const;
beforeEach(() => variables.forEach((name) => delete process.env[name]));

test.each([
  "Cannot find package '@tensorflow/tfjs-node' imported from /x.js",
  'Could not resolve "@tensorflow/tfjs-node" imported by "x".', // Vite's
])('the error for a package that is not installed says how to install it: %s', async (thrown) => {
  const message = await errorOf(PACKAGES.node, failing(thrown, 'ERR_MODULE_NOT_FOUND'));
  expect(message).toBe(
    'the tfjs-node backend: expected the optional peer dependency @tensorflow/tfjs-node, got none: it is not installed; install it, with Node 22 or older: npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-node@4.22.0',
  );
});

test('the error for a missing or broken native library names the requirements', async () => {
  const missing = 'The Node.js native addon module (tfjs_binding.node) can not be found at path: /x. \nPlease run …';
  expect(await errorOf(PACKAGES.node, failing(missing))).toContain('npm rebuild @tensorflow/tfjs-node --build-addon-from-source'); // oxfmt-ignore
  const dlopen = 'libcudart.so.11.0: cannot open shared object file: No such file or directory';
  const message = await errorOf(PACKAGES.nodeGpu, failing(dlopen, 'ERR_DLOPEN_FAILED'));
  expect(message).toContain(dlopen);
  expect(message).toContain('CUDA 11.2 and cuDNN 8.1');
  expect(await errorOf(PACKAGES.node, failing('out of luck\nat x'))).toContain(
    'got out of luck; reinstall it, with Node 22 or older',
  );
});

test('a package that registers nothing points to a second version of tfjs', async () => {
  expect(await errorOf(PACKAGES.node, async () => undefined)).toContain('npm ls @tensorflow/tfjs-core');
});

describe('with a stand-in on the cpu backend of tfjs', () => {
  const standIn =
    (properties: { readonly isGPUPackage: boolean; readonly isUsingGpuDevice: boolean }) =>
    async (): Promise<void> => {
      engine().registerBackend('tensorflow', () => Object.assign(new MathBackendCPU(), { firstUse: false }, properties));
      for (const kernel of getKernelsForBackend('cpu')) registerKernel({ ...kernel, backendName: 'tensorflow' });
    }; // oxfmt-ignore
  afterEach(() => {
    for (const { kernelName } of getKernelsForBackend('tensorflow')) unregisterKernel(kernelName, 'tensorflow');
    engine().removeBackend('tensorflow');
  });

  const cpu = { isGPUPackage: false, isUsingGpuDevice: false };
  const gpu = { isGPUPackage: true, isUsingGpuDevice: true };

  test.each([
    [PACKAGES.node, cpu],
    [PACKAGES.nodeGpu, gpu],
  ] as const)('$backend runs programs', async (pkg, properties) => {
    const backend = valueOf(await tensorflow(pkg, standIn(properties))());
    expect(backend.name).toBe(pkg.backend);
    const x = input('input', [], { path: 'x' }, [2], 'float32');
    expect(Array.from((await runPlan(backend, unfused([p.add(x, x)]), [Float32Array.of(1, 2)]))[0]!)).toEqual([2, 4]); // oxfmt-ignore
    valueOf(await backend.close());
    expect(variables.map((name) => process.env[name])).toEqual(['1', '0']);
  });

  test('environment variables that are already set are kept', async () => {
    process.env['NVIDIA_TF32_OVERRIDE'] = '1';
    valueOf(await tensorflow(PACKAGES.nodeGpu, standIn(gpu))());
    expect(variables.map((name) => process.env[name])).toEqual(['1', '1']);
  });

  test('a GPU package without a GPU is unavailable', async () => {
    const message = await errorOf(PACKAGES.nodeGpu, standIn({ ...gpu, isUsingGpuDevice: false }));
    expect(message).toContain('expected a GPU that TensorFlow can use, got none');
  });

  test('only one of the packages can be loaded in a process', async () => {
    valueOf(await tensorflow(PACKAGES.node, standIn(cpu))());
    const again = failing('it must not be loaded');
    expect(await errorOf(PACKAGES.nodeGpu, again)).toContain('got @tensorflow/tfjs-node, which is already loaded'); // oxfmt-ignore
  });

  test('kernels that do not run on this version of Node are detected', async () => {
    const broken = async (): Promise<void> => {
      await standIn(cpu)();
      unregisterKernel('Add', 'tensorflow');
      registerKernel({
        kernelName: 'Add',
        backendName: 'tensorflow',
        kernelFunc: () => {
          throw new TypeError('(0 , util_1.isNullOrUndefined) is not a function');
        },
      });
    };
    expect(await errorOf(PACKAGES.node, broken)).toContain(`use Node 22 or older instead of ${process.version}`);
  });
});

test.each(['node', 'node-gpu'] as const)('%s starts, or its error gives the reason', async (engine) => {
  const result = await tfjs(engine)();
  if (E.isRight(result)) {
    expect(result.right.name).toBe(`tfjs-${engine}`);
    await result.right.close();
  } else expect(result.left).toMatchObject({ _tag: 'BackendUnavailable', where: `the tfjs-${engine} backend` });
});
