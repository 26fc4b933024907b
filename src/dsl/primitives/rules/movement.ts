import { extentAt, type NodeOf } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { Numbers } from '../checks.js';
import { broadcast, concat, flip, full, pad, reshape, slice, spread, transpose } from '../movement.js';
import type { Piece, Rules } from '../primitive.js';
import { reduceKeeping } from '../reduction.js';

/** Adds one to each number: converts axes of one example to axes of a batch, or gaps between elements to steps. */
export const plusOne = (numbers: Numbers): Numbers => numbers.map((n) => n + 1);

export const inverse = (permutation: Numbers): Numbers => permutation.map((_, axis) => permutation.indexOf(axis));

/** The operands of a concatenation, one after another. */
const pieces = ({ inputs, shape, attributes: { axis } }: NodeOf<'concat'>): readonly Piece[] => {
  let before = 0;
  return inputs.map((operand) => {
    const start = shape.map((_, a) => (a === axis ? before : 0));
    before += extentAt(operand, axis);
    return { operand, start, steps: shape.map(() => 1) };
  });
};

export const movementRules: Rules<'reshape' | 'transpose' | 'broadcast' | 'slice' | 'flip' | 'pad' | 'concat'> = {
  reshape: {
    rebuild: ({ inputs: [x], shape }) => reshape(x, shape),
    derivative: ({ inputs: [x] }, g) => [reshape(g, x.shape)],
    vmap: ({ shape }, [x], extent) => reshape(x.node, [extent, ...shape]),
    lowering: { class: 'movement', index: 'regrouped' },
    simplify: (n) => {
      const x = n.inputs[0];
      return x.op === 'reshape' ? reshape(x.inputs[0], n.shape) : n;
    },
  },
  transpose: {
    rebuild: ({ inputs: [x], attributes: { permutation } }) => transpose(x, permutation),
    derivative: ({ attributes: { permutation } }, g) => [transpose(g, inverse(permutation))],
    vmap: ({ attributes: { permutation } }, [x]) => transpose(x.node, [0, ...plusOne(permutation)]),
    lowering: { class: 'movement', index: ({ attributes: { permutation } }) => ({ axes: inverse(permutation) }) },
    simplify: (n) => {
      const x = n.inputs[0];
      if (x.op !== 'transpose') return n;
      return transpose(x.inputs[0], n.attributes.permutation.map((axis) => x.attributes.permutation[axis]!)); // oxfmt-ignore
    },
  },
  broadcast: {
    rebuild: ({ inputs: [x], shape }) => broadcast(x, shape),
    derivative: ({ inputs: [x], shape }, g) => {
      const repeated = shape.flatMap((d, axis) => (d === x.shape[axis] ? [] : [axis]));
      return [reduceKeeping('sum', g, repeated)];
    },
    vmap: ({ shape }, [x], extent) => broadcast(x.node, [extent, ...shape]),
    lowering: {
      class: 'movement',
      index: ({ inputs: [x], shape }) => ({ axes: shape.map((d, axis) => (d === x.shape[axis] ? axis : null)) }),
      repeats: true,
    },
  },
  slice: {
    rebuild: ({ inputs: [x], shape, attributes: { start, strides } }) => slice(x, start, shape, strides),
    derivative: ({ inputs: [x], shape, attributes: { start, strides } }, g) => {
      const end = start.map((s, i) => (shape[i] === 0 ? s : s + (shape[i]! - 1) * strides[i]! + 1));
      const high = x.shape.map((d, i) => d - end[i]!);
      return [pad(g, start, high, strides.map((s) => s - 1))]; // oxfmt-ignore
    },
    vmap: ({ shape, attributes: { start, strides } }, [x], extent) =>
      slice(x.node, [0, ...start], [extent, ...shape], [1, ...strides]),
    lowering: {
      class: 'movement',
      index: ({ attributes: { start, strides } }) => ({ scales: strides, offsets: start }),
      isPart: true,
    },
    // a slice of a concatenation that lies in one of its operands
    simplify: (n) => {
      const [x, { start, strides }] = [n.inputs[0], n.attributes];
      if (x.op !== 'concat') return n;
      const last = (i: number): number => start[i]! + (extentAt(n, i) - 1) * strides[i]!;
      const piece = pieces(x).find(({ operand, start: first }) =>
        first.every((f, i) => start[i]! >= f && last(i) < f + extentAt(operand, i)),
      );
      return piece === undefined ? n : slice(piece.operand, start.map((s, i) => s - piece.start[i]!), n.shape, strides); // oxfmt-ignore
    },
  },
  flip: {
    rebuild: ({ inputs: [x], attributes: { axes } }) => flip(x, axes),
    derivative: ({ attributes: { axes } }, g) => [flip(g, axes)],
    vmap: ({ attributes: { axes } }, [x]) => flip(x.node, plusOne(axes)),
    lowering: {
      class: 'movement',
      index: ({ shape, attributes: { axes } }) => ({
        scales: shape.map((_, axis) => (axes.includes(axis) ? -1 : 1)),
        offsets: shape.map((d, axis) => (axes.includes(axis) ? d - 1 : 0)),
      }),
    },
  },
  pad: {
    rebuild: ({ inputs: [x], attributes: { low, high, interior, value } }) => pad(x, low, high, interior, value),
    derivative: ({ inputs: [x], attributes: { low, interior } }, g) => [slice(g, low, x.shape, plusOne(interior))],
    vmap: ({ attributes: { low, high, interior, value } }, [x]) =>
      pad(x.node, [0, ...low], [0, ...high], [0, ...interior], value),
    ofNothing: ({ attributes: { value }, shape, dtype }) => full(value, shape, dtype),
    lowering: {
      class: 'region',
      write: ({ inputs: [x], attributes: { low, interior, value } }) => ({
        reduce: null,
        background: value,
        pieces: [{ operand: x, start: low, steps: plusOne(interior) }],
      }),
    },
  },
  concat: {
    rebuild: ({ inputs, attributes: { axis } }) => concat(inputs, axis),
    derivative: (n, g) => pieces(n).map(({ operand, start }) => slice(g, start, operand.shape)),
    vmap: ({ attributes: { axis } }, parts, extent) =>
      concat(parts.map((part) => spread(part, extent)), axis + 1), // oxfmt-ignore
    ofNothing: ({ inputs, attributes: { axis } }) =>
      concat(inputs.filter(({ shape }) => sizeOf(shape) > 0), axis), // oxfmt-ignore
    lowering: { class: 'region', write: (n) => ({ reduce: null, background: null, pieces: pieces(n) }) },
  },
};
