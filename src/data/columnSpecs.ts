/** The specifications of conditions in programs. */
import type { Conditions } from '../conditions/conditions.js';
import type { ConditionValues } from '../conditions/values.js';
import { type Dim, leafSpec, type TreeSpec, treeSpec } from '../dsl/index.js';
import { type Columns, mapColumns } from './columns.js';

/** The specification of columns in a program, for batches of any size. */
export const columnsSpec = (columns: Columns): TreeSpec<ConditionValues<'B'>> =>
  treeSpec(
    mapColumns(columns, ({ data, shape }) =>
      leafSpec(
        ['B', ...shape.slice(1)],
        data instanceof Int32Array ? 'int32' : data instanceof Uint8Array ? 'bool' : 'float32',
      ),
    ),
  ) as TreeSpec<ConditionValues<'B'>>;

/** The specification of the values that a data set has for conditions, where images have the size of the samples. */
export const conditionsSpec = (
  conditions: Conditions,
  [height, width]: readonly Dim[],
): TreeSpec<ConditionValues<'B'>> =>
  treeSpec(
    Object.fromEntries(
      Object.entries(conditions).map(([name, spec]) => {
        if ('classes' in spec) return [name, leafSpec(['B'], 'int32')];
        if ('vector' in spec) return [name, leafSpec(['B', spec.vector])];
        if ('image' in spec) return [name, { image: leafSpec(['B', height!, width!, spec.image]) }];
        return [
          name,
          { tokens: leafSpec(['B', spec.length, spec.tokens]), mask: leafSpec(['B', spec.length], 'bool') },
        ];
      }),
    ),
  ) as TreeSpec<ConditionValues<'B'>>;
