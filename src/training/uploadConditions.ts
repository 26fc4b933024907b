/** Uploads the values of conditions. */
import type { ConditionValues } from '../conditions/values.js';
import { type Column, type Columns, isHostTensor } from '../data/columns.js';
import { type Backend, release, type Resident, upload } from '../dsl/index.js';
import { type Block, hold } from '../internal/gen.js';

/** Uploads the value of a condition, until the calling block ends. */
export function* uploadedColumn({ value }: Column, backend: Backend): Block<unknown> {
  const freed = (tree: unknown) => release(tree)(backend);
  if (isHostTensor(value)) return yield* hold(upload(value.data, value.shape)(backend), freed);
  const tensors: Record<string, unknown> = {};
  for (const [name, { data, shape }] of Object.entries(value))
    tensors[name] = yield* hold(upload(data, shape)(backend), freed);
  return tensors;
}

/** Uploads the values of all conditions, until the calling block ends. */
export function* uploadedColumns(columns: Columns, backend: Backend): Block<Resident<ConditionValues<'B'>>> {
  const values: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(columns)) values[name] = yield* uploadedColumn(column, backend);
  return values as Resident<ConditionValues<'B'>>; // of the spec of the columns
}
