/** The kernels of the wasm backend, in the three forms that they have. */
import type { Region } from '../../../dsl/graph/region.js';
import type { Kernel, NamedKernel, Rule } from '../../shared/kernel.js';
import type { Stage } from './stage.js';

export type WasmKernel = NamedKernel &
  (
    | {
        readonly kind: 'stages';
        /** Makes the stages. A large batch has many, so they are only made once there is memory for the plan. */
        readonly stages: () => readonly Stage[];
        /** Multiply-adds. */
        readonly work: number;
      }
    /** Compiled together with the other regions of the plan. */
    | { readonly kind: 'region'; readonly region: Region }
    /** In JavaScript, on the calling thread. */
    | ({ readonly kind: 'host' } & Kernel)
  );

/** Makes a rule for kernels in JavaScript a rule of the wasm backend. */
export const onHost =
  (rule: Rule): Rule<WasmKernel> =>
  (call) => {
    const kernel = rule(call);
    return kernel === null ? null : { kind: 'host', ...kernel };
  };
