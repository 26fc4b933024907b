/** A cache of compute pipelines, keyed by their code and binding types. */
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { E, type either } from '../../../internal/fp.js';
import type { Binding, Dispatch } from './dispatch.js';
import type { Gpu } from './gpu.js';

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export interface Pipelines {
  /** Compiles the pipelines of dispatches concurrently and returns them in order. */
  readonly compile: (
    dispatches: readonly { readonly dispatch: Dispatch; readonly where: string }[],
  ) => Promise<either.Either<NoisefoldError, readonly Pipeline[]>>;
}

const typeOf = (binding: Binding): GPUBufferBindingType => {
  if (binding.kind === 'key' || binding.kind === 'uniform') return 'uniform';
  return binding.kind === 'buffers' && binding.access === 'read' ? 'read-only-storage' : 'storage';
};

/** Cache key of the pipeline of a dispatch. */
const cacheKey = ({ code, bindings }: Dispatch): string => `${bindings.map(typeOf).join()}|${code}`;

const COMPUTE = 4; // GPUShaderStage.COMPUTE, a global of browsers

/** Maximum number of cached pipelines. Plans keep references to the pipelines that they use. */
const MAX_CACHED = 2048;

/** Makes the layouts of bindings, one for each list of types. */
const layoutsOn = (device: GPUDevice) => {
  const layouts = new Map<string, { bindings: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  return (types: readonly GPUBufferBindingType[]) => {
    const name = types.join();
    const known = layouts.get(name);
    if (known !== undefined) return known;
    const bindings = device.createBindGroupLayout({
      entries: types.map((type, binding) => ({ binding, visibility: COMPUTE, buffer: { type } })),
    });
    const layout = {
      bindings,
      pipeline: device.createPipelineLayout({ bindGroupLayouts: [bindings] }),
    };
    layouts.set(name, layout);
    return layout;
  };
};

export const createPipelines = (gpu: Gpu, maxCached = MAX_CACHED): Pipelines => {
  const { device } = gpu;
  const layoutOf = layoutsOn(device);
  /** Pipelines by key, the most recently used last. */
  const cache = new Map<string, Promise<either.Either<NoisefoldError, Pipeline>>>();

  const compileOne = async (
    { code, bindings }: Dispatch,
    where: string,
  ): Promise<either.Either<NoisefoldError, Pipeline>> => {
    let pending: Promise<Pipeline> | null = null;
    const fault = gpu.guarded(where, () => {
      const layout = layoutOf(bindings.map(typeOf));
      const module = device.createShaderModule({ code });
      pending = device
        .createComputePipelineAsync({ layout: layout.pipeline, compute: { module, entryPoint: 'main' } })
        .then((pipeline) => ({ pipeline, layout: layout.bindings }));
    });
    // handle a rejection of the promise before the first `await`
    const outcome = Promise.allSettled(pending === null ? [] : [pending as Promise<Pipeline>]);
    const error = await fault;
    const [pipeline] = await outcome;
    if (error !== null) return E.left(error);
    if (pipeline?.status === 'fulfilled') return E.right(pipeline.value);
    return E.left(
      gpu.lost() ??
        failure('BackendFailure', {
          where,
          expected: 'a shader that the device compiles',
          actual: String(pipeline?.reason),
          hint: 'this is a bug in noisefold: please report it with this message',
        }),
    );
  };

  /** Returns the pipeline of a key from the cache, or makes it. Drops the least recently used pipelines. */
  const recent = (key: string, make: () => Promise<either.Either<NoisefoldError, Pipeline>>) => {
    const pipeline = cache.get(key) ?? make();
    cache.delete(key);
    cache.set(key, pipeline);
    for (const oldest of cache.keys()) {
      if (cache.size <= maxCached) break;
      cache.delete(oldest);
    }
    return pipeline;
  };

  return {
    compile: async (all) => {
      const results = await Promise.all(
        all.map(({ dispatch, where }) => recent(cacheKey(dispatch), () => compileOne(dispatch, where))),
      );
      // do not cache failures
      all.forEach(({ dispatch }, i) => E.isLeft(results[i]!) && cache.delete(cacheKey(dispatch)));
      const failure = results.find(E.isLeft);
      return failure ?? E.right(results.flatMap((result) => (E.isRight(result) ? [result.right] : [])));
    },
  };
};
