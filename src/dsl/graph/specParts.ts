/** The kinds of specs that functions take. */
import { partLike } from '../../internal/parts.js';

export const treeSpecPart = partLike(
  'a spec',
  "unwrap(parseSpec({ x: 'B 28 28 1' })), or treeSpec(…)",
  'tree',
  'leaves',
);
export const leafSpecPart = partLike('a leaf of a spec', "leafSpec(['B', 28])", 'shape', 'dtype');
