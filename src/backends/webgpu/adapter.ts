/** WebGPU where this runs: that of the browser, or in Node the optional peer `webgpu`, which is Dawn. */
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { E, F, TE, type taskEither } from '../../internal/fp.js';
import type { AdapterOptions } from './adapterOptions.js';

/** A device, and what its adapter says of itself. */
export interface Acquired {
  readonly device: GPUDevice;
  readonly info: Pick<
    GPUAdapterInfo,
    'vendor' | 'architecture' | 'description' | 'subgroupMinSize' | 'subgroupMaxSize'
  >;
  /** What the device came from. Dawn crashes if it is collected while the device is in use. */
  readonly from: readonly unknown[];
}

const unavailable = (expected: string, actual: string, hint: string): NoisefoldError =>
  failure('BackendUnavailable', { where: 'the webgpu backend', expected, actual, hint });

/** Where a GPU is looked for. */
export interface Surroundings {
  readonly navigator: { readonly gpu?: GPU } | undefined;
  readonly isNode: boolean;
  readonly importPeer: () => Promise<Pick<typeof import('webgpu'), 'create'>>;
}

/** By a name that bundlers do not follow: the peer is of Node alone. */
const PEER = 'webgpu';

const here = (): Surroundings => ({
  navigator: (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator,
  isNode: typeof process !== 'undefined' && process.versions?.node !== undefined,
  importPeer: async () =>
    (await import(/* @vite-ignore */ /* webpackIgnore: true */ PEER)) as typeof import('webgpu'),
});

const gpuIn = ({
  navigator,
  isNode,
  importPeer,
}: Surroundings): taskEither.TaskEither<NoisefoldError, GPU> => {
  if (navigator?.gpu !== undefined) return TE.right(navigator.gpu);
  if (!isNode)
    return TE.left(
      unavailable(
        'navigator.gpu',
        'a browser without it',
        'open the page over https in a browser that has WebGPU, or use wasm()',
      ),
    );
  return TE.tryCatch(
    async () => (await importPeer()).create([]),
    (thrown) =>
      unavailable(
        'the optional peer dependency webgpu, which is WebGPU for Node',
        thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown),
        'install it: npm install webgpu@0.6',
      ),
  );
};

interface Adapted {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

/** Whether an adapter is none of a GPU: Mesa's llvmpipe, Chromium's SwiftShader, the basic driver of Windows. */
const inSoftware = ({ isFallbackAdapter, architecture, device, description }: GPUAdapterInfo): boolean =>
  isFallbackAdapter ||
  /software|llvmpipe|swiftshader|basic render/i.test(`${architecture} ${device} ${description}`);

const adapterOf =
  (
    { powerPreference = 'high-performance', fallback = false, hardware = false }: AdapterOptions,
    isNode: boolean,
  ) =>
  (gpu: GPU): taskEither.TaskEither<NoisefoldError, Adapted> =>
  async () => {
    const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter: fallback });
    if (adapter !== null && hardware && inSoftware(adapter.info))
      return E.left(
        unavailable('a GPU', `${adapter.info.description || adapter.info.architecture}, which computes in software`, 'use wasm(), which is faster'),
      ); // prettier-ignore
    if (adapter !== null) return E.right({ gpu, adapter });
    const hint = isNode
      ? "install the driver of the GPU, or one that computes in software (Debian's mesa-vulkan-drivers)"
      : 'let the browser use the GPU (hardware acceleration), or use wasm()';
    return E.left(unavailable('an adapter', 'none', hint));
  };

/** Limits of the adapter that shaders and memory go up to; a device has the least that is allowed if it is not asked for more. */
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

/** What is used where an adapter has it. TypeScript's list of names is older than subgroups. */
const FEATURES = ['timestamp-query', 'subgroups'] as readonly GPUFeatureName[];

const deviceOf = ({ gpu, adapter }: Adapted): taskEither.TaskEither<NoisefoldError, Acquired> =>
  TE.tryCatch(
    async () => ({
      device: await adapter.requestDevice({
        requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
        requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
      }),
      info: adapter.info,
      from: [gpu, adapter],
    }),
    (thrown) => unavailable('a device', String(thrown), 'close what else uses the GPU, and try again'),
  );

/** A device of the adapter that fits, with all that it can. */
export const acquireDevice =
  (options: AdapterOptions, surroundings?: Surroundings): taskEither.TaskEither<NoisefoldError, Acquired> =>
  () => {
    const around = surroundings ?? here();
    return F.pipe(gpuIn(around), TE.flatMap(adapterOf(options, around.isNode)), TE.flatMap(deviceOf))();
  };
