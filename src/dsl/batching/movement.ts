import type { NodeOf } from '../node.js';
import { broadcast, concat, flip, pad, reshape, slice, transpose } from '../primitives/index.js';
import { type Rule, spread } from './operand.js';

/** Axes of an example as those of a batch. */
export const later = (axes: readonly number[]): readonly number[] => axes.map((axis) => axis + 1);

export const reshapeRule: Rule<NodeOf<'reshape'>> = ({ shape }, [x], extent) =>
  reshape(x!.node, [extent, ...shape]);

export const transposeRule: Rule<NodeOf<'transpose'>> = ({ attributes: { permutation } }, [x]) =>
  transpose(x!.node, [0, ...later(permutation)]);

export const broadcastRule: Rule<NodeOf<'broadcast'>> = ({ shape }, [x], extent) =>
  broadcast(x!.node, [extent, ...shape]);

export const sliceRule: Rule<NodeOf<'slice'>> = ({ shape, attributes: { start, strides } }, [x], extent) =>
  slice(x!.node, [0, ...start], [extent, ...shape], [1, ...strides]);

export const flipRule: Rule<NodeOf<'flip'>> = ({ attributes: { axes } }, [x]) => flip(x!.node, later(axes));

export const padRule: Rule<NodeOf<'pad'>> = ({ attributes: { low, high, interior, value } }, [x]) =>
  pad(x!.node, [0, ...low], [0, ...high], [0, ...interior], value);

export const concatRule: Rule<NodeOf<'concat'>> = ({ attributes: { axis } }, parts, extent) =>
  concat(
    parts.map((part) => spread(part, extent)),
    axis + 1,
  );
