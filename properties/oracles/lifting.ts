/** Functions of records of nodes as functions of records of tensors, and back. */
import { type Node } from '../../src/dsl/graph/node.js';
import { nodeOf, type Scalar, tensor } from '../../src/dsl/graph/tensor.js';
import { mapValues } from './records.js';
import type { Nodes, Tensors } from './running.js';

export type NodeFunction = (x: Nodes) => Node;
/** A function of tensors. Their shape types claim scalars, which is not true but not used. */
export type TensorFunction = (x: Tensors) => Scalar;

export const tensors = (x: Nodes): Tensors => mapValues(x, (n): Tensors[string] => tensor(n));
export const lifted =
  (f: NodeFunction): TensorFunction =>
  (x) =>
    tensor(f(mapValues(x, nodeOf)));
export const lowered =
  (f: TensorFunction): NodeFunction =>
  (x) =>
    nodeOf(f(tensors(x)));
