/** What is said where there is no WebGPU: which part of it is missing, and how to get it. */
import { expect, test } from 'vitest';
import { acquireDevice, type Surroundings } from './adapter.js';

const nowhere: Surroundings = {
  navigator: undefined,
  isNode: true,
  importPeer: () =>
    Promise.reject(new Error("Cannot find package 'webgpu' imported from /x/y.js\nand a stack")),
};

/** A GPU whose adapter is what is given. */
const gpuWith = (adapter: unknown): GPU => ({ requestAdapter: async () => adapter }) as GPU;

const unavailable = (parts: Readonly<Record<string, unknown>>) => ({
  left: { _tag: 'BackendUnavailable', where: 'the webgpu backend', ...parts },
});

test('in Node without the peer, it says what to install', async () => {
  expect(await acquireDevice({}, nowhere)()).toMatchObject(
    unavailable({
      message:
        'the webgpu backend: expected the optional peer dependency webgpu, got none: it is not installed; install it: npm install webgpu@0.6',
    }),
  );
});

test('in Node with a broken peer, what it said is in the error', async () => {
  const broken = () => Promise.reject(new Error('libvulkan.so.1: cannot open shared object file'));
  expect(await acquireDevice({}, { ...nowhere, importPeer: broken })()).toMatchObject(
    unavailable({ expected: 'webgpu to load', actual: 'libvulkan.so.1: cannot open shared object file' }),
  );
});

test('a GPU that throws where it is asked for an adapter is an error too', async () => {
  const gpu = { requestAdapter: () => Promise.reject(new TypeError('no such power')) } as unknown as GPU;
  expect(await acquireDevice({}, { ...nowhere, navigator: { gpu } })()).toMatchObject(
    unavailable({ expected: 'an adapter', actual: 'no such power' }),
  );
});

test('in Node without an adapter, it says which driver there is in software', async () => {
  const surroundings: Surroundings = {
    ...nowhere,
    importPeer: async () => ({ create: () => gpuWith(null) }),
  };
  expect(await acquireDevice({}, surroundings)()).toMatchObject(
    unavailable({ expected: 'an adapter', hint: expect.stringContaining('mesa-vulkan-drivers') }),
  );
});

test('in a browser, it says to take another, or another backend', async () => {
  const browser = { ...nowhere, isNode: false };
  const hint = expect.stringContaining('wasm()');
  expect(await acquireDevice({}, browser)()).toMatchObject(unavailable({ expected: 'navigator.gpu', hint }));
  expect(await acquireDevice({}, { ...browser, navigator: {} })()).toMatchObject(unavailable({ hint }));
  expect(await acquireDevice({}, { ...browser, navigator: { gpu: gpuWith(null) } })()).toMatchObject(
    unavailable({ expected: 'an adapter', hint }),
  );
});

test('an adapter that gives no device is an error too, and what it said is in it', async () => {
  const adapter = {
    features: new Set(),
    limits: {},
    info: {},
    requestDevice: () => Promise.reject(new Error('busy')),
  };
  const surroundings = { ...nowhere, navigator: { gpu: gpuWith(adapter) } };
  expect(await acquireDevice({}, surroundings)()).toMatchObject(
    unavailable({ expected: 'a device', actual: 'busy' }),
  );
});

test('the adapter is asked for by its power, and in software where that is wanted', async () => {
  const asked: unknown[] = [];
  const gpu = {
    requestAdapter: async (options: unknown) => {
      asked.push(options);
      return null;
    },
  } as unknown as GPU;
  const surroundings = { ...nowhere, navigator: { gpu } };
  await acquireDevice({}, surroundings)();
  await acquireDevice({ powerPreference: 'low-power', fallback: true }, surroundings)();
  expect(asked).toEqual([
    { powerPreference: 'high-performance', forceFallbackAdapter: false },
    { powerPreference: 'low-power', forceFallbackAdapter: true },
  ]);
});

test('an adapter that computes in software can be refused', async () => {
  const of = (info: Partial<GPUAdapterInfo>) => ({
    info,
    features: new Set(),
    limits: {},
    requestDevice: async () => ({}),
  });
  const acquiredFrom = (info: Partial<GPUAdapterInfo>, hardware: boolean) =>
    acquireDevice({ hardware }, { ...nowhere, navigator: { gpu: gpuWith(of(info)) } })();
  const software = [
    { isFallbackAdapter: true, description: 'llvmpipe' },
    { vendor: 'google', architecture: 'swiftshader' },
    { description: 'Microsoft Basic Render Driver' },
  ];
  for (const info of software) {
    expect(await acquiredFrom(info, true)).toMatchObject(unavailable({ expected: 'a GPU' }));
    expect(await acquiredFrom(info, false)).toHaveProperty('right');
  }
  expect(await acquiredFrom({ vendor: 'nvidia', architecture: 'hopper' }, true)).toHaveProperty('right');
});
