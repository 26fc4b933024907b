/**
 * How a convolution meets its input, one axis at a time.
 *
 * Output o meets tap t of the window at virtual input o·stride + t·dilation − before, where an input with
 * `inputDilation` d has d − 1 zeros between neighbours. Only virtual places that are multiples of d hold
 * numbers, so the outputs fall into *phases*, each of which meets only some of the taps, and never a zero
 * between neighbours: a convolution with dilated input is some convolutions with ordinary ones. The
 * gradient of a convolution of stride 2 by its input is four, one for each parity of row and column.
 */
import { range } from './tiles.js';

/** One axis of a convolution. `before` is the padding before the input; where negative, it crops. */
export interface ConvAxis {
  readonly input: number;
  readonly window: number;
  readonly output: number;
  readonly stride: number;
  readonly dilation: number;
  readonly inputDilation: number;
  readonly before: number;
}

/** The numbers from + step·i, for i below count. */
export interface Progression {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** An ordinary convolution along an axis: output i of the phase meets its tap j at input origin + stride·i + dilation·j. */
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

/** The phases of an axis. Together they have every output once, and each tap at most once. */
export const phasesOf = (axis: ConvAxis): readonly Phase[] => {
  const { window, output, stride, dilation, inputDilation, before } = axis;
  const outputStep = inputDilation / gcd(stride, inputDilation);
  const tapStep = inputDilation / gcd(dilation, inputDilation);
  return range(Math.min(outputStep, output)).map((first) => {
    const place = (tap: number) => first * stride + tap * dilation - before;
    const tap = range(Math.min(tapStep, window)).find((tap) => isMultiple(place(tap), inputDilation));
    return {
      outputs: progression(first, outputStep, output),
      taps: progression(tap ?? window, tapStep, window),
      origin: place(tap ?? 0) / inputDilation,
      stride: (outputStep * stride) / inputDilation,
      dilation: (tapStep * dilation) / inputDilation,
    };
  });
};

/** A half-open range of places on an axis; those outside of the input hold 0. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

const touched = ({ outputs, taps, origin, stride, dilation }: Phase): Extent => ({
  from: origin,
  to: origin + (outputs.count - 1) * stride + (taps.count - 1) * dilation + 1,
});

/** The least extent that holds all inputs, padding included, that the phases touch. */
export const extentOf = (phases: readonly Phase[]): Extent =>
  phases
    .filter(({ taps }) => taps.count > 0)
    .map(touched)
    .reduce((a, b) => ({ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) }), { from: 0, to: 0 });
