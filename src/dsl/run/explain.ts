/** Explains an executable, call by call. */
import { showShape } from '../../internal/errors.js';
import { type Anchor, extentAt } from '../graph/node.js';
import { sizeOf, sumOf } from '../../internal/numbers.js';
import { part } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import type { Call, Plan, Storage, View } from '../plan/plan.js';
import type { Region } from '../graph/region.js';
import type { Peak } from './peak.js';

/** One call of a plan and its costs. */
export interface ExplainedCall {
  /** The kernel that the backend chose. */
  readonly kernel: string;
  /** The operations of the call, the last one first: `mul ∘ sigmoid ∘ add`. */
  readonly label: string;
  /** The path of the parameter that the call reads; empty if none. */
  readonly place: string;
  /** Shapes of operands and result, `[8, 32, 32, 64] × [3, 3, 64, 64] → [8, 32, 32, 64]`. */
  readonly shapes: string;
  /** Floating-point operations, two for a multiply-add; null if they are not counted. */
  readonly flops: number | null;
  /** Bytes read and written: four for each distinct element. */
  readonly bytes: number;
  /** The time measured by `profile`; null if not measured. */
  readonly milliseconds: number | null;
  /** `flops` in 10⁹ per second; null if not measured or not counted. */
  readonly gflops: number | null;
  /** `bytes` in 10⁹ per second; null if not measured. */
  readonly gbs: number | null;
  /**
   * The share of the machine's peak, from 0 to 1: the time that the call would take at the peak, for its operations or
   * for its bytes, whichever takes longer, divided by the measured time (the roofline model, Williams et al. 2009).
   * Above 1 if a kernel needs fewer operations than are counted, or if its data are in a cache. Null without times or a
   * peak.
   */
  readonly ofPeak: number | null;
}

const anchorFlops = (anchor: Anchor, inputs: readonly View[], output: View): number => {
  const [a, b] = inputs as readonly [View, View];
  switch (anchor.op) {
    case 'attention': // two products: queries with keys, and weights with values
      return 4 * sizeOf(output.shape) * sizeOf(b.shape.slice(-3, -2));
    case 'attentionGradient': // five products
      return 10 * sizeOf(a.shape) * sizeOf(b.shape.slice(-3, -2));
    case 'dot':
      return 2 * sizeOf(output.shape) * extentAt(a, -1);
    case 'conv2d':
      return 2 * sizeOf(output.shape) * sizeOf(b.shape.slice(0, 3));
    case 'filterGradient':
      return 2 * sizeOf(b.shape) * sizeOf(output.shape.slice(0, 3));
  }
};

const regionFlops = (region: Region): number => {
  const arithmetic = region.body.filter(({ op }) => op === 'unary' || op === 'binary' || op === 'select').length;
  const reductions = region.stores.filter(({ reduce }) => reduce !== null).length;
  return sizeOf(region.extents) * (arithmetic + reductions);
};

/** The number of distinct elements that strided loops access. */
const touched = (extents: readonly number[], strides: readonly number[]): number =>
  extents.reduce((n, extent, loop) => (strides[loop] === 0 ? n : n * extent), 1);

const costOf = (call: Call): Pick<ExplainedCall, 'shapes' | 'flops' | 'bytes'> => {
  if (call.kind === 'region') {
    const { extents, reduced, loads, stores } = call.region;
    const accesses = [...loads, ...stores].map(({ strides }) => touched(extents, strides));
    const shape = extents.slice(0, extents.length - reduced);
    return {
      shapes: `${loads.length} × ${showShape(extents)} → ${stores.length} × ${showShape(shape)}`,
      flops: regionFlops(call.region),
      bytes: 4 * sumOf(accesses),
    };
  }
  const inputs = call.kind === 'random' ? [] : call.inputs;
  const operands = inputs.map(({ shape }) => showShape(shape)).join(' × ');
  return {
    shapes: `${operands} → ${showShape(call.output.shape)}`.trimStart(),
    flops: call.kind === 'anchor' ? anchorFlops(call.anchor, inputs, call.output) : null,
    bytes: 4 * [...inputs, call.output].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  };
};

/** The rates of a call that took `milliseconds`. */
const ratesOf = (
  { flops, bytes }: Pick<ExplainedCall, 'flops' | 'bytes'>,
  milliseconds: number,
  peak: Peak | null,
): Pick<ExplainedCall, 'gflops' | 'gbs' | 'ofPeak'> => {
  const gflops = flops === null ? null : flops / milliseconds / 1e6;
  const gbs = bytes / milliseconds / 1e6;
  return { gflops, gbs, ofPeak: peak && Math.max((gflops ?? 0) / peak.gflops, gbs / peak.gbs) };
};

const unmeasured = { gflops: null, gbs: null, ofPeak: null };

