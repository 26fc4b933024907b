import type { NodeOf } from '../node.js';
import { argmax, cumsum, reduce, topKIndices } from '../primitives/index.js';
import { later } from './movement.js';
import type { Rule } from './operand.js';

export const reduceRule: Rule<NodeOf<'reduce'>> = ({ attributes: { fn, axes } }, [x]) =>
  reduce(fn, x!.node, later(axes));

export const cumsumRule: Rule<NodeOf<'cumsum'>> = ({ attributes: { axis, reverse } }, [x]) =>
  cumsum(x!.node, axis + 1, reverse);

export const argmaxRule: Rule<NodeOf<'argmax'>> = ({ attributes: { axis } }, [x]) =>
  argmax(x!.node, axis + 1);

export const topKIndicesRule: Rule<NodeOf<'topKIndices'>> = ({ attributes: { k } }, [x]) =>
  topKIndices(x!.node, k);
