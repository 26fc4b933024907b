/** WebGPU where this runs: that of the browser, or in Node the optional peer `webgpu`, which is Dawn. */
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { absent, importPeer, isAbsent, reasonOf } from '../shared/peer.js';
import type { AdapterOptions } from './adapterOptions.js';
import { inSoftware } from './inSoftware.js';

/** A device, and what its adapter says of itself. */
export interface Acquired {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** What the device came from. Dawn crashes if it is collected while the device is in use. */
  readonly from: readonly unknown[];
}

const where = 'the webgpu backend';

const unavailable = (expected: string, actual: string, hint: string): NoisefoldError =>
  failure('BackendUnavailable', { where, expected, actual, hint });

/** Where a GPU is looked for. */
export interface Surroundings {
  readonly navigator: { readonly gpu?: GPU } | undefined;
  readonly isNode: boolean;
  readonly importPeer: () => Promise<Pick<typeof import('webgpu'), 'create'>>;
}

/** It is Dawn, for Node. */
const PEER = 'webgpu';
const INSTALL = 'install it: npm install webgpu@0.6';

const here = (): Surroundings => ({
  navigator: (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator,
  isNode: typeof process !== 'undefined' && process.versions?.node !== undefined,
  importPeer: async () => (await importPeer(PEER)) as typeof import('webgpu'),
});

const gpuIn = ({
  navigator,
  isNode,
  importPeer: load,
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
    async () => (await load()).create([]),
    (thrown) =>
      isAbsent(PEER, thrown)
        ? absent(PEER, { where, hint: INSTALL })
        : unavailable(`${PEER} to load`, reasonOf(thrown), `${INSTALL}, anew`),
  );
};

interface Adapted {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

const adapterOf =
  (
    { powerPreference = 'high-performance', fallback = false, hardware = false }: AdapterOptions,
    isNode: boolean,
  ) =>
  (gpu: GPU): taskEither.TaskEither<NoisefoldError, Adapted> => {
    const hint = isNode
      ? "install the driver of the GPU, or one that computes in software (Debian's mesa-vulkan-drivers)"
      : 'let the browser use the GPU (hardware acceleration), or use wasm()';
    return F.pipe(
      TE.tryCatch(
        () => gpu.requestAdapter({ powerPreference, forceFallbackAdapter: fallback }),
        (thrown) => unavailable('an adapter', reasonOf(thrown), hint),
      ),
      TE.flatMap((adapter) => {
        if (adapter === null) return TE.left(unavailable('an adapter', 'none', hint));
        if (!hardware || !inSoftware(adapter.info)) return TE.right({ gpu, adapter });
        const name = adapter.info.description || adapter.info.architecture;
        return TE.left(
          unavailable('a GPU', `${name}, which computes in software`, 'use wasm(), which is faster'),
        );
      }),
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
    (thrown) => unavailable('a device', reasonOf(thrown), 'close what else uses the GPU, and try again'),
  );

/** A device of the adapter that fits, with all that it can. */
export const acquireDevice =
  (options: AdapterOptions, surroundings?: Surroundings): taskEither.TaskEither<NoisefoldError, Acquired> =>
  () => {
    const around = surroundings ?? here();
    return F.pipe(gpuIn(around), TE.flatMap(adapterOf(options, around.isNode)), TE.flatMap(deviceOf))();
  };
