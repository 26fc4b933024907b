/** The functions that kernels call: copies, the inner loops of sums of products, and those of other kernels. */
import type { Func } from '../assembler/assembler.js';
import { copyKernels } from './copyKernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { outerKernel } from './outerKernel.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS, type Tiles } from './tiles.js';

/** A form of the code of kernels. Their commands are the same in every form, and so are plans. */
export interface KernelForm {
  readonly multiplyAdd: MultiplyAdd;
  readonly tiles: Tiles;
}

/** The functions of products, and `others`. */
export const kernelFunctions = (
  { multiplyAdd, tiles }: KernelForm,
  others: (multiplyAdd: MultiplyAdd) => readonly Func[],
): readonly Func[] => [
  ...copyKernels,
  ...others(multiplyAdd),
  ...PANEL_WIDTHS.flatMap((width) => [rowKernel(width, multiplyAdd, tiles), outerKernel(width, multiplyAdd, tiles)]),
];
