/** Runs anchors with our own WebAssembly kernels: matrix products, and what the kernels of a backend have beside them. */
import type { View } from '../../dsl/plan/plan.js';
import { raise } from '../../internal/errors.js';
import type { AnchorCall } from '../shared/anchors.js';
import type { Rule } from '../shared/kernel.js';
import type { Func } from './assembler/assembler.js';
import type { WasmKernel } from './engine/kernel.js';
import { MOST_SHARES, type Place, ranges, serial, shift, type Stage } from './stage/stage.js';
import type { KernelForm } from './kernels/functions.js';
import { WORD_BYTES } from './assembler/numbers.js';

type Op = AnchorCall['anchor']['op'];

/** A call of the anchor `O`. */
export type CallOf<O extends Op> = AnchorCall & { readonly anchor: { readonly op: O } };

/** A run of a kernel: the scratch that it needs, in elements, and its stages, which are made from the place of the scratch. */
export interface KernelRun {
  readonly elements: () => number;
  readonly multiplyAdds: number;
  readonly stages: (scratch: Place) => readonly Stage[];
}

/** A kernel: the scratch that it needs for a problem, in elements, its multiply-adds and its stages. */
export interface Kernel<Q, A> {
  readonly elements: (problem: Q) => number;
  readonly multiplyAdds: (problem: Q) => number;
  readonly stages: (problem: Q, at: A & { readonly scratch: Place }) => readonly Stage[];
}

/** Makes the run of a kernel from the places of its operands. */
export const runOf = <Q, A>({ elements, multiplyAdds, stages }: Kernel<Q, A>, problem: Q, at: A): KernelRun => ({
  elements: () => elements(problem),
  multiplyAdds: multiplyAdds(problem),
  stages: (scratch) => stages(problem, { ...at, scratch }),
});

/** The place of a view. */
export const placeOf = ({ buffer, offset }: View): Place => ({ buffer, offset: WORD_BYTES * offset });

/** The kernels of an anchor: their name, and their runs, of which a convolution has one for each group. */
interface AnchorKernel<O extends Op> {
  readonly name: string;
  readonly runsOf: (call: CallOf<O>) => readonly KernelRun[];
}

/** The kernels that a backend has. */
export interface Kernels {
  readonly name: 'products' | 'all';
  readonly anchors: { readonly [O in Op]?: AnchorKernel<O> };
  /** The functions that they call, beside those of matrix products. */
  readonly functions: (form: KernelForm) => readonly Func[];
}

/** The kernel of an anchor. Raises `ConfigError` if the backend has none. */
const kernelOf = ({ anchors, name }: Kernels, { anchor: { op } }: AnchorCall): AnchorKernel<Op> =>
  // the kernel of an anchor takes its calls
  (anchors[op] as AnchorKernel<Op> | undefined) ??
  raise('ConfigError', {
    where: op,
    expected: 'a backend with a kernel for it',
    actual: `wasm({ kernels: '${name}' })`,
    hint: 'leave `kernels` out',
  });

/** Several groups run concurrently, in shares with their own scratch; a single group is split internally. */
const sharesOf = (runs: readonly KernelRun[]): number => Math.min(MOST_SHARES, runs.length);

/** Scratch elements that a share needs. */
const shareElements = (runs: readonly KernelRun[]): number => Math.max(...runs.map(({ elements }) => elements()));

/** Scratch elements that an anchor needs. */
export const anchorScratch =
  (kernels: Kernels) =>
  (call: AnchorCall): number => {
    const runs = kernelOf(kernels, call).runsOf(call);
    return sharesOf(runs) * shareElements(runs);
  };

/** Rule that runs anchors with the kernels of a backend. */
export const anchorRule =
  (kernels: Kernels): Rule<WasmKernel> =>
  (call) => {
    if (call.kind !== 'anchor') return null;
    const kernel = kernelOf(kernels, call);
    const runs = kernel.runsOf(call);
    const scratch = placeOf(call.scratch ?? call.output); // a kernel without scratch does not use the place of its scratch
    const stages = (): readonly Stage[] => {
      if (runs.length === 1) return runs[0]!.stages(scratch);
      const bytes = WORD_BYTES * shareElements(runs);
      return [
        ranges(runs.length, sharesOf(runs)).map(({ first, count }, share) =>
          runs.slice(first, first + count).flatMap((run) => serial(run.stages(shift(scratch, share * bytes)))),
        ),
      ];
    };
    const multiplyAdds = runs.reduce((sum, run) => sum + run.multiplyAdds, 0);
    return { kind: 'stages', name: kernel.name, stages, multiplyAdds };
  };
