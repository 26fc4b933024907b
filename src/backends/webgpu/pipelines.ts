/** Compute pipelines by their text, each compiled once for a device. */
import type { NoisefoldError } from '../../dsl/errors.js';
import { failure } from '../../dsl/errors.js';
import { E, type either } from '../../internal/fp.js';
import type { Binding, Dispatch } from './dispatch.js';
import type { Gpu } from './gpu.js';

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export interface Pipelines {
  /** The pipelines of dispatches, in their order, compiled side by side. */
  readonly compile: (
    dispatches: readonly { readonly dispatch: Dispatch; readonly where: string }[],
  ) => Promise<either.Either<NoisefoldError, readonly Pipeline[]>>;
}

const typeOf = ({ resource, writable }: Binding): GPUBufferBindingType => {
  if (resource.kind === 'key' || resource.kind === 'uniform') return 'uniform';
  return writable ? 'storage' : 'read-only-storage';
};

/** Pipelines of one name are the same. */
const nameOf = ({ code, bindings }: Dispatch): string => `${bindings.map(typeOf).join()}|${code}`;

const COMPUTE = 4; // GPUShaderStage.COMPUTE, a global of browsers

/** So many are kept for plans to come; what a plan uses it has anyway. */
const MOST_KEPT = 2048;

export const createPipelines = (gpu: Gpu, mostKept = MOST_KEPT): Pipelines => {
  const { device } = gpu;
  const layouts = new Map<string, { bindings: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  /** Those that were asked for last stand at the end. */
  const compiled = new Map<string, Promise<either.Either<NoisefoldError, Pipeline>>>();

  const layoutOf = (types: readonly GPUBufferBindingType[]) => {
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

  const compileOne = async (
    { code, bindings }: Dispatch,
    where: string,
  ): Promise<either.Either<NoisefoldError, Pipeline>> => {
    let pending: Promise<Pipeline> | null = null;
    const failed = gpu.guarded(where, () => {
      const layout = layoutOf(bindings.map(typeOf));
      const module = device.createShaderModule({ code });
      pending = device
        .createComputePipelineAsync({ layout: layout.pipeline, compute: { module, entryPoint: 'main' } })
        .then((pipeline) => ({ pipeline, layout: layout.bindings }));
    });
    // the promise is looked after before anything is waited for
    const outcome = Promise.allSettled(pending === null ? [] : [pending as Promise<Pipeline>]);
    const error = await failed;
    const [pipeline] = await outcome;
    if (error !== null) return E.left(error);
    if (pipeline?.status === 'fulfilled') return E.right(pipeline.value);
    return E.left(
      gpu.lost() ??
        failure('BackendFailure', {
          where,
          expected: 'a shader that the device compiles',
          actual: String(pipeline?.reason),
          hint: 'this is a defect of noisefold: please report it with this message',
        }),
    );
  };

  return {
    compile: async (all) => {
      const results = await Promise.all(
        all.map(({ dispatch, where }) => {
          const name = nameOf(dispatch);
          const known = compiled.get(name) ?? compileOne(dispatch, where);
          compiled.delete(name);
          compiled.set(name, known);
          for (const oldest of compiled.keys()) {
            if (compiled.size <= mostKept) break;
            compiled.delete(oldest);
          }
          return known;
        }),
      );
      // what has failed is tried again, should it be asked for again
      all.forEach(({ dispatch }, i) => E.isLeft(results[i]!) && compiled.delete(nameOf(dispatch)));
      const failed = results.find(E.isLeft);
      return failed ?? E.right(results.flatMap((result) => (E.isRight(result) ? [result.right] : [])));
    },
  };
};
