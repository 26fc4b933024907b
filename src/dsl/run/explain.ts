/** Explains an executable, call by call. */
import { showShape } from '../../internal/errors.js';
import { type Anchor, sizeOf } from '../graph/node.js';
import type { Call, Plan, View } from '../compile/plan.js';
import type { Region } from '../graph/region.js';

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
}

const anchorFlops = (anchor: Anchor, inputs: readonly View[], output: View): number => {
  const [a, b] = inputs as readonly [View, View];
  switch (anchor.op) {
    case 'dot':
      return 2 * sizeOf(output.shape) * a.shape.at(-1)!;
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
    const kept = extents.slice(0, extents.length - reduced);
    return {
      shapes: `${loads.length} × ${showShape(extents)} → ${stores.length} × ${showShape(kept)}`,
      flops: regionFlops(call.region),
      bytes: 4 * accesses.reduce((a, b) => a + b, 0),
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

/**
 * Lists the calls of an executable in order of execution, with the times of `profile` if given.
 * @example
 * const product = program({ x: 'B 64', w: '64 10' }, ({ x, w }) => matmul(x, w))
 * const calls = pipe(compile(product, { B: 8 }), RTE.map((executable) => explain(executable)))
 * const first = pipe(await using(wasm())(calls)(), E.map(([call]) => call))
 * pipe(first, E.map((call) => call?.shapes)) // → E.right('[8, 64] × [64, 10] → [8, 10]')
 * pipe(first, E.map((call) => call?.flops)) // → E.right(10240)
 */
export const explain = (
  { plan, kernels }: { readonly plan: Plan; readonly kernels: readonly string[] },
  milliseconds: readonly number[] = [],
): readonly ExplainedCall[] =>
  plan.calls.map((call, i) => ({
    kernel: kernels[i] ?? call.kind,
    label: call.origin.label,
    place: call.origin.place,
    ...costOf(call),
    milliseconds: milliseconds[i] ?? null,
  }));

/**
 * Formats an explanation, one line for each call: milliseconds and GFLOP/s if measured, kernel, operations, shapes, place.
 * @example
 * const dot = { kernel: 'simd gemm', label: 'dot', place: 'fc.w', shapes: '[8, 64] × [64, 10] → [8, 10]' }
 * const text = showExplanation([{ ...dot, flops: 10240, bytes: 4928, milliseconds: 0.005 }])
 * text // → '    0.005    2.0  simd gemm                dot  [8, 64] × [64, 10] → [8, 10]  fc.w'
 */
export const showExplanation = (calls: readonly ExplainedCall[]): string =>
  calls
    .map(({ kernel, label, place, shapes, flops, milliseconds }) => {
      const time = milliseconds === null ? '' : milliseconds.toFixed(3).padStart(9);
      const rate = milliseconds && flops !== null ? (flops / milliseconds / 1e6).toFixed(1) : '';
      return `${time}${milliseconds === null ? '' : rate.padStart(7)}  ${kernel.padEnd(24)} ${label}  ${shapes}  ${place}`.trimEnd();
    })
    .join('\n');
