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

const COMPUTE = 4; // GPUShaderStage.COMPUTE, a global of browsers

export const createPipelines = (gpu: Gpu): Pipelines => {
  const { device } = gpu;
  const layouts = new Map<string, { bindings: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
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
    { code, entryPoint }: Dispatch,
    types: readonly GPUBufferBindingType[],
    where: string,
  ): Promise<either.Either<NoisefoldError, Pipeline>> => {
    let pending: Promise<Pipeline> | null = null;
    const failed = gpu.guarded(where, () => {
      const layout = layoutOf(types);
      const module = device.createShaderModule({ code });
      pending = device
        .createComputePipelineAsync({ layout: layout.pipeline, compute: { module, entryPoint } })
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
          const types = dispatch.bindings.map(typeOf);
          const name = `${types.join()}|${dispatch.entryPoint}|${dispatch.code}`;
          const known = compiled.get(name) ?? compileOne(dispatch, types, where);
          compiled.set(name, known);
          return known;
        }),
      );
      const failed = results.find(E.isLeft);
      return failed ?? E.right(results.flatMap((result) => (E.isRight(result) ? [result.right] : [])));
    },
  };
};
