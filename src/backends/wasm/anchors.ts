/** Runs anchors with our own WebAssembly kernels: matrix products, and the other kernels that a backend has. */
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

/**
 * One run of a kernel: the elements of scratch that it needs, its multiply-adds, and a function that makes its stages
 * from the place of the scratch.
 */
export interface KernelRun {
  readonly elements: () => number;
  readonly multiplyAdds: number;
  readonly stages: (scratch: Place) => readonly Stage[];
}

/** A kernel: for a problem, the elements of scratch that it needs, its multiply-adds and its stages. */
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

/** The kernel of an anchor: its name, and its runs. A convolution has a run for each group. */
interface AnchorKernel<O extends Op> {
  readonly name: string;
  readonly runsOf: (call: CallOf<O>) => readonly KernelRun[];
}

/** The kernels that a backend has. */
export interface Kernels {
  readonly name: 'products' | 'all';
  readonly anchors: { readonly [O in Op]?: AnchorKernel<O> };
  /** The functions that the kernels call, in addition to the functions of matrix products. */
  readonly functions: (form: KernelForm) => readonly Func[];
}

/** The kernel of an anchor. Raises `ConfigError` if the backend has none. */
const kernelOf = ({ anchors, name }: Kernels, { anchor: { op } }: AnchorCall): AnchorKernel<Op> =>
  // the cast is safe: the table pairs each anchor with a kernel that takes its calls
  (anchors[op] as AnchorKernel<Op> | undefined) ??
  raise('ConfigError', {
    where: op,
    expected: 'a backend with a kernel for it',
    actual: `wasm({ kernels: '${name}' })`,
    hint: 'leave `kernels` out',
  });

/**
 * The number of shares, each with its own scratch. Several groups run concurrently, in shares; the kernel splits a
 * single group itself.
 */
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
