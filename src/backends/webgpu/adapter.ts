/** WebGPU where this runs: that of the browser, or in Node the optional peer `webgpu`, which is Dawn. */
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { E, F, TE, type taskEither } from '../../internal/fp.js';

/** Which adapter to ask for. */
export interface AdapterOptions {
  /** Of several GPUs the fast one, if nothing is said. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** The adapter that computes in software, where there is one. */
  readonly fallback?: boolean;
}

/** A device, and what its adapter says of itself. */
export interface Acquired {
  readonly device: GPUDevice;
  readonly info: Pick<GPUAdapterInfo, 'vendor' | 'architecture'>;
  /** What the device came from. Dawn crashes if it is collected while the device is in use. */
  readonly from: readonly unknown[];
}

const unavailable = (expected: string, actual: string, hint: string): NoisefoldError =>
  failure('BackendUnavailable', { where: 'the webgpu backend', expected, actual, hint });

const inNode = (): boolean => typeof process !== 'undefined' && process.versions?.node !== undefined;

/** By a name that bundlers do not follow: the peer is of Node alone. */
const PEER = 'webgpu';

const dawn: taskEither.TaskEither<NoisefoldError, GPU> = TE.tryCatch(
  async () => {
    const { create } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ PEER)) as typeof import('webgpu');
    return create([]);
  },
  (thrown) =>
    unavailable(
      'the optional peer dependency webgpu, which is WebGPU for Node',
      thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown),
      'install it: npm install webgpu@0.6',
    ),
); // prettier-ignore

const gpuHere: taskEither.TaskEither<NoisefoldError, GPU> = async () => {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  if (navigator?.gpu !== undefined) return E.right(navigator.gpu);
  if (inNode()) return dawn();
  return E.left(
    unavailable(
      'navigator.gpu',
      'a browser without it',
      'open the page over https in a browser that has WebGPU, or use wasm()',
    ),
  );
};

const adapterOf =
  ({ powerPreference = 'high-performance', fallback = false }: AdapterOptions) =>
  (gpu: GPU): taskEither.TaskEither<NoisefoldError, { readonly gpu: GPU; readonly adapter: GPUAdapter }> =>
  async () => {
    const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter: fallback });
    return adapter !== null
      ? E.right({ gpu, adapter })
      : E.left(
          unavailable(
            'an adapter',
            'none',
            inNode()
              ? "install the driver of the GPU, or one that computes in software (Debian's mesa-vulkan-drivers)"
              : 'let the browser use the GPU (hardware acceleration), or use wasm()',
          ),
        );
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

const deviceOf = ({
  gpu,
  adapter,
}: {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}): taskEither.TaskEither<NoisefoldError, Acquired> =>
  TE.tryCatch(
    async () => ({
      device: await adapter.requestDevice({
        requiredFeatures: adapter.features.has('timestamp-query') ? ['timestamp-query'] : [],
        requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
      }),
      info: adapter.info,
      from: [gpu, adapter],
    }),
    (thrown) => unavailable('a device', String(thrown), 'close what else uses the GPU, and try again'),
  );

/** A device of the adapter that fits, with all that it can. */
export const acquireDevice = (options: AdapterOptions): taskEither.TaskEither<NoisefoldError, Acquired> =>
  F.pipe(gpuHere, TE.flatMap(adapterOf(options)), TE.flatMap(deviceOf));
