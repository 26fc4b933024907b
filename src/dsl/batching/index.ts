import type { Node, NodeOf } from '../node.js';
import { barrierRule, binaryRule, castRule, selectRule, stopGradientRule, unaryRule } from './elementwise.js';
import { gatherRule, scatterAddRule } from './indexing.js';
import { conv2dRule, dotRule } from './linear.js';
import {
  broadcastRule,
  concatRule,
  flipRule,
  padRule,
  reshapeRule,
  sliceRule,
  transposeRule,
} from './movement.js';
import { type Rule, spread } from './operand.js';
import { argmaxRule, cumsumRule, reduceRule, topKIndicesRule } from './reduction.js';

export { type Operand, type Rule, spread } from './operand.js';

/**
 * A primitive over a batch. Every rule is built of primitives, so that what is batched has derivatives and can
 * be batched again.
 */
export const batch: Rule<Exclude<Node, NodeOf<'composite'>>> = (n, operands, extent) => {
  switch (n.op) {
    case 'unary':
      return unaryRule(n, operands, extent);
    case 'binary':
      return binaryRule(n, operands, extent);
    case 'select':
      return selectRule(n, operands, extent);
    case 'cast':
      return castRule(n, operands, extent);
    case 'reshape':
      return reshapeRule(n, operands, extent);
    case 'transpose':
      return transposeRule(n, operands, extent);
    case 'broadcast':
      return broadcastRule(n, operands, extent);
    case 'slice':
      return sliceRule(n, operands, extent);
    case 'flip':
      return flipRule(n, operands, extent);
    case 'pad':
      return padRule(n, operands, extent);
    case 'concat':
      return concatRule(n, operands, extent);
    case 'reduce':
      return reduceRule(n, operands, extent);
    case 'cumsum':
      return cumsumRule(n, operands, extent);
    case 'argmax':
      return argmaxRule(n, operands, extent);
    case 'topKIndices':
      return topKIndicesRule(n, operands, extent);
    case 'gather':
      return gatherRule(n, operands, extent);
    case 'scatterAdd':
      return scatterAddRule(n, operands, extent);
    case 'dot':
      return dotRule(n, operands, extent);
    case 'conv2d':
      return conv2dRule(n, operands, extent);
    case 'barrier':
      return barrierRule(n, operands, extent);
    case 'stopGradient':
      return stopGradientRule(n, operands, extent);
    // these have no operands, or keys, which have no batches: they are the same for all examples
    case 'input':
    case 'constant':
    case 'iota':
    case 'deriveKey':
    case 'random':
      return spread({ node: n, mapped: false }, extent);
  }
};
