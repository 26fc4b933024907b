/**
 * Splits a convolution with dilated input into ordinary convolutions, one axis at a time.
 *
 * Output o reads, with tap t of the window, position o·stride + t·dilation − before of the dilated input. An input
 * with `inputDilation` d has d − 1 zeros between neighbours, so only positions that are multiples of d hold input
 * elements. The outputs therefore fall into *phases*. Each phase uses only some of the taps and never reads a zero
 * between neighbours: it is an ordinary convolution. For example, the gradient of a stride-2 convolution with
 * respect to its input has four phases, one for each parity of row and column.
 */
import { range } from '../assembler/numbers.js';

/** One axis of a convolution. `before` is the padding before the input; a negative value crops. */
export interface ConvAxis {
  readonly input: number;
  readonly window: number;
  readonly output: number;
  readonly stride: number;
  readonly dilation: number;
  readonly inputDilation: number;
  readonly before: number;
}

/** The integers from + step·i for 0 ≤ i < count. */
export interface Progression {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** An ordinary convolution along one axis. Output i reads, with tap j, the input at origin + stride·i + dilation·j. */
export interface Phase {
  readonly outputs: Progression;
  readonly taps: Progression;
  readonly origin: number;
  readonly stride: number;
  readonly dilation: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

const isMultiple = (a: number, of: number): boolean => a % of === 0;

const progression = (from: number, step: number, end: number): Progression => ({
  from,
  step,
  count: Math.max(0, Math.ceil((end - from) / step)),
});

/** Splits an axis into phases. Each output is in exactly one phase, each tap in at most one. */
export const phasesOf = (axis: ConvAxis): readonly Phase[] => {
  const { window, output, stride, dilation, inputDilation, before } = axis;
  const outputStep = inputDilation / gcd(stride, inputDilation);
  const tapStep = inputDilation / gcd(dilation, inputDilation);
  return range(Math.min(outputStep, output)).map((first) => {
    const position = (tap: number) => first * stride + tap * dilation - before;
    const tap = range(Math.min(tapStep, window)).find((tap) => isMultiple(position(tap), inputDilation));
    return {
      outputs: progression(first, outputStep, output),
      taps: progression(tap ?? window, tapStep, window),
      origin: position(tap ?? 0) / inputDilation,
      stride: (outputStep * stride) / inputDilation,
      dilation: (tapStep * dilation) / inputDilation,
    };
  });
};

/** A half-open range of positions on an axis. Positions outside the input are padding, with value 0. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** The range of inputs that a phase reads. */
const readBy = ({ outputs, taps, origin, stride, dilation }: Phase): Extent => ({
  from: origin,
  to: origin + (outputs.count - 1) * stride + (taps.count - 1) * dilation + 1,
});

/** The smallest range that covers all inputs, padding included, that the phases read. */
export const extentOf = (phases: readonly Phase[]): Extent =>
  phases
    .filter(({ taps }) => taps.count > 0)
    .map(readBy)
    .reduce((a, b) => ({ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) }), { from: 0, to: 0 });