/**
 * Lists the calls of an executable in order of execution: with the times of `profile` their rates, and with the peak of the
 * machine, by {@link measurePeak}, their share of it.
 * @example
 * const product = program({ x: 'B 64', w: '64 10' }, ({ x, w }) => matmul(x, w))
 * await using nf = await open(wasm())
 * const executable = await nf.run(compile(product, { B: 8 }))
 * const [call] = explain(executable)
 * call?.shapes // → '[8, 64] × [64, 10] → [8, 10]'
 * call?.flops // → 10240
 * const inputs = { x: new Float32Array(8 * 64), w: new Float32Array(64 * 10) }
 * const { milliseconds } = await nf.run(executable.profile(inputs))
 * const [measured] = explain(executable, milliseconds, { gflops: 50, gbs: 10 })
 * measured!.ofPeak! > 0 // → true
 */
export const explain = (
  executable: { readonly plan: Plan; readonly kernels: readonly string[] },
  milliseconds: readonly number[] = [],
  peak: Peak | null = null,
): readonly ExplainedCall[] => {
  argument('explain', part('a compiled program', 'plan', 'kernels'), 'give the result of compile').demand(executable);
  const { plan, kernels } = executable;
  return plan.calls.map((call, i) => {
    const cost = costOf(call);
    const time = milliseconds[i] ?? null;
    return {
      kernel: kernels[i] ?? call.kind,
      label: call.origin.label,
      place: call.origin.place,
      ...cost,
      milliseconds: time,
      ...(time === null ? unmeasured : ratesOf(cost, time, peak)),
    };
  });
};

/** The memory of a plan, in bytes of four for each element, as on all backends but the reference. */
export interface PlanMemory {
  /** The values that a run takes. */
  readonly inputs: number;
  /** The values that a run returns, except those that reuse the memory of an input. */
  readonly outputs: number;
  /** Constants of the program, such as tables of a schedule. */
  readonly constants: number;
  /** Intermediate results. This memory is reserved when the program is compiled, and every run uses it. */
  readonly working: number;
  readonly total: number;
}

/**
 * The memory that an executable and one run of it need, in bytes.
 * @example
 * const product = program({ x: 'B 64', w: '64 10' }, ({ x, w }) => matmul(x, w))
 * await using nf = await open(reference())
 * const { inputs, outputs } = planMemory(await nf.run(compile(product, { B: 8 })))
 * inputs // → 4608
 * outputs // → 320
 */
export const planMemory = (executable: { readonly plan: Plan }): PlanMemory => {
  argument('planMemory', part('a compiled program', 'plan'), 'give the result of compile').demand(executable);
  const { plan } = executable;
  const bytesOf = (kind: Storage['kind']): number =>
    4 *
    plan.buffers.reduce(
      (sum, { storage, elements, partOf }) => sum + (storage.kind === kind && !partOf ? elements : 0),
      0,
    );
  const memory = {
    inputs: 4 * plan.inputs.reduce((sum, { dtype, shape }) => sum + (dtype === 'key' ? 0 : sizeOf(shape)), 0),
    outputs: bytesOf('output'),
    constants: bytesOf('constant'),
    working: 4 * plan.arenaElements,
  };
  return { ...memory, total: memory.inputs + memory.outputs + memory.constants + memory.working };
};

const fixed = (x: number | null, digits: number, width: number): string =>
  (x === null ? '' : x.toFixed(digits)).padStart(width);

/**
 * Formats an explanation, one line for each call: kernel, operations, shapes, place. If times were measured, a line
 * starts with milliseconds, GFLOP/s, GB/s and the share of the peak, and the first line has headings.
 * @example
 * const call = { kernel: 'simd gemm', label: 'dot', place: 'fc.w', shapes: '[8, 64] × [64, 10] → [8, 10]' }
 * const profile = { ...call, flops: 10240, bytes: 4928, milliseconds: 0.005, gflops: 2.048, gbs: 0.986, ofPeak: 0.049 }
 * const [headings, line] = showExplanation([profile]).split('\n')
 * headings // → '       ms  GFLOP/s    GB/s   peak  kernel'
 * line // → '    0.005      2.0     1.0    5 %  simd gemm                dot  [8, 64] × [64, 10] → [8, 10]  fc.w'
 */
export const showExplanation = (calls: readonly ExplainedCall[]): string => {
  const isMeasured = calls.some(({ milliseconds }) => milliseconds !== null);
  const lines = calls.map(({ kernel, label, place, shapes, milliseconds, gflops, gbs, ofPeak }) => {
    const share = ofPeak === null ? '' : `${(100 * ofPeak).toFixed(0)} %`;
    const rates = `${fixed(milliseconds, 3, 9)}${fixed(gflops, 1, 9)}${fixed(gbs, 1, 8)}${share.padStart(7)}  `;
    return `${isMeasured ? rates : ''}${kernel.padEnd(24)} ${label}  ${shapes}  ${place}`.trimEnd();
  });
  const headings = '       ms  GFLOP/s    GB/s   peak  kernel';
  return [...(isMeasured ? [headings] : []), ...lines].join('\n');
};
