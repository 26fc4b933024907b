/** Acquires a WebGPU device: from the browser, or in Node from the optional peer `webgpu` (Dawn). */
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { F, TE, type taskEither } from '../../../internal/fp.js';
import { absent, importPeer, isAbsent, reasonOf } from '../../../internal/peer.js';
import type { AdapterOptions } from './adapterOptions.js';
import { isSoftwareAdapter } from './softwareAdapter.js';

/** A device and the description of its adapter. */
export interface Acquired {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** The GPU and the adapter of the device. Dawn crashes if they are garbage-collected while the device is in use. */
  readonly keepAlive: readonly unknown[];
}

const where = 'the webgpu backend';

const unavailable = (expected: string, actual: string, hint: string): NoisefoldError =>
  failure('BackendUnavailable', { where, expected, actual, hint });

/** The environment in which to look for a GPU. Tests replace it. */
export interface Environment {
  readonly navigator: { readonly gpu?: GPU } | undefined;
  readonly host: Host;
}

/** The functions that find WebGPU in a browser or in Node. */
interface Host {
  /** Finds WebGPU where there is no `navigator.gpu`. */
  readonly gpu: () => taskEither.TaskEither<NoisefoldError, GPU>;
  /** Says how to get an adapter. */
  readonly hint: string;
}

/** A browser without `navigator.gpu` has no WebGPU. */
export const inBrowser: Host = {
  gpu: () =>
    TE.left(
      unavailable(
        'navigator.gpu',
        'a browser without WebGPU',
        'open the page over https in a browser that supports WebGPU, or use wasm()',
      ),
    ),
  hint: 'turn on hardware acceleration in the browser, or use wasm()',
};

/** The package that provides Dawn for Node. */
const PEER = 'webgpu';
const INSTALL = 'npm install webgpu@0.6';

/** Node, in which a package provides WebGPU. */
export const inNode = (load: () => Promise<Pick<typeof import('webgpu'), 'create'>>): Host => ({
  gpu: () =>
    TE.tryCatch(
      async () => (await load()).create([]),
      (thrown) =>
        isAbsent(PEER, thrown)
          ? absent(PEER, { where, hint: `install it: ${INSTALL}` })
          : unavailable(`${PEER} to load`, reasonOf(thrown), `reinstall it: ${INSTALL}`),
    ),
  hint: 'install the driver of the GPU, or a software driver (mesa-vulkan-drivers on Debian)',
});

const currentEnvironment = (): Environment => ({
  navigator: (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator,
  host:
    typeof process !== 'undefined' && process.versions?.node !== undefined
      ? inNode(async () => (await importPeer(PEER)) as typeof import('webgpu'))
      : inBrowser,
});

const gpuIn = ({ navigator, host }: Environment): taskEither.TaskEither<NoisefoldError, GPU> =>
  navigator?.gpu === undefined ? host.gpu() : TE.right(navigator.gpu);

interface GpuAndAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

const adapterOf =
  ({ powerPreference = 'high-performance', fallback = false, hardware = false }: AdapterOptions, { hint }: Host) =>
  (gpu: GPU): taskEither.TaskEither<NoisefoldError, GpuAndAdapter> =>
    F.pipe(
      TE.tryCatch(
        () => gpu.requestAdapter({ powerPreference, forceFallbackAdapter: fallback }),
        (thrown) => unavailable('an adapter', reasonOf(thrown), hint),
      ),
      TE.flatMap((adapter) => {
        if (adapter === null) return TE.left(unavailable('an adapter', 'none', hint));
        if (!hardware || !isSoftwareAdapter(adapter.info)) return TE.right({ gpu, adapter });
        const name = adapter.info.description || adapter.info.architecture;
        return TE.left(
          unavailable('a hardware GPU', `${name}, which is emulated in software`, 'use wasm(), which is faster'),
        );
      }),
    );

/** Limits to request from the adapter. By default a device has only the minimum limits that WebGPU guarantees. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
  'minStorageBufferOffsetAlignment',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Optional features, used if the adapter has them. TypeScript's list of names does not contain subgroups yet. */
const FEATURES = ['timestamp-query', 'subgroups'] as readonly GPUFeatureName[];

const deviceOf = ({ gpu, adapter }: GpuAndAdapter): taskEither.TaskEither<NoisefoldError, Acquired> =>
  TE.tryCatch(
    async () => ({
      device: await adapter.requestDevice({
        requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
        requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
      }),
      info: adapter.info,
      keepAlive: [gpu, adapter],
    }),
    (thrown) => unavailable('a device', reasonOf(thrown), 'close other programs that use the GPU, and try again'),
  );

/** Acquires a device from an adapter that matches the options, with the adapter's limits and features. */
export const acquireDevice =
  (options: AdapterOptions, host?: Environment): taskEither.TaskEither<NoisefoldError, Acquired> =>
  () => {
    const environment = host ?? currentEnvironment();
    return F.pipe(gpuIn(environment), TE.flatMap(adapterOf(options, environment.host)), TE.flatMap(deviceOf))();
  };
