import type { Node } from '../node.js';
import { gather, scatterAdd } from '../primitives/index.js';
import { binaryRule, selectRule, unaryRule } from './elementwise.js';
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
import { cumsumRule, reduceRule } from './reduction.js';

/**
 * The cotangents of a node's inputs, from the cotangent of its result. Every rule is built of
 * primitives, so that derivatives have derivatives; null where an input has none.
 */
export const cotangents = (n: Node, g: Node): readonly (Node | null)[] => {
  switch (n.op) {
    case 'unary':
      return unaryRule(n, g);
    case 'binary':
      return binaryRule(n, g);
    case 'select':
      return selectRule(n, g);
    case 'reshape':
      return reshapeRule(n, g);
    case 'transpose':
      return transposeRule(n, g);
    case 'broadcast':
      return broadcastRule(n, g);
    case 'slice':
      return sliceRule(n, g);
    case 'flip':
      return flipRule(n, g);
    case 'pad':
      return padRule(n, g);
    case 'concat':
      return concatRule(n, g);
    case 'reduce':
      return reduceRule(n, g);
    case 'cumsum':
      return cumsumRule(n, g);
    case 'gather':
      return [scatterAdd(n.inputs[1]!, g, n.inputs[0]!.shape[0]!), null];
    case 'scatterAdd':
      return [null, gather(g, n.inputs[0]!)];
    case 'dot':
      return dotRule(n, g);
    case 'conv2d':
      return conv2dRule(n, g);
    case 'barrier':
      return n.inputs.map((_, i) => (i === 0 ? g : null));
    case 'composite': {
      const { composite, options } = n.attributes;
      return composite.derivative?.(n.inputs, n, g, options) ?? [];
    }
    case 'input':
    case 'constant':
    case 'iota':
    case 'cast':
    case 'argmax':
    case 'topKIndices':
    case 'deriveKey':
    case 'random':
    case 'stopGradient':
      return n.inputs.map(() => null);
  }
};
