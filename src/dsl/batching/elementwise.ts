import type { NodeOf } from '../node.js';
import { barrier, binary, cast, select, stopGradient, unary } from '../primitives/index.js';
import { type Rule, spread } from './operand.js';

export const unaryRule: Rule<NodeOf<'unary'>> = ({ attributes: { fn } }, [x]) => unary(fn, x!.node);

export const binaryRule: Rule<NodeOf<'binary'>> = ({ attributes: { fn } }, [a, b], extent) =>
  binary(fn, spread(a!, extent), spread(b!, extent));

export const selectRule: Rule<NodeOf<'select'>> = (_, [condition, a, b], extent) =>
  select(spread(condition!, extent), spread(a!, extent), spread(b!, extent));

export const castRule: Rule<NodeOf<'cast'>> = ({ dtype }, [x]) =>
  cast(x!.node, dtype as Exclude<typeof dtype, 'key'>); // a key is not cast

export const stopGradientRule: Rule<NodeOf<'stopGradient'>> = (_, [x]) => stopGradient(x!.node);

/** It waits for all of the batch. */
export const barrierRule: Rule<NodeOf<'barrier'>> = (_, [x, after]) => barrier(x!.node, after?.node);
