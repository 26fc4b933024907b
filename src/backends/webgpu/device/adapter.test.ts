/** Without WebGPU, errors name the missing part and how to get it. */
import { expect, test } from 'vitest';
import { acquireDevice, type Environment, inBrowser, inNode } from './adapter.js';

const emptyEnvironment: Environment = {
  navigator: undefined,
  host: inNode(() => Promise.reject(new Error("Cannot find package 'webgpu' imported from /x/y.js\nand a stack"))),
};

/** A GPU whose `requestAdapter` returns `adapter`. */
const gpuWith = (adapter: unknown): GPU => ({ requestAdapter: async () => adapter }) as GPU;

const unavailable = (parts: Readonly<Record<string, unknown>>) => ({
  left: { _tag: 'BackendUnavailable', where: 'the webgpu backend', ...parts },
});

test('in Node without the peer, the error says what to install', async () => {
  expect(await acquireDevice({}, emptyEnvironment)()).toMatchObject(
    unavailable({
      message:
        'the webgpu backend: expected the optional peer dependency webgpu, got none: it is not installed; install it: npm install webgpu@0.6',
    }),
  );
});

test('in Node with a broken peer, the error contains its message', async () => {
  const broken = () => Promise.reject(new Error('libvulkan.so.1: cannot open shared object file'));
  expect(await acquireDevice({}, { ...emptyEnvironment, host: inNode(broken) })()).toMatchObject(
    unavailable({ expected: 'webgpu to load', actual: 'libvulkan.so.1: cannot open shared object file' }),
  );
});

test('returns an error if requestAdapter throws', async () => {
  const gpu = { requestAdapter: () => Promise.reject(new TypeError('no such power')) } as unknown as GPU;
  expect(await acquireDevice({}, { ...emptyEnvironment, navigator: { gpu } })()).toMatchObject(
    unavailable({ expected: 'an adapter', actual: 'no such power' }),
  );
});

test('in Node without an adapter, the hint names a software driver', async () => {
  const environment: Environment = {
    ...emptyEnvironment,
    host: inNode(async () => ({ create: () => gpuWith(null) })),
  };
  expect(await acquireDevice({}, environment)()).toMatchObject(
    unavailable({ expected: 'an adapter', hint: expect.stringContaining('mesa-vulkan-drivers') }),
  );
});

test('in a browser, the hint suggests another browser or backend', async () => {
  const browser = { ...emptyEnvironment, host: inBrowser };
  const hint = expect.stringContaining('wasm()');
  expect(await acquireDevice({}, browser)()).toMatchObject(unavailable({ expected: 'navigator.gpu', hint }));
  expect(await acquireDevice({}, { ...browser, navigator: {} })()).toMatchObject(unavailable({ hint }));
  expect(await acquireDevice({}, { ...browser, navigator: { gpu: gpuWith(null) } })()).toMatchObject(
    unavailable({ expected: 'an adapter', hint }),
  );
});

test('returns an error with the message of a failed requestDevice', async () => {
  const adapter = {
    features: new Set(),
    limits: {},
    info: {},
    requestDevice: () => Promise.reject(new Error('busy')),
  };
  const environment = { ...emptyEnvironment, navigator: { gpu: gpuWith(adapter) } };
  expect(await acquireDevice({}, environment)()).toMatchObject(unavailable({ expected: 'a device', actual: 'busy' }));
});

test('requests an adapter by power preference, and the fallback adapter on demand', async () => {
  const requests: unknown[] = [];
  const gpu = {
    requestAdapter: async (options: unknown) => {
      requests.push(options);
      return null;
    },
  } as unknown as GPU;
  const environment = { ...emptyEnvironment, navigator: { gpu } };
  await acquireDevice({}, environment)();
  await acquireDevice({ powerPreference: 'low-power', fallback: true }, environment)();
  expect(requests).toEqual([
    { powerPreference: 'high-performance', forceFallbackAdapter: false },
    { powerPreference: 'low-power', forceFallbackAdapter: true },
  ]);
});

test('rejects a software-emulated GPU if hardware is required', async () => {
  const of = (info: Partial<GPUAdapterInfo>) => ({
    info,
    features: new Set(),
    limits: {},
    requestDevice: async () => ({}),
  });
  const acquiredFrom = (info: Partial<GPUAdapterInfo>, hardware: boolean) =>
    acquireDevice({ hardware }, { ...emptyEnvironment, navigator: { gpu: gpuWith(of(info)) } })();
  const software = [
    { isFallbackAdapter: true, description: 'llvmpipe' },
    { vendor: 'google', architecture: 'swiftshader' },
    { description: 'Microsoft Basic Render Driver' },
  ];
  for (const info of software) {
    expect(await acquiredFrom(info, true)).toMatchObject(unavailable({ expected: 'a hardware GPU' }));
    expect(await acquiredFrom(info, false)).toHaveProperty('right');
  }
  expect(await acquiredFrom({ vendor: 'nvidia', architecture: 'hopper' }, true)).toHaveProperty('right');
});
