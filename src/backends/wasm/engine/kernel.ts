/** The three forms of kernels of the wasm backend. */
import type { Region } from '../../../dsl/graph/region.js';
import type { Kernel, NamedKernel, Rule } from '../../shared/kernel.js';
import type { Stage } from '../stage/stage.js';

export type WasmKernel = NamedKernel &
  (
    | {
        readonly kind: 'stages';
        /**
         * Makes the stages. A large batch has many stages, so they are made only after memory was reserved for the
         * plan.
         */
        readonly stages: () => readonly Stage[];
        readonly multiplyAdds: number;
      }
    /** A region, compiled together with the other regions of the plan. */
    | { readonly kind: 'region'; readonly region: Region }
    /** A kernel in JavaScript, which runs on the calling thread. */
    | ({ readonly kind: 'host' } & Kernel)
  );

/** Converts a rule for kernels in JavaScript to a rule of the wasm backend. */
export const onHost =
  (rule: Rule): Rule<WasmKernel> =>
  (call) => {
    const kernel = rule(call);
    return kernel === null ? null : { kind: 'host', ...kernel };
  };
