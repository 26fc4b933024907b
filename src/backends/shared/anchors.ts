/** Calls of anchors, by the number of their operands. */
import type { Call } from '../../dsl/plan/plan.js';
import type { ProductAnchor } from '../../dsl/graph/node.js';

export type AnchorCall = Extract<Call, { kind: 'anchor' }>;

/** A call of an anchor with two operands. */
export type ProductCall = AnchorCall & { readonly anchor: ProductAnchor };

export const isProduct = (call: AnchorCall): call is ProductCall =>
  call.anchor.op !== 'attention' && call.anchor.op !== 'attentionGradient';
